package webp

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"testing"

	xwebp "golang.org/x/image/webp"
)

func decode(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if !Available {
		if !errors.Is(err, ErrUnavailable) {
			t.Fatalf("without cgo: %v", err)
		}
		t.Skip("this build has no WebP encoder")
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := xwebp.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// near fails when a colour differs by more than 4 steps: quality 100 leaves rounding and chroma subsampling.
func near(t *testing.T, where string, got color.Color, want color.NRGBA) {
	t.Helper()
	g := color.NRGBAModel.Convert(got).(color.NRGBA)
	for i, d := range []int{int(g.R) - int(want.R), int(g.G) - int(want.G), int(g.B) - int(want.B), int(g.A) - int(want.A)} {
		if d < -4 || d > 4 {
			t.Errorf("%s: channel %d is off by %d: got %v, want %v", where, i, d, g, want)
		}
	}
}

var colours = []color.NRGBA{
	{0, 0, 0, 255}, {255, 255, 255, 255}, {200, 30, 40, 255}, {20, 180, 60, 255}, {40, 60, 220, 255}, {128, 128, 128, 255},
}

func TestYCbCrKeepsColoursAndOddSizes(t *testing.T) {
	for _, c := range colours {
		m := image.NewYCbCr(image.Rect(0, 0, 33, 17), image.YCbCrSubsampleRatio420)
		y, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
		for i := range m.Y {
			m.Y[i] = y
		}
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = cb, cr
		}
		data, err := EncodeYCbCr(m, Options{Quality: 100, Method: 4})
		got := decode(t, data, err)
		if got.Bounds() != m.Rect {
			t.Fatalf("bounds %v, want %v", got.Bounds(), m.Rect)
		}
		// x/image decodes to studio-range YCbCr but Go's colour model takes it for full range: undo that.
		s := got.(*image.YCbCr).YCbCrAt(16, 8)
		full := func(v, offset, span int) byte { return byte(min(255, max(0, (int(v)-offset)*255/span))) }
		want := color.YCbCr{Y: y, Cb: cb, Cr: cr}
		r, g, b := color.YCbCrToRGB(full(int(s.Y), 16, 219),
			byte(min(255, max(0, 128+(int(s.Cb)-128)*255/224))), byte(min(255, max(0, 128+(int(s.Cr)-128)*255/224))))
		near(t, "centre", color.NRGBA{r, g, b, 255}, color.NRGBAModel.Convert(want).(color.NRGBA))
	}
}

func TestGrayIsNeutral(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 5, 3))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	data, err := EncodeGray(m, Options{Quality: 100})
	s := decode(t, data, err).(*image.YCbCr).YCbCrAt(2, 1)
	if s.Y < 234 || s.Y > 236 || s.Cb != 128 || s.Cr != 128 {
		t.Errorf("white became %v, want studio white (235, 128, 128)", s)
	}
}

func TestNRGBAKeepsAlpha(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = []byte{180, 90, 60, byte(i / 4)}[i%4]
	}
	data, err := EncodeNRGBA(m, Options{Quality: 100})
	got := decode(t, data, err)
	for x := range 16 {
		if _, _, _, a := got.At(x, 9).RGBA(); byte(a>>8) != m.NRGBAAt(x, 9).A {
			t.Errorf("alpha at %d is %d, want %d", x, a>>8, m.NRGBAAt(x, 9).A)
		}
	}
}

func TestSettingsOutOfRangeAreErrors(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 4, 4))
	for _, o := range []Options{{Quality: 101}, {Quality: -1}, {Quality: 80, Method: 7}, {Quality: 80, Method: -1}} {
		if data, err := EncodeGray(m, o); err == nil {
			t.Errorf("%+v gave %d bytes", o, len(data))
		}
	}
	big := image.NewGray(image.Rect(0, 0, MaxSide+1, 1))
	if _, err := EncodeGray(big, Options{Quality: 50}); err == nil {
		t.Error("a picture wider than MaxSide was encoded")
	}
	if _, err := EncodeGray(image.NewGray(image.Rect(0, 0, MaxSide, 1)), Options{Quality: 50}); err != nil && Available {
		t.Error("a picture of MaxSide was not:", err)
	}
	if _, err := EncodeYCbCr(image.NewYCbCr(m.Rect, image.YCbCrSubsampleRatio444), Options{Quality: 50}); err == nil {
		t.Error("4:4:4 was encoded")
	}
}
