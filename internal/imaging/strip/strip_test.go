package strip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging/exif"
	"golang.org/x/image/webp"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func picture() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 37, 23))
	for i := range m.Pix {
		m.Pix[i] = byte(i*7) | 15
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

func aJPEG(t testing.TB) []byte {
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, picture(), nil))
	return b.Bytes()
}

func aPNG(t testing.TB) []byte {
	var b bytes.Buffer
	must(t, png.Encode(&b, picture()))
	return b.Bytes()
}

func aGIF(t testing.TB, frames int) []byte {
	var b bytes.Buffer
	g := &gif.GIF{LoopCount: 3}
	for range frames {
		m := image.NewPaletted(image.Rect(0, 0, 9, 7), color.Palette{color.Black, color.White})
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 4)
	}
	must(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

// aWebP is a lossless WebP of one pixel behind the chunks of an extended file.
func aWebP(extra ...[]byte) []byte {
	body := appendRIFF(nil, "VP8X", []byte{flagExif | flagXMP | flagICC, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, e := range extra {
		body = append(body, e...)
	}
	body = append(body, simpleWebP[12:]...)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...)
}

// simpleWebP is a one-pixel lossless picture (VP8L, 1 by 1): header bits, then five single-symbol prefix codes.
var simpleWebP = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x00\x07\x10\x11\x11\x88\x88\x08\x00\x00")

func profile(n int) []byte {
	icc := bytes.Repeat([]byte("profile "), (n+7)/8)[:n]
	return icc
}

func insert(data []byte, at int, parts ...[]byte) []byte {
	out := bytes.Clone(data[:at])
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, data[at:]...)
}

func TestJPEGKeepsThePicture(t *testing.T) {
	plain := aJPEG(t)
	var icc []byte
	big := profile(150_000) // three segments
	icc = AppendJPEGProfile(nil, big)
	full := insert(plain, 2,
		appendSegment(nil, markerAPP0, []byte("JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x01\x01"), []byte{1, 2, 3}),
		appendSegment(nil, markerAPP1, []byte(exifHeader), exif.Minimal(6), []byte("GPS")),
		icc,
		appendSegment(nil, markerAPPF, []byte("vendor")),
		appendSegment(nil, markerCOM, []byte("hello")),
		[]byte("stray"), []byte{0xff, 0xff},
	)
	full = append(full, "behind the end"...)
	f, err := JPEG(full, Limits{})
	must(t, err)
	if f.Orientation != 6 || !bytes.Equal(f.ICC, big) || !bytes.HasSuffix(f.Exif, []byte("GPS")) {
		t.Errorf("orientation %d, profile of %d bytes, EXIF %q", f.Orientation, len(f.ICC), f.Exif)
	}
	want := []Removed{{"thumbnail", 3}, {"EXIF", 35}, {"APP15", 6}, {"comment", 5}, {"stray bytes", 5}, {"trailing data", 14}}
	if diff := cmp.Diff(want, f.Removed); diff != "" {
		t.Error("removed:", diff)
	}
	clean := f.Build(nil, 1)
	bare, err := jpeg.Decode(bytes.NewReader(plain))
	must(t, err)
	got, err := jpeg.Decode(bytes.NewReader(clean))
	must(t, err)
	if diff := cmp.Diff(bare, got); diff != "" {
		t.Error("the picture changed")
	}
	if want := insert(plain, 2, []byte("\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")); !bytes.Equal(clean, want) {
		t.Error("the clean file is not the plain one with a JFIF header")
	}
	again, err := JPEG(f.Build(big, 6), Limits{})
	must(t, err)
	if again.Orientation != 6 || !bytes.Equal(again.ICC, big) || len(again.Removed) != 1 || !bytes.Equal(again.Exif, exif.Minimal(6)) {
		t.Errorf("built with profile and orientation: %d, %d bytes, %v", again.Orientation, len(again.ICC), again.Removed)
	}
}

func TestJPEGKeepsAdobeTransformOnly(t *testing.T) {
	plain := aJPEG(t)
	adobe := []byte("Adobe\x00\x64\x00\x00\x00\x00\x01")
	f, err := JPEG(insert(plain, 2, appendSegment(nil, markerAPPE, adobe, []byte("and more"))), Limits{})
	must(t, err)
	if want := insert(plain, 2, appendSegment(nil, markerAPPE, adobe)); !bytes.Equal(f.Build(nil, 1), want) {
		t.Error("the Adobe segment was not reduced to its 12 bytes")
	}
}

func TestPNGKeepsThePicture(t *testing.T) {
	plain := aPNG(t)
	icc := profile(3000)
	full := insert(plain, 8+25, AppendPNGProfile(nil, icc), appendChunk(nil, "eXIf", exif.Minimal(3)),
		appendChunk(nil, "tEXt", []byte("Author\x00me")), appendChunk(nil, "acTL", make([]byte, 8)))
	f, err := PNG(append(full, "trail"...), Limits{})
	must(t, err)
	if f.Orientation != 3 || !bytes.Equal(f.ICC, icc) {
		t.Errorf("orientation %d, profile of %d bytes", f.Orientation, len(f.ICC))
	}
	if diff := cmp.Diff([]Removed{{"EXIF", 26}, {"text", 9}, {"animation", 8}, {"trailing data", 5}}, f.Removed); diff != "" {
		t.Error("removed:", diff)
	}
	if !bytes.Equal(f.Build(nil, 1), plain) {
		t.Error("the clean file is not the plain one")
	}
	built := f.Build(icc, 3)
	if _, err := png.Decode(bytes.NewReader(built)); err != nil {
		t.Error("built with profile and orientation:", err)
	}
	if again, err := PNG(built, Limits{}); err != nil || again.Orientation != 3 || !bytes.Equal(again.ICC, icc) {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

func TestAPNGProfileThatInflatesWithoutEndIsDropped(t *testing.T) {
	bomb := AppendPNGProfile(nil, make([]byte, 1<<20))
	f, err := PNG(insert(aPNG(t), 8+25, bomb), Limits{Metadata: 1 << 19})
	must(t, err)
	if f.ICC != nil {
		t.Errorf("a profile of %d bytes was kept", len(f.ICC))
	}
}

func TestWebPKeepsThePicture(t *testing.T) {
	icc := profile(33)
	full := aWebP(appendRIFF(nil, "ICCP", icc), appendRIFF(nil, "EXIF", append([]byte(exifHeader), exif.Minimal(8)...)),
		appendRIFF(nil, "XMP ", []byte("<x>")), appendRIFF(nil, "WXYZ", []byte("?")))
	f, err := WebP(append(full, "trail"...), Limits{})
	must(t, err)
	if f.Orientation != 8 || !bytes.Equal(f.ICC, icc) || f.Frames != 1 {
		t.Errorf("orientation %d, profile %q, %d frames", f.Orientation, f.ICC, f.Frames)
	}
	if diff := cmp.Diff([]Removed{{"EXIF", 32}, {"XMP", 3}, {`chunk "WXYZ"`, 1}, {"trailing data", 5}}, f.Removed); diff != "" {
		t.Error("removed:", diff)
	}
	clean, err := WebP(f.Build(nil, 1), Limits{})
	must(t, err)
	if clean.ICC != nil || clean.Exif != nil || clean.Removed != nil || !bytes.HasSuffix(f.Build(nil, 1), simpleWebP[12:]) {
		t.Errorf("clean: %+v", clean)
	}
	if m, err := webp.Decode(bytes.NewReader(simpleWebP)); err != nil || m.Bounds() != image.Rect(0, 0, 1, 1) {
		t.Fatalf("the file of this test is no picture: %v", err)
	}
	simple, err := WebP(simpleWebP, Limits{})
	must(t, err)
	if !bytes.Equal(simple.Build(nil, 1), simpleWebP) {
		t.Error("a simple file did not stay as it was")
	}
	if again, err := WebP(simple.Build(icc, 5), Limits{}); err != nil || again.Orientation != 5 || !bytes.Equal(again.ICC, icc) {
		t.Errorf("a simple file extended: %+v, %v", again, err)
	}
}

func TestGIFKeepsThePictureAndItsLoop(t *testing.T) {
	plain := aGIF(t, 3)
	comment := []byte("\x21\xfe\x05hello\x03you\x00")
	xmp := []byte("\x21\xff\x0bXMP DataXMP\x02<x\x00")
	at := bytes.IndexByte(plain, gifExtension)
	f, err := GIF(append(insert(plain, at, comment, xmp), "trail"...), Limits{})
	must(t, err)
	if f.Frames != 3 || f.Loops != 3 || !bytes.Equal(f.Build(nil, 1), plain) {
		t.Errorf("%d frames, %d loops, or the clean file is not the plain one", f.Frames, f.Loops)
	}
	if diff := cmp.Diff([]Removed{{"comment", 10}, {"XMP", 15}, {"trailing data", 5}}, f.Removed); diff != "" {
		t.Error("removed:", diff)
	}
}

// parsers are the readers by the file each of them takes.
func parsers(t testing.TB) map[string]struct {
	parse func([]byte, Limits) (*File, error)
	file  []byte
} {
	type entry = struct {
		parse func([]byte, Limits) (*File, error)
		file  []byte
	}
	return map[string]entry{
		"jpeg": {JPEG, insert(aJPEG(t), 2, appendSegment(nil, markerCOM, make([]byte, 10)))},
		"png":  {PNG, insert(aPNG(t), 33, appendChunk(nil, "tEXt", make([]byte, 10)))},
		"webp": {WebP, aWebP(appendRIFF(nil, "XMP ", make([]byte, 10)))},
		"heif": {HEIF, withXMP(10)},
		"gif":  {GIF, insert(aGIF(t, 2), 13, []byte("\x21\xfe\x09123456789\x00"))},
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	for name, p := range parsers(t) {
		if _, err := p.parse(p.file, Limits{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range len(p.file) - 1 {
			if _, err := p.parse(p.file[:n], Limits{}); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(p.file), err)
			}
		}
	}
}

func TestLimitsHoldAtTheirEdges(t *testing.T) {
	for name, p := range parsers(t) {
		if _, err := p.parse(p.file, Limits{Metadata: 10}); err != nil {
			t.Errorf("%s with as much metadata as allowed: %v", name, err)
		}
		if _, err := p.parse(p.file, Limits{Metadata: 9}); !errors.Is(err, ErrTooMuch) {
			t.Errorf("%s with a byte too much metadata: %v", name, err)
		}
		parts := 0
		for parts = 1; parts < 100; parts++ {
			if _, err := p.parse(p.file, Limits{Parts: parts}); err == nil {
				break
			} else if !errors.Is(err, ErrTooMuch) {
				t.Errorf("%s with %d parts: %v", name, parts, err)
			}
		}
		if parts < 3 || parts == 100 {
			t.Errorf("%s has %d parts", name, parts)
		}
	}
	two := aJPEG(t)
	sos := bytes.Index(two, []byte{0xff, markerSOS})
	two = insert(two, len(two)-2, two[sos:len(two)-2])
	if _, err := JPEG(two, Limits{Scans: 2}); err != nil {
		t.Error("two scans of two:", err)
	}
	if _, err := JPEG(two, Limits{Scans: 1}); !errors.Is(err, ErrTooMuch) {
		t.Error("two scans of one:", err)
	}
}

// fuzz checks what holds for every input: no panic, and what is built can be read again and holds nothing to remove.
func fuzz(f *testing.F, parse func([]byte, Limits) (*File, error), seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse(data, Limits{})
		if err != nil {
			return
		}
		clean := file.Build(file.ICC, file.Orientation)
		again, err := parse(clean, Limits{})
		if err != nil {
			t.Fatalf("what was built does not parse: %v", err)
		}
		for _, r := range again.Removed {
			if r.Name != "EXIF" || !bytes.Equal(again.Exif, exif.Minimal(file.Orientation)) {
				t.Errorf("what was built holds %v", r)
			}
		}
		if !bytes.Equal(again.Build(again.ICC, again.Orientation), clean) {
			t.Error("cleaning twice is not cleaning once")
		}
	})
}

func FuzzJPEG(f *testing.F) {
	file := insert(aJPEG(f), 2, appendSegment(nil, markerAPP1, []byte(exifHeader), exif.Minimal(6)), AppendJPEGProfile(nil, profile(300)))
	fuzz(f, JPEG, aJPEG(f), file, []byte("\xff\xd8\xff\xda\x00\x02\xff\x00\xff\xd0\xff\xff\xd9"))
}

func FuzzPNG(f *testing.F) {
	fuzz(f, PNG, aPNG(f), insert(aPNG(f), 33, AppendPNGProfile(nil, profile(300)), appendChunk(nil, "eXIf", exif.Minimal(6))))
}

func FuzzWebP(f *testing.F) {
	fuzz(f, WebP, simpleWebP, aWebP(appendRIFF(nil, "ICCP", profile(31)), appendRIFF(nil, "EXIF", exif.Minimal(6))))
}

func FuzzGIF(f *testing.F) { fuzz(f, GIF, aGIF(f, 1), aGIF(f, 3)) }

func TestAppendedChunksCarryTheirChecksum(t *testing.T) {
	c := appendChunk(nil, "tEXt", []byte("abc"))
	if got, want := binary.BigEndian.Uint32(c[len(c)-4:]), crc32.ChecksumIEEE([]byte("tEXtabc")); got != want {
		t.Errorf("checksum %#x, want %#x", got, want)
	}
}
