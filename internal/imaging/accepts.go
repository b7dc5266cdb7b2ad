package imaging

import (
	"mime"

	"github.com/valetkey/valetkey/internal/imaging/heif"
)

// Accepts tells whether a file that is said to be of this media type is worth looking at. What it really is, its bytes
// say.
func Accepts(contentType string) bool {
	if accepts(contentType) { // most come without parameters
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && accepts(mediaType)
}

func accepts(mediaType string) bool {
	switch mediaType {
	case "image/heic", "image/heif", "image/avif": // they have no signature of their own: see mediaFile
		return heif.Available
	case "image/x-ms-bmp": // what some browsers call it
		mediaType = "image/bmp"
	}
	for _, s := range signatures {
		if s.take != nil && s.take.mediaType == mediaType {
			return true
		}
	}
	return false
}
