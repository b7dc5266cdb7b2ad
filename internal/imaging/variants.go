package imaging

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"slices"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	scaled "github.com/valetkey/valetkey/internal/imaging/jpeg"
	"github.com/valetkey/valetkey/internal/imaging/raster"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/thumbhash"
	"github.com/valetkey/valetkey/internal/imaging/webp"
)

// maxVariantSide is the greatest width and height of a variant, in pixels: all that WebP can have.
const maxVariantSide = webp.MaxSide

// sizes returns those of the variants of a photo, widest first: the configured widths that are narrower than the photo
// and, for the next one, the photo's own. So a photo narrower than all of them has one variant, of its own size.
func (p *Pipeline) sizes(width, height int) []image.Point {
	limit := width
	if height > maxVariantSide {
		limit = max(1, int(int64(width)*maxVariantSide/int64(height)))
	}
	limit = min(limit, maxVariantSide)
	var out []image.Point
	for _, w := range slices.Backward(p.opts.Widths) {
		w = min(w, limit)
		out = append(out, image.Pt(w, max(1, (height*w+width/2)/width)))
	}
	return slices.Compact(out)
}

// variants fills in photo.Variants, each made from the one above it, and the placeholder. The first resize reads the
// picture as it is stored; what it makes is turned upright, which is cheaper than turning the original. Colour profiles
// travel with the variants, so that wide-gamut screens get all there is; a grey picture is converted to sRGB instead.
func (p *Pipeline) variants(ctx context.Context, photo *Photo, sizes []image.Point, m *raster.Image, orientation int, profile *icc.Profile) error {
	for i, size := range sizes {
		stored := size
		if exif.Swaps(orientation) {
			stored = image.Pt(size.Y, size.X)
		}
		resized, err := m.Resize(ctx, stored.X, stored.Y)
		if err != nil {
			return err
		}
		if profile != nil && (profile.Gray || m.Model == raster.Gray) {
			if m.Model == raster.Gray {
				resized.Planes[0].Map(profile.GrayToSRGB())
			}
			profile = nil
		}
		m, orientation = resized.Orient(orientation), 1
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := p.encode(m, profileBytes(profile), p.opts.Quality)
		if err != nil {
			return fmt.Errorf("variant %d: %w", i, err)
		}
		photo.Variants = append(photo.Variants, v)
	}
	slices.Reverse(photo.Variants)
	return describe(ctx, photo, m, profile)
}

// encode makes a variant: WebP where this build can, else JPEG or, with transparency, PNG.
func (p *Pipeline) encode(m *raster.Image, icc []byte, quality int) (Image, error) {
	if !webp.Available {
		return encodeLossy(m, icc, quality)
	}
	var data []byte
	var err error
	o := webp.Options{Quality: float32(quality), Method: p.opts.Effort}
	switch src := m.Image().(type) {
	case *image.YCbCr:
		data, err = webp.EncodeYCbCr(src, o)
	case *image.Gray:
		data, err = webp.EncodeGray(src, o)
	case *image.NRGBA:
		data, err = webp.EncodeNRGBA(src, o)
	}
	if err != nil {
		return Image{}, err
	}
	if icc != nil {
		file, err := strip.WebP(data, strip.Limits{})
		if err != nil {
			return Image{}, err
		}
		data = file.Build(icc, 1)
	}
	return Image{formatWebP.mediaType, formatWebP.ext, m.Width, m.Height, data}, nil
}

// encodeLossy makes a JPEG or, where there is transparency, a PNG.
func encodeLossy(m *raster.Image, icc []byte, quality int) (Image, error) {
	if m.Model == raster.RGBA {
		return encodePNG(m.Image(), icc)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m.Image(), &jpeg.Options{Quality: quality}); err != nil {
		return Image{}, err
	}
	small, err := scaled.Optimize(b.Bytes())
	if err != nil {
		return Image{}, err
	}
	file, err := strip.JPEG(small, strip.Limits{})
	if err != nil {
		return Image{}, err
	}
	return Image{formatJPEG.mediaType, formatJPEG.ext, m.Width, m.Height, file.Build(icc, 1)}, nil
}

func encodePNG(m image.Image, icc []byte) (Image, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return Image{}, err
	}
	file, err := strip.PNG(b.Bytes(), strip.Limits{})
	if err != nil {
		return Image{}, err
	}
	size := m.Bounds().Size()
	return Image{formatPNG.mediaType, formatPNG.ext, size.X, size.Y, file.Build(icc, 1)}, nil
}

// describe fills in the placeholder and the dominant colour, both in sRGB, from the smallest variant.
func describe(ctx context.Context, photo *Photo, m *raster.Image, profile *icc.Profile) error {
	w, h := m.Width, m.Height
	if longer := max(w, h); longer > thumbhash.MaxSide {
		w = max(1, w*thumbhash.MaxSide/longer)
		h = max(1, h*thumbhash.MaxSide/longer)
	}
	small, err := m.Resize(ctx, w, h)
	if err != nil {
		return err
	}
	rgba := small.NRGBA().Pix
	if profile != nil {
		profile.ToSRGB(rgba)
	}
	photo.Thumbhash = thumbhash.Encode(w, h, rgba)
	photo.Color = dominantColor(rgba)
	return nil
}

// dominantColor returns the average of the most frequent of 4,096 coarse colours, transparent pixels left out.
func dominantColor(rgba []byte) string {
	type bin struct{ n, r, g, b int }
	bins := make([]bin, 1<<12)
	best := 0
	for i := 0; i+3 < len(rgba); i += 4 {
		if rgba[i+3] < 128 {
			continue
		}
		r, g, b := int(rgba[i]), int(rgba[i+1]), int(rgba[i+2])
		key := r>>4<<8 | g>>4<<4 | b>>4
		c := &bins[key]
		*c = bin{c.n + 1, c.r + r, c.g + g, c.b + b}
		if c.n > bins[best].n {
			best = key
		}
	}
	c := bins[best]
	if c.n == 0 {
		return "#ffffff" // wholly transparent
	}
	return fmt.Sprintf("#%02x%02x%02x", c.r/c.n, c.g/c.n, c.b/c.n)
}
