package imaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	scaled "github.com/valetkey/valetkey/internal/imaging/jpeg"
	"github.com/valetkey/valetkey/internal/imaging/raster"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/tiff"
	xtiff "golang.org/x/image/tiff"
)

// open takes the container of a file apart and, where the format is published as it came, puts it together again: what
// is decoded from here on is what would be published. It returns the picture's colour profile, nil for sRGB or none.
func (p *Pipeline) open(f *format, data []byte) (o *opened, profile *icc.Profile, err error) {
	err = guard(func() error {
		if o, err = f.open(data, strip.Limits{Metadata: p.opts.MaxMetadata}); err != nil {
			return err
		}
		// A profile that cannot be used is left out: sRGB is what browsers assume without one.
		if profile, err = icc.Parse(o.icc); err != nil || profile.IsSRGB() {
			profile = nil
		}
		if o.file != nil {
			o.data = o.file.Build(profileBytes(profile), o.orientation)
		}
		return nil
	})
	return o, profile, refuseFile(err)
}

func profileBytes(p *icc.Profile) []byte {
	if p == nil {
		return nil
	}
	return p.Bytes()
}

// checkHeader holds what a file claims about its picture, before any of it is decoded, against the limits. It returns
// them and an estimate of the memory that decoding and resizing take, in bytes.
func (p *Pipeline) checkHeader(f *format, o *opened) (c image.Config, memory int64, err error) {
	if err := guard(func() error { c, err = f.size(o); return err }); err != nil {
		return c, 0, refuseFile(err)
	}
	limits := &p.opts
	pixels, frames := int64(c.Width)*int64(c.Height), int64(o.frames)
	switch {
	case c.Width < 1 || c.Height < 1:
		return c, 0, refuse(Damaged, nil, "The file says its picture has no size.")
	case c.Width > limits.MaxDimension || c.Height > limits.MaxDimension:
		return c, 0, refuse(TooManyPixels, nil, "The picture is %d by %d pixels; at most %d are taken each way.",
			c.Width, c.Height, limits.MaxDimension)
	case pixels > limits.MaxPixels:
		return c, 0, refuse(TooManyPixels, nil, "The picture has %s; at most %s are taken.",
			megapixels(pixels), megapixels(limits.MaxPixels))
	case o.frames > limits.MaxFrames:
		return c, 0, refuse(TooManyFrames, nil, "The animation has %d frames; at most %d are taken.", frames, limits.MaxFrames)
	case frames > 1 && pixels*frames > limits.MaxAnimationPixels:
		return c, 0, refuse(TooManyFrames, nil, "The animation has %s in all its frames; at most %s are taken.",
			megapixels(pixels*frames), megapixels(limits.MaxAnimationPixels))
	}
	memory = f.memory(o, pixels, frames)
	if memory > limits.MemoryBudget {
		return c, 0, refuse(TooManyPixels, nil, "The picture has %s, more than a %s of this kind may have here.",
			megapixels(pixels*frames), f.name)
	}
	return c, memory, nil
}

func megapixels(n int64) string { return fmt.Sprintf("%.1f megapixels", float64(n)/1e6) }

// picture is a decoded picture as it is stored.
type picture struct {
	width, height int           // of the picture, even where its planes are a fraction of it
	planes        *raster.Image // what the variants are made from
	src           image.Image   // in full, as its decoder returned it; nil where only the planes were decoded
}

// decode decodes all of a file and returns its picture, of an animation the first. wanted is the width of the widest
// variant as the picture is stored.
func decode(ctx context.Context, f *format, o *opened, c image.Config, wanted int) (pic *picture, err error) {
	err = guard(func() error {
		if f == formatJPEG {
			m, err := scaled.Decode(ctx, o.data, eighths(c.Width, wanted))
			if !errors.Is(err, scaled.ErrUnsupported) {
				pic = &picture{width: c.Width, height: c.Height, planes: m}
				return err
			}
		}
		src, err := f.decode(ctx, o, contextReader(ctx, o.data))
		if err == nil {
			b := src.Bounds()
			pic = &picture{b.Dx(), b.Dy(), raster.From(src), src}
		}
		return err
	})
	return pic, refuseFile(err)
}

// eighths is the fraction at which a JPEG of the given width is decoded for a variant of the wanted width: the smallest
// that leaves a quarter more, so that the Lanczos filter and not the decoder decides what fine detail looks like.
func eighths(width, wanted int) int { return min(8, (10*wanted+width-1)/width) }

// contextReader reads data until the context ends: decoders take no context, but they all come back for more bytes.
func contextReader(ctx context.Context, data []byte) io.Reader {
	in := bytes.NewReader(data)
	return readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return in.Read(b[:min(len(b), 64<<10)])
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// guard turns a panic in do, which works on untrusted bytes, into an error that refuses the photo.
func guard(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = refuse(Damaged, fmt.Errorf("panic: %v", v), "The file is damaged: it does not decode.")
		}
	}()
	return do()
}

// refuseFile makes a Refusal of what a container reader or a decoder said about the file. Errors of the context pass.
func refuseFile(err error) error {
	switch {
	case err == nil || errors.As(err, new(*Refusal)):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, strip.ErrTooMuch):
		return refuse(TooMuchMetadata, err, "The file holds too much besides the picture.")
	case errors.Is(err, strip.ErrTruncated), errors.Is(err, heif.ErrTruncated), errors.Is(err, scaled.ErrTruncated),
		errors.Is(err, tiff.ErrTruncated), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse(Truncated, err, "The file ends too early: part of the picture is missing.")
	}
	if feature := unsupported(err); feature != "" {
		return refuse(UnsupportedFormat, err, "The image has a feature that is not supported (%s). Save it anew, as JPEG or PNG.", feature)
	}
	return refuse(Damaged, err, "The file is damaged: it does not decode.")
}

// unsupported returns what a decoder named as the feature it does not know, "" when it said something else.
func unsupported(err error) string {
	var (
		inJPEG jpeg.UnsupportedError
		inPNG  png.UnsupportedError
		inTIFF xtiff.UnsupportedError
	)
	switch {
	case errors.As(err, &inJPEG):
		return string(inJPEG)
	case errors.As(err, &inPNG):
		return string(inPNG)
	case errors.As(err, &inTIFF):
		return string(inTIFF)
	case errors.Is(err, tiff.ErrUnsupported), errors.Is(err, scaled.ErrUnsupported):
		return "JPEG compression of an unusual kind in a TIFF"
	}
	return ""
}
