package icc

import (
	"encoding/binary"
	"math"
)

// Code points of ITU-T H.273 (ISO/IEC 23091-2), tables 2 and 3.
const (
	primaries709  = 1
	primaries2020 = 9
	primariesP3   = 12

	transferGamma22 = 4
	transferGamma28 = 5
	transferLinear  = 8
	transferPQ      = 16
	transferHLG     = 18
)

// primaries are x and y of red, green and blue; the white of all is D65.
var primaries = map[int][3][2]float64{
	primaries709:  {{0.640, 0.330}, {0.300, 0.600}, {0.150, 0.060}},
	5:             {{0.640, 0.330}, {0.290, 0.600}, {0.150, 0.060}}, // BT.601 with 625 lines
	6:             {{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, // BT.601 with 525 lines
	7:             {{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, // SMPTE 240
	primaries2020: {{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}},
	primariesP3:   {{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}},
}

// FromCodePoints returns the profile of colours that a file names by code points, nil for sRGB and what is not known. The
// curves of video (BT.709, BT.601, BT.2020) are taken for sRGB's, as browsers do. High dynamic range (PQ and HLG) is
// brought to the standard one: white is the 203 cd/m² of ITU-R BT.2408, and what is brighter is pressed together below it.
func FromCodePoints(colours, transfer int) []byte {
	p := &Profile{}
	xy, ok := primaries[colours]
	if !ok {
		xy = primaries[primaries709]
	}
	p.matrix = toD50(xy)
	c := curveOf(transfer)
	p.curves = [3]curve{c, c, c}
	if p.IsSRGB() {
		return nil
	}
	return p.Bytes()
}

func curveOf(transfer int) curve {
	switch transfer {
	case transferGamma22:
		return parametric(0, 2.2)
	case transferGamma28:
		return parametric(0, 2.8)
	case transferLinear:
		return parametric(0, 1)
	case transferPQ:
		return sampled(func(v float64) float64 { return shoulder(fromPQ(v) / white) })
	case transferHLG:
		return sampled(func(v float64) float64 { return shoulder(fromHLG(v) / white) })
	}
	return parametric(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
}

// parametric makes a curve of the type "para".
func parametric(kind uint16, params ...float64) curve {
	raw := binary.BigEndian.AppendUint16([]byte("para\x00\x00\x00\x00"), kind)
	raw = append(raw, 0, 0)
	for _, v := range params {
		raw = binary.BigEndian.AppendUint32(raw, uint32(int32(math.Round(v*65536))))
	}
	return curve{params: params, kind: int(kind), raw: raw}
}

// sampled makes a curve of the type "curv".
func sampled(f func(float64) float64) curve {
	const n = 1024
	raw := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), n)
	for i := range n {
		raw = binary.BigEndian.AppendUint16(raw, uint16(math.Round(65535*f(float64(i)/(n-1)))))
	}
	return tableCurve(raw, n)
}

// white is the brightness of a white sheet, in cd/m² (ITU-R BT.2408, section 2.1).
const white = 203

// fromPQ is the EOTF of SMPTE ST 2084, in cd/m².
func fromPQ(v float64) float64 {
	const (
		m1, m2     = 2610.0 / 16384, 2523.0 / 4096 * 128
		c1, c2, c3 = 3424.0 / 4096, 2413.0 / 4096 * 32, 2392.0 / 4096 * 32
	)
	p := math.Pow(v, 1/m2)
	return 10_000 * math.Pow(max(0, p-c1)/(c2-c3*p), 1/m1)
}

// fromHLG is the EOTF of ITU-R BT.2100 for a screen of 1,000 cd/m², with its system gamma applied to each channel.
func fromHLG(v float64) float64 {
	const a, b, c = 0.17883277, 0.28466892, 0.55991073
	scene := v * v / 3
	if v > 0.5 {
		scene = (math.Exp((v-c)/a) + b) / 12
	}
	return 1000 * math.Pow(scene, 1.2)
}

// shoulder leaves what is darker than three quarters of white as it is, and bends what is brighter so that only infinity
// would become white.
func shoulder(v float64) float64 {
	const knee = 0.75
	if v <= knee {
		return v
	}
	over := (v - knee) / (1 - knee)
	return knee + (1-knee)*over/(1+over)
}

// toD50 returns the matrix from linear RGB to XYZ relative to D50, by rows: the primaries scaled so that they add up to
// D65, adapted with the Bradford matrix as ICC.1:2022, annex E, does.
func toD50(xy [3][2]float64) (out [3][3]float64) {
	d65 := [3]float64{0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290}
	var m [3][3]float64
	for i, p := range xy {
		m[0][i], m[1][i], m[2][i] = p[0]/p[1], 1, (1-p[0]-p[1])/p[1]
	}
	scale := solve(m, d65)
	bradford := [3][3]float64{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
	from, to := times(bradford, d65), times(bradford, d50)
	for i := range 3 {
		cone := times(bradford, [3]float64{m[0][i] * scale[i], m[1][i] * scale[i], m[2][i] * scale[i]})
		for k := range cone {
			cone[k] *= to[k] / from[k]
		}
		xyz := solve(bradford, cone)
		for row, v := range xyz {
			out[row][i] = v
		}
	}
	return out
}

func times(m [3][3]float64, v [3]float64) (out [3]float64) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

// solve returns x for which m times x is v (Cramer's rule).
func solve(m [3][3]float64, v [3]float64) (x [3]float64) {
	det := determinant(m)
	for i := range x {
		with := m
		for row := range with {
			with[row][i] = v[row]
		}
		x[i] = determinant(with) / det
	}
	return x
}

func determinant(m [3][3]float64) float64 {
	return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) +
		m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
}
