// Package raster holds pictures as separate 8-bit planes and does to them what a photo needs on its way to smaller
// versions: resizing, turning upright, conversion from and to Go's image types. A JPEG stays in the YCbCr it came in,
// subsampled chroma and all, which is three times less work than going through RGBA.
package raster

import "image"

// Plane is one channel, a byte a sample, rows from the top.
type Plane struct {
	Width, Height, Stride int
	Pix                   []byte
}

// NewPlane makes a plane of zeros without gaps between its rows.
func NewPlane(width, height int) Plane {
	return Plane{width, height, width, make([]byte, width*height)}
}

// Row returns row y.
func (p *Plane) Row(y int) []byte { return p.Pix[y*p.Stride : y*p.Stride+p.Width] }

// Map replaces every sample by its entry in table.
func (p *Plane) Map(table [256]byte) {
	for y := range p.Height {
		for i, v := range p.Row(y) {
			p.Row(y)[i] = table[v]
		}
	}
}

// Model says what the planes of an Image are.
type Model int

const (
	Gray  Model = iota // Y
	YCbCr              // Y, Cb, Cr as JFIF defines them: BT.601, full range; chroma planes may be smaller than Y
	RGBA               // R, G, B, A, with colour premultiplied by alpha; all of one size
)

// Image is a picture in planes. Width and Height are those of its first plane.
type Image struct {
	Model         Model
	Width, Height int
	Planes        []Plane

	// SubX and SubY are the samples of luma across and down for one of chroma: 1, 2 or 4. Only YCbCr has other than 1.
	SubX, SubY int
	// ExactWidth and ExactHeight are how many samples of the first plane the picture covers where it was decoded at a
	// fraction of its size and its last column or row is covered in part. Zero means Width and Height.
	ExactWidth, ExactHeight float64
}

// New makes a black picture of zeros; the chroma planes of a YCbCr picture get half the width and height, rounded up.
func New(model Model, width, height int) *Image {
	m := &Image{Model: model, Width: width, Height: height, SubX: 1, SubY: 1}
	if model == YCbCr {
		m.SubX, m.SubY = 2, 2
	}
	for i := range planes[model] {
		w, h := m.planeSize(i, width, height)
		m.Planes = append(m.Planes, NewPlane(w, h))
	}
	return m
}

var planes = [...]int{Gray: 1, YCbCr: 3, RGBA: 4}

// planeSize is the size of plane i of a picture of width by height in the form that New makes.
func (m *Image) planeSize(i, width, height int) (w, h int) {
	if m.Model == YCbCr && i > 0 {
		return (width + 1) / 2, (height + 1) / 2
	}
	return width, height
}

// Image returns the picture as one of Go's image types: *image.Gray, *image.YCbCr (4:2:0) or *image.NRGBA. The first
// two share memory with m. The chroma of m has to be of the size that New and Resize give it.
func (m *Image) Image() image.Image {
	bounds := image.Rect(0, 0, m.Width, m.Height)
	switch p := m.Planes; m.Model {
	case Gray:
		return &image.Gray{Pix: p[0].Pix, Stride: p[0].Stride, Rect: bounds}
	case YCbCr:
		return &image.YCbCr{
			Y: p[0].Pix, Cb: p[1].Pix, Cr: p[2].Pix, YStride: p[0].Stride, CStride: p[1].Stride,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: bounds,
		}
	default:
		return m.nrgba(bounds)
	}
}

// nrgba divides the colours by alpha again.
func (m *Image) nrgba(bounds image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(bounds)
	for y := range m.Height {
		r, g, b, a := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y), m.Planes[3].Row(y)
		row := out.Pix[y*out.Stride:][:4*m.Width]
		for x, alpha := range a {
			px := row[4*x : 4*x+4 : 4*x+4]
			switch alpha {
			case 0:
			case 255:
				px[0], px[1], px[2], px[3] = r[x], g[x], b[x], 255
			default:
				px[0], px[1], px[2], px[3] = divide(r[x], alpha), divide(g[x], alpha), divide(b[x], alpha), alpha
			}
		}
	}
	return out
}

// divide undoes the multiplication by alpha; the resizer may leave a colour above its alpha.
func divide(c, alpha byte) byte { return byte(min(255, (uint(c)*255+uint(alpha)/2)/uint(alpha))) }

// NRGBA returns the picture as four bytes a pixel, not premultiplied, in memory of its own.
func (m *Image) NRGBA() *image.NRGBA {
	bounds := image.Rect(0, 0, m.Width, m.Height)
	if m.Model == RGBA {
		return m.nrgba(bounds)
	}
	out := image.NewNRGBA(bounds)
	read := rowReader(m.Image())
	for y := range m.Height {
		read(y, out.Pix[y*out.Stride:])
	}
	return out
}
