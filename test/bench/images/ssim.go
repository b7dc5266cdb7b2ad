package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// lumaPlane is the luma of a picture, 0 to 255.
type lumaPlane struct {
	w, h int
	pix  []float64
}

// reference reduces a picture to width with a Lanczos filter in floating point: what every variant is held against.
func reference(src image.Image, width int) lumaPlane {
	b := src.Bounds()
	lanczos := draw.Kernel{Support: 3, At: func(t float64) float64 {
		if t == 0 {
			return 1
		}
		return 3 * math.Sin(math.Pi*t) * math.Sin(math.Pi*t/3) / (math.Pi * math.Pi * t * t)
	}}
	dst := image.NewRGBA(image.Rect(0, 0, width, (b.Dy()*width+b.Dx()/2)/b.Dx()))
	lanczos.Scale(dst, dst.Rect, src, b, draw.Src, nil)
	p := lumaPlane{dst.Rect.Dx(), dst.Rect.Dy(), nil}
	for i := 0; i < len(dst.Pix); i += 4 {
		p.pix = append(p.pix, 0.299*float64(dst.Pix[i])+0.587*float64(dst.Pix[i+1])+0.114*float64(dst.Pix[i+2]))
	}
	return p
}

// variant reads the luma of a WebP or JPEG file.
func variant(file string) (lumaPlane, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return lumaPlane{}, err
	}
	var m image.Image
	studio := bytes.HasPrefix(data, []byte("RIFF"))
	if studio {
		m, err = webp.Decode(bytes.NewReader(data))
	} else {
		m, err = jpeg.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return lumaPlane{}, err
	}
	b := m.Bounds()
	p := lumaPlane{b.Dx(), b.Dy(), nil}
	for y := range p.h {
		for x := range p.w {
			c, ok := m.At(b.Min.X+x, b.Min.Y+y).(color.YCbCr)
			if !ok {
				return p, fmt.Errorf("%s: not YCbCr", file)
			}
			v := float64(c.Y)
			if studio {
				v = (v - 16) * 255 / 219
			}
			p.pix = append(p.pix, v)
		}
	}
	return p, nil
}

// ssim is the mean structural similarity over windows of 8 by 8, every 4 pixels (Wang and others, 2004).
func ssim(a, b lumaPlane) float64 {
	const n, c1, c2 = 8, (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	sum, count := 0.0, 0.0
	for y := 0; y+n <= min(a.h, b.h); y += 4 {
		for x := 0; x+n <= min(a.w, b.w); x += 4 {
			var sa, sb, saa, sbb, sab float64
			for j := range n {
				ra, rb := a.pix[(y+j)*a.w+x:], b.pix[(y+j)*b.w+x:]
				for i := range n {
					va, vb := ra[i], rb[i]
					sa, sb, saa, sbb, sab = sa+va, sb+vb, saa+va*va, sbb+vb*vb, sab+va*vb
				}
			}
			const k = n * n
			ma, mb := sa/k, sb/k
			va, vb, cov := saa/k-ma*ma, sbb/k-mb*mb, sab/k-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			count++
		}
	}
	return sum / count
}
