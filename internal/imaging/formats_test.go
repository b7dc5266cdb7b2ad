package imaging_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/webp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// moduleFile returns a file of a module's own test data, from the module cache: real photos are not kept here.
func moduleFile(t testing.TB, module string, path ...string) []byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Skipf("the module cache cannot be asked: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(append([]string{strings.TrimSpace(string(out))}, path...)...))
	if err != nil {
		t.Skipf("the module cache holds no sample: %v", err)
	}
	return data
}

// component returns the value of one component of the scene's corner colours at a pixel, in the colour space named.
func component(space string, w, h int) func(c, x, y int) byte {
	return func(c, x, y int) byte {
		q := corners[2*(2*y/h)+2*x/w]
		y1, cb, cr := color.RGBToYCbCr(q.R, q.G, q.B)
		cy, m, ye, k := color.RGBToCMYK(q.R, q.G, q.B)
		switch space {
		case "gray":
			return y1
		case "ycc":
			return []byte{y1, cb, cr}[c]
		case "rgb":
			return []byte{q.R, q.G, q.B}[c]
		case "cmyk": // Adobe stores ink inverted
			return 255 - []byte{cy, m, ye, k}[c]
		default: // ycck: the inks as if they were RGB, and black inverted
			yy, cb, cr := color.RGBToYCbCr(cy, m, ye)
			return []byte{yy, cb, cr, 255 - k}[c]
		}
	}
}

func TestEveryLayoutOfJPEG(t *testing.T) {
	const w, h = 172, 140 // not a multiple of any block
	pipe := pipeline(t, &imaging.Options{Widths: []int{90, 400}})
	layouts := map[string]blockJPEG{
		"grey":            {h: []int{1}, v: []int{1}, adobe: -1},
		"4:4:4":           {h: []int{1, 1, 1}, v: []int{1, 1, 1}, adobe: -1},
		"4:2:2":           {h: []int{2, 1, 1}, v: []int{1, 1, 1}, adobe: -1},
		"4:4:0":           {h: []int{1, 1, 1}, v: []int{2, 1, 1}, adobe: -1},
		"4:2:0":           {h: []int{2, 1, 1}, v: []int{2, 1, 1}, adobe: -1},
		"4:1:1":           {h: []int{4, 1, 1}, v: []int{1, 1, 1}, adobe: -1},
		"4:1:0":           {h: []int{4, 1, 1}, v: []int{2, 1, 1}, adobe: -1},
		"RGB by Adobe":    {h: []int{1, 1, 1}, v: []int{1, 1, 1}, adobe: 0},
		"YCbCr by Adobe":  {h: []int{1, 1, 1}, v: []int{1, 1, 1}, adobe: 1},
		"CMYK by Adobe":   {h: []int{1, 1, 1, 1}, v: []int{1, 1, 1, 1}, adobe: 0},
		"YCCK by Adobe":   {h: []int{1, 1, 1, 1}, v: []int{1, 1, 1, 1}, adobe: 2},
		"YCCK subsampled": {h: []int{2, 1, 1, 2}, v: []int{2, 1, 1, 2}, adobe: 2},
	}
	for name, b := range layouts {
		space := "ycc"
		switch {
		case len(b.h) == 1:
			space = "gray"
		case strings.HasPrefix(name, "RGB"):
			space = "rgb"
		case strings.HasPrefix(name, "CMYK"):
			space = "cmyk"
		case strings.HasPrefix(name, "YCCK"):
			space = "ycck"
		}
		b.width, b.height, b.value = w, h, component(space, w, h)
		for _, restart := range []int{0, 7} {
			for _, progressive := range []bool{false, true} {
				b.restart, b.progressive = restart, progressive
				what := fmt.Sprintf("%s, restart %d, progressive %v", name, restart, progressive)
				p, err := pipe.Process(t.Context(), b.encode())
				if err != nil {
					t.Errorf("%s: %v", what, err)
					continue
				}
				for _, v := range append(p.Variants, p.Original) {
					m := decoded(t, v)
					if space != "gray" {
						wantUpright(t, what, m)
						continue
					}
					for i, c := range corners {
						want, _, _ := color.RGBToYCbCr(c.R, c.G, c.B)
						got := color.GrayModel.Convert(m.At(v.Width/4+i%2*v.Width/2, v.Height/4+i/2*v.Height/2)).(color.Gray).Y
						if d := int(got) - int(want); d < -6 || d > 6 {
							t.Errorf("%s: quadrant %d is %d, want %d", what, i, got, want)
						}
					}
				}
				if cmyk := len(b.h) == 4; cmyk && len(p.Original.Data) == len(b.encode()) {
					t.Errorf("%s: published as it came", what)
				}
			}
		}
	}
}

func TestEveryTypeOfPNG(t *testing.T) {
	src := scene(120, 90)
	gray, gray16 := image.NewGray(src.Rect), image.NewGray16(src.Rect)
	deep, deepAlpha := image.NewRGBA64(src.Rect), image.NewNRGBA64(src.Rect)
	for y := range 90 {
		for x := range 120 {
			gray.Set(x, y, src.At(x, y))
			gray16.Set(x, y, src.At(x, y))
			deep.Set(x, y, src.At(x, y))
			deepAlpha.Set(x, y, src.At(x, y))
		}
	}
	deepAlpha.SetNRGBA64(0, 0, color.NRGBA64{})
	for name, m := range map[string]image.Image{
		"palette": paletted(src), "16 bit": deep, "16 bit with alpha": deepAlpha, "grey": gray, "grey 16 bit": gray16,
	} {
		p := process(t, pngOf(t, m))
		for _, v := range append(p.Variants, p.Original) {
			got := decoded(t, v)
			if !strings.HasPrefix(name, "grey") {
				wantUpright(t, name, got)
				continue
			}
			if d := distance(color.NRGBAModel.Convert(got.At(30, 20)).(color.NRGBA),
				color.NRGBAModel.Convert(gray.At(30, 20)).(color.NRGBA)); d > 20 {
				t.Errorf("%s is off by %d", name, d)
			}
		}
	}
}

func TestTIFFAndBMPAreEncodedAgain(t *testing.T) {
	src := scene(200, 150)
	var tf, bm bytes.Buffer
	must(t, tiff.Encode(&tf, src, &tiff.Options{Compression: tiff.Deflate, Predictor: true}))
	must(t, bmp.Encode(&bm, src))
	for _, tt := range []struct {
		data           []byte
		from, original string
	}{{tf.Bytes(), "image/tiff", "image/jpeg"}, {bm.Bytes(), "image/bmp", "image/png"}} {
		p := process(t, tt.data)
		if p.Type != tt.from || p.Original.Type != tt.original {
			t.Errorf("%s came out as %s, original %s", tt.from, p.Type, p.Original.Type)
		}
		for _, v := range append(p.Variants, p.Original) {
			wantUpright(t, tt.from, decoded(t, v))
		}
	}
}

// animatedWebP puts frames on a canvas; each is a simple lossy WebP and where it lies.
func animatedWebP(w, h int, frames ...[]byte) []byte {
	u24 := func(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }
	body := riffChunk("VP8X", append([]byte{2, 0, 0, 0}, append(u24(w-1), u24(h-1)...)...))
	body = append(body, riffChunk("ANIM", make([]byte, 6))...)
	for _, f := range frames {
		header := bytes.Join([][]byte{u24(0), u24(0), u24(w - 1), u24(h - 1), u24(100), {0}}, nil)
		body = append(body, riffChunk("ANMF", append(append(header, f[12:]...), riffChunk("EXIF", []byte("Secret"))...))...)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...)
}

func TestAnimatedWebP(t *testing.T) {
	if !webp.Available {
		t.Skip("this build cannot make a WebP to read")
	}
	first, second := webpOf(t, scene(90, 60)), webpOf(t, scene(90, 60))
	p := process(t, animatedWebP(90, 60, first, second))
	if !p.Animated || p.Width != 90 || bytes.Contains(p.Original.Data, []byte("Secret")) {
		t.Errorf("animated %v, width %d", p.Animated, p.Width)
	}
	wantUpright(t, "poster", decoded(t, p.Variants[0]))
	if f, err := strip.WebPFrames(p.Original.Data); err != nil || len(f) != 2 || !bytes.Equal(f[1].File, second) {
		t.Errorf("published %d frames, %v", len(f), err)
	}
	broken := bytes.Clone(second)
	broken[len(broken)/2] ^= 0xff
	copy(broken[20:], "not a key frame")
	wantRefusal(t, pipeline(t, nil), animatedWebP(90, 60, first, broken), imaging.Damaged)
	wantRefusal(t, pipeline(t, nil), animatedWebP(80, 60, first), imaging.Damaged) // the frame is wider than it says
}

func TestHEIC(t *testing.T) {
	data := moduleFile(t, "github.com/gen2brain/heic", "testdata", "test.heic")
	if !heif.Available {
		wantRefusal(t, pipeline(t, nil), data, imaging.UnsupportedFormat)
		return
	}
	pipe := pipeline(t, &imaging.Options{Widths: []int{320}})
	p, err := pipe.Process(t.Context(), data)
	must(t, err)
	if o := p.Original; p.Type != "image/heic" || p.Width != 1346 || p.Height != 1346 || o.Type != "image/heic" || o.Ext != "heic" || o.Width != 1346 {
		t.Errorf("%s %dx%d, original %s of width %d", p.Type, p.Width, p.Height, o.Type, o.Width)
	}
	if diff := cmp.Diff([]strip.Removed{{Name: "EXIF", Bytes: 88}}, p.Removed); diff != "" || bytes.Contains(p.Original.Data, []byte("Exif")) {
		t.Errorf("the original holds EXIF, or removed was %s", diff)
	}
	if got, want := perceptualHash(decoded(t, p.Original)), perceptualHash(decoded(t, p.Variants[0])); hamming(got, want) > 2 {
		t.Errorf("original %016x and variant %016x differ", got, want)
	}
	wantRefusal(t, pipe, data[:len(data)/2], imaging.Truncated)
	scrambled := bytes.Clone(data)
	clear(scrambled[len(data)/4 : len(data)/2])
	wantRefusal(t, pipe, scrambled, imaging.Damaged)
	wantRefusal(t, pipe, data[:200], imaging.Truncated)
	wantRefusal(t, pipeline(t, &imaging.Options{MaxTime: 1}), data, imaging.TooSlow)
}

// TestHEICThatIsNotTakenApart gives two tiles the same data: that is decoded, and published encoded again.
func TestHEICThatIsNotTakenApart(t *testing.T) {
	if !heif.Available {
		t.Skip("this build has no HEIC decoder")
	}
	data := bytes.Clone(moduleFile(t, "github.com/gen2brain/heic", "testdata", "test.heic"))
	const entry = 16 // number, method, reference, count of extents, offset, length
	first := bytes.Index(data, []byte("iloc")) + 4 + 8
	copy(data[first+entry+8:first+2*entry], data[first+8:first+entry])
	if _, err := strip.HEIF(data, strip.Limits{}); !errors.Is(err, strip.ErrUnsupported) {
		t.Fatalf("tiles that share their data: %v", err)
	}
	p, err := pipeline(t, &imaging.Options{Widths: []int{320}}).Process(t.Context(), data)
	must(t, err)
	if p.Original.Type != "image/jpeg" || p.Original.Width != 1346 || len(p.Removed) != 1 || p.Removed[0].Name != "EXIF" {
		t.Errorf("original %s of width %d, removed %v", p.Original.Type, p.Original.Width, p.Removed)
	}
	if got, want := perceptualHash(decoded(t, p.Original)), perceptualHash(decoded(t, p.Variants[0])); hamming(got, want) > 2 {
		t.Errorf("original %016x and variant %016x differ", got, want)
	}
}

func TestARealPhotoWithPlaceAndOrientation(t *testing.T) {
	data := moduleFile(t, "github.com/bep/imagemeta", "testdata", "images", "goexif", "has-lens-info.jpg")
	p, err := pipeline(t, &imaging.Options{Place: true}).Process(t.Context(), data)
	must(t, err)
	if p.Width != 102 || p.Height != 205 {
		t.Errorf("%dx%d, want it on its side", p.Width, p.Height)
	}
	want := imaging.Details{
		Taken:  time.Date(2014, 9, 1, 15, 3, 47, 0, time.UTC),
		Camera: "Apple iPhone 4S",
		Place:  &imaging.Place{Latitude: 59.32, Longitude: 18.06},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 0.1 })
	if diff := cmp.Diff(want, p.Details, near); diff != "" {
		t.Error(diff)
	}
	for _, m := range append(p.Variants, p.Original) {
		if bytes.Contains(m.Data, []byte("Apple")) || bytes.Contains(m.Data, []byte("iPhone")) {
			t.Errorf("%s names the camera", m.Type)
		}
	}
}

func TestDetails(t *testing.T) {
	data := withSegments(jpegOf(t, scene(40, 30)), exifSegment(1))
	want := imaging.Details{Taken: time.Date(2021, 5, 6, 7, 8, 9, 0, time.UTC), Camera: "Kamera1 Secret1"}
	if diff := cmp.Diff(want, process(t, data).Details); diff != "" {
		t.Error(diff)
	}
	want.Place = &imaging.Place{Latitude: 48 + 51.0/60 + 30.0/3600, Longitude: -(2 + 17.0/60 + 24.0/3600)}
	p, err := pipeline(t, &imaging.Options{Place: true}).Process(t.Context(), data)
	must(t, err)
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })
	if diff := cmp.Diff(want, p.Details, near); diff != "" {
		t.Error(diff)
	}
	if d := process(t, jpegOf(t, scene(40, 30))).Details; d != (imaging.Details{}) {
		t.Errorf("a photo without EXIF has %+v", d)
	}
}

// adobeRGB is a profile as cameras embed it: Adobe RGB's colorants relative to D50, gamma 2.19921875, and a text.
func adobeRGB() []byte {
	be := binary.BigEndian
	number := func(b []byte, v float64) []byte { return be.AppendUint32(b, uint32(int32(math.Round(v*65536)))) }
	columns := [3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}
	var data []byte
	table := be.AppendUint32(nil, 7)
	add := func(name string, value []byte) {
		table = append(table, name...)
		table = be.AppendUint32(be.AppendUint32(table, uint32(128+4+7*12+len(data))), uint32(len(value)))
		data = append(data, value...)
	}
	for i, c := range []string{"r", "g", "b"} {
		xyz := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range columns[i] {
			xyz = number(xyz, v)
		}
		add(c+"XYZ", xyz)
		add(c+"TRC", []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00"))
	}
	add("cprt", []byte("text\x00\x00\x00\x00Secret copyright\x00\x00\x00\x00"))
	header := make([]byte, 128)
	be.PutUint32(header, uint32(128+len(table)+len(data)))
	header[8] = 2
	copy(header[12:], "mntrRGB XYZ ")
	copy(header[36:], "acsp")
	return append(append(header, table...), data...)
}

// lab is CIELAB relative to D50, ICC's own white.
func lab(xyz [3]float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := f(xyz[0]/0.9642), f(xyz[1]), f(xyz[2]/0.8249)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func deltaE(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// TestWideGamutColoursStayRight measures in CIELAB what a colour-managed browser shows of the file and of what is
// published. The bound is for flat areas, through WebP's or JPEG's 4:2:0 and quality 80.
func TestWideGamutColoursStayRight(t *testing.T) {
	const bound = 3.0
	m := image.NewNRGBA(image.Rect(0, 0, 256, 256))
	patches := []color.NRGBA{
		{230, 30, 30, 255}, {30, 200, 40, 255}, {40, 50, 220, 255}, {220, 200, 40, 255},
		{200, 140, 120, 255}, {120, 120, 120, 255}, {250, 250, 250, 255}, {20, 20, 20, 255},
	}
	for y := range 256 {
		for x := range 256 {
			m.SetNRGBA(x, y, patches[x/64+4*(y/128)])
		}
	}
	profile := adobeRGB()
	source, err := icc.Parse(profile)
	must(t, err)
	xyzOf := func(p *icc.Profile, c color.NRGBA) [3]float64 {
		return p.XYZ(float64(c.R)/255, float64(c.G)/255, float64(c.B)/255)
	}
	files := map[string][]byte{
		"png":  withChunks(pngOf(t, m), strip.AppendPNGProfile(nil, profile)),
		"jpeg": withSegments(jpegOf(t, m), strip.AppendJPEGProfile(nil, profile)),
	}
	for name, data := range files {
		p := process(t, data)
		for _, v := range append(p.Variants, p.Original) {
			var f *strip.File
			switch v.Type {
			case "image/webp":
				f, err = strip.WebP(v.Data, strip.Limits{})
			case "image/jpeg":
				f, err = strip.JPEG(v.Data, strip.Limits{})
			default:
				f, err = strip.PNG(v.Data, strip.Limits{})
			}
			must(t, err)
			if bytes.Contains(f.ICC, []byte("Secret")) || len(f.ICC) > 600 {
				t.Errorf("%s as %s: a profile of %d bytes, or the text of the file's own", name, v.Type, len(f.ICC))
			}
			published, err := icc.Parse(f.ICC)
			must(t, err)
			shown := decoded(t, v)
			for i, c := range patches {
				got := color.NRGBAModel.Convert(shown.At((i%4*64+32)*v.Width/256, (i/4*128+64)*v.Height/256)).(color.NRGBA)
				if d := deltaE(lab(xyzOf(source, c)), lab(xyzOf(published, got))); d > bound {
					t.Errorf("%s as %s of width %d: patch %d is off by ΔE %.1f", name, v.Type, v.Width, i, d)
				}
			}
		}
	}
	plain := process(t, pngOf(t, m))
	if wide := process(t, files["png"]); bytes.Equal(wide.Thumbhash, plain.Thumbhash) {
		t.Error("the placeholder does not know of the profile")
	}
}

func TestAFileInTheWrongExtensionIsWhatItIs(t *testing.T) {
	// There is no name to be wrong: the pipeline sees bytes only, and those say PNG whatever somebody calls them.
	if p := process(t, pngOf(t, scene(10, 10))); p.Type != "image/png" || p.Original.Ext != "png" {
		t.Errorf("%s, %s", p.Type, p.Original.Ext)
	}
}

func refusal(err error) *imaging.Refusal {
	var r *imaging.Refusal
	errors.As(err, &r)
	return r
}
