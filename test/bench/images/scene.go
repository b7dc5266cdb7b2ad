package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
)

// photo makes a JPEG of width by height that costs an encoder and a decoder what a camera's photo does: hills and
// clouds of fractal noise, hard edges, fine texture and the noise of a sensor.
func photo(width, height int) ([]byte, error) {
	m := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	scale := float64(width)
	for y := range height {
		for x := range width {
			u, v := float64(x)/scale, float64(y)/scale
			m.Y[m.YOffset(x, y)] = luma(u, v, x, y)
			if x%2 == 0 && y%2 == 0 {
				c := m.COffset(x, y)
				m.Cb[c] = level(128 + 70*(fractal(u*3+9, v*3, 4)-0.5))
				m.Cr[c] = level(128 + 70*(fractal(u*3, v*3+5, 4)-0.5))
			}
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 88})
	return b.Bytes(), err
}

func luma(u, v float64, x, y int) byte {
	base := 40 + 170*fractal(u*4, v*4, 7)
	ridge := 0.35 + 0.15*fractal(u*6, 3, 5)
	if v > ridge { // ground: darker, with texture
		base = 25 + 120*fractal(u*40, v*40, 5)
	}
	if d := math.Hypot(u-0.7, v-0.2); d < 0.08 { // a disc with a hard edge
		base = 235
	}
	if math.Mod(u*37, 1) < 0.05 && v > ridge { // trunks
		base *= 0.4
	}
	return level(base + 14*(lattice(x, y)+lattice(x+7919, y)-1))
}

// fractal is value noise of several octaves, 0 to 1.
func fractal(x, y float64, octaves int) float64 {
	sum, weight, total := 0.0, 1.0, 0.0
	for range octaves {
		sum += weight * smooth(x, y)
		total += weight
		x, y, weight = 2*x+17, 2*y+31, weight*0.55
	}
	return sum / total
}

func smooth(x, y float64) float64 {
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(ix), y-float64(iy)
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	top := lattice(ix, iy)*(1-fx) + lattice(ix+1, iy)*fx
	bottom := lattice(ix, iy+1)*(1-fx) + lattice(ix+1, iy+1)*fx
	return top*(1-fy) + bottom*fy
}

// lattice is a fixed random number, 0 to 1, for every point.
func lattice(x, y int) float64 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float64(h) / math.MaxUint32
}

func level(v float64) byte { return byte(min(255, max(0, v+0.5))) }
