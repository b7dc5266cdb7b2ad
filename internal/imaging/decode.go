package imaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/valetkey/valetkey/internal/imaging/strip"
	"golang.org/x/image/webp"
)

// takeApart reads the container of a file.
func takeApart(f *format, data []byte, limits strip.Limits) (*strip.File, error) {
	switch f {
	case formatJPEG:
		return strip.JPEG(data, limits)
	case formatPNG:
		return strip.PNG(data, limits)
	case formatGIF:
		return strip.GIF(data, limits)
	}
	return strip.WebP(data, limits)
}

// header is what a file claims about its picture before any of it is decoded.
type header struct {
	width, height int
	memory        int64 // estimate of what decoding and resizing takes, in bytes
}

// readHeader reads the claims of a file and holds them against the limits.
func (p *Pipeline) readHeader(f *format, clean []byte, frames int) (header, error) {
	var cfg image.Config
	err := guard(func() (err error) {
		switch r := bytes.NewReader(clean); f {
		case formatJPEG:
			cfg, err = jpeg.DecodeConfig(r)
		case formatPNG:
			cfg, err = png.DecodeConfig(r)
		case formatGIF:
			cfg, err = gif.DecodeConfig(r)
		case formatWebP:
			cfg, err = webp.DecodeConfig(r)
		}
		return err
	})
	if err != nil {
		return header{}, refuseFile(err)
	}
	return p.checkHeader(f, header{width: cfg.Width, height: cfg.Height}, frames)
}

func (p *Pipeline) checkHeader(f *format, h header, frames int) (header, error) {
	o := &p.opts
	pixels := int64(h.width) * int64(h.height)
	h.memory = pixels * bytesPerPixel(f, frames)
	switch {
	case h.width < 1 || h.height < 1:
		return h, refuse(Damaged, nil, "The file says its picture has no size.")
	case h.width > o.MaxDimension || h.height > o.MaxDimension:
		return h, refuse(TooManyPixels, nil, "The picture is %d by %d pixels; at most %d are taken each way.",
			h.width, h.height, o.MaxDimension)
	case pixels > o.MaxPixels:
		return h, refuse(TooManyPixels, nil, "The picture has %s; at most %s are taken.",
			megapixels(pixels), megapixels(o.MaxPixels))
	case h.memory > o.MemoryBudget:
		return h, refuse(TooManyPixels, nil, "The picture has %s, more than a %s of this kind may have here.",
			megapixels(pixels), f.name)
	case frames > o.MaxFrames:
		return h, refuse(TooManyFrames, nil, "The animation has %d frames; at most %d are taken.", frames, o.MaxFrames)
	case frames > 1 && pixels*int64(frames) > o.MaxAnimationPixels:
		return h, refuse(TooManyFrames, nil, "The animation has %s in all its frames; at most %s are taken.",
			megapixels(pixels*int64(frames)), megapixels(o.MaxAnimationPixels))
	}
	return h, nil
}

func megapixels(n int64) string { return fmt.Sprintf("%.1f megapixels", float64(n)/1e6) }

// bytesPerPixel estimates what a pixel costs at the worst moment: the decoder's picture, what it decodes from, and the
// planes the first resize reads.
func bytesPerPixel(f *format, frames int) int64 {
	switch f {
	case formatJPEG:
		return 15 // 4:4:4, progressive: 3 samples and 3 coefficients of 4 bytes
	case formatPNG:
		return 12 // 16 bits: 8 and 4 planes
	case formatGIF:
		return int64(frames) + 8
	}
	return 9
}

// decode decodes all of a file and returns its picture, of an animation the first.
func decode(ctx context.Context, f *format, clean []byte) (src image.Image, err error) {
	in := bytes.NewReader(clean)
	r := readerFunc(func(b []byte) (int, error) { // decoders take no context, but they all come back for more bytes
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return in.Read(b[:min(len(b), 64<<10)])
	})
	err = guard(func() error {
		src, err = decodeFrom(f, r)
		return err
	})
	return src, err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func decodeFrom(f *format, r io.Reader) (image.Image, error) {
	switch f {
	case formatJPEG:
		return jpeg.Decode(r)
	case formatPNG:
		return png.Decode(r)
	case formatGIF:
		return decodeGIF(r)
	}
	m, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	fullRange(m)
	return m, nil
}

// decodeGIF decodes every frame and returns the first, on its canvas.
func decodeGIF(r io.Reader) (image.Image, error) {
	all, err := gif.DecodeAll(r)
	if err != nil {
		return nil, err
	}
	first := all.Image[0]
	canvas := image.Rect(0, 0, all.Config.Width, all.Config.Height)
	if first.Rect == canvas {
		return first, nil
	}
	out := image.NewNRGBA(canvas)
	for y := first.Rect.Min.Y; y < first.Rect.Max.Y; y++ {
		for x := first.Rect.Min.X; x < first.Rect.Max.X; x++ {
			out.Set(x, y, first.At(x, y))
		}
	}
	return out, nil
}

// fullRange stretches the planes of a lossy WebP from studio range, in which x/image hands them out, to the full range
// that Go's colour types mean (RFC 6386, section 9.2).
func fullRange(m image.Image) {
	switch m := m.(type) {
	case *image.YCbCr:
		stretch(m)
	case *image.NYCbCrA:
		stretch(&m.YCbCr)
	}
}

func stretch(m *image.YCbCr) {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = byte(min(255, max(0, ((i-16)*255+109)/219)))
		chroma[i] = byte(min(255, max(0, 128+((i-128)*255)/224)))
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i, v := range m.Cb {
		m.Cb[i] = chroma[v]
	}
	for i, v := range m.Cr {
		m.Cr[i] = chroma[v]
	}
}

// guard turns a panic in do, which works on untrusted bytes, into an error that refuses the photo.
func guard(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = refuse(Damaged, fmt.Errorf("panic: %v", v), "The file is damaged: it does not decode.")
		}
	}()
	return do()
}

// isUnsupported reports whether a decoder said that it does not know a variety of its format.
func isUnsupported(err error) bool {
	return errors.As(err, new(jpeg.UnsupportedError)) || errors.As(err, new(png.UnsupportedError))
}
