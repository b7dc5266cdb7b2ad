package raster

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func resize(t *testing.T, m *Image, w, h int) *Image {
	t.Helper()
	out, err := m.Resize(t.Context(), w, h)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestResizeKeepsFlatColour(t *testing.T) {
	for _, size := range [][4]int{{100, 80, 33, 27}, {100, 80, 100, 80}, {7, 5, 1, 1}, {1, 1, 1, 1}, {3000, 2, 11, 1}, {5, 5, 9, 12}} {
		for model := range Model(3) {
			m := New(model, size[0], size[1])
			for i := range m.Planes {
				for j := range m.Planes[i].Pix {
					m.Planes[i].Pix[j] = byte(60 * (i + 1))
				}
			}
			out := resize(t, m, size[2], size[3])
			for i, p := range out.Planes {
				for _, v := range p.Pix {
					if v != byte(60*(i+1)) {
						t.Fatalf("%v, model %d: a sample of plane %d is %d", size, model, i, v)
					}
				}
			}
		}
	}
}

// ramp is a picture whose every plane rises evenly from left to right and from top to bottom.
func ramp(w, h int) *Image {
	m := New(Gray, w, h)
	for y := range h {
		for x := range w {
			m.Planes[0].Pix[y*w+x] = byte(20 + 100*x/w + 100*y/h)
		}
	}
	return m
}

func TestResizeKeepsPositions(t *testing.T) {
	out := resize(t, ramp(1000, 700), 130, 90)
	for y := 8; y < 82; y++ {
		for x := 8; x < 122; x++ {
			want := 20 + 100*(float64(x)+0.5)/130 + 100*(float64(y)+0.5)/90 - 1 // the ramp rounds down twice
			if got := float64(out.Planes[0].Row(y)[x]); math.Abs(got-want) > 1.5 {
				t.Fatalf("(%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestResizeDoesNotAlias(t *testing.T) {
	m := New(Gray, 512, 512)
	for i := range m.Planes[0].Pix {
		m.Planes[0].Pix[i] = byte(255 * ((i + i/512) % 2)) // the finest checkerboard
	}
	for i, v := range resize(t, m, 100, 100).Planes[0].Pix {
		if v < 124 || v > 131 {
			t.Fatalf("sample %d is %d, want an even grey", i, v)
		}
	}
}

func TestChromaStaysWithLumaWhateverTheSubsampling(t *testing.T) {
	const w, h = 203, 151 // odd, so that the last chroma sample stands for less
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		src := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
		for y := range h {
			for x := range w {
				src.Y[src.YOffset(x, y)] = byte(x)
				src.Cb[src.COffset(x, y)] = byte(x)
				src.Cr[src.COffset(x, y)] = byte(y)
			}
		}
		out := resize(t, From(src), 101, 75)
		for _, at := range []image.Point{{10, 10}, {50, 37}, {88, 66}} {
			c := out.Image().(*image.YCbCr).YCbCrAt(at.X, at.Y)
			wantX, wantY := float64(at.X)*w/101, float64(at.Y)*h/75
			if math.Abs(float64(c.Cb)-wantX) > 4 || math.Abs(float64(c.Cr)-wantY) > 4 {
				t.Errorf("%v at %v: Cb %d Cr %d, want about %.0f %.0f", ratio, at, c.Cb, c.Cr, wantX, wantY)
			}
		}
	}
}

func TestResizeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ramp(10, 10).Resize(ctx, 5, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTransparentColoursDoNotBleed(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			src.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 0}) // an invisible red
			if x >= 20 {
				src.SetNRGBA(x, y, color.NRGBA{0, 0, 255, 255})
			}
		}
	}
	out := resize(t, From(src), 9, 9).Image().(*image.NRGBA)
	for x := range 9 {
		if c := out.NRGBAAt(x, 4); c.A > 8 && c.R > 8 {
			t.Errorf("red shows at %d: %v", x, c)
		}
	}
}

func TestOrientTurnsEveryPixel(t *testing.T) {
	const w, h = 70, 45 // more than one square of transpose, and not a multiple
	m := New(RGBA, w, h)
	src := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{byte(x), byte(y), byte(x + y), 255}
			src.SetNRGBA(x, y, c)
			m.Planes[0].Row(y)[x], m.Planes[1].Row(y)[x], m.Planes[2].Row(y)[x], m.Planes[3].Row(y)[x] = c.R, c.G, c.B, c.A
		}
	}
	// where the stored top left and its right neighbour are seen: JEITA CP-3451, table 6
	seen := map[int][2]image.Point{
		1: {{0, 0}, {1, 0}}, 2: {{w - 1, 0}, {w - 2, 0}}, 3: {{w - 1, h - 1}, {w - 2, h - 1}}, 4: {{0, h - 1}, {1, h - 1}},
		5: {{0, 0}, {0, 1}}, 6: {{h - 1, 0}, {h - 1, 1}}, 7: {{h - 1, w - 1}, {h - 1, w - 2}}, 8: {{0, w - 1}, {0, w - 2}},
	}
	for o := 1; o <= 8; o++ {
		planes := m.Orient(o).Image().(*image.NRGBA)
		turned := Turn(src, o).(*image.NRGBA)
		if diff := cmp.Diff(planes, turned); diff != "" {
			t.Errorf("orientation %d: Orient and Turn differ", o)
		}
		for i, at := range seen[o] {
			if got := turned.NRGBAAt(at.X, at.Y); got != src.NRGBAAt(i, 0) {
				t.Errorf("orientation %d: %v at %v, want %v", o, got, at, src.NRGBAAt(i, 0))
			}
		}
		if again := Turn(turned, map[int]int{6: 8, 8: 6}[o]); o == 6 || o == 8 {
			if diff := cmp.Diff(src, again); diff != "" {
				t.Errorf("orientation %d and its inverse change the picture", o)
			}
		}
	}
}

func TestTurnKnowsEveryTypeOfThePNGDecoder(t *testing.T) {
	r := image.Rect(0, 0, 3, 2)
	for _, src := range []image.Image{
		image.NewGray(r), image.NewGray16(r), image.NewRGBA(r), image.NewNRGBA(r), image.NewRGBA64(r), image.NewNRGBA64(r),
		image.NewPaletted(r, color.Palette{color.Black}),
	} {
		got := Turn(src, 6)
		if got == nil || got.Bounds() != image.Rect(0, 0, 2, 3) || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", src) {
			t.Errorf("%T became %T", src, got)
		}
	}
	if got := Turn(image.NewYCbCr(r, image.YCbCrSubsampleRatio420), 6); got != nil {
		t.Errorf("YCbCr became %T", got)
	}
}

func TestFromKeepsTheColoursOfEveryType(t *testing.T) {
	r := image.Rect(3, 2, 9, 8) // not at the origin
	want := color.NRGBA{200, 100, 50, 255}
	cmyk := image.NewCMYK(r)
	paletted := image.NewPaletted(r, color.Palette{color.Black, want})
	y, cb, cr := color.RGBToYCbCr(200, 100, 50)
	nycbcra := image.NewNYCbCrA(r, image.YCbCrSubsampleRatio420)
	for i := range nycbcra.Y {
		nycbcra.Y[i], nycbcra.A[i] = y, 128
	}
	for i := range nycbcra.Cb {
		nycbcra.Cb[i], nycbcra.Cr[i] = cb, cr
	}
	for _, src := range []interface {
		image.Image
		Set(x, y int, c color.Color)
	}{image.NewRGBA(r), image.NewNRGBA(r), image.NewRGBA64(r), image.NewNRGBA64(r), cmyk, paletted} {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				src.Set(x, y, want)
			}
		}
		m := From(src)
		if m.Model != YCbCr || m.Width != 6 || m.Height != 6 {
			t.Errorf("%T: model %d, %dx%d", src, m.Model, m.Width, m.Height)
		}
		got := resize(t, m, 6, 6).NRGBA().NRGBAAt(2, 2)
		for _, d := range []int{int(got.R) - 200, int(got.G) - 100, int(got.B) - 50} {
			if d < -2 || d > 2 {
				t.Errorf("%T: %v, want %v", src, got, want)
			}
		}
	}
	if got := From(nycbcra).NRGBA().NRGBAAt(2, 2); got.A != 128 || got.R < 197 || got.R > 203 {
		t.Errorf("NYCbCrA: %v", got)
	}
	half := image.NewRGBA64(r)
	half.Set(4, 4, color.NRGBA{200, 100, 50, 128})
	if got := From(half).NRGBA().NRGBAAt(1, 2); got.A != 128 || got.R < 198 || got.R > 202 {
		t.Errorf("translucent RGBA64: %v", got)
	}
	gray16 := image.NewGray16(r)
	gray16.Set(3, 2, color.Gray16{0x8180})
	if m := From(gray16); m.Model != Gray || m.Planes[0].Pix[0] != 0x81 {
		t.Errorf("Gray16: model %d, %#x", m.Model, m.Planes[0].Pix[0])
	}
}

func BenchmarkResize(b *testing.B) {
	m := New(YCbCr, 4000, 3000)
	for _, w := range []int{2048, 1280} {
		b.Run(fmt.Sprint(w), func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Resize(b.Context(), w, w*3/4); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
