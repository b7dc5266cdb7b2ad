package jpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/raster"
)

// samples are the JPEGs that image/jpeg is tested with: every subsampling, progressive in several ways, restart markers.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("go env: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src/image/testdata/*.jpeg"))
	if err != nil || len(files) == 0 {
		t.Skip("this Go installation comes without its test data")
	}
	out := map[string][]byte{}
	for _, f := range files {
		if out[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// made is a JPEG of Go's own encoder with every frequency in it.
func made(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			m.Y[m.YOffset(x, y)] = byte(128 + 90*math.Sin(float64(x*x)/300)*math.Cos(float64(y*y)/400))
			m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = byte(x), byte(y)
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compare returns the largest and the mean difference of the samples of two pictures of one layout.
func compare(t *testing.T, a, b *raster.Image) (largest int, mean float64) {
	t.Helper()
	if a.Model != b.Model || a.Width != b.Width || a.Height != b.Height || a.SubX != b.SubX || a.SubY != b.SubY {
		t.Fatalf("%d %dx%d %d,%d against %d %dx%d %d,%d", a.Model, a.Width, a.Height, a.SubX, a.SubY,
			b.Model, b.Width, b.Height, b.SubX, b.SubY)
	}
	count := 0
	for i := range a.Planes {
		p, q := a.Planes[i], b.Planes[i]
		if p.Width != q.Width || p.Height != q.Height {
			t.Fatalf("plane %d: %dx%d against %dx%d", i, p.Width, p.Height, q.Width, q.Height)
		}
		for y := range p.Height {
			for x, v := range p.Row(y) {
				d := int(v) - int(q.Row(y)[x])
				largest = max(largest, d, -d)
				mean += math.Abs(float64(d))
				count++
			}
		}
	}
	return largest, mean / float64(count)
}

func TestFullSizeEqualsImageJPEG(t *testing.T) {
	all := samples(t)
	all["made"] = made(t, 203, 151)
	decoded := 0
	for name, data := range all {
		want, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Decode(t.Context(), data, 8)
		if errors.Is(err, ErrUnsupported) {
			switch want.(type) {
			case *image.YCbCr, *image.Gray:
				if !strings.Contains(name, "221212") { // chroma sampled finer than 1x1
					t.Errorf("%s: %v", name, err)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		decoded++
		if largest, mean := compare(t, got, raster.From(want)); largest > 2 || mean > 0.2 {
			t.Errorf("%s: samples differ by up to %d, %.3f in the mean", name, largest, mean)
		}
	}
	if decoded < 10 {
		t.Errorf("only %d files were decoded", decoded)
	}
}

// TestFractionsLookLikeThePicture holds every fraction against the full picture resized to its size.
func TestFractionsLookLikeThePicture(t *testing.T) {
	all := samples(t)
	all["made"] = made(t, 203, 151)
	for name, data := range all {
		full, err := Decode(t.Context(), data, 8)
		if errors.Is(err, ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 7; n++ {
			m, err := Decode(t.Context(), data, n)
			if err != nil {
				t.Fatal(err)
			}
			if m.Width != (full.Width*n+7)/8 || m.Height != (full.Height*n+7)/8 {
				t.Errorf("%s at %d/8: %dx%d of %dx%d", name, n, m.Width, m.Height, full.Width, full.Height)
			}
			// both on to one size, so that the fraction of a sample at the edge counts
			w, h := full.Width/9, full.Height/9
			small, err := m.Resize(t.Context(), w, h)
			if err != nil {
				t.Fatal(err)
			}
			want, err := full.Resize(t.Context(), w, h)
			if err != nil {
				t.Fatal(err)
			}
			bound := 2.5
			if n == 1 { // the mean of a block is a blunter filter than Lanczos
				bound = 6
			}
			if _, mean := compare(t, small, want); mean > bound {
				t.Errorf("%s at %d/8: differs by %.2f in the mean", name, n, mean)
			}
		}
	}
}

func TestReadHeader(t *testing.T) {
	for name, data := range samples(t) {
		h, err := ReadHeader(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode(t.Context(), data, 8)
		if h.Width != cfg.Width || h.Height != cfg.Height || h.Supported != !errors.Is(err, ErrUnsupported) ||
			h.Progressive != bytes.Contains(data, []byte{0xff, 0xc2, 0}) {
			t.Errorf("%s: %+v, decoding: %v", name, h, err)
		}
	}
	h, err := ReadHeader(made(t, 31, 17))
	if want := (Header{31, 17, 1.5, false, true, 0xc0, 8}); err != nil || h != want {
		t.Errorf("%+v, %v, want %+v", h, err, want)
	}
}

func TestTheHeaderNamesWhatNobodyDecodes(t *testing.T) {
	data := made(t, 31, 17)
	sof := bytes.Index(data, []byte{0xff, 0xc0})
	for _, tt := range []struct {
		marker, bits byte
		want         string
	}{
		{0xc0, 8, ""}, {0xc1, 8, ""}, {0xc2, 8, ""}, {0xc1, 12, "12-bit samples"}, {0xc3, 8, "lossless coding"},
		{0xc5, 8, "hierarchical coding"}, {0xc9, 8, "arithmetic coding"}, {0xca, 12, "arithmetic coding"},
	} {
		changed := bytes.Clone(data)
		changed[sof+1], changed[sof+4] = tt.marker, tt.bits
		if h, err := ReadHeader(changed); h.Unusual() != tt.want {
			t.Errorf("marker %#x, %d bits: %q (%v), want %q", tt.marker, tt.bits, h.Unusual(), err, tt.want)
		}
	}
	if h, _ := ReadHeader([]byte("no JPEG")); h.Unusual() != "" {
		t.Errorf("no JPEG: %q", h.Unusual())
	}
}

func TestTransformIsTheInverseCosineTransform(t *testing.T) {
	for n := 2; n <= 8; n++ {
		var in, out [8]int32
		for u := range n {
			in[u] = int32(200 - 37*u)
		}
		transform(n, &in, &out)
		for x := range n {
			want := 0.0
			for u := range n {
				c := 1.0
				if u == 0 {
					c = math.Sqrt2 / 2
				}
				want += c / 2 * float64(in[u]) * math.Cos(float64(2*x+1)*float64(u)*math.Pi/float64(2*n))
			}
			if got := float64(out[x]) / (1 << basisBits); math.Abs(got-want) > 0.5 {
				t.Errorf("n %d: pixel %d is %.2f, want %.2f", n, x, got, want)
			}
		}
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	for name, data := range samples(t) {
		if _, err := Decode(t.Context(), data, 2); err != nil {
			continue
		}
		for at := 0; at < len(data)-2; at += 1 + len(data)/60 {
			if _, err := Decode(t.Context(), data[:at], 2); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s cut at %d of %d: %v", name, at, len(data), err)
			}
		}
		short := append(bytes.Clone(data[:len(data)*2/3]), 0xff, 0xd9) // an end that comes too early
		if _, err := Decode(t.Context(), short, 2); !strings.Contains(name, "progress") && err == nil {
			t.Errorf("%s: a third is missing and it decodes", name)
		}
	}
}

func TestDecodeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, made(t, 64, 64), 8); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, n := range []int{0, 9, -1} {
		if _, err := Decode(t.Context(), made(t, 8, 8), n); err == nil {
			t.Errorf("%d eighths were decoded", n)
		}
	}
}

// FuzzDecode holds the decoder against image/jpeg: what that takes has to be taken, to the same pixels.
func FuzzDecode(f *testing.F) {
	f.Add(made(f, 24, 17))
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || cfg.Width*cfg.Height > 1<<17 {
			return
		}
		got, err := Decode(t.Context(), data, 8)
		if _, small := Decode(t.Context(), data, 3); (err == nil) != (small == nil) {
			t.Fatalf("in full: %v; at 3/8: %v", err, small)
		}
		want, stdErr := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil || stdErr != nil {
			if stdErr == nil && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("image/jpeg takes what gives %v", err)
			}
			return
		}
		if from := raster.From(want); from.Width != got.Width || from.Height != got.Height {
			t.Errorf("%dx%d, image/jpeg says %dx%d", got.Width, got.Height, from.Width, from.Height)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := made(b, 4000, 3000)
	b.Run("image-jpeg", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{8, 6, 5, 4, 2} {
		b.Run(string(rune('0'+n)), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Decode(b.Context(), data, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
