// Package thumbhash makes ThumbHashes: some 25 bytes that a page turns into a blurred placeholder while the photo loads.
// The format is that of https://evanw.github.io/thumbhash/ (npm thumbhash 0.1.1 reads what this package writes).
package thumbhash

import "math"

// MaxSide is the greatest width and height that Encode takes, in pixels.
const MaxSide = 100

// channel is the discrete cosine transform of one channel, in the order the format stores it.
type channel struct {
	dc, scale float64
	ac        []float64 // each 0 to 1
}

// Encode hashes a picture of at most MaxSide by MaxSide pixels. rgba holds four bytes a pixel, not premultiplied, rows
// from the top without gaps; it panics when its length is not 4*width*height or a side is out of range, because both
// are the caller's to know.
func Encode(width, height int, rgba []byte) []byte {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide || len(rgba) != 4*width*height {
		panic("thumbhash: size out of range")
	}
	l, p, q, a, opaque := lpqa(rgba)
	limit := 7.0 // luminance terms along the longer side; fewer when alpha needs its share
	if !opaque {
		limit = 5
	}
	longer := float64(max(width, height))
	lx := max(1, int(math.Floor(limit*float64(width)/longer+0.5)))
	ly := max(1, int(math.Floor(limit*float64(height)/longer+0.5)))
	luma := transform(l, width, height, max(3, lx), max(3, ly))
	red := transform(p, width, height, 3, 3)
	blue := transform(q, width, height, 3, 3)

	landscape := width > height
	hash := header(luma, red, blue, lx, ly, landscape, opaque)
	channels := []channel{luma, red, blue}
	if !opaque {
		alpha := transform(a, width, height, 5, 5)
		hash = append(hash, byte(quantize(alpha.dc, 15)|quantize(alpha.scale, 15)<<4))
		channels = append(channels, alpha)
	}
	return appendNibbles(hash, channels)
}

// lpqa turns pixels into luminance, yellow-blue, red-green and alpha, 0 to 1, laid over the picture's average colour.
func lpqa(rgba []byte) (l, p, q, a []float64, opaque bool) {
	n := len(rgba) / 4
	var avgR, avgG, avgB, avgA float64
	for i := range n {
		alpha := float64(rgba[4*i+3]) / 255
		avgR += alpha / 255 * float64(rgba[4*i])
		avgG += alpha / 255 * float64(rgba[4*i+1])
		avgB += alpha / 255 * float64(rgba[4*i+2])
		avgA += alpha
	}
	if avgA > 0 {
		avgR /= avgA
		avgG /= avgA
		avgB /= avgA
	}
	all := make([]float64, 4*n)
	l, p, q, a = all[:n], all[n:2*n], all[2*n:3*n], all[3*n:]
	for i := range n {
		alpha := float64(rgba[4*i+3]) / 255
		r := avgR*(1-alpha) + alpha/255*float64(rgba[4*i])
		g := avgG*(1-alpha) + alpha/255*float64(rgba[4*i+1])
		b := avgB*(1-alpha) + alpha/255*float64(rgba[4*i+2])
		l[i] = (r + g + b) / 3
		p[i] = (r+g)/2 - b
		q[i] = r - g
		a[i] = alpha
	}
	return l, p, q, a, avgA >= float64(n)
}

// transform keeps the nx by ny lowest frequencies, the triangle of them below the diagonal.
func transform(pixels []float64, w, h, nx, ny int) channel {
	var c channel
	fx := make([]float64, w)
	for cy := range ny {
		for cx := 0; cx*ny < nx*(ny-cy); cx++ {
			for x := range w {
				fx[x] = math.Cos(math.Pi / float64(w) * float64(cx) * (float64(x) + 0.5))
			}
			var f float64
			for y := range h {
				fy := math.Cos(math.Pi / float64(h) * float64(cy) * (float64(y) + 0.5))
				for x := range w {
					f += pixels[x+y*w] * fx[x] * fy
				}
			}
			f /= float64(w * h)
			if cx == 0 && cy == 0 {
				c.dc = f
				continue
			}
			c.ac = append(c.ac, f)
			c.scale = math.Max(c.scale, math.Abs(f))
		}
	}
	if c.scale > 0 {
		for i := range c.ac {
			c.ac[i] = 0.5 + 0.5/c.scale*c.ac[i]
		}
	}
	return c
}

// header packs the averages and scales of the three colour channels, the shape and the flags into five bytes.
func header(l, p, q channel, lx, ly int, landscape, opaque bool) []byte {
	h := quantize(l.dc, 63) |
		quantize(0.5+0.5*p.dc, 63)<<6 |
		quantize(0.5+0.5*q.dc, 63)<<12 |
		quantize(l.scale, 31)<<18
	if !opaque {
		h |= 1 << 23
	}
	shape := lx
	if landscape {
		shape = ly
	}
	h2 := uint32(shape) | quantize(p.scale, 63)<<3 | quantize(q.scale, 63)<<9
	if landscape {
		h2 |= 1 << 15
	}
	return []byte{byte(h), byte(h >> 8), byte(h >> 16), byte(h2), byte(h2 >> 8)}
}

// quantize rounds v, 0 to 1, to 0 to steps, halves up as JavaScript's Math.round does.
func quantize(v, steps float64) uint32 { return uint32(math.Floor(v*steps + 0.5)) }

func appendNibbles(hash []byte, channels []channel) []byte {
	odd := false
	for _, c := range channels {
		for _, f := range c.ac {
			n := byte(quantize(f, 15))
			if odd {
				hash[len(hash)-1] |= n << 4
			} else {
				hash = append(hash, n)
			}
			odd = !odd
		}
	}
	return hash
}
