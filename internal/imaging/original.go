package imaging

import (
	"context"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	"github.com/valetkey/valetkey/internal/imaging/raster"
)

// original makes what is published of the original, for people to download: browsers need not show it, they have the
// variants. A JPEG keeps its compressed pixels and, where it needs one, an orientation tag, which every program follows;
// a HEIC or AVIF its coded pictures and how they are turned. Programs do not agree about that tag in PNG and WebP, so those are
// encoded again, upright, when they are not stored so; as are the formats that are not taken apart, and CMYK, about whose
// colours they do not agree either.
func (p *Pipeline) original(ctx context.Context, f *format, o *opened, pic *picture, profile *icc.Profile) (Image, error) {
	_, cmyk := pic.src.(*image.CMYK)
	if o.file != nil && !cmyk && (o.orientation == 1 || f == formatJPEG || f == formatAVIF) {
		w, h := pic.width, pic.height
		if exif.Swaps(o.orientation) {
			w, h = h, w
		}
		return Image{f.mediaType, f.ext, w, h, o.data}, nil
	}
	if err := ctx.Err(); err != nil {
		return Image{}, err
	}
	if f == formatPNG || f == formatBMP || f == formatWebP { // lossless stays lossless
		if upright := raster.Turn(pic.src, o.orientation); upright != nil {
			return encodePNG(upright, profileBytes(profile))
		}
	}
	full, err := pic.planes.Resize(ctx, pic.width, pic.height) // brings chroma to 4:2:0
	if err != nil {
		return Image{}, err
	}
	return encodeLossy(full.Orient(o.orientation), profileBytes(profile), min(100, p.opts.Quality+12))
}
