// Package heif reads HEIC and AVIF photos: their boxes in Go, their pixels with libheif and libde265, or libavif and
// libaom, compiled to WebAssembly, so that a flaw in those decoders reaches nothing outside of the instance it runs in.
package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Every error of this package wraps one of these, or is the context's.
var (
	ErrMalformed   = errors.New("heif: the file is malformed")
	ErrTruncated   = errors.New("heif: the file ends too early")
	ErrDecode      = errors.New("heif: the picture does not decode")
	ErrUnavailable = errors.New("heif: this build has no decoder")
)

// Codec is how the pixels of a picture are coded.
type Codec string

// The codecs that there are decoders for, by the type of an item that one has coded.
const (
	HEVC Codec = "hvc1" // HEIC
	AV1  Codec = "av01" // AVIF
)

const maxBoxes = 10_000 // a photo of 48 megapixels in tiles has some 200

// box is an ISO base media box.
type box struct {
	name string
	data []byte
}

// reader hands out boxes and counts them.
type reader struct{ boxes int }

// each calls do with every box in data.
func (r *reader) each(data []byte, do func(box) error) error {
	for len(data) > 0 {
		if r.boxes++; r.boxes > maxBoxes {
			return fmt.Errorf("%w: more than %d boxes", ErrMalformed, maxBoxes)
		}
		if len(data) < 8 {
			return ErrTruncated
		}
		size, head := int64(binary.BigEndian.Uint32(data)), int64(8)
		switch size {
		case 0: // to the end
			size = int64(len(data))
		case 1:
			if len(data) < 16 {
				return ErrTruncated
			}
			size, head = int64(binary.BigEndian.Uint64(data[8:])), 16
		}
		if size < head {
			return fmt.Errorf("%w: box of %d bytes", ErrMalformed, size)
		}
		if size > int64(len(data)) {
			return ErrTruncated
		}
		if err := do(box{string(data[4:8]), data[head:size]}); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

// meta is what the meta box says, by item.
type meta struct {
	primary    uint32
	types      map[uint32]string   // of the items
	derived    map[uint32][]uint32 // what an item is made of, by its dimg references
	properties []box               // of ipco, numbered from 1
	assigned   map[uint32][]int    // item -> properties
	located    map[uint32]location
	idat       []byte
}

// location is where the data of an item lies: in parts of the file or, in the meta box, of idat.
type location struct {
	method  int // 0 file, 1 idat
	extents [][2]uint64
}

// maxExtents bounds the parts of all items together.
const maxExtents = 100_000

// ParseInfo reads the boxes of a file.
func ParseInfo(data []byte) (*Info, error) {
	m, err := readMeta(data)
	if err != nil {
		return nil, err
	}
	return m.info(data)
}

// CodecOf tells how the primary picture of a file is coded, "" when its boxes do not say.
func CodecOf(data []byte) Codec {
	m, err := readMeta(data)
	if err != nil && m == nil {
		return ""
	}
	return m.codec()
}

// readMeta reads the first meta box. With an error that lies behind it, it returns what was read.
func readMeta(data []byte) (*meta, error) {
	r := &reader{}
	var m *meta
	err := r.each(data, func(b box) error {
		if b.name != "meta" || m != nil {
			return nil
		}
		m = &meta{types: map[uint32]string{}, derived: map[uint32][]uint32{},
			assigned: map[uint32][]int{}, located: map[uint32]location{}}
		if len(b.data) < 4 {
			return ErrTruncated
		}
		return r.each(b.data[4:], func(b box) error { return m.child(r, b) })
	})
	if err == nil && m == nil {
		err = fmt.Errorf("%w: no meta box", ErrMalformed)
	}
	return m, err
}

// codec is that of the primary item, or of the first it is made of.
func (m *meta) codec() Codec {
	kind := m.types[m.primary]
	if tiles := m.derived[m.primary]; kind == "grid" && len(tiles) > 0 {
		kind = m.types[tiles[0]]
	}
	switch c := Codec(kind); c {
	case HEVC, AV1:
		return c
	}
	return ""
}

func (m *meta) child(r *reader, b box) error {
	c := &cursor{data: b.data}
	switch b.name {
	case "pitm":
		m.primary = uint32(c.uint(idSize(int(c.fullBox()), 0)))
		return c.err()
	case "iinf":
		return m.infos(r, c)
	case "iloc":
		return m.locations(c)
	case "iref":
		return m.references(r, c)
	case "idat":
		m.idat = b.data
	case "iprp":
		return r.each(b.data, func(b box) error {
			switch b.name {
			case "ipco":
				return r.each(b.data, func(b box) error { m.properties = append(m.properties, b); return nil })
			case "ipma":
				return m.associations(&cursor{data: b.data})
			}
			return nil
		})
	}
	return nil
}

// idSize is the size of an item number in a full box: 2 bytes, or 4 from version first+1 on.
func idSize(version, last int) int {
	if version > last {
		return 4
	}
	return 2
}

// infos reads the types of the items (ISO/IEC 14496-12, section 8.11.6).
func (m *meta) infos(r *reader, c *cursor) error {
	c.uint(idSize(int(c.fullBox()), 0))
	if err := c.err(); err != nil {
		return err
	}
	return r.each(c.data, func(b box) error {
		e := &cursor{data: b.data}
		version := int(e.fullBox())
		id := uint32(e.uint(idSize(version, 2)))
		e.uint(2) // protection
		if kind := string(e.bytes(4)); b.name == "infe" && version >= 2 && !e.short {
			m.types[id] = kind
		}
		return nil
	})
}

// references reads which items a grid is made of (section 8.11.12).
func (m *meta) references(r *reader, c *cursor) error {
	size := idSize(int(c.fullBox()), 0)
	if err := c.err(); err != nil {
		return err
	}
	return r.each(c.data, func(b box) error {
		e := &cursor{data: b.data}
		from := uint32(e.uint(size))
		count := e.uint(2)
		if b.name != "dimg" {
			return nil
		}
		for range count {
			m.derived[from] = append(m.derived[from], uint32(e.uint(size)))
			if e.short {
				return ErrTruncated
			}
		}
		return e.err()
	})
}

// locations reads iloc (section 8.11.3).
func (m *meta) locations(c *cursor) error {
	version := int(c.fullBox())
	sizes := c.uint(2)
	offsetSize, lengthSize, baseSize := int(sizes>>12&15), int(sizes>>8&15), int(sizes>>4&15)
	indexSize := 0
	if version > 0 {
		indexSize = int(sizes & 15)
	}
	count, total := c.uint(idSize(version, 1)), uint64(0)
	for range min(count, maxBoxes) {
		id := uint32(c.uint(idSize(version, 1)))
		l := location{}
		if version > 0 {
			l.method = int(c.uint(2) & 15)
		}
		c.uint(2) // data reference
		base := c.uint(baseSize)
		extents := c.uint(2)
		if total += extents; total > maxExtents {
			return fmt.Errorf("%w: more than %d extents", ErrMalformed, maxExtents)
		}
		for range extents {
			c.uint(indexSize)
			l.extents = append(l.extents, [2]uint64{base + c.uint(offsetSize), c.uint(lengthSize)})
			if c.short {
				return ErrTruncated
			}
		}
		m.located[id] = l
	}
	return c.err()
}

// item returns the data of an item, nil when it lies outside of the file.
func (m *meta) item(file []byte, id uint32) []byte {
	l := m.located[id]
	from := file
	switch l.method {
	case 0:
	case 1:
		from = m.idat
	default:
		return nil
	}
	var out []byte
	for i, e := range l.extents {
		if e[0] > uint64(len(from)) || e[1] > uint64(len(from))-e[0] || uint64(len(out))+e[1] > uint64(len(file)) {
			return nil
		}
		part := from[e[0] : e[0]+e[1]]
		if i == 0 && len(l.extents) == 1 {
			return part
		}
		out = append(out, part...)
	}
	return out
}

// associations reads ipma (ISO/IEC 23008-12, section 9.3.1).
func (m *meta) associations(c *cursor) error {
	full := c.full()
	version, wide := int(full>>24), full&1 == 1
	count := c.uint(4)
	for range min(count, maxBoxes) {
		id := uint32(c.uint(idSize(version, 0)))
		for range c.uint(1) {
			if wide {
				m.assigned[id] = append(m.assigned[id], int(c.uint(2)&0x7fff))
			} else {
				m.assigned[id] = append(m.assigned[id], int(c.uint(1)&0x7f))
			}
		}
		if c.short {
			return ErrTruncated
		}
	}
	return c.err()
}

// cursor reads big-endian numbers; past the end it returns zeros and remembers.
type cursor struct {
	data  []byte
	short bool
}

func (c *cursor) bytes(n int) []byte {
	if n > len(c.data) {
		c.short, c.data = true, nil
		return make([]byte, n)
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

// uint reads a number of n bytes, 0 to 15.
func (c *cursor) uint(n int) (v uint64) {
	for _, b := range c.bytes(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// full reads the version and flags of a full box; fullBox returns the version alone.
func (c *cursor) full() uint64    { return c.uint(4) }
func (c *cursor) fullBox() uint64 { return c.uint(4) >> 24 }

func (c *cursor) err() error {
	if c.short {
		return ErrTruncated
	}
	return nil
}
