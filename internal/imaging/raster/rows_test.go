package raster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRowsAgree holds the loops of this build against those in Go, over sizes that leave remainders of every kind.
func TestRowsAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		src, dst := NewPlane(1+random.IntN(90), 1+random.IntN(40)), NewPlane(1+random.IntN(90), 1+random.IntN(40))
		for i := range src.Pix {
			src.Pix[i] = byte(random.IntN(2) * random.IntN(256)) // hard edges, for overshoot
		}
		s := newScaler(&src, &dst, float64(src.Width)/float64(dst.Width), float64(src.Height)/float64(dst.Height))
		for y := range s.down.taps {
			want := make([]int16, dst.Width)
			s.across.apply(s.row(y), src.Row(y))
			s.across.applyGo(want, src.Row(y))
			if !slices.Equal(s.row(y), want) {
				t.Fatalf("%d to %d samples across: %v, want %v", src.Width, dst.Width, s.row(y), want)
			}
		}
		for y := range dst.Height {
			want := make([]byte, dst.Width)
			first, weights := int(s.down.start[y]), s.down.weights[y*s.down.taps:][:s.down.taps]
			s.combine(dst.Row(y), first, weights)
			s.combineGo(want, first, weights)
			if !slices.Equal(dst.Row(y), want) {
				t.Fatalf("%d to %d rows, row %d: %v, want %v", src.Height, dst.Height, y, dst.Row(y), want)
			}
		}
	}
}

// TestKernelFits: every kernel stays within its axis, adds up to one, and its weights, and the samples between the
// passes that they make of 0 and 255, fit 16 bits.
func TestKernelFits(t *testing.T) {
	for from := 1; from < 60; from++ {
		for to := 1; to < 80; to++ {
			for _, k := range []kernel{newKernel(from, to, float64(from)/float64(to), 1), newKernel(from, to, (float64(from)-0.9)/float64(to), 4)} {
				for i, first := range k.start {
					sum, positive, negative := 0, 0, 0
					for _, w := range k.weights[i*k.taps:][:k.taps] {
						sum += int(w)
						positive += max(0, int(w))
						negative += min(0, int(w))
					}
					if first < 0 || int(first)+k.taps > from || sum != coefOne ||
						255*positive>>interShift > math.MaxInt16 || 255*negative>>interShift < math.MinInt16 {
						t.Fatalf("%d to %d, sample %d: from %d on %d taps of sum %d, %d above and %d below zero",
							from, to, i, first, k.taps, sum, positive, negative)
					}
				}
			}
		}
	}
}
