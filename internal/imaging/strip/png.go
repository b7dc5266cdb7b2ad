package strip

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/valetkey/valetkey/internal/imaging/exif"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that decide how a still picture looks (PNG, third edition, sections 5.6 and 11). The chunks of
// an animated PNG are not among them: what is published is its first picture.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "tRNS": true, "IDAT": true, "IEND": true,
	"sRGB": true, "gAMA": true, "cHRM": true, "cICP": true,
}

var pngNames = map[string]string{
	"eXIf": "EXIF", "tEXt": "text", "zTXt": "text", "iTXt": "text", "tIME": "time",
	"acTL": "animation", "fcTL": "animation", "fdAT": "animation",
}

// PNG takes a PNG file apart. Checksums are left to the decoder.
func PNG(data []byte, limits Limits) (*File, error) {
	if !bytes.HasPrefix(data, []byte(pngSignature)) {
		return nil, fmt.Errorf("no PNG signature: %w", ErrMalformed)
	}
	f := newFile(limits)
	var header []byte // IHDR
	var kept [][]byte // the chunks behind it
	rest := data[len(pngSignature):]
	for {
		if err := f.part(); err != nil {
			return nil, err
		}
		if len(rest) < 12 {
			return nil, ErrTruncated
		}
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-12) {
			return nil, ErrTruncated
		}
		name, payload, chunk := string(rest[4:8]), rest[8:8+n], rest[:12+n]
		rest = rest[12+n:]
		if (header == nil) != (name == "IHDR") {
			return nil, fmt.Errorf("PNG chunk %q out of place: %w", name, ErrMalformed)
		}
		switch {
		case name == "IHDR":
			header = chunk
		case pngKept[name]:
			kept = append(kept, chunk)
		case name == "iCCP":
			f.ICC = inflateProfile(payload, f.limits.Metadata)
		default:
			if err := f.removeChunk(name, payload); err != nil {
				return nil, err
			}
		}
		if name == "IEND" {
			break
		}
	}
	f.removeTrailing(rest)
	f.build = func(icc []byte, orientation int) []byte { return assemblePNG(header, kept, icc, orientation) }
	return f, nil
}

func (f *File) removeChunk(name string, payload []byte) error {
	if name == "eXIf" && f.Exif == nil {
		f.Exif = payload
		f.Orientation = exif.Orientation(payload)
	}
	known, ok := pngNames[name]
	if !ok {
		known = fmt.Sprintf("chunk %q", name)
	}
	return f.remove(known, len(payload))
}

// inflateProfile reads the profile of an iCCP chunk: a name, a zero, a zero for the method, zlib data. It returns nil
// for a profile that is broken or larger than limit bytes.
func inflateProfile(payload []byte, limit int) []byte {
	end := bytes.IndexByte(payload, 0)
	if end < 0 || end+2 > len(payload) {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(payload[end+2:]))
	if err != nil {
		return nil
	}
	icc, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	if err != nil || len(icc) > limit {
		return nil
	}
	return icc
}

func assemblePNG(header []byte, kept [][]byte, icc []byte, orientation int) []byte {
	size := 256 + len(header) + len(icc)
	for _, k := range kept {
		size += len(k)
	}
	out := append(make([]byte, 0, size), pngSignature...)
	out = append(out, header...)
	if icc != nil {
		out = AppendPNGProfile(out, icc)
	}
	if orientation != 1 {
		out = appendChunk(out, "eXIf", exif.Minimal(orientation))
	}
	for _, k := range kept {
		out = append(out, k...)
	}
	return out
}

// AppendPNGProfile appends the iCCP chunk that holds an ICC profile.
func AppendPNGProfile(out, icc []byte) []byte {
	var b bytes.Buffer
	b.WriteString("ICC\x00\x00")
	z := zlib.NewWriter(&b)
	z.Write(icc) // a bytes.Buffer takes everything
	z.Close()
	return appendChunk(out, "iCCP", b.Bytes())
}

func appendChunk(out []byte, name string, payload []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(payload)))
	start := len(out)
	out = append(append(out, name...), payload...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}
