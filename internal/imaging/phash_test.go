package imaging_test

import (
	"image"
	"image/color"
	"math"
	"math/bits"
)

// perceptualHash is the sign of the 64 lowest frequencies (the constant one excepted) of a 32 by 32 grey version of m:
// the usual pHash. Pictures that look alike differ in a few bits.
func perceptualHash(m image.Image) (hash uint64) {
	const n, keep = 32, 8
	var gray [n][n]float64
	b := m.Bounds()
	for y := range n {
		for x := range n {
			var sum, count float64
			for sy := y * b.Dy() / n; sy <= max(y*b.Dy()/n, (y+1)*b.Dy()/n-1); sy++ {
				for sx := x * b.Dx() / n; sx <= max(x*b.Dx()/n, (x+1)*b.Dx()/n-1); sx++ {
					c := color.NRGBAModel.Convert(m.At(b.Min.X+sx, b.Min.Y+sy)).(color.NRGBA)
					// three channels weighted apart, so that swapped colours show
					sum += (0.6*float64(c.R) + 0.3*float64(c.G) + 0.1*float64(c.B)) * float64(c.A) / 255
					count++
				}
			}
			gray[y][x] = sum / count
		}
	}
	for v := range keep {
		for u := range keep {
			var f float64
			for y := range n {
				for x := range n {
					f += gray[y][x] * math.Cos(math.Pi/n*(float64(x)+0.5)*float64(u)) * math.Cos(math.Pi/n*(float64(y)+0.5)*float64(v))
				}
			}
			if (u > 0 || v > 0) && f > 0 {
				hash |= 1 << (v*keep + u)
			}
		}
	}
	return hash
}

func hamming(a, b uint64) int { return bits.OnesCount64(a ^ b) }
