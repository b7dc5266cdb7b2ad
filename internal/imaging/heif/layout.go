package heif

import (
	"fmt"
	"image"
)

// Numbers of libheif's heif_colorspace and heif_chroma.
const (
	spaceYCbCr = 0
	spaceRGB   = 1
	spaceGray  = 2

	chroma420 = 1
	chroma422 = 2
	chroma444 = 3
)

// layout is how libheif lays the planes of a picture out, one behind the other, rows aligned to 16 bytes.
type layout struct {
	width, height int
	stride        int // of the first plane
	chromaStride  int
	chromaHeight  int
	ratio         image.YCbCrSubsampleRatio
	space         uint32
	premultiplied bool
	size          int // of all planes, in bytes
}

func newLayout(w, h int, space, chroma uint32, premultiplied bool) (*layout, error) {
	l := &layout{width: w, height: h, space: space, premultiplied: premultiplied}
	switch space {
	case spaceGray:
		l.stride = aligned(w)
	case spaceRGB:
		l.stride = aligned(4 * w)
	case spaceYCbCr:
		l.stride = aligned(w)
		switch chroma {
		case chroma420:
			l.ratio, l.chromaStride, l.chromaHeight = image.YCbCrSubsampleRatio420, aligned((w+1)/2), (h+1)/2
		case chroma422:
			l.ratio, l.chromaStride, l.chromaHeight = image.YCbCrSubsampleRatio422, aligned((w+1)/2), h
		case chroma444:
			l.ratio, l.chromaStride, l.chromaHeight = image.YCbCrSubsampleRatio444, aligned(w), h
		default:
			return nil, fmt.Errorf("%w: chroma %d", ErrDecode, chroma)
		}
	default:
		return nil, fmt.Errorf("%w: colour space %d", ErrDecode, space)
	}
	l.size = l.stride*h + 2*l.chromaStride*l.chromaHeight
	return l, nil
}

func aligned(n int) int { return (n + 15) &^ 15 }

func (l *layout) image(pix []byte) image.Image {
	rect := image.Rect(0, 0, l.width, l.height)
	switch {
	case l.space == spaceGray:
		return &image.Gray{Pix: pix, Stride: l.stride, Rect: rect}
	case l.space == spaceRGB && l.premultiplied:
		return &image.RGBA{Pix: pix, Stride: l.stride, Rect: rect}
	case l.space == spaceRGB:
		return &image.NRGBA{Pix: pix, Stride: l.stride, Rect: rect}
	}
	y := l.stride * l.height
	c := l.chromaStride * l.chromaHeight
	return &image.YCbCr{
		Y: pix[:y:y], Cb: pix[y : y+c : y+c], Cr: pix[y+c:], YStride: l.stride, CStride: l.chromaStride,
		SubsampleRatio: l.ratio, Rect: rect,
	}
}
