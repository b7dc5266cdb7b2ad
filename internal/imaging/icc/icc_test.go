package icc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// para makes a parametric curve tag.
func para(kind uint16, params ...float64) []byte {
	b := []byte("para\x00\x00\x00\x00")
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, 0, 0)
	for _, v := range params {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func curv(values ...uint16) []byte {
	b := []byte("curv\x00\x00\x00\x00")
	b = binary.BigEndian.AppendUint32(b, uint32(len(values)))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

var srgbCurve = para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// displayP3 has the colorants of Display P3 relative to D50, as Apple's profile has them.
var displayP3 = [3][3]float64{
	{0.51512, 0.29198, 0.15710},
	{0.24120, 0.69225, 0.06657},
	{-0.00105, 0.04189, 0.78407},
}

func rgbProfile(m [3][3]float64, c []byte, extra ...string) []byte {
	w := &writer{}
	for i, n := range []string{"r", "g", "b"} {
		w.tag(n+"XYZ", xyz(m[0][i], m[1][i], m[2][i]))
		w.tag(n+"TRC", c)
	}
	for _, e := range extra {
		w.tag(e, []byte("text\x00\x00\x00\x00Secret"))
	}
	return w.profile("RGB ")
}

func grayProfile(c []byte) []byte {
	w := &writer{}
	w.tag("kTRC", c)
	return w.profile("GRAY")
}

func parse(t *testing.T, data []byte) *Profile {
	t.Helper()
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lab is CIELAB relative to D50.
func lab(v [3]float64) (out [3]float64) {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := f(v[0]/d50[0]), f(v[1]/d50[1]), f(v[2]/d50[2])
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func deltaE(a, b [3]float64) float64 {
	a, b = lab(a), lab(b)
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func TestRewrittenProfilesMeanTheSameAndHoldNothingElse(t *testing.T) {
	table := make([]uint16, 256)
	for i := range table {
		table[i] = uint16(math.Round(65535 * math.Pow(float64(i)/255, 1.8)))
	}
	for name, data := range map[string][]byte{
		"parametric": rgbProfile(displayP3, srgbCurve, "cprt", "dmnd", "Priv"),
		"gamma":      rgbProfile(displayP3, curv(563), "desc"),
		"table":      rgbProfile(displayP3, curv(table...), "desc"),
		"linear":     rgbProfile(displayP3, curv(), "desc"),
		"grey":       grayProfile(curv(563)),
	} {
		p := parse(t, data)
		out := p.Bytes()
		again := parse(t, out)
		if bytes.Contains(out, []byte("Secret")) {
			t.Errorf("%s: text was carried over", name)
		}
		if binary.BigEndian.Uint32(out) != uint32(len(out)) || len(out) > 500+2*len(table) {
			t.Errorf("%s: %d bytes, header says %d", name, len(out), binary.BigEndian.Uint32(out))
		}
		for r := 0.0; r <= 1; r += 0.25 {
			for g := 0.0; g <= 1; g += 0.25 {
				if d := deltaE(p.XYZ(r, g, 0.5), again.XYZ(r, g, 0.5)); d > 0.01 {
					t.Errorf("%s: (%v, %v) moves by ΔE %v", name, r, g, d)
				}
			}
		}
		if !bytes.Equal(again.Bytes(), out) {
			t.Errorf("%s: rewriting twice is not rewriting once", name)
		}
	}
}

func TestIsSRGB(t *testing.T) {
	table := make([]uint16, 1024)
	for i := range table {
		table[i] = uint16(math.Round(65535 * decodeSRGB(float64(i)/1023)))
	}
	for name, tt := range map[string]struct {
		data []byte
		want bool
	}{
		"parametric": {rgbProfile(srgbToXYZ, srgbCurve), true},
		"table":      {rgbProfile(srgbToXYZ, curv(table...)), true},
		"P3":         {rgbProfile(displayP3, srgbCurve), false},
		"gamma 1.8":  {rgbProfile(srgbToXYZ, curv(461)), false},
		"grey":       {grayProfile(curv(table...)), true},
		"grey 1.8":   {grayProfile(curv(461)), false},
	} {
		if got := parse(t, tt.data).IsSRGB(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// The reference values are computed from the chromaticities of Display P3 and sRGB, both with a D65 white, without ICC.
func TestToSRGB(t *testing.T) {
	p := parse(t, rgbProfile(displayP3, srgbCurve))
	for _, tt := range []struct{ in, want [3]byte }{
		{[3]byte{255, 255, 255}, [3]byte{255, 255, 255}},
		{[3]byte{0, 0, 0}, [3]byte{0, 0, 0}},
		{[3]byte{128, 128, 128}, [3]byte{128, 128, 128}},
		{[3]byte{255, 0, 0}, [3]byte{255, 0, 0}}, // outside of sRGB: clipped
		{[3]byte{200, 100, 50}, [3]byte{215, 93, 31}},
		{[3]byte{100, 150, 200}, [3]byte{83, 152, 205}},
		{[3]byte{60, 180, 90}, [3]byte{0, 183, 78}},
	} {
		px := []byte{tt.in[0], tt.in[1], tt.in[2], 77}
		p.ToSRGB(px)
		for i, want := range tt.want {
			if d := int(px[i]) - int(want); d < -1 || d > 1 || px[3] != 77 {
				t.Errorf("%v became %v, want %v", tt.in, px, tt.want)
				break
			}
		}
	}
}

func TestGrayToSRGB(t *testing.T) {
	table := parse(t, grayProfile(curv(256))).GrayToSRGB() // linear
	if table[0] != 0 || table[255] != 255 || table[55] != 128 {
		t.Errorf("0, 55, 255 become %d, %d, %d", table[0], table[55], table[255])
	}
}

func TestBrokenProfilesAreUnusable(t *testing.T) {
	good := rgbProfile(displayP3, srgbCurve)
	with := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		return out
	}
	for name, data := range map[string][]byte{
		"empty":            nil,
		"no signature":     with(36, 'x'),
		"CMYK":             with(16, []byte("CMYK")...),
		"Lab":              with(20, []byte("Lab ")...),
		"many tags":        with(128, 0xff),
		"tag outside":      with(132+8, 0xff),
		"no red":           with(132, 'x'),
		"unknown curve":    rgbProfile(displayP3, para(5, 1, 1, 1)),
		"curve too short":  rgbProfile(displayP3, curv(1, 2, 3)[:16]),
		"grey without one": grayProfile(nil),
		"too large":        append(bytes.Clone(good), make([]byte, MaxBytes)...),
	} {
		if _, err := Parse(data); !errors.Is(err, ErrUnusable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rgbProfile(displayP3, srgbCurve, "cprt"))
	f.Add(rgbProfile(displayP3, curv(1, 2, 3, 65535)))
	f.Add(grayProfile(para(4, 2.4, 1, 0, 1, 0.1, 0, 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(p.Bytes())
		if err != nil {
			t.Fatal("what was written does not parse:", err)
		}
		if !bytes.Equal(again.Bytes(), p.Bytes()) {
			t.Error("rewriting twice is not rewriting once")
		}
		p.IsSRGB()
		p.ToSRGB([]byte{1, 100, 255, 9})
		p.GrayToSRGB()
	})
}
