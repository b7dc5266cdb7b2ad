// Package tiff knows of TIFF files what golang.org/x/image/tiff does not: it decodes those whose strips or tiles are JPEG
// streams, and names what is in those that neither can decode. References are to TIFF 6.0; compression 7 is that of
// Adobe's TIFF Technical Note 2, which replaced section 22.
package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Every error of this package wraps one of these or one of package jpeg, or is the context's.
var (
	ErrMalformed   = errors.New("tiff: malformed")
	ErrTruncated   = errors.New("tiff: data ends too early")
	ErrUnsupported = errors.New("tiff: variety not known here")
)

// The tags that say how a picture is stored (section 8; JPEGTables: Technical Note 2).
const (
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagStripOffsets    = 273
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagT4Options       = 292
	tagPlanar          = 284
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
)

const entrySize = 12

// File is a TIFF file with its first directory, which is the picture that counts.
type File struct {
	Width, Height int // in pixels, as they are stored

	data    []byte
	order   binary.ByteOrder
	entries map[int][]byte // 12 bytes each
}

// Open reads the first directory of a file. No picture is decoded, and nothing is held against a limit.
func Open(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, ErrTruncated
	}
	f := &File{data: data, entries: map[int][]byte{}}
	switch string(data[:4]) {
	case "II*\x00":
		f.order = binary.LittleEndian
	case "MM\x00*":
		f.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%w: signature", ErrMalformed)
	}
	at := int64(f.order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return nil, ErrTruncated
	}
	n := int64(f.order.Uint16(data[at:]))
	if at += 2; at+n*entrySize > int64(len(data)) {
		return nil, ErrTruncated
	}
	for ; n > 0; n, at = n-1, at+entrySize {
		e := data[at : at+entrySize]
		if tag := int(f.order.Uint16(e)); f.entries[tag] == nil {
			f.entries[tag] = e
		}
	}
	f.Width, f.Height = f.number(tagWidth, 0), f.number(tagHeight, 0)
	return f, nil
}

// sizes are those of a value, in bytes, by its type (section 2); only those types matter here.
var sizes = map[uint16]int64{1: 1, 3: 2, 4: 4, 7: 1} // byte, short, long, undefined

// raw returns the values of a tag as they are stored, none when it is not there or is of another type.
func (f *File) raw(tag int) (values []byte, size int64, err error) {
	e := f.entries[tag]
	if e == nil {
		return nil, 1, nil
	}
	if size = sizes[f.order.Uint16(e[2:])]; size == 0 {
		return nil, 1, fmt.Errorf("%w: type of tag %d", ErrMalformed, tag)
	}
	n := size * int64(f.order.Uint32(e[4:]))
	if n <= 4 {
		return e[8 : 8+n], size, nil
	}
	at := int64(f.order.Uint32(e[8:]))
	if at+n > int64(len(f.data)) {
		return nil, size, ErrTruncated
	}
	return f.data[at : at+n], size, nil
}

// numbers returns the first values of a tag, at most limit.
func (f *File) numbers(tag, limit int) ([]int, error) {
	raw, size, err := f.raw(tag)
	if err != nil {
		return nil, err
	}
	list := make([]int, min(len(raw)/int(size), limit))
	for i := range list {
		switch b := raw[i*int(size):]; size {
		case 1:
			list[i] = int(b[0])
		case 2:
			list[i] = int(f.order.Uint16(b))
		default: // past what an int of 32 bits holds nothing is right
			list[i] = int(min(f.order.Uint32(b), math.MaxInt32))
		}
	}
	return list, nil
}

// number returns the first value of a tag, or what it is without one.
func (f *File) number(tag, otherwise int) int {
	if list, err := f.numbers(tag, 1); err == nil && len(list) > 0 {
		return list[0]
	}
	return otherwise
}
