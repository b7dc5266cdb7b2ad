package imaging

import (
	"time"

	"github.com/valetkey/valetkey/internal/imaging/strip"
)

// Photo is what a file became.
type Photo struct {
	Type      string // media type of the file that came in, by its content: "image/jpeg"
	Width     int    // in pixels, upright
	Height    int
	Animated  bool   // the original is an animation; its variants show the first frame
	Thumbhash []byte // a placeholder of some 25 bytes, https://evanw.github.io/thumbhash/
	Color     string // the colour that most of the picture has, "#rrggbb"

	Original Image   // what may be published of the original; without Data unless Options.Originals is "strip"
	Variants []Image // upright, narrowest first, never larger than the photo; at least one

	Details Details         // for the owner only, never to be published
	Removed []strip.Removed // what the file held that nothing published holds
}

// Image is an encoded image.
type Image struct {
	Type          string // media type: "image/webp", "image/jpeg", "image/png"; of an original "image/gif", "image/heic", "image/avif" too
	Ext           string // file name extension without a dot: "webp", "jpg", "png", "gif", "heic", "avif"
	Width, Height int    // in pixels, as a browser shows it
	Data          []byte
}

// Details is what the file says about how it was made. It belongs to the owner and is never published.
type Details struct {
	Taken  time.Time // the camera's clock; UTC where the file names no zone; zero when unknown
	Camera string    // maker and model, "" when unknown
	Place  *Place    // nil unless Options.Place is set and the file has one
}

// Place is a position in degrees (WGS 84), north and east positive.
type Place struct{ Latitude, Longitude float64 }
