package imaging_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/webp"
)

// The tests make their own inputs: a picture whose four corners differ, wrapped by hand into what cameras, phones and
// attackers send.

// corners are the colours of the quadrants of scene: top left, top right, bottom left, bottom right.
var corners = [4]color.NRGBA{{204, 51, 51, 255}, {51, 204, 51, 255}, {51, 51, 204, 255}, {204, 204, 204, 255}}

// scene draws four coloured quadrants with a soft texture.
func scene(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := corners[2*(2*y/h)+2*x/w]
			t := 8 * math.Sin(float64(x)/7) * math.Cos(float64(y)/5)
			m.SetNRGBA(x, y, color.NRGBA{shade(c.R, t), shade(c.G, t), shade(c.B, t), 255})
		}
	}
	return m
}

func shade(c byte, t float64) byte { return byte(min(255, max(0, float64(c)+t))) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func jpegOf(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}))
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.Bytes()
}

func gifOf(t testing.TB, frames ...*image.Paletted) []byte {
	var b bytes.Buffer
	g := &gif.GIF{Image: frames, Delay: make([]int, len(frames))}
	must(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

// webpOf makes a WebP for the tests to read; it needs webp.Available.
func webpOf(t testing.TB, m *image.NRGBA) []byte {
	data, err := webp.EncodeNRGBA(m, webp.Options{Quality: 90})
	must(t, err)
	return data
}

// exifBlock is a little-endian TIFF with an orientation, a camera and a position: what a phone writes.
func exifBlock(orientation uint16) []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = le.AppendUint16(b, 5)
	entry := func(tag, typ uint16, n, value uint32) {
		b = le.AppendUint16(b, tag)
		b = le.AppendUint16(b, typ)
		b = le.AppendUint32(b, n)
		b = le.AppendUint32(b, value)
	}
	const heap = 8 + 2 + 5*12 + 4
	entry(0x010f, 2, 8, heap)                // Make
	entry(0x0110, 2, 8, heap+8)              // Model
	entry(0x0112, 3, 1, uint32(orientation)) // Orientation
	entry(0x0132, 2, 20, heap+16)            // DateTime
	entry(0x8825, 4, 1, heap+36)             // GPS directory
	b = le.AppendUint32(b, 0)
	b = append(b, "Kamera1\x00Secret1\x002021:05:06 07:08:09\x00"...)
	gps := len(b)
	if gps != heap+36 {
		panic("exifBlock: wrong offset")
	}
	b = le.AppendUint16(b, 4)
	entry(1, 2, 2, 'N')
	entry(2, 5, 3, uint32(gps+2+4*12+4))
	entry(3, 2, 2, 'W')
	entry(4, 5, 3, uint32(gps+2+4*12+4+24))
	b = le.AppendUint32(b, 0)
	for _, v := range []uint32{48, 1, 51, 1, 30, 1, 2, 1, 17, 1, 24, 1} {
		b = le.AppendUint32(b, v)
	}
	return b
}

func jpegSegment(marker byte, payload []byte) []byte {
	return append([]byte{0xff, marker, byte((len(payload) + 2) >> 8), byte(len(payload) + 2)}, payload...)
}

// withSegments puts segments behind the start-of-image marker of a JPEG.
func withSegments(jpg []byte, segments ...[]byte) []byte {
	out := bytes.Clone(jpg[:2])
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, jpg[2:]...)
}

func exifSegment(orientation uint16) []byte {
	return jpegSegment(0xe1, append([]byte("Exif\x00\x00"), exifBlock(orientation)...))
}

func pngChunk(name string, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(append(b, name...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts chunks behind the header chunk of a PNG.
func withChunks(p []byte, chunks ...[]byte) []byte {
	const header = 8 + 25
	out := bytes.Clone(p[:header])
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, p[header:]...)
}

func riffChunk(name string, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(payload)))
	b = append(b, payload...)
	if len(payload)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// extendedWebP wraps the picture of a simple lossy WebP with VP8X and further chunks.
func extendedWebP(simple []byte, w, h int, flags byte, chunks ...[]byte) []byte {
	body := riffChunk("VP8X", []byte{flags, 0, 0, 0,
		byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)})
	body = append(body, simple[12:]...)
	for _, c := range chunks {
		body = append(body, c...)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...)
}

func paletted(m image.Image) *image.Paletted {
	var p color.Palette
	for r := range 6 {
		for g := range 6 {
			for b := range 6 {
				p = append(p, color.NRGBA{byte(r * 51), byte(g * 51), byte(b * 51), 255})
			}
		}
	}
	out := image.NewPaletted(m.Bounds(), p)
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			out.Set(x, y, m.At(x, y))
		}
	}
	return out
}
