package strip

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/exif"
)

// Markers of ITU-T T.81, table B.1.
const (
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDHT  = 0xc4
	markerDAC  = 0xcc
	markerDQT  = 0xdb
	markerDNL  = 0xdc
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerAPP1 = 0xe1
	markerAPP2 = 0xe2
	markerAPPD = 0xed
	markerAPPE = 0xee
	markerAPPF = 0xef
	markerCOM  = 0xfe
)

const (
	exifHeader  = "Exif\x00\x00"
	iccHeader   = "ICC_PROFILE\x00"
	xmpHeader   = "http://ns.adobe.com/x"
	adobeHeader = "Adobe"
	maxICCPart  = 65533 - len(iccHeader) - 2 // a segment's length field counts itself and is 16 bits
)

// jpegFile collects what JPEG meets.
type jpegFile struct {
	*File
	jfif     bool
	kept     [][]byte // whole segments and scans, in order, after SOI and before EOI
	iccParts map[byte][]byte
	iccCount byte
	scans    int
}

// JPEG takes a JPEG file apart. It keeps the tables, frame and scan headers, restart intervals and the entropy-coded
// data, and reduces the JFIF and Adobe segments to what decides the colour space.
func JPEG(data []byte, limits Limits) (*File, error) {
	if len(data) < 2 || data[0] != 0xff || data[1] != markerSOI {
		return nil, fmt.Errorf("no start of image: %w", ErrMalformed)
	}
	f := &jpegFile{File: newFile(limits), iccParts: map[byte][]byte{}}
	end, err := f.walk(data)
	if err != nil {
		return nil, err
	}
	if f.scans == 0 {
		return nil, fmt.Errorf("no picture in the JPEG: %w", ErrMalformed)
	}
	f.removeTrailing(data[end:])
	f.joinICC()
	f.build = f.assemble
	return f.File, nil
}

// walk goes through the segments and returns the offset behind the end-of-image marker.
func (f *jpegFile) walk(data []byte) (end int, err error) {
	at := 2
	for {
		if err := f.part(); err != nil {
			return 0, err
		}
		skipped := bytes.IndexByte(data[at:], 0xff)
		if skipped < 0 {
			return 0, ErrTruncated
		}
		if skipped > 0 {
			if err := f.remove("stray bytes", skipped); err != nil {
				return 0, err
			}
			at += skipped
		}
		for at < len(data) && data[at] == 0xff { // any number of fill bytes may precede a marker: T.81, B.1.1.2
			at++
		}
		if at == len(data) {
			return 0, ErrTruncated
		}
		marker := data[at]
		at++
		if marker == markerEOI {
			return at, nil
		}
		if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd7 {
			continue // no segment follows; outside of a scan it means nothing
		}
		if marker < 0xc0 || marker == markerSOI || marker > markerAPPF && marker != markerCOM {
			return 0, fmt.Errorf("JPEG marker %#x: %w", marker, ErrMalformed)
		}
		if len(data)-at < 2 {
			return 0, ErrTruncated
		}
		n := int(binary.BigEndian.Uint16(data[at:]))
		if n < 2 {
			return 0, fmt.Errorf("JPEG segment of length %d: %w", n, ErrMalformed)
		}
		if len(data)-at < n {
			return 0, ErrTruncated
		}
		next := at + n
		if marker == markerSOS {
			if f.scans++; f.scans > f.limits.Scans {
				return 0, fmt.Errorf("more than %d scans: %w", f.limits.Scans, ErrTooMuch)
			}
			next = endOfScan(data, next)
		}
		if err := f.segment(marker, data[at+2:at+n], data[at:next]); err != nil {
			return 0, err
		}
		at = next
	}
}

// endOfScan returns the offset of the first marker at or after at that does not belong to entropy-coded data.
func endOfScan(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i
		if next := data[at+1]; next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7) {
			return at
		}
		at++ // a stuffed zero, a fill byte or a restart: look again from the next byte
	}
}

// segment keeps or drops one segment. whole is the segment from its length field on, with the data of its scan.
func (f *jpegFile) segment(marker byte, payload, whole []byte) error {
	switch {
	case marker == markerAPP0 && bytes.HasPrefix(payload, []byte("JFIF\x00")) && len(payload) >= 14:
		f.jfif = true
		if len(payload) > 14 {
			return f.remove("thumbnail", len(payload)-14)
		}
		return nil
	case marker == markerAPP1 && bytes.HasPrefix(payload, []byte(exifHeader)):
		if f.Exif == nil {
			f.Exif = payload[len(exifHeader):]
			f.Orientation = exif.Orientation(f.Exif)
		}
		return f.remove("EXIF", len(payload))
	case marker == markerAPP2 && bytes.HasPrefix(payload, []byte(iccHeader)) && len(payload) > len(iccHeader)+2:
		rest := payload[len(iccHeader):]
		f.iccParts[rest[0]], f.iccCount = rest[2:], rest[1]
		if f.metadata += len(payload); f.metadata > f.limits.Metadata {
			return fmt.Errorf("more than %d bytes of metadata: %w", f.limits.Metadata, ErrTooMuch)
		}
		return nil
	case marker == markerAPPE && bytes.HasPrefix(payload, []byte(adobeHeader)) && len(payload) >= 12:
		f.kept = append(f.kept, []byte{0xff, marker, 0, 14}, payload[:12])
		return nil
	case marker >= markerAPP0 && marker <= markerAPPF || marker == markerCOM:
		return f.remove(jpegName(marker, payload), len(payload))
	}
	f.kept = append(f.kept, []byte{0xff, marker}, whole)
	return nil
}

func jpegName(marker byte, payload []byte) string {
	switch {
	case marker == markerCOM:
		return "comment"
	case marker == markerAPP0 && bytes.HasPrefix(payload, []byte("JFXX\x00")):
		return "thumbnail"
	case marker == markerAPP1 && bytes.HasPrefix(payload, []byte(xmpHeader)):
		return "XMP"
	case marker == markerAPP2 && bytes.HasPrefix(payload, []byte("MPF\x00")):
		return "MPF"
	case marker == markerAPPD && bytes.HasPrefix(payload, []byte("Photoshop ")):
		return "IPTC"
	}
	return fmt.Sprintf("APP%d", marker-markerAPP0)
}

// joinICC puts the numbered parts of the profile together (ICC.1:2022, B.4); an incomplete profile is no profile.
func (f *jpegFile) joinICC() {
	var icc []byte
	for i := range int(f.iccCount) {
		part, ok := f.iccParts[byte(i+1)]
		if !ok {
			return
		}
		icc = append(icc, part...)
	}
	f.ICC = icc
}

func (f *jpegFile) assemble(icc []byte, orientation int) []byte {
	size := 256 + len(icc) + len(icc)/maxICCPart*32
	for _, k := range f.kept {
		size += len(k)
	}
	out := make([]byte, 0, size)
	out = append(out, 0xff, markerSOI)
	if f.jfif { // version 1.1, square pixels, no thumbnail
		out = append(out, "\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"...)
	}
	if orientation != 1 {
		out = appendSegment(out, markerAPP1, []byte(exifHeader), exif.Minimal(orientation))
	}
	out = AppendJPEGProfile(out, icc)
	for _, k := range f.kept {
		out = append(out, k...)
	}
	return append(out, 0xff, markerEOI)
}

// AppendJPEGProfile appends the APP2 segments that hold an ICC profile. A profile of more than 255 segments (16.7 MB)
// is left out.
func AppendJPEGProfile(out, icc []byte) []byte {
	count := (len(icc) + maxICCPart - 1) / maxICCPart
	if count > 255 {
		return out
	}
	for i := range count {
		part := icc[i*maxICCPart : min(len(icc), (i+1)*maxICCPart)]
		out = appendSegment(out, markerAPP2, []byte(iccHeader), []byte{byte(i + 1), byte(count)}, part)
	}
	return out
}

func appendSegment(out []byte, marker byte, parts ...[]byte) []byte {
	n := 2
	for _, p := range parts {
		n += len(p)
	}
	out = append(out, 0xff, marker, byte(n>>8), byte(n))
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
