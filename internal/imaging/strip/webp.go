package strip

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/exif"
)

// Flags of the VP8X chunk, RFC 9649 section 2.7.
const (
	flagAnimation = 1 << 1
	flagXMP       = 1 << 2
	flagExif      = 1 << 3
	flagAlpha     = 1 << 4
	flagICC       = 1 << 5
)

// riffChunk is a chunk of a RIFF file: whole includes its header and padding.
type riffChunk struct {
	name           string
	payload, whole []byte
}

// WebP takes a WebP file apart: a simple one (VP8 or VP8L only) or an extended one (VP8X and more).
func WebP(data []byte, limits Limits) (*File, error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
		return nil, fmt.Errorf("no WebP signature: %w", ErrMalformed)
	}
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size > int64(len(data)) {
		return nil, ErrTruncated
	}
	if size < 12 {
		return nil, fmt.Errorf("RIFF size %d: %w", size, ErrMalformed)
	}
	f := newFile(limits)
	w := &webpFile{File: f}
	for rest := data[12:size]; len(rest) > 0; {
		if err := f.part(); err != nil {
			return nil, err
		}
		c, after, err := nextRIFF(rest)
		if err != nil {
			return nil, err
		}
		if err := w.chunk(c); err != nil {
			return nil, err
		}
		rest = after
	}
	if !w.picture {
		return nil, fmt.Errorf("no picture in the WebP: %w", ErrMalformed)
	}
	if w.animated {
		f.Frames = max(1, w.frames)
	}
	f.removeTrailing(data[size:])
	f.build = w.assemble
	return f, nil
}

func nextRIFF(rest []byte) (c riffChunk, after []byte, err error) {
	if len(rest) < 8 {
		return c, nil, ErrTruncated
	}
	n := int64(binary.LittleEndian.Uint32(rest[4:]))
	padded := n + n&1
	if n > int64(len(rest)-8) {
		return c, nil, ErrTruncated
	}
	end := min(8+padded, int64(len(rest))) // some writers forget the last padding byte
	return riffChunk{string(rest[:4]), rest[8 : 8+n], rest[:end]}, rest[end:], nil
}

type webpFile struct {
	*File
	header   []byte // payload of VP8X, nil in a simple file
	kept     []riffChunk
	picture  bool
	animated bool
	frames   int
}

func (w *webpFile) chunk(c riffChunk) error {
	switch c.name {
	case "VP8X":
		if w.header != nil || len(w.kept) > 0 || len(c.payload) != 10 {
			return fmt.Errorf("VP8X chunk: %w", ErrMalformed)
		}
		w.header = c.payload
		w.animated = c.payload[0]&flagAnimation != 0
	case "VP8 ", "VP8L":
		if w.picture {
			return fmt.Errorf("a second picture: %w", ErrMalformed)
		}
		w.picture = true
		w.kept = append(w.kept, c)
	case "ALPH":
		w.kept = append(w.kept, c)
	case "ANIM":
		if len(c.payload) != 6 {
			return fmt.Errorf("ANIM chunk: %w", ErrMalformed)
		}
		w.Loops = int(binary.LittleEndian.Uint16(c.payload[4:]))
		w.kept = append(w.kept, c)
	case "ANMF":
		w.picture = true
		w.frames++
		return w.frame(c)
	case "ICCP":
		if w.metadata += len(c.payload); w.metadata > w.limits.Metadata {
			return fmt.Errorf("more than %d bytes of metadata: %w", w.limits.Metadata, ErrTooMuch)
		}
		w.ICC = c.payload
	case "EXIF":
		if w.Exif == nil {
			w.Exif = bytes.TrimPrefix(c.payload, []byte(exifHeader)) // some writers copy JPEG's prefix
			w.Orientation = exif.Orientation(w.Exif)
		}
		return w.remove("EXIF", len(c.payload))
	case "XMP ":
		return w.remove("XMP", len(c.payload))
	default:
		return w.remove(fmt.Sprintf("chunk %q", c.name), len(c.payload))
	}
	return nil
}

// frame keeps the pictures of an animation frame and nothing else that is in it.
func (w *webpFile) frame(c riffChunk) error {
	if len(c.payload) < frameHeader {
		return ErrTruncated
	}
	clean := bytes.Clone(c.payload[:frameHeader])
	for rest := c.payload[frameHeader:]; len(rest) > 0; {
		sub, after, err := nextRIFF(rest)
		if err != nil {
			return err
		}
		rest = after
		if err := w.part(); err != nil {
			return err
		}
		switch sub.name {
		case "ALPH", "VP8 ", "VP8L":
			clean = appendRIFF(clean, sub.name, sub.payload)
		default:
			if err := w.remove(fmt.Sprintf("chunk %q", sub.name), len(sub.payload)); err != nil {
				return err
			}
		}
	}
	w.kept = append(w.kept, riffChunk{name: c.name, payload: clean, whole: clean})
	return nil
}

func (w *webpFile) assemble(icc []byte, orientation int) []byte {
	size := 128 + len(icc)
	for _, c := range w.kept {
		size += len(c.whole) + 1
	}
	out := append(make([]byte, 0, size), "RIFF\x00\x00\x00\x00WEBP"...)
	header := w.header
	if header == nil && (icc != nil || orientation != 1) {
		header = extendedHeader(w.kept)
	}
	if header != nil {
		h := bytes.Clone(header)
		h[0] &= flagAnimation | flagAlpha
		if icc != nil {
			h[0] |= flagICC
		}
		if orientation != 1 {
			h[0] |= flagExif
		}
		out = appendRIFF(out, "VP8X", h)
		if icc != nil {
			out = appendRIFF(out, "ICCP", icc)
		}
	}
	for _, c := range w.kept {
		out = appendRIFF(out, c.name, c.payload)
	}
	if orientation != 1 {
		out = appendRIFF(out, "EXIF", exif.Minimal(orientation))
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// extendedHeader makes the VP8X payload of a file that has none, from the headers of its only picture
// (RFC 6386 section 9.1; RFC 9649 section 3.4).
func extendedHeader(kept []riffChunk) []byte {
	var width, height int
	var flags byte
	for _, c := range kept {
		switch {
		case c.name == "VP8 " && len(c.payload) >= 10:
			width = int(binary.LittleEndian.Uint16(c.payload[6:]) & 0x3fff)
			height = int(binary.LittleEndian.Uint16(c.payload[8:]) & 0x3fff)
		case c.name == "VP8L" && len(c.payload) >= 5:
			bits := binary.LittleEndian.Uint32(c.payload[1:])
			width, height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
			flags = byte(bits>>28&1) * flagAlpha
		}
	}
	h := []byte{flags, 0, 0, 0}
	h = append(h, byte(width-1), byte((width-1)>>8), byte((width-1)>>16))
	return append(h, byte(height-1), byte((height-1)>>8), byte((height-1)>>16))
}

func appendRIFF(out []byte, name string, payload []byte) []byte {
	out = binary.LittleEndian.AppendUint32(append(out, name...), uint32(len(payload)))
	out = append(out, payload...)
	if len(payload)&1 == 1 {
		out = append(out, 0)
	}
	return out
}
