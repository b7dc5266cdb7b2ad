package imaging

import (
	"context"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/raster"
	"github.com/valetkey/valetkey/internal/imaging/strip"
)

// original makes what is published of the original. A JPEG keeps its compressed pixels and, where it needs one, an
// orientation tag, which every browser follows. Browsers do not agree about that tag in PNG and WebP, so those are
// encoded again, upright, when they are not stored so.
func (p *Pipeline) original(ctx context.Context, f *format, file *strip.File, src image.Image, clean, icc []byte) (Image, error) {
	if f == formatJPEG || file.Orientation == 1 {
		w, h := src.Bounds().Dx(), src.Bounds().Dy()
		if exif.Swaps(file.Orientation) {
			w, h = h, w
		}
		return Image{f.mediaType, f.ext, w, h, clean}, nil
	}
	if err := ctx.Err(); err != nil {
		return Image{}, err
	}
	if upright := raster.Turn(src, file.Orientation); upright != nil {
		return encodePNG(upright, icc)
	}
	m := raster.From(src)
	full, err := m.Resize(ctx, m.Width, m.Height) // brings chroma to 4:2:0
	if err != nil {
		return Image{}, err
	}
	return encodeLossy(full.Orient(file.Orientation), icc, min(100, p.opts.Quality+12))
}

// usableProfile returns icc when it is a colour profile for RGB or grey pictures, of a size worth sending with every
// variant; else nil.
func usableProfile(icc []byte) []byte {
	const maxBytes = 64 << 10
	if len(icc) < 128 || len(icc) > maxBytes || string(icc[36:40]) != "acsp" {
		return nil
	}
	if space := string(icc[16:20]); space != "RGB " && space != "GRAY" {
		return nil
	}
	return icc
}
