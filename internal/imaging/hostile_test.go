package imaging_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/webp"
)

// allocated returns the bytes that do allocated on the heap, freed or not.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// inUse returns the bytes of the heap that a collection finds in use: not what was thrown away since, however long the
// caller had to wait for its turn.
func inUse() uint64 {
	runtime.GC()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// pngBomb is a well-formed grey PNG of one bit a pixel, side by side, all black: 26 KB for 210 megapixels.
func pngBomb(t testing.TB, side uint32) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	row := make([]byte, 1+(side+7)/8)
	for range side {
		_, err := w.Write(row)
		must(t, err)
	}
	must(t, w.Close())
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, side), side)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(header, 1, 0, 0, 0, 0)),
		pngChunk("IDAT", z.Bytes()), pngChunk("IEND", nil))
}

// patched returns data with b written at an offset.
func patched(data []byte, at int, b ...byte) []byte {
	out := bytes.Clone(data)
	copy(out[at:], b)
	return out
}

// bombs claim, or hold, far more pixels than their size lets expect.
func bombs(t testing.TB) map[string][]byte {
	big := pngBomb(t, 14_500)
	jpg := blockJPEG{width: 16, height: 16, h: []int{1}, v: []int{1}, adobe: -1, progressive: true,
		value: func(int, int, int) byte { return 9 }}.encode()
	sof := bytes.Index(jpg, []byte{0xff, 0xc2})
	var anim gif.GIF
	for range 1200 {
		anim.Image = append(anim.Image, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black, color.White}))
		anim.Delay = append(anim.Delay, 0)
	}
	anim.Config = image.Config{ColorModel: anim.Image[0].Palette, Width: 1, Height: 1}
	var frames bytes.Buffer
	must(t, gif.EncodeAll(&frames, &anim))
	onePixel := gifOf(t, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black, color.White}))
	bm := append([]byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"),
		"\x00\x00\x01\x00\x00\x00\x01\x00\x01\x00\x18\x00"...)
	bm = append(bm, make([]byte, 40)...)
	tf := []byte("II*\x00\x08\x00\x00\x00\x04\x00")
	for _, e := range [][3]uint32{{256, 4, 60000}, {257, 4, 60000}, {258, 3, 8}, {262, 3, 1}} {
		tf = binary.LittleEndian.AppendUint16(tf, uint16(e[0]))
		tf = binary.LittleEndian.AppendUint16(tf, uint16(e[1]))
		tf = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(tf, 1), e[2])
	}
	strips := sharpTIFF(t, "sharp-strip")
	streamSOF := bytes.Index(strips, []byte{0xff, 0xc0})
	return map[string][]byte{
		"PNG of 210 megapixels":    big,
		"PNG that claims 2^31":     append(append(bytes.Clone(big[:8]), pngChunk("IHDR", []byte("\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x00\x00\x00\x00"))...), big[33:]...),
		"JPEG that claims 65,500":  patched(jpg, sof+5, 0xff, 0xdc, 0xff, 0xdc),
		"GIF of 65,535":            patched(onePixel, 6, 0xff, 0xff, 0xff, 0xff),
		"GIF of 1,200 frames":      frames.Bytes(),
		"WebP lossless of 16,384":  []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\x0f\x07\x10\x11\x11\x88\x88\x08\x00\x00"),
		"WebP canvas of 2^24":      extendedWebP([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x00\x07\x10\x11\x11\x88\x88\x08\x00\x00"), 1<<24, 1<<24, 0),
		"BMP of 65,536":            bm,
		"TIFF that claims 60,000":  append(tf, 0, 0, 0, 0),
		"TIFF of JPEG tiles":       retagged(t, sharpTIFF(t, "sharp-tiles"), map[uint16]uint32{322: 60000, 323: 60000}),
		"TIFF of tiny JPEG tiles":  retagged(t, sharpTIFF(t, "sharp-tiles"), map[uint16]uint32{256: 60000, 257: 60000, 322: 16, 323: 16}),
		"TIFF of tiny JPEG strips": retagged(t, sharpTIFF(t, "sharp-strip"), map[uint16]uint32{256: 3000, 257: 60000, 278: 1}),
		"TIFF of a large stream":   patched(strips, streamSOF+5, 0xff, 0xdc, 0xff, 0xdc),
		"HEIC that claims 100,000": heicClaiming(100_000, 100_000),
		"AVIF that claims 65,536":  avifClaiming(1<<16, 1<<16),
		"AVIF of 15,000":           avifClaiming(15_000, 15_000),
	}
}

func atom(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
}

// heicClaiming is a HEIC of boxes only.
func heicClaiming(w, h uint32) []byte {
	ispe := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, w), h)
	meta := atom("meta", []byte{0, 0, 0, 0}, atom("pitm", []byte{0, 0, 0, 0, 0, 1}),
		atom("iprp", atom("ipco", atom("ispe", ispe)), atom("ipma", []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0x81})))
	return append(atom("ftyp", []byte("heic\x00\x00\x00\x00heic")), meta...)
}

// avifClaiming is an AVIF whose boxes and sequence header, all there is of its picture, agree on its size.
func avifClaiming(w, h uint32) []byte {
	ispe := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, w), h)
	// Bits: profile 0, still, reduced, level 0 | 16 bits for the width, 16 for the height | both less 1 | tools and colours.
	bits := fmt.Sprintf("00011000001111 1111%016b%016b%016b", w-1, h-1, 0)
	var header []byte
	for bits = strings.ReplaceAll(bits, " ", ""); len(bits) >= 8; bits = bits[8:] {
		v, _ := strconv.ParseUint(bits[:8], 2, 8)
		header = append(header, byte(v))
	}
	obu := append([]byte{0x0a, byte(len(header))}, header...)
	meta := atom("meta", []byte{0, 0, 0, 0}, atom("pitm", []byte{0, 0, 0, 0, 0, 1}),
		atom("iinf", []byte{0, 0, 0, 0, 0, 1}, atom("infe", []byte("\x02\x00\x00\x00\x00\x01\x00\x00av01\x00"))),
		atom("iloc", []byte{1, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, byte(len(obu))}),
		atom("idat", obu),
		atom("iprp", atom("ipco", atom("ispe", ispe), atom("av1C", []byte{0x81, 0, 0x0c, 0})),
			atom("ipma", []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0x81, 0x82})))
	return append(atom("ftyp", []byte("avif\x00\x00\x00\x00avifmif1")), meta...)
}

func TestBombsAreRefusedWithoutUnpackingThem(t *testing.T) {
	p := pipeline(t, nil)
	for name, data := range bombs(t) {
		var err error
		used := allocated(func() { _, err = p.Process(t.Context(), data) })
		r := refusal(err)
		if r == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if used > 16<<20 {
			t.Errorf("%s: %d MB were allocated to refuse it as %v", name, used>>20, r)
		}
		if want := []imaging.Reason{imaging.TooManyPixels, imaging.TooManyFrames, imaging.Damaged, imaging.UnsupportedFormat}; !slices.Contains(want, r.Reason) {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestEndlessPartsAreRefused(t *testing.T) {
	jpg, pn := jpegOf(t, scene(20, 20)), pngOf(t, scene(20, 20))
	gf := gifOf(t, paletted(scene(20, 20)))
	big := bytes.Repeat(jpegSegment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), make([]byte, 65000)...)), 600)
	one := bytes.Index(jpg, []byte{0xff, 0xda})
	scans := slices.Concat(jpg[:one], bytes.Repeat(jpg[one:len(jpg)-2], 101), jpg[len(jpg)-2:])
	p := pipeline(t, nil)
	for name, data := range map[string][]byte{
		"JPEG comments":         withSegments(jpg, bytes.Repeat(jpegSegment(0xfe, nil), 100_001)),
		"JPEG metadata":         withSegments(jpg, big),
		"JPEG scans":            scans,
		"PNG chunks":            withChunks(pn, bytes.Repeat(pngChunk("tEXt", nil), 100_001)),
		"PNG metadata":          withChunks(pn, pngChunk("iTXt", make([]byte, 33<<20))),
		"GIF comments":          bytes.Replace(gf, []byte{0x2c, 0, 0}, append(bytes.Repeat([]byte{0x21, 0xfe, 0}, 100_001), 0x2c, 0, 0), 1),
		"JPEG of colour tables": withSegments(jpg, bytes.Repeat(jpegSegment(0xdb, make([]byte, 65)), 100_001)),
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, p, data, imaging.TooMuchMetadata) })
	}
}

// payloads are what a polyglot is made for.
var payloads = []string{"<script>alert(1)</script>", "<?php system('id');?>", "PK\x03\x04evil.class", "=1;alert(1);/*"}

func TestPolyglotsComeOutAsImagesOnly(t *testing.T) {
	src := scene(60, 40)
	jpg, pn, gf := jpegOf(t, src), pngOf(t, src), gifOf(t, paletted(src))
	for _, payload := range payloads {
		b := []byte(payload)
		files := map[string][]byte{
			"JPEG comment":   withSegments(jpg, jpegSegment(0xfe, b)),
			"JPEG APP9":      withSegments(jpg, jpegSegment(0xe9, b)),
			"JPEG JFIF":      withSegments(jpg, jpegSegment(0xe0, append([]byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x05\x05"), b...))),
			"JPEG Adobe":     withSegments(jpg, jpegSegment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00\x01"), b...))),
			"JPEG ICC":       withSegments(jpg, strip.AppendJPEGProfile(nil, append(adobeRGB(), b...))),
			"JPEG stray":     withSegments(jpg, jpegSegment(0xfe, nil), b),
			"JPEG tail":      append(bytes.Clone(jpg), b...),
			"PNG text":       withChunks(pn, pngChunk("tEXt", b)),
			"PNG private":    withChunks(pn, pngChunk("teSt", b)),
			"PNG tail":       append(bytes.Clone(pn), b...),
			"GIF comment":    bytes.Replace(gf, []byte{0x2c, 0, 0}, append(append([]byte{0x21, 0xfe, byte(len(b))}, b...), 0, 0x2c, 0, 0), 1),
			"GIF tail":       append(bytes.Clone(gf), b...),
			"PNG after IDAT": bytes.Replace(pn, []byte("\x00\x00\x00\x00IEND"), append(pngChunk("zzZz", b), "\x00\x00\x00\x00IEND"...), 1),
		}
		if heif.Available {
			avif := orientedAVIF(t, 1, false)
			files["AVIF box"] = append(bytes.Clone(avif), atom("uuid", b)...)
			files["AVIF tail"] = append(bytes.Clone(avif), atom("free", b, b)...)
		}
		if webp.Available {
			wp := webpOf(t, src)
			files["WebP chunk"] = extendedWebP(wp, 60, 40, 0, riffChunk("EVIL", b))
			files["WebP tail"] = append(bytes.Clone(wp), b...)
		}
		if heif.Available {
			photo := moduleFile(t, "github.com/gen2brain/heic", "testdata", "test8.heic")
			xmp := bytes.Index(photo, []byte("<?xpacket"))
			files["HEIC XMP and tail"] = append(patched(photo, xmp, b...), b...)
		}
		for name, data := range files {
			if !bytes.Contains(data, b) {
				t.Fatalf("%s does not hold the payload", name)
			}
			p := process(t, data)
			for _, m := range append(p.Variants, p.Original) {
				if bytes.Contains(m.Data, b) {
					t.Errorf("%s: %q is in the published %s of width %d", name, payload, m.Type, m.Width)
				}
			}
		}
	}
}

func TestLyingHeaders(t *testing.T) {
	jpg, pn := jpegOf(t, scene(64, 64)), pngOf(t, scene(64, 64))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	p := pipeline(t, nil)
	for name, tt := range map[string]struct {
		data []byte
		want []imaging.Reason
	}{
		"JPEG higher than its data":  {patched(jpg, sof+5, 8, 0), []imaging.Reason{imaging.Truncated, imaging.Damaged}},
		"JPEG of no width":           {patched(jpg, sof+7, 0, 0), []imaging.Reason{imaging.Damaged}},
		"JPEG of 12 bits":            {patched(jpg, sof+4, 12), []imaging.Reason{imaging.UnsupportedFormat}},
		"JPEG with a made-up marker": {patched(jpg, sof, 0xff, 0x02), []imaging.Reason{imaging.Damaged}},
		"JPEG arithmetic":            {patched(jpg, sof+1, 0xc9), []imaging.Reason{imaging.UnsupportedFormat, imaging.Damaged}},
		"PNG whose checksum is off":  {patched(pn, 29, 1, 2, 3, 4), []imaging.Reason{imaging.Damaged}},
		"PNG of colour type 5":       {append(append(bytes.Clone(pn[:8]), pngChunk("IHDR", append(bytes.Clone(pn[16:24]), 8, 5, 0, 0, 0))...), pn[33:]...), []imaging.Reason{imaging.Damaged, imaging.UnsupportedFormat}},
		"PNG without data":           {append(bytes.Clone(pn[:33]), pngChunk("IEND", nil)...), []imaging.Reason{imaging.Truncated, imaging.Damaged}},
		"PNG header only":            {pn[:33], []imaging.Reason{imaging.Truncated}},
		"a JPEG marker and no more":  {[]byte("\xff\xd8\xff"), []imaging.Reason{imaging.Truncated}},
		"ftyp of a length of 1":      {[]byte("\x00\x00\x00\x01ftypheic"), []imaging.Reason{imaging.Truncated, imaging.Damaged, imaging.UnsupportedFormat}},
	} {
		_, err := p.Process(t.Context(), tt.data)
		if r := refusal(err); r == nil || !slices.Contains(tt.want, r.Reason) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestACutAtEveryMarkerIsRefused(t *testing.T) {
	data := blockJPEG{width: 80, height: 60, h: []int{2, 1, 1}, v: []int{2, 1, 1}, adobe: 1, restart: 2,
		value: component("ycc", 80, 60)}.encode()
	p := pipeline(t, nil)
	markers := 0
	for i := 4; i+1 < len(data); i++ {
		if data[i] != 0xff || data[i+1] == 0 {
			continue
		}
		markers++
		for _, n := range []int{i, i + 1, i + 2, i + 3} {
			_, err := p.Process(t.Context(), data[:min(n, len(data)-1)])
			if r := refusal(err); r == nil || r.Reason != imaging.Truncated && r.Reason != imaging.Damaged {
				t.Errorf("cut at %d of %d: %v", n, len(data), err)
			}
		}
	}
	if markers < 10 {
		t.Errorf("%d markers found", markers)
	}
}

// TestConcurrentPhotosShareOneMemoryBudget runs more photos at a time than the budget allows and watches the heap.
func TestConcurrentPhotosShareOneMemoryBudget(t *testing.T) {
	const side = 1000
	data := pngOf(t, image.NewNRGBA(image.Rect(0, 0, side, side))) // estimated at 12 bytes a pixel: 12 MB
	p := pipeline(t, &imaging.Options{MemoryBudget: 13 * side * side, Widths: []int{64}})
	start := inUse()
	done := make(chan struct{})
	var peak uint64
	var watch, work sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				now := inUse()
				peak = max(peak, now-min(now, start))
			}
		}
	})
	for range 6 {
		work.Go(func() {
			if _, err := p.Process(t.Context(), data); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	close(done)
	watch.Wait()
	if limit := uint64(2 * 13 * side * side); peak > limit {
		t.Errorf("the heap grew by %d MB with a budget of %d MB", peak>>20, 13*side*side>>20)
	}
}

func FuzzProcess(f *testing.F) {
	src := scene(24, 16)
	f.Add(withSegments(jpegOf(f, src), exifSegment(6)))
	f.Add(blockJPEG{width: 20, height: 20, h: []int{2, 1, 1}, v: []int{1, 1, 1}, adobe: 0, restart: 1, progressive: true,
		value: component("rgb", 20, 20)}.encode())
	f.Add(pngOf(f, src))
	f.Add(gifOf(f, paletted(src), paletted(src)))
	if webp.Available {
		f.Add(webpOf(f, src))
		f.Add(animatedWebP(24, 16, webpOf(f, src)))
	}
	f.Add(sharpTIFF(f, "sharp-tiles"))
	f.Add(tinyTIFF(50001))
	f.Add([]byte(strings.Repeat("<", 20)))
	p, err := imaging.New(&imaging.Options{MaxPixels: 1 << 16, Widths: []int{16}, MaxTime: 5 * time.Second})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 12 && string(data[4:8]) == "ftyp" {
			t.Skip("HEIC and AVIF take too long to fuzz from here; their boxes have a target of their own")
		}
		photo, err := p.Process(t.Context(), data)
		if err != nil {
			if refusal(err) == nil {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		for _, m := range append(photo.Variants, photo.Original) {
			if len(m.Data) == 0 || m.Width < 1 || m.Height < 1 {
				t.Errorf("%s of %dx%d, %d bytes", m.Type, m.Width, m.Height, len(m.Data))
			}
		}
	})
}
