package tiff

import (
	"bytes"
	"context"
	"fmt"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/jpeg"
	"github.com/valetkey/valetkey/internal/imaging/raster"
)

// maxSide is the largest width and height that a JPEG stream can have, in pixels.
const maxSide = 65535

// layout is how a picture is cut into strips, which are as wide as it is, or into tiles (sections 3 and 15).
type layout struct {
	width, height    int // of a strip or tile, in pixels
	across, down     int
	tiled            bool
	offsets, lengths int // tags
}

func (f *File) layout() (layout, error) {
	l := layout{width: f.Width, height: f.Height, offsets: tagStripOffsets, lengths: tagStripByteCounts}
	if f.entries[tagTileWidth] != nil {
		l = layout{f.number(tagTileWidth, 0), f.number(tagTileHeight, 0), 0, 0, true, tagTileOffsets, tagTileByteCounts}
		if l.width%16 != 0 || l.height%16 != 0 || l.width > maxSide || l.height > maxSide {
			return l, fmt.Errorf("%w: tiles of %d by %d", ErrMalformed, l.width, l.height)
		}
	} else {
		l.height = min(l.height, f.number(tagRowsPerStrip, l.height))
	}
	if f.Width < 1 || f.Height < 1 || l.width < 1 || l.height < 1 {
		return l, fmt.Errorf("%w: parts of %d by %d", ErrMalformed, l.width, l.height)
	}
	l.across, l.down = (f.Width+l.width-1)/l.width, (f.Height+l.height-1)/l.height
	return l, nil
}

// Pixels is how many pixels Decode has to decode: those of the picture, and what its tiles reach beyond it.
func (f *File) Pixels() int64 {
	l, err := f.layout()
	if err != nil { // Decode will say so
		return int64(f.Width) * int64(f.Height)
	}
	return int64(l.across) * int64(l.width) * int64(l.down) * int64(l.height)
}

// Decode decodes a picture that is made of JPEG streams, of which IsJPEG and Unsupported have told that it can be: a
// *image.Gray, *image.YCbCr or *image.RGBA. Every stream has to be of the very size that the file says, so that nothing
// is decoded beyond Pixels.
func (f *File) Decode(ctx context.Context) (image.Image, error) {
	l, err := f.layout()
	if err != nil {
		return nil, err
	}
	n := l.across * l.down
	offsets, err := f.numbers(l.offsets, n)
	if err != nil {
		return nil, err
	}
	lengths, err := f.numbers(l.lengths, n)
	if err != nil {
		return nil, err
	}
	if len(offsets) < n || len(lengths) < n {
		return nil, fmt.Errorf("%w: %d parts at %d places of %d lengths", ErrMalformed, n, len(offsets), len(lengths))
	}
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	var whole *raster.Image
	for i, at := range offsets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if at > len(f.data) || lengths[i] > len(f.data)-at {
			return nil, ErrTruncated
		}
		x, y := i%l.across*l.width, i/l.across*l.height
		part, err := f.part(ctx, l, head, f.data[at:at+lengths[i]], y)
		if err != nil {
			return nil, err
		}
		if whole == nil {
			whole = f.canvas(part)
		}
		if err := paste(whole, part, x, y); err != nil {
			return nil, err
		}
	}
	return f.image(whole), nil
}

// jfif is the start of a JPEG with a segment that keeps the decoder from guessing what the components are: the TIFF says it.
const jfif = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"

// head is what goes before every stream, without the marker that it starts with: the tables that they share.
func (f *File) head() ([]byte, error) {
	tables, _, err := f.raw(tagJPEGTables)
	if err != nil || len(tables) == 0 {
		return []byte(jfif), err
	}
	if !bytes.HasPrefix(tables, []byte("\xff\xd8")) {
		return nil, fmt.Errorf("%w: shared JPEG tables", ErrMalformed)
	}
	return append([]byte(jfif), bytes.TrimSuffix(tables[2:], []byte("\xff\xd9"))...), nil
}

// part decodes a strip or tile that begins at row y.
func (f *File) part(ctx context.Context, l layout, head, stream []byte, y int) (*raster.Image, error) {
	if !bytes.HasPrefix(stream, []byte("\xff\xd8")) {
		return nil, fmt.Errorf("%w: no JPEG stream", ErrMalformed)
	}
	whole := append(head[:len(head):len(head)], stream[2:]...)
	h, err := jpeg.ReadHeader(whole)
	if err != nil {
		return nil, err
	}
	// The last strip is as high as what is left; some programs fill it up.
	fits := h.Height == l.height || !l.tiled && h.Height == f.Height-y
	if h.Width != l.width || !fits {
		return nil, fmt.Errorf("%w: a stream of %d by %d in a part of %d by %d", ErrMalformed, h.Width, h.Height, l.width, l.height)
	}
	if !h.Supported || h.Progressive { // the note knows sequential ones only, which take no memory but for their samples
		return nil, fmt.Errorf("%w: progressive or otherwise unusual JPEG", ErrUnsupported)
	}
	m, err := jpeg.Decode(ctx, whole, 8)
	if err != nil {
		return nil, err
	}
	if len(m.Planes) != colours(f.number(tagPhotometric, 0)) {
		return nil, fmt.Errorf("%w: a stream of %d components", ErrMalformed, len(m.Planes))
	}
	if f.number(tagPhotometric, 0) == rgb && (m.SubX != 1 || m.SubY != 1) {
		return nil, fmt.Errorf("%w: RGB with fewer samples of some colours", ErrUnsupported)
	}
	return m, nil
}

// canvas makes a picture of the file's size, subsampled as a part of it is.
func (f *File) canvas(part *raster.Image) *raster.Image {
	m := &raster.Image{Model: part.Model, Width: f.Width, Height: f.Height, SubX: part.SubX, SubY: part.SubY}
	for i := range part.Planes {
		subX, subY := subsampling(m, i)
		m.Planes = append(m.Planes, raster.NewPlane((f.Width+subX-1)/subX, (f.Height+subY-1)/subY))
	}
	return m
}

func subsampling(m *raster.Image, plane int) (x, y int) {
	if plane == 0 {
		return 1, 1
	}
	return m.SubX, m.SubY
}

// paste copies a part to where it belongs; what lies beyond the picture is left out.
func paste(whole, part *raster.Image, x, y int) error {
	if part.SubX != whole.SubX || part.SubY != whole.SubY || x%whole.SubX != 0 || y%whole.SubY != 0 {
		return fmt.Errorf("%w: parts whose colours do not line up", ErrMalformed)
	}
	for i := range whole.Planes {
		to, from := &whole.Planes[i], &part.Planes[i]
		subX, subY := subsampling(whole, i)
		for row := range min(from.Height, to.Height-y/subY) {
			copy(to.Row(y/subY + row)[x/subX:], from.Row(row))
		}
	}
	return nil
}

// image makes of the planes what the file says they are.
func (f *File) image(m *raster.Image) image.Image {
	bounds := image.Rect(0, 0, f.Width, f.Height)
	switch p := m.Planes; f.number(tagPhotometric, 0) {
	case ycbcr:
		return &image.YCbCr{
			Y: p[0].Pix, Cb: p[1].Pix, Cr: p[2].Pix, YStride: p[0].Stride, CStride: p[1].Stride,
			SubsampleRatio: ratios[image.Pt(m.SubX, m.SubY)], Rect: bounds,
		}
	case rgb:
		out := image.NewRGBA(bounds)
		for i, red := range p[0].Pix {
			px := out.Pix[4*i : 4*i+4 : 4*i+4]
			px[0], px[1], px[2], px[3] = red, p[1].Pix[i], p[2].Pix[i], 255
		}
		return out
	case whiteIsZero:
		for i := range p[0].Pix {
			p[0].Pix[i] = 255 - p[0].Pix[i]
		}
	}
	return &image.Gray{Pix: m.Planes[0].Pix, Stride: m.Planes[0].Stride, Rect: bounds}
}

// ratios are the subsamplings that package jpeg knows, as Go names them.
var ratios = map[image.Point]image.YCbCrSubsampleRatio{
	{X: 1, Y: 1}: image.YCbCrSubsampleRatio444, {X: 2, Y: 1}: image.YCbCrSubsampleRatio422,
	{X: 2, Y: 2}: image.YCbCrSubsampleRatio420, {X: 1, Y: 2}: image.YCbCrSubsampleRatio440,
	{X: 4, Y: 1}: image.YCbCrSubsampleRatio411, {X: 4, Y: 2}: image.YCbCrSubsampleRatio410,
}
