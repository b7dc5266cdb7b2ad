package heif

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// sample returns the photo that gen2brain/heic tests itself with, from the module cache; nothing here can make a HEIC.
func sample(t testing.TB) []byte { return sampleOf(t, "test.heic") }

func sampleOf(t testing.TB, name string) []byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gen2brain/heic").Output()
	if err != nil {
		t.Skipf("the module cache cannot be asked: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", name))
	if err != nil {
		t.Skipf("the module cache holds no sample: %v", err)
	}
	return data
}

func fullBox(name string, version byte, parts ...[]byte) []byte {
	return atom(name, append([][]byte{{version, 0, 0, 0}}, parts...)...)
}

func atom(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
}

func u32(v ...uint32) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// boxes makes a file without pixels: item 1 has the given properties, item 2 is EXIF.
func boxes(properties ...[]byte) []byte {
	assigned := []byte{0, 0, 0, 1, 0, 1, byte(len(properties))}
	for i := range properties {
		assigned = append(assigned, byte(i+1)|0x80)
	}
	make := func(exifAt uint32) []byte {
		return append(atom("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), fullBox("meta", 0,
			fullBox("pitm", 0, []byte{0, 1}),
			fullBox("iinf", 0, []byte{0, 2},
				fullBox("infe", 2, []byte("\x00\x01\x00\x00hvc1\x00")), fullBox("infe", 2, []byte("\x00\x02\x00\x00Exif\x00"))),
			fullBox("iloc", 1, []byte{0x44, 0x00, 0, 1, 0, 2, 0, 0, 0, 0, 0, 1}, u32(exifAt, 18)),
			atom("iprp", atom("ipco", properties...), fullBox("ipma", 0, assigned)))...)
	}
	head := make(0)
	return append(make(uint32(len(head)+8)), atom("mdat", []byte("\x00\x00\x00\x06Exif\x00\x00MM\x00*TIFF"))...)
}

func ispe(w, h uint32) []byte { return fullBox("ispe", 0, u32(w, h)) }

func TestParseInfoReadsWhatThePrimaryItemHas(t *testing.T) {
	nclx := atom("colr", []byte("nclx\x00\x01\x00\x0d\x00\x01\x00"))
	prof := atom("colr", []byte("profICC"))
	for _, tt := range []struct {
		name       string
		properties [][]byte
		want       Info
	}{
		{"plain", [][]byte{ispe(40, 30)}, Info{Width: 40, Height: 30}},
		{"turned", [][]byte{ispe(40, 30), atom("irot", []byte{1})}, Info{Width: 40, Height: 30, Orientation: 8}},
		{"upside down", [][]byte{ispe(40, 30), atom("irot", []byte{2})}, Info{Width: 40, Height: 30, Orientation: 3}},
		{"mirrored", [][]byte{ispe(40, 30), atom("imir", []byte{1})}, Info{Width: 40, Height: 30, Orientation: 2}},
		{"turned and mirrored", [][]byte{ispe(40, 30), atom("irot", []byte{1}), atom("imir", []byte{0})},
			Info{Width: 40, Height: 30, Orientation: 5}},
		{"cropped", [][]byte{ispe(40, 30), atom("clap", u32(38, 1, 50, 2, 1, 1, 1, 2))},
			Info{Width: 38, Height: 25, crop: image.Rect(2, 3, 40, 28)}},
		{"cropped outside of it", [][]byte{ispe(40, 30), atom("clap", u32(38, 1, 20, 1, 2, 1, 0, 1))}, Info{Width: 40, Height: 30}},
		{"cropped by nothing", [][]byte{ispe(40, 30), atom("clap", u32(38, 0, 20, 1, 2, 1, 0, 1))}, Info{Width: 40, Height: 30}},
		{"profile", [][]byte{ispe(40, 30), prof}, Info{Width: 40, Height: 30, ICC: []byte("ICC")}},
		{"video levels", [][]byte{ispe(40, 30), nclx},
			Info{Width: 40, Height: 30, Primaries: 1, Transfer: 13, Range: Range{1, true}}},
	} {
		tt.want.Codec, tt.want.coded = HEVC, image.Pt(40, 30)
		if tt.want.Orientation == 0 {
			tt.want.Orientation = 1
		}
		if tt.want.crop.Empty() {
			tt.want.crop = image.Rect(0, 0, 40, 30)
		}
		tt.want.Exif = []byte("MM\x00*TIFF")
		got, err := ParseInfo(boxes(tt.properties...))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(Info{}, av1Info{})); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestParseInfoOfBrokenBoxes(t *testing.T) {
	good := boxes(ispe(40, 30))
	for name, data := range map[string][]byte{
		"empty":           nil,
		"no meta":         atom("ftyp"),
		"no size":         boxes(),
		"a size of zero":  boxes(ispe(0, 9)),
		"an absurd size":  boxes(ispe(1<<31, 9)),
		"a box of 7":      append([]byte{0, 0, 0, 7}, "ftyp"...),
		"a long box of 3": append([]byte{0, 0, 0, 1}, "ftyp\x00\x00\x00\x00\x00\x00\x00\x03"...),
		"too many boxes":  bytes.Repeat(atom("free"), bmff.MaxBoxes+1),
	} {
		if _, err := ParseInfo(data); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	metaEnd := len(good) - 26
	for n := range metaEnd {
		if _, err := ParseInfo(good[:n]); err == nil {
			t.Errorf("cut at %d: no error", n)
		}
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(boxes(ispe(40, 30), atom("irot", []byte{1}), atom("clap", u32(39, 1, 50, 2)), atom("colr", []byte("nclx\x00\x01"))))
	for _, name := range []string{"grid", "transparent", "orientation-7-profile-true"} {
		f.Add(avif(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := ParseInfo(data); err == nil && (info.Width < 1 || info.Height < 1) {
			t.Errorf("%d by %d", info.Width, info.Height)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	if !Available {
		t.Skip("this build has no HEIC decoder")
	}
	data := sample(t)
	info, err := ParseInfo(data)
	if err != nil {
		t.Fatal(err)
	}
	smaller := *info
	smaller.Width--
	smaller.coded.X--
	if _, err := Decode(t.Context(), data, &smaller); !errors.Is(err, ErrDecode) {
		t.Errorf("a size that is not the file's: %v", err)
	}
	if _, err := Decode(t.Context(), boxes(ispe(40, 30)), &Info{Codec: HEVC, Width: 40, Height: 30, coded: image.Pt(40, 30)}); !errors.Is(err, ErrDecode) {
		t.Errorf("a file without pixels: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, data, info); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// TestColourConversion compares with the conversion done in floating point from the definition.
func TestColourConversion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		r      Range
		kr, kb float64
	}{
		{"full 601", Range{6, false}, 0.299, 0.114},
		{"limited 601", Range{6, true}, 0.299, 0.114},
		{"full 709", Range{1, false}, 0.2126, 0.0722},
		{"limited 709", Range{1, true}, 0.2126, 0.0722},
		{"full 2020", Range{9, false}, 0.2627, 0.0593},
	} {
		for _, rgb := range [][3]float64{{200, 100, 50}, {50, 200, 100}, {100, 50, 200}, {128, 128, 128}, {240, 240, 240}} {
			y := tt.kr*rgb[0] + (1-tt.kr-tt.kb)*rgb[1] + tt.kb*rgb[2]
			cb, cr := (rgb[2]-y)/(2*(1-tt.kb)), (rgb[0]-y)/(2*(1-tt.kr))
			if tt.r.Limited {
				y, cb, cr = 16+y*219/255, cb*224/255, cr*224/255
			}
			m := image.NewYCbCr(image.Rect(0, 0, 1, 1), image.YCbCrSubsampleRatio444)
			m.Y[0], m.Cb[0], m.Cr[0] = byte(y+0.5), byte(cb+128.5), byte(cr+128.5)
			tt.r.toFullRange601(m)
			r, g, b, _ := m.At(0, 0).RGBA()
			for i, got := range []uint32{r >> 8, g >> 8, b >> 8} {
				if d := float64(got) - rgb[i]; d < -4 || d > 4 {
					t.Errorf("%s: %v became %d %d %d", tt.name, rgb, r>>8, g>>8, b>>8)
					break
				}
			}
		}
	}
}

func avif(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "avif", name+".avif"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSequenceHeaders: ParseInfo compares every picture's own header with its boxes.
func TestSequenceHeaders(t *testing.T) {
	files, err := filepath.Glob("../testdata/avif/*.avif")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := ParseInfo(data); err != nil || info.Codec != AV1 {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	p3 := bytes.Replace(avif(t, "Display-P3"), []byte("colr"), []byte("free"), 1)
	if info, err := ParseInfo(p3); err != nil || info.Primaries != 12 || info.Transfer != 13 {
		t.Errorf("without colr: %+v, %v", info, err)
	}
	for name, data := range map[string]string{
		"nothing":                   "",
		"a size beyond the data":    "\x0a\x7f\x18",
		"a size that does not end":  "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"no sequence header":        "\x12\x00\x32\x02\x10\x00",
		"a sequence header of bits": "\x0a\x01\x18",
	} {
		if got, ok := findSequence([]byte(data)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
	lie := avif(t, "420-full-601")
	copy(lie[bytes.Index(lie, []byte("ispe"))+8:], u32(255, 128))
	if _, err := ParseInfo(lie); !errors.Is(err, ErrMalformed) {
		t.Errorf("boxes that say less: %v", err)
	}
}

// TestMemoryOfHEVC takes the photos that gen2brain/heic tests itself with, from the module cache.
func TestMemoryOfHEVC(t *testing.T) {
	if !Available {
		t.Skip("this build has no HEIC decoder")
	}
	for name, want := range map[string]int64{"test8.heic": 9, "test.heic": 9, "gray.heic": 6, "test12.heic": 18} { // bytes a pixel
		data := sampleOf(t, name)
		info, err := ParseInfo(data)
		if err != nil {
			t.Fatal(err)
		}
		if got := (info.Memory() - spare) / int64(info.coded.X*info.coded.Y); got != want {
			t.Errorf("%s: %d bytes a pixel, want %d", name, got, want)
		}
		if _, err := Decode(t.Context(), data, info); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info.hevc = 0
		if got := (info.Memory() - spare) / int64(info.coded.X*info.coded.Y); got != 32 {
			t.Errorf("%s of unknown samples: %d bytes a pixel", name, got)
		}
	}
}

func TestMemoryOfAV1(t *testing.T) {
	if !Available {
		t.Skip("this build has no AVIF decoder")
	}
	for name, want := range map[string]int64{
		"420-full-601":    12 + 2*3/2 + 8, // bytes a pixel
		"444-12-bit-709":  12 + 2*2*3 + 16,
		"422-10-bit-2020": 12 + 2*2*2 + 16,
		"grey":            12 + 2 + 8,
		"transparent":     12 + 2*3/2 + 8 + 12 + 2,
	} {
		info, err := ParseInfo(avif(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := (info.Memory() - spare) / (256 * 128); got != want {
			t.Errorf("%s: %d bytes a pixel, want %d", name, got, want)
		}
		if _, err := Decode(t.Context(), avif(t, name), info); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	info, err := ParseInfo(avif(t, "444-12-bit-709"))
	if err != nil {
		t.Fatal(err)
	}
	info.coded, info.crop = image.Pt(256, 127), image.Rect(0, 0, 256, 127)
	if _, err := Decode(t.Context(), avif(t, "444-12-bit-709"), info); !errors.Is(err, ErrDecode) {
		t.Errorf("a size that is not the file's: %v", err)
	}
}
