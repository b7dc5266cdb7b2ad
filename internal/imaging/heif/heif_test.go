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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// sample returns the photo that gen2brain/heic tests itself with, from the module cache; nothing here can make a HEIC.
func sample(t testing.TB) []byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gen2brain/heic").Output()
	if err != nil {
		t.Skipf("the module cache cannot be asked: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "test.heic"))
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
		{"turned", [][]byte{ispe(40, 30), atom("irot", []byte{1})}, Info{Width: 30, Height: 40}},
		{"upside down", [][]byte{ispe(40, 30), atom("irot", []byte{2})}, Info{Width: 40, Height: 30}},
		{"cropped", [][]byte{ispe(40, 30), atom("clap", u32(39, 1, 50, 2, 0, 1, 0, 1))}, Info{Width: 39, Height: 25}},
		{"profile", [][]byte{ispe(40, 30), prof}, Info{Width: 40, Height: 30, ICC: []byte("ICC")}},
		{"video levels", [][]byte{ispe(40, 30), nclx}, Info{Width: 40, Height: 30, Range: Range{1, true}}},
	} {
		tt.want.Exif = []byte("MM\x00*TIFF")
		got, err := ParseInfo(boxes(tt.properties...))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(&tt.want, got); diff != "" {
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

// sps is a sequence parameter set for pictures of w by h.
func sps(w, h uint) []byte {
	bits := "0000" + "000" + "1" + strings.Repeat("0", 96) // no sublayers
	golomb := func(v uint) string {
		s := strconv.FormatUint(uint64(v+1), 2)
		return strings.Repeat("0", len(s)-1) + s
	}
	bits += golomb(0) + golomb(1) + golomb(w) + golomb(h) + "1000000000000000"
	out := []byte{nalSPS << 1, 1}
	zeros := 0
	for ; len(bits) >= 8; bits = bits[8:] {
		v, _ := strconv.ParseUint(bits[:8], 2, 8)
		if zeros >= 2 && v <= 3 {
			out, zeros = append(out, 3), 0
		}
		if zeros++; v != 0 {
			zeros = 0
		}
		out = append(out, byte(v))
	}
	return out
}

// coded makes a file of one coded picture of w by h: its parameters, and units of the given types as its data.
func coded(w, h uint, units ...byte) []byte {
	parameters := sps(w, h)
	hvcC := append(make([]byte, 21), 3, 1, nalSPS, 0, 1, 0, byte(len(parameters)))
	var data []byte
	for _, u := range units {
		data = append(data, 0, 0, 0, 3, u<<1, 1, 0)
	}
	properties := [][]byte{ispe(uint32(w), uint32(h)), atom("hvcC", hvcC, parameters)}
	return boxesWith([]byte("hvc1"), data, properties...)
}

// boxesWith makes a file whose primary item has a type, data in idat and properties.
func boxesWith(kind, data []byte, properties ...[]byte) []byte {
	assigned := []byte{0, 0, 0, 1, 0, 1, byte(len(properties))}
	for i := range properties {
		assigned = append(assigned, byte(i+1))
	}
	return fullBox("meta", 0,
		fullBox("pitm", 0, []byte{0, 1}),
		fullBox("iinf", 0, []byte{0, 1}, fullBox("infe", 2, []byte("\x00\x01\x00\x00"), kind, []byte{0})),
		fullBox("iloc", 1, []byte{0x44, 0x00, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1}, u32(0, uint32(len(data)))),
		atom("idat", data),
		atom("iprp", atom("ipco", properties...), fullBox("ipma", 0, assigned)))
}

func TestWorkCountsEverySlice(t *testing.T) {
	for _, tt := range []struct {
		name string
		file []byte
		want int64
	}{
		{"one slice", coded(64, 48, 19), 64 * 48},
		{"a message and two slices", coded(640, 480, 39, 19, 19), 2 * 640 * 480},
		{"broken parameters in the data", coded(64, 48, nalSPS, 19), 0},
		{"no slice", coded(64, 48, 39), 0},
		{"derived in another way", boxesWith([]byte("iovl"), nil, ispe(64, 48)), 0},
		{"no configuration", boxesWith([]byte("hvc1"), []byte{0, 0, 0, 3, 38, 1, 0}, ispe(64, 48)), 0},
	} {
		info, err := ParseInfo(tt.file)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if info.Work != tt.want {
			t.Errorf("%s: %d pixels of work, want %d", tt.name, info.Work, tt.want)
		}
	}
	if n, pixels := slices(append([]byte{0, 0, 0, byte(len(sps(640, 480)))}, sps(640, 480)...), 4); n != 0 || pixels != 640*480 {
		t.Errorf("parameters in the data: %d slices of %d pixels", n, pixels)
	}
	many := make([]byte, 500)
	for i := range many {
		many[i] = 19
	}
	info, err := ParseInfo(coded(4000, 3000, many...))
	if err != nil || info.isShort() {
		t.Errorf("500 slices of 12 megapixels: short %v, %v", info.isShort(), err)
	}
}

func TestASampleCanBeDecodedEitherWay(t *testing.T) {
	if !Available {
		t.Skip("this build has no HEIC decoder")
	}
	data := sample(t)
	info, err := ParseInfo(data)
	if err != nil {
		t.Fatal(err)
	}
	if !info.isShort() {
		t.Fatalf("%d pixels of work for %dx%d", info.Work, info.Width, info.Height)
	}
	fast, err := Decode(t.Context(), data, info)
	if err != nil {
		t.Fatal(err)
	}
	if fast.Bounds() != image.Rect(0, 0, info.Width, info.Height) || info.Width != 1346 {
		t.Errorf("bounds %v, info %dx%d", fast.Bounds(), info.Width, info.Height)
	}
	unknown := *info
	unknown.Work = 0
	slow, err := Decode(t.Context(), data, &unknown)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fast.(*image.YCbCr).Y, slow.(*image.YCbCr).Y) {
		t.Error("the pictures differ")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Decode(ctx, data, &unknown); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a file of unknown work did not stop: %v", err)
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(boxes(ispe(40, 30), atom("irot", []byte{1}), atom("clap", u32(39, 1, 50, 2)), atom("colr", []byte("nclx\x00\x01"))))
	f.Add(coded(64, 48, 39, 19, nalSPS))
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
	if _, err := Decode(t.Context(), data, &smaller); !errors.Is(err, ErrDecode) {
		t.Errorf("a size that is not the file's: %v", err)
	}
	if _, err := Decode(t.Context(), boxes(ispe(40, 30)), &Info{Width: 40, Height: 30, Work: 40 * 30}); !errors.Is(err, ErrDecode) {
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
