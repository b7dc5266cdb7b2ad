package icc

import (
	"math"
	"testing"
)

func TestCodePoints(t *testing.T) {
	for _, c := range [][2]int{{1, 13}, {1, 1}, {2, 2}, {0, 0}, {99, 99}, {1, 6}} {
		if FromCodePoints(c[0], c[1]) != nil {
			t.Errorf("%v has a profile, but is sRGB", c)
		}
	}
	for _, tt := range []struct {
		name              string
		colours, transfer int
		in                float64
		red               [3]float64 // XYZ of full red: published profiles
		want              float64    // linear light of grey in
	}{
		{"Display P3", 12, 13, 0.5, [3]float64{0.51512, 0.24120, -0.00105}, 0.2140},
		{"BT.2020", 9, 14, 0.5, [3]float64{0.67349, 0.27904, -0.00194}, 0.2140},
		{"gamma 2.2", 1, 4, 0.5, [3]float64{0.43607, 0.22249, 0.01392}, 0.2176},
		{"gamma 2.8", 1, 5, 0.5, [3]float64{0.43607, 0.22249, 0.01392}, 0.1436},
		{"linear", 1, 8, 0.5, [3]float64{0.43607, 0.22249, 0.01392}, 0.5},
		{"PQ of 100 cd/m²", 9, 16, 0.5081, [3]float64{0.67349, 0.27904, -0.00194}, 100.0 / 203},
		{"HLG of 50.3 cd/m²", 9, 18, 0.5, [3]float64{0.67349, 0.27904, -0.00194}, 50.3 / 203},
	} {
		p, err := Parse(FromCodePoints(tt.colours, tt.transfer))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := p.XYZ(tt.in, tt.in, tt.in)[1]; math.Abs(got-tt.want) > 0.003 {
			t.Errorf("%s: grey %v is %.4f, want %.4f", tt.name, tt.in, got, tt.want)
		}
		full := p.curves[0].at(1)
		for i, got := range p.XYZ(1, 0, 0) {
			if math.Abs(got/full-tt.red[i]) > 0.0005 {
				t.Errorf("%s: red is %v, want %v", tt.name, p.XYZ(1, 0, 0), tt.red)
				break
			}
		}
	}
	for v := 0.0; v < 1; v += 0.01 {
		for name, f := range map[string]func(float64) float64{"PQ": fromPQ, "HLG": fromHLG} {
			if a, b := shoulder(f(v)/white), shoulder(f(v+0.01)/white); a > b || b > 1 {
				t.Errorf("%s: %v becomes %v, %v becomes %v", name, v, a, v+0.01, b)
			}
		}
	}
}
