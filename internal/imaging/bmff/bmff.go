// Package bmff reads the boxes of ISO base media files (ISO/IEC 14496-12) and, of those that hold pictures (ISO/IEC
// 23008-12, HEIF), the items that their meta box describes. It says what is written there; what may be made of it, its
// callers decide.
package bmff

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Every error of this package wraps ErrMalformed or ErrTruncated; one about too many boxes wraps ErrTooMany as well.
var (
	ErrMalformed = errors.New("bmff: the file is malformed")
	ErrTruncated = errors.New("bmff: the file ends too early")
	ErrTooMany   = errors.New("bmff: too many boxes")
)

// MaxBoxes is how many boxes a Reader takes by default; a photo of 48 megapixels in tiles has some 200.
const MaxBoxes = 10_000

// Box is a box: its four-character type and what it holds, without the header.
type Box struct {
	Name string
	Data []byte
}

// Reader hands out boxes and counts them.
type Reader struct {
	Max   int // boxes of all levels together; 0 means MaxBoxes
	boxes int
}

// Next returns the first box in data and what follows it.
func (r *Reader) Next(data []byte) (b Box, rest []byte, err error) {
	limit := r.Max
	if limit == 0 {
		limit = MaxBoxes
	}
	if r.boxes++; r.boxes > limit {
		return b, nil, fmt.Errorf("%w: %w than %d", ErrMalformed, ErrTooMany, limit)
	}
	if len(data) < 8 {
		return b, nil, ErrTruncated
	}
	size, head := int64(binary.BigEndian.Uint32(data)), int64(8)
	switch size {
	case 0: // to the end
		size = int64(len(data))
	case 1:
		if len(data) < 16 {
			return b, nil, ErrTruncated
		}
		size, head = int64(binary.BigEndian.Uint64(data[8:])), 16
	}
	if size < head {
		return b, nil, fmt.Errorf("%w: box of %d bytes", ErrMalformed, size)
	}
	if size > int64(len(data)) {
		return b, nil, ErrTruncated
	}
	return Box{string(data[4:8]), data[head:size]}, data[size:], nil
}

// Each calls do with every box in data.
func (r *Reader) Each(data []byte, do func(Box) error) error {
	for len(data) > 0 {
		b, rest, err := r.Next(data)
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

// Cursor reads big-endian numbers; past the end it returns zeros and remembers.
type Cursor struct {
	Data  []byte // what has not been read yet
	Short bool   // more was asked for than there was
}

// Bytes reads n bytes.
func (c *Cursor) Bytes(n int) []byte {
	if n > len(c.Data) {
		c.Short, c.Data = true, nil
		return make([]byte, n)
	}
	b := c.Data[:n]
	c.Data = c.Data[n:]
	return b
}

// Uint reads a number of n bytes; of more than 8, what is left of it are the last 8.
func (c *Cursor) Uint(n int) (v uint64) {
	for _, b := range c.Bytes(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// Full reads the version and the flags of a full box.
func (c *Cursor) Full() (version int, flags uint64) {
	v := c.Uint(4)
	return int(v >> 24), v & 0xffffff
}

// Err is ErrTruncated when more was read than there was.
func (c *Cursor) Err() error {
	if c.Short {
		return ErrTruncated
	}
	return nil
}
