package strip

import (
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

const hevcConfigureSize = 22

// isSlice and isParameters go by the types of network abstraction layer units (ITU-T H.265, table 7-1). Besides there
// are messages (39 and 40), filler and the like, which no decoder needs for one picture, and reserved types.
func isSlice(nal []byte) bool {
	kind := nal[0] >> 1 & 63
	return isBase(nal) && (kind <= 9 || kind >= 16 && kind <= 21)
}

func isParameters(nal []byte) bool {
	kind := nal[0] >> 1 & 63
	return isBase(nal) && kind >= 32 && kind <= 34
}

// isBase tells whether a unit belongs to the base layer.
func isBase(nal []byte) bool { return nal[0]&0x81 == 0 && nal[1]>>3 == 0 }

// hevcConfiguration cleans an HEVC decoder configuration (ISO/IEC 14496-15, section 8.3.3.1): it keeps parameters only.
// It returns it as a box, and what cleans the data of a picture that has it.
func hevcConfiguration(b []byte) (box []byte, clean func([]byte) ([]byte, error), err error) {
	c := &bmff.Cursor{Data: b}
	out := append([]byte(nil), c.Bytes(hevcConfigureSize)...)
	if c.Short {
		return nil, nil, ErrTruncated
	}
	lengthSize := int(out[21]&3) + 1
	arrays, kept := c.Uint(1), byte(0)
	var units []byte
	for range arrays {
		kind, count := c.Uint(1), c.Uint(2)
		array, n := []byte(nil), 0
		for range count {
			size := int(c.Uint(2))
			nal := c.Bytes(size)
			if c.Short {
				return nil, nil, ErrTruncated
			}
			if size < 2 || uint64(nal[0]>>1&63) != kind&63 {
				return nil, nil, fmt.Errorf("HEVC parameters: %w", ErrMalformed)
			}
			if isParameters(nal) {
				array = append(append(array, byte(size>>8), byte(size)), nal...)
				n++
			}
		}
		if n > 0 {
			units = append(append(units, byte(kind&^0x40), byte(n>>8), byte(n)), array...)
			kept++
		}
	}
	if c.Short {
		return nil, nil, ErrTruncated
	}
	box = appendBox(nil, "hvcC", out, []byte{kept}, units)
	return box, func(data []byte) ([]byte, error) { return cleanHEVC(data, lengthSize) }, nil
}

// cleanHEVC keeps the parameters and slices of one picture.
func cleanHEVC(data []byte, lengthSize int) ([]byte, error) {
	out := make([]byte, 0, len(data))
	pictures := 0
	c := &bmff.Cursor{Data: data}
	for len(c.Data) > 0 {
		whole := c.Data
		size := c.Uint(lengthSize)
		if c.Short || size > uint64(len(c.Data)) {
			return nil, ErrTruncated
		}
		nal := c.Bytes(int(size))
		if size < 2 {
			return nil, fmt.Errorf("an HEVC unit of %d bytes: %w", size, ErrMalformed)
		}
		switch {
		case isSlice(nal):
			if size > 2 && nal[2]&0x80 != 0 { // the first slice of a picture
				pictures++
			}
		case !isParameters(nal):
			continue
		}
		out = append(out, whole[:lengthSize+int(size)]...)
	}
	return out, onePicture(pictures)
}

// onePicture refuses data with another picture behind the one that is seen.
func onePicture(n int) error {
	if n != 1 {
		return fmt.Errorf("%d pictures in the place of one: %w", n, ErrUnsupported)
	}
	return nil
}

// Types of open bitstream units (AV1 Bitstream & Decoding Process Specification, section 6.2.2). Those that are left out
// are metadata, padding, and what is reserved.
const (
	obuSequence       = 1
	obuDelimiter      = 2
	obuFrameHeader    = 3
	obuTileGroup      = 4
	obuFrame          = 6
	obuRedundantFrame = 7

	av1ConfigureSize = 4
)

// av1Configuration cleans an AV1 decoder configuration (AV1 Codec ISO Media File Format Binding, section 2.3) and returns
// it as a box, and what cleans the data of a picture that has it.
func av1Configuration(b []byte) (box []byte, clean func([]byte) ([]byte, error), err error) {
	if len(b) < av1ConfigureSize {
		return nil, nil, ErrTruncated
	}
	units, err := cleanAV1(b[av1ConfigureSize:], func(kind byte, _ uint64) bool { return kind == obuSequence })
	if err != nil {
		return nil, nil, err
	}
	return appendBox(nil, "av1C", b[:av1ConfigureSize], units), cleanAV1Picture, nil
}

// cleanAV1Picture keeps the parameters and tiles of one picture.
func cleanAV1Picture(data []byte) ([]byte, error) {
	pictures := 0
	out, err := cleanAV1(data, func(kind byte, size uint64) bool {
		switch kind {
		case obuDelimiter:
			return size == 0
		case obuFrame, obuFrameHeader:
			pictures++
		case obuSequence, obuTileGroup, obuRedundantFrame:
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, onePicture(pictures)
}

// cleanAV1 keeps the units that are to be kept by their type and the size of what they hold (section 5.3).
func cleanAV1(data []byte, keep func(kind byte, size uint64) bool) ([]byte, error) {
	out := make([]byte, 0, len(data))
	c := &bmff.Cursor{Data: data}
	for len(c.Data) > 0 {
		whole := c.Data
		header := c.Uint(1)
		if header&0x80 != 0 {
			return nil, fmt.Errorf("an AV1 unit: %w", ErrMalformed)
		}
		if header&4 != 0 {
			c.Uint(1) // layers
		}
		size := uint64(len(c.Data))
		if header&2 != 0 {
			size = leb128(c)
		}
		if c.Short || size > uint64(len(c.Data)) {
			return nil, ErrTruncated
		}
		c.Bytes(int(size))
		if keep(byte(header>>3&15), size) {
			out = append(out, whole[:len(whole)-len(c.Data)]...)
		}
	}
	return out, nil
}

// leb128 reads a number of up to 8 groups of 7 bits, the lowest first (section 4.10.5).
func leb128(c *bmff.Cursor) (v uint64) {
	for n := range 8 {
		b := c.Uint(1)
		v |= b & 0x7f << (7 * n)
		if b&0x80 == 0 {
			return v
		}
	}
	c.Short = true
	return 0
}
