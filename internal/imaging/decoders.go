package imaging

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	scaled "github.com/valetkey/valetkey/internal/imaging/jpeg"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/tiff"
	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// opened is a file whose container has been read.
type opened struct {
	orientation int
	exif, icc   []byte
	frames      int
	removed     []strip.Removed

	file *strip.File // nil for a format that is never published as it came
	heif *heif.Info  // HEIC and AVIF only
	tiff *tiff.File  // TIFF only
	data []byte      // what is decoded: once known, the file that would be published
}

// format is a file format that is taken in. Its functions see untrusted bytes and may panic.
type format struct {
	name      string // for people
	mediaType string
	ext       string

	open   func(data []byte, limits strip.Limits) (*opened, error)
	size   func(*opened) (image.Config, error)
	decode func(ctx context.Context, o *opened, r io.Reader) (image.Image, error)
	memory func(o *opened, pixels, frames int64) int64 // estimate of the worst moment, in bytes
}

// The estimates count what the decoder holds, what it decodes into, and the planes that the first resize reads.
var (
	formatJPEG = &format{
		"JPEG", "image/jpeg", "jpg", openJPEG, config(jpeg.DecodeConfig), still(jpeg.Decode),
		jpegMemory,
	}
	formatPNG = &format{
		"PNG", "image/png", "png", stripped(strip.PNG), config(png.DecodeConfig), still(png.Decode),
		func(_ *opened, pixels, _ int64) int64 { return 12 * pixels }, // 16 bits: 8 bytes a pixel, and 4 planes
	}
	formatGIF = &format{
		"GIF", "image/gif", "gif", stripped(strip.GIF), config(gif.DecodeConfig), still(decodeGIF),
		func(_ *opened, pixels, frames int64) int64 { return (frames + 8) * pixels },
	}
	formatWebP = &format{
		"WebP", "image/webp", "webp", stripped(strip.WebP), config(webp.DecodeConfig), decodeWebP,
		func(_ *opened, pixels, _ int64) int64 { return 12 * pixels },
	}
	formatHEIC = &format{"HEIC", "image/heic", "heic", openHEIF, heifSize, decodeHEIF, heifMemory}
	formatAVIF = &format{"AVIF", "image/avif", "avif", openAVIF, heifSize, decodeHEIF, heifMemory}
	formatTIFF = &format{
		"TIFF", "image/tiff", "tiff", openTIFF, sizeTIFF, decodeTIFF,
		func(o *opened, pixels, _ int64) int64 { return 12 * max(pixels, o.tiff.Pixels()) },
	}
	formatBMP = &format{
		"BMP", "image/bmp", "bmp", openBMP, config(bmp.DecodeConfig), still(bmp.Decode),
		func(_ *opened, pixels, _ int64) int64 { return 8 * pixels },
	}
)

// jpegMemory counts a byte for each sample, and in a progressive file 2 for each coefficient. What only image/jpeg can
// read has 4 components, coefficients of 4 bytes, and is converted.
func jpegMemory(o *opened, pixels, _ int64) int64 {
	h, err := scaled.ReadHeader(o.data)
	switch {
	case err != nil || !h.Supported && h.Progressive:
		return 24 * pixels
	case !h.Supported:
		return 8 * pixels
	case h.Progressive:
		return int64(3 * h.Samples * float64(pixels))
	}
	return int64(h.Samples * float64(pixels))
}

// openJPEG takes the segments apart and refuses by name what no decoder here knows.
func openJPEG(data []byte, limits strip.Limits) (*opened, error) {
	o, err := stripped(strip.JPEG)(data, limits)
	if err != nil {
		return nil, err
	}
	if h, _ := scaled.ReadHeader(data); h.Unusual() != "" {
		return nil, refuseNamed(UnsupportedFormat, "a JPEG with "+h.Unusual())
	}
	return o, nil
}

func config(read func(io.Reader) (image.Config, error)) func(*opened) (image.Config, error) {
	return func(o *opened) (image.Config, error) { return read(bytes.NewReader(o.data)) }
}

func still(decode func(io.Reader) (image.Image, error)) func(context.Context, *opened, io.Reader) (image.Image, error) {
	return func(_ context.Context, _ *opened, r io.Reader) (image.Image, error) { return decode(r) }
}

func stripped(parse func([]byte, strip.Limits) (*strip.File, error)) func([]byte, strip.Limits) (*opened, error) {
	return func(data []byte, limits strip.Limits) (*opened, error) {
		f, err := parse(data, limits)
		if err != nil {
			return nil, err
		}
		return &opened{
			orientation: f.Orientation, exif: f.Exif, icc: f.ICC, frames: f.Frames, removed: f.Removed, file: f,
		}, nil
	}
}

// openHEIF takes the boxes apart. A picture that is made in a way which strip does not take apart is decoded all the
// same, and published encoded again. Pictures are turned by the container's own properties, which count alone: the EXIF
// orientation repeats them. libheif does it.
func openHEIF(data []byte, limits strip.Limits) (*opened, error) {
	o, err := stripped(strip.HEIF)(data, limits)
	if errors.Is(err, strip.ErrTooMuch) {
		return nil, err
	}
	if err != nil {
		o = &opened{orientation: 1, frames: 1, data: data}
	} else { // what lies around the boxes may be anything
		data = o.file.Build(o.icc, 1)
	}
	if o.heif, err = heif.ParseInfo(data); err != nil {
		return nil, err
	}
	if o.file == nil {
		o.exif, o.icc = o.heif.Exif, o.heif.ICC
		if n := len(o.exif); n > 0 {
			o.removed = append(o.removed, strip.Removed{Name: "EXIF", Bytes: n})
		}
	}
	if len(o.icc) == 0 {
		o.icc = icc.FromCodePoints(o.heif.Primaries, o.heif.Transfer)
	}
	return o, nil
}

// openAVIF is openHEIF for AVIF, whose decoder leaves it to others to turn the picture.
func openAVIF(data []byte, limits strip.Limits) (*opened, error) {
	o, err := openHEIF(data, limits)
	if err != nil {
		return nil, err
	}
	if o.heif.Codec != heif.AV1 {
		return nil, refuseNamed(UnsupportedFormat, "an AVIF image that is not made of one picture or of a grid of them")
	}
	o.orientation = o.heif.Orientation
	return o, nil
}

func heifSize(o *opened) (image.Config, error) {
	w, h := o.heif.Width, o.heif.Height
	if o.heif.Codec != heif.AV1 {
		w, h = o.heif.Upright()
	}
	return image.Config{Width: w, Height: h}, nil
}

func decodeHEIF(ctx context.Context, o *opened, _ io.Reader) (image.Image, error) {
	return heif.Decode(ctx, o.data, o.heif)
}

// heifMemory counts what the decoder may take, what it hands out and the planes made of that.
func heifMemory(o *opened, pixels, _ int64) int64 { return o.heif.Memory() + 8*pixels }

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
	return onCanvas(canvas, first, first.Rect.Min), nil
}

// onCanvas lays a picture on a transparent canvas with its top left at the given point.
func onCanvas(canvas image.Rectangle, m image.Image, at image.Point) image.Image {
	out := image.NewNRGBA(canvas)
	b := m.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.Set(at.X+x, at.Y+y, m.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// decodeWebP decodes a still picture, or every frame of an animation and returns the first, on its canvas.
func decodeWebP(ctx context.Context, o *opened, r io.Reader) (image.Image, error) {
	if o.frames == 1 {
		m, err := webp.Decode(r)
		fullRange(m)
		return m, err
	}
	canvas, err := webp.DecodeConfig(bytes.NewReader(o.data))
	if err != nil {
		return nil, err
	}
	frames, err := strip.WebPFrames(o.data)
	if err != nil {
		return nil, err
	}
	var first image.Image
	for i, f := range frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		claim, err := webp.DecodeConfig(bytes.NewReader(f.File))
		if err != nil {
			return nil, err
		}
		if claim.Width != f.Width || claim.Height != f.Height {
			return nil, strip.ErrMalformed
		}
		m, err := webp.Decode(bytes.NewReader(f.File))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			fullRange(m)
			first = onCanvas(image.Rect(0, 0, canvas.Width, canvas.Height), m, image.Pt(f.X, f.Y))
		}
	}
	return first, nil
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
