package imaging_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging"
	"golang.org/x/image/bmp"
)

// sharpTIFF is a file of package tiff's test data: the scene's corners, compressed with JPEG.
func sharpTIFF(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("tiff", "testdata", name+".tiff"))
	must(t, err)
	return data
}

// retagged returns a little-endian TIFF with other values of tags, in the type that they have: short or long.
func retagged(t testing.TB, data []byte, values map[uint16]uint32) []byte {
	t.Helper()
	out, le, found := bytes.Clone(data), binary.LittleEndian, 0
	at := int(le.Uint32(data[4:]))
	for i := range int(le.Uint16(data[at:])) {
		e := out[at+2+12*i:]
		v, ok := values[le.Uint16(e)]
		if !ok {
			continue
		}
		found++
		le.PutUint32(e[4:], 1)
		if le.Uint16(e[2:]) == 3 {
			le.PutUint16(e[8:], uint16(v))
		} else {
			le.PutUint32(e[8:], v)
		}
	}
	if found != len(values) {
		t.Fatalf("%d of the tags %v are there", found, values)
	}
	return out
}

func TestTIFFOfJPEG(t *testing.T) {
	for _, name := range []string{"sharp-strip", "sharp-strips", "sharp-tiles", "sharp-rgb"} {
		data := sharpTIFF(t, name)
		p := process(t, data)
		if p.Type != "image/tiff" || p.Original.Type != "image/jpeg" || p.Original.Width != p.Width {
			t.Errorf("%s: %s of width %d, original %s of width %d", name, p.Type, p.Width, p.Original.Type, p.Original.Width)
		}
		for _, v := range append(p.Variants, p.Original) {
			wantUpright(t, name, decoded(t, v))
		}
		wantRefusal(t, pipeline(t, nil), data[:len(data)/2], imaging.Truncated)
	}
	p := process(t, sharpTIFF(t, "sharp-grey"))
	for _, v := range append(p.Variants, p.Original) {
		m := decoded(t, v)
		for i, c := range corners {
			got := color.NRGBAModel.Convert(m.At(v.Width/4+i%2*v.Width/2, v.Height/4+i/2*v.Height/2)).(color.NRGBA)
			y := color.GrayModel.Convert(c).(color.Gray).Y
			if distance(got, color.NRGBA{y, y, y, 255}) > 20 {
				t.Errorf("grey, %s: quadrant %d is %v, want %d", v.Type, i, got, y)
			}
		}
	}
}

func TestTIFFOfJPEGIsTurned(t *testing.T) {
	for orientation, seen := range map[uint32][4]int{ // which stored quadrant each seen one is
		1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 6: {2, 0, 3, 1}, 8: {1, 3, 0, 2},
	} {
		p := process(t, retagged(t, sharpTIFF(t, "sharp-tiles"), map[uint16]uint32{274: orientation}))
		for _, v := range append(p.Variants, p.Original) {
			m := decoded(t, v)
			for i, stored := range seen {
				at := image.Pt(v.Width/4+i%2*v.Width/2, v.Height/4+i/2*v.Height/2)
				if got := color.NRGBAModel.Convert(m.At(at.X, at.Y)).(color.NRGBA); distance(got, corners[stored]) > 45 {
					t.Errorf("orientation %d, %s: quadrant %d is %v", orientation, v.Type, i, got)
				}
			}
		}
	}
}

// TestATIFFOfJPEGIsHeldAgainstTheLimits has tiles that reach far beyond the picture count as the pixels they are.
func TestATIFFOfJPEGIsHeldAgainstTheLimits(t *testing.T) {
	data := sharpTIFF(t, "sharp-tiles") // 192 by 128 pixels in its tiles
	const needed = 12 * 192 * 128
	wantRefusal(t, pipeline(t, &imaging.Options{MemoryBudget: needed - 1}), data, imaging.TooManyPixels)
	if _, err := pipeline(t, &imaging.Options{MemoryBudget: needed}).Process(t.Context(), data); err != nil {
		t.Error(err)
	}
	wantRefusal(t, pipeline(t, &imaging.Options{MaxPixels: 150*110 - 1}), data, imaging.TooManyPixels)
	wantRefusal(t, pipeline(t, &imaging.Options{MaxTime: 1}), data, imaging.TooSlow)
}

// tinyTIFF is a little-endian TIFF of no pixels, with the given compression.
func tinyTIFF(compression uint32) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x05\x00")
	for _, e := range [][2]uint32{{256, 8}, {257, 8}, {258, 8}, {259, compression}, {262, 1}} {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, 4)
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, 1), e[1])
	}
	return append(b, 0, 0, 0, 0)
}

// heifOf is the start of a HEIF image whose item is of the given type.
func heifOf(brand, kind string) []byte {
	return append(atom("ftyp", []byte(brand+"\x00\x00\x00\x00"+brand+"mif1")),
		atom("meta", []byte{0, 0, 0, 0}, atom("pitm", []byte{0, 0, 0, 0, 0, 1}),
			atom("iinf", []byte{0, 0, 0, 0, 0, 1}, atom("infe", []byte("\x02\x00\x00\x00\x00\x01\x00\x00"+kind+"\x00"))))...)
}

func TestVarietiesAreRefusedByName(t *testing.T) {
	var b bytes.Buffer
	must(t, bmp.Encode(&b, scene(20, 10)))
	bm, jpg := b.Bytes(), jpegOf(t, scene(20, 10))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	twoColours := slices.Concat(jpg[:sof+3], []byte{14, 8, 0, 10, 0, 20, 2}, jpg[sof+10:sof+16], jpg[sof+19:])
	for _, tt := range []struct {
		name, want string
		data       []byte
	}{
		{"TIFF of WebP", "This is a TIFF with WebP compression; LZW, Deflate, PackBits, CCITT Group 3 and 4, and JPEG are taken", tinyTIFF(50001)},
		{"TIFF of old JPEG", "This is a TIFF with old-style JPEG compression; LZW", tinyTIFF(6)},
		{"BigTIFF", "This is a BigTIFF image. Send JPEG", []byte("II+\x00\x08\x00\x00\x00")},
		{"TIFF of progressive JPEG", "a feature that is not supported (JPEG compression of an unusual kind in a TIFF)",
			bytes.ReplaceAll(sharpTIFF(t, "sharp-strip"), []byte{0xff, 0xc0}, []byte{0xff, 0xc2})},
		{"BMP of 16 bit", "This is a BMP with 16-bit pixels; 1, 2, 4, 8, 24 and 32 bits without compression are taken.", patched(bm, 28, 16)},
		{"BMP of RLE", "This is a BMP with run-length encoding; 1, 2", patched(patched(bm, 28, 8), 30, 1)},
		{"BMP of bit fields", "This is a BMP with channels of its own layout (bit fields); 1, 2", patched(patched(bm, 28, 32), 30, 3)},
		{"BMP of JPEG", "This is a BMP with a JPEG inside", patched(bm, 30, 4)},
		{"BMP of another compression", "This is a BMP with unknown (77) compression", patched(bm, 30, 77)},
		{"BMP of OS/2", "This is a BMP with a header of 12 bytes, of OS/2", patched(bm, 14, 12)},
		{"HEIF of JPEG", "This is a HEIF image coded as JPEG. Send JPEG", heifOf("mif1", "jpeg")},
		{"HEIF of VVC", "This is a HEIF image coded as VVC. Send", heifOf("mif1", "vvc1")},
		{"HEIF of H.264", "This is a HEIF image coded as H.264. Send", heifOf("avci", "avc1")},
		{"HEIF of JPEG 2000", "This is a HEIF image coded as JPEG 2000. Send", heifOf("j2ki", "j2k1")},
		{"HEIF of samples", "This is a HEIF image coded as uncompressed samples. Send", heifOf("mif1", "unci")},
		{"JPEG of 12 bit", "This is a JPEG with 12-bit samples. Send", patched(patched(jpg, sof+1, 0xc1), sof+4, 12)},
		{"arithmetic JPEG", "This is a JPEG with arithmetic coding. Send", patched(jpg, sof+1, 0xc9)},
		{"lossless JPEG", "This is a JPEG with lossless coding. Send", patched(jpg, sof+1, 0xc3)},
		{"JPEG of two colours", "a feature that is not supported (number of components)", twoColours},
	} {
		_, err := pipeline(t, nil).Process(t.Context(), tt.data)
		if r := refusal(err); r == nil || r.Reason != imaging.UnsupportedFormat || !strings.Contains(r.Message, tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestABMPWithTheUsualBitFieldsIsTaken has the header of version 4 that some programs write, of which only the layout
// that 32 bits have anyway is decoded.
func TestABMPWithTheUsualBitFieldsIsTaken(t *testing.T) {
	src := scene(60, 40)
	b := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x7a\x00\x00\x00\x6c\x00\x00\x00\x3c\x00\x00\x00\xd8\xff\xff\xff\x01\x00\x20\x00\x03\x00\x00\x00")
	b = append(b, make([]byte, 14+108-len(b))...)
	copy(b[54:], "\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00\x00\x00\x00\xff")
	for i := 0; i < len(src.Pix); i += 4 {
		b = append(b, src.Pix[i+2], src.Pix[i+1], src.Pix[i], 255)
	}
	wantUpright(t, "bit fields", decoded(t, process(t, b).Original))
	r := refusal(func() error { _, err := pipeline(t, nil).Process(t.Context(), patched(b, 54, 1)); return err }())
	if r == nil || !strings.Contains(r.Message, "bit fields") {
		t.Errorf("another layout: %v", r)
	}
}
