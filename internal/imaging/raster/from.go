package raster

import (
	"image"
	"image/color"
	"image/draw"
)

// From takes over an image of any of Go's types. *image.YCbCr and *image.Gray are taken as they are, sharing memory;
// everything else is converted, opaque pictures to YCbCr without subsampling (or Gray where it is one by type) and
// those with any transparency to RGBA. 16-bit samples are rounded to 8.
func From(src image.Image) *Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	switch s := src.(type) {
	case *image.YCbCr:
		return fromYCbCr(s)
	case *image.Gray:
		y := Plane{w, h, s.Stride, s.Pix[s.PixOffset(b.Min.X, b.Min.Y):]}
		return &Image{Model: Gray, Width: w, Height: h, Planes: []Plane{y}, SubX: 1, SubY: 1}
	case *image.Gray16:
		return fromGray16(s)
	}
	if o, ok := src.(interface{ Opaque() bool }); ok && o.Opaque() {
		return opaque(src, w, h)
	}
	return translucent(src, w, h)
}

func fromYCbCr(s *image.YCbCr) *Image {
	b := s.Rect
	w, h := b.Dx(), b.Dy()
	subX, subY := 1, 1
	switch s.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		subX = 2
	case image.YCbCrSubsampleRatio420:
		subX, subY = 2, 2
	case image.YCbCrSubsampleRatio440:
		subY = 2
	case image.YCbCrSubsampleRatio411:
		subX = 4
	case image.YCbCrSubsampleRatio410:
		subX, subY = 4, 2
	}
	cw, ch := (w+subX-1)/subX, (h+subY-1)/subY
	y, c := s.YOffset(b.Min.X, b.Min.Y), s.COffset(b.Min.X, b.Min.Y)
	return &Image{Model: YCbCr, Width: w, Height: h, SubX: subX, SubY: subY, Planes: []Plane{
		{w, h, s.YStride, s.Y[y:]}, {cw, ch, s.CStride, s.Cb[c:]}, {cw, ch, s.CStride, s.Cr[c:]},
	}}
}

func fromGray16(s *image.Gray16) *Image {
	w, h := s.Rect.Dx(), s.Rect.Dy()
	m := New(Gray, w, h)
	for y := range h {
		src := s.Pix[s.PixOffset(s.Rect.Min.X, s.Rect.Min.Y+y):]
		for x := range m.Planes[0].Row(y) {
			m.Planes[0].Pix[y*w+x] = round16(src[2*x], src[2*x+1])
		}
	}
	return m
}

// round16 rounds a big-endian 16-bit sample to 8 bits.
func round16(hi, lo byte) byte { return byte((uint32(hi)<<8 | uint32(lo) + 128) / 257) }

// opaque converts to YCbCr 4:4:4, a row at a time.
func opaque(src image.Image, w, h int) *Image {
	m := &Image{Model: YCbCr, Width: w, Height: h, SubX: 1, SubY: 1}
	for range 3 {
		m.Planes = append(m.Planes, NewPlane(w, h))
	}
	row, read := make([]byte, 4*w), rowReader(src)
	for y := range h {
		read(y, row)
		py, pb, pr := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y)
		for x := range py {
			px := row[4*x : 4*x+3 : 4*x+3]
			py[x], pb[x], pr[x] = color.RGBToYCbCr(px[0], px[1], px[2])
		}
	}
	return m
}

func translucent(src image.Image, w, h int) *Image {
	m := New(RGBA, w, h)
	row, read := make([]byte, 4*w), rowReader(src)
	for y := range h {
		read(y, row)
		r, g, b, a := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y), m.Planes[3].Row(y)
		for x := range a {
			px := row[4*x : 4*x+4 : 4*x+4]
			alpha := uint32(px[3])
			r[x], g[x], b[x], a[x] = times(px[0], alpha), times(px[1], alpha), times(px[2], alpha), px[3]
		}
	}
	return m
}

func times(c byte, alpha uint32) byte { return byte((uint32(c)*alpha + 127) / 255) }

// rowReader returns a function that writes row y of src into dst as NRGBA, four bytes a pixel. The types that Go's
// decoders return for large pictures are read directly, the others by way of image/draw.
func rowReader(src image.Image) func(y int, dst []byte) {
	b := src.Bounds()
	switch s := src.(type) {
	case *image.NRGBA:
		return func(y int, dst []byte) { copy(dst, s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]) }
	case *image.RGBA:
		if s.Opaque() {
			return func(y int, dst []byte) { copy(dst, s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]) }
		}
	case *image.NRGBA64:
		return func(y int, dst []byte) { from16(dst, s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]) }
	case *image.RGBA64:
		if s.Opaque() {
			return func(y int, dst []byte) { from16(dst, s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]) }
		}
	case *image.Paletted:
		var colours [256]color.NRGBA // an index beyond the palette is transparent black
		for i, c := range s.Palette {
			colours[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		return func(y int, dst []byte) {
			for x, index := range s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()] {
				c := colours[index]
				dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = c.R, c.G, c.B, c.A
			}
		}
	case *image.CMYK:
		return func(y int, dst []byte) {
			row := s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):][:4*b.Dx()]
			for i := 0; i < len(row); i += 4 {
				dst[i], dst[i+1], dst[i+2] = color.CMYKToRGB(row[i], row[i+1], row[i+2], row[i+3])
				dst[i+3] = 255
			}
		}
	case *image.Gray:
		return func(y int, dst []byte) {
			for x, v := range s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()] {
				dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = v, v, v, 255
			}
		}
	case *image.YCbCr:
		return func(y int, dst []byte) {
			for x := range b.Dx() {
				at, chroma := s.YOffset(b.Min.X+x, b.Min.Y+y), s.COffset(b.Min.X+x, b.Min.Y+y)
				dst[4*x], dst[4*x+1], dst[4*x+2] = color.YCbCrToRGB(s.Y[at], s.Cb[chroma], s.Cr[chroma])
				dst[4*x+3] = 255
			}
		}
	case *image.NYCbCrA:
		return func(y int, dst []byte) {
			for x := range b.Dx() {
				at, chroma := s.YOffset(b.Min.X+x, b.Min.Y+y), s.COffset(b.Min.X+x, b.Min.Y+y)
				dst[4*x], dst[4*x+1], dst[4*x+2] = color.YCbCrToRGB(s.Y[at], s.Cb[chroma], s.Cr[chroma])
				dst[4*x+3] = s.A[s.AOffset(b.Min.X+x, b.Min.Y+y)]
			}
		}
	}
	buf := image.NewNRGBA(image.Rect(0, 0, b.Dx(), 1))
	return func(y int, dst []byte) {
		draw.Draw(buf, buf.Rect, src, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		copy(dst, buf.Pix)
	}
}

func from16(dst, src []byte) {
	for i := range dst {
		dst[i] = round16(src[2*i], src[2*i+1])
	}
}
