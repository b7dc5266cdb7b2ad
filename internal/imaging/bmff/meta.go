package bmff

import (
	"encoding/binary"
	"fmt"
)

// Meta is what a meta box says.
type Meta struct {
	Primary    uint32      // number of the primary item
	Items      []*Item     // in the order in which the boxes first name them
	References []Reference // in order
	Properties []Box       // of ipco; associations number them from 1
	Other      []Box       // boxes that are not read here

	byID     map[uint32]*Item
	idat     []byte
	extents  uint64 // of all items
	referred uint64 // items in all references
}

// Item is one of the things a file is made of: a picture, EXIF, …
type Item struct {
	ID         uint32
	Type       string // "hvc1", "grid", "Exif", …; "" when no entry of iinf says it
	Info       []byte // what the entry holds besides: a name, for "mime" a media type
	Protected  bool   // it is encrypted or the like
	Properties []Association

	Method    int         // how its extents are meant: 0 in the file, 1 in the idat box, 2 in other items
	Reference int         // 0 when the data lies in this file
	Extents   [][2]uint64 // offset and length, in bytes
}

// Association is a property that an item has.
type Association struct {
	Number    int  // from 1
	Essential bool // who does not know the property must not show the item
}

// Reference is what one item has to do with others.
type Reference struct {
	Kind string // "dimg" made of, "thmb" thumbnail of, "auxl" auxiliary to, "cdsc" describes, "prem" premultiplied by
	From uint32
	To   []uint32
}

const (
	maxItems      = MaxBoxes
	maxExtents    = 100_000 // of all items together
	maxReferences = 100_000 // items in all references together
	maxProperties = 255     // of an item; ipma counts them in a byte
)

// ParseMeta reads what a meta box holds, with a Reader that has come upon it.
func ParseMeta(r *Reader, data []byte) (*Meta, error) {
	if len(data) < 4 {
		return nil, ErrTruncated
	}
	m := &Meta{byID: map[uint32]*Item{}}
	if err := r.Each(data[4:], func(b Box) error { return m.child(r, b) }); err != nil {
		return nil, err
	}
	return m, nil
}

// Item returns an item, nil when there is none of that number.
func (m *Meta) Item(id uint32) *Item { return m.byID[id] }

// item returns an item, a new one when there is none of that number.
func (m *Meta) item(id uint32) (*Item, error) {
	i := m.byID[id]
	if i == nil {
		if len(m.Items) == maxItems {
			return nil, fmt.Errorf("%w: more than %d items", ErrMalformed, maxItems)
		}
		i = &Item{ID: id}
		m.byID[id] = i
		m.Items = append(m.Items, i)
	}
	return i, nil
}

func (m *Meta) child(r *Reader, b Box) error {
	c := &Cursor{Data: b.Data}
	switch b.Name {
	case "pitm":
		version, _ := c.Full()
		m.Primary = uint32(c.Uint(idSize(version, 0)))
		return c.Err()
	case "iinf":
		return m.infos(r, c)
	case "iloc":
		return m.locations(c)
	case "iref":
		return m.references(r, c)
	case "idat":
		m.idat = b.Data
	case "iprp":
		return r.Each(b.Data, func(b Box) error {
			switch b.Name {
			case "ipco":
				return r.Each(b.Data, func(b Box) error { m.Properties = append(m.Properties, b); return nil })
			case "ipma":
				return m.associations(&Cursor{Data: b.Data})
			}
			m.Other = append(m.Other, b)
			return nil
		})
	default:
		m.Other = append(m.Other, b)
	}
	return nil
}

// idSize is the size of an item number in a full box: 2 bytes, or 4 from version last+1 on.
func idSize(version, last int) int {
	if version > last {
		return 4
	}
	return 2
}

// infos reads the types of the items (ISO/IEC 14496-12, section 8.11.6).
func (m *Meta) infos(r *Reader, c *Cursor) error {
	version, _ := c.Full()
	c.Uint(idSize(version, 0))
	if err := c.Err(); err != nil {
		return err
	}
	return r.Each(c.Data, func(b Box) error {
		e := &Cursor{Data: b.Data}
		version, _ := e.Full()
		id := uint32(e.Uint(idSize(version, 2)))
		protection := e.Uint(2)
		if kind := string(e.Bytes(4)); b.Name == "infe" && version >= 2 && !e.Short {
			i, err := m.item(id)
			if err != nil {
				return err
			}
			i.Type, i.Info, i.Protected = kind, e.Data, protection != 0
		}
		return nil
	})
}

// references reads which items belong together (section 8.11.12).
func (m *Meta) references(r *Reader, c *Cursor) error {
	version, _ := c.Full()
	size := idSize(version, 0)
	if err := c.Err(); err != nil {
		return err
	}
	return r.Each(c.Data, func(b Box) error {
		e := &Cursor{Data: b.Data}
		ref := Reference{Kind: b.Name, From: uint32(e.Uint(size))}
		count := e.Uint(2)
		if m.referred += count; m.referred > maxReferences {
			return fmt.Errorf("%w: more than %d references", ErrMalformed, maxReferences)
		}
		for range count {
			ref.To = append(ref.To, uint32(e.Uint(size)))
			if e.Short {
				return ErrTruncated
			}
		}
		m.References = append(m.References, ref)
		return e.Err()
	})
}

// locations reads where the data of the items lies (section 8.11.3).
func (m *Meta) locations(c *Cursor) error {
	version, _ := c.Full()
	sizes := c.Uint(2)
	offsetSize, lengthSize, baseSize := int(sizes>>12&15), int(sizes>>8&15), int(sizes>>4&15)
	indexSize := 0
	if version > 0 {
		indexSize = int(sizes & 15)
	}
	for range c.Uint(idSize(version, 1)) {
		i, err := m.item(uint32(c.Uint(idSize(version, 1))))
		if err != nil {
			return err
		}
		i.Method, i.Extents = 0, nil
		if version > 0 {
			i.Method = int(c.Uint(2) & 15)
		}
		i.Reference = int(c.Uint(2))
		base := c.Uint(baseSize)
		extents := c.Uint(2)
		if m.extents += extents; m.extents > maxExtents {
			return fmt.Errorf("%w: more than %d extents", ErrMalformed, maxExtents)
		}
		for range extents {
			c.Uint(indexSize)
			i.Extents = append(i.Extents, [2]uint64{base + c.Uint(offsetSize), c.Uint(lengthSize)})
			if c.Short {
				return ErrTruncated
			}
		}
		if c.Short {
			return ErrTruncated
		}
	}
	return c.Err()
}

// associations reads which items have which properties (ISO/IEC 23008-12, section 9.3.1).
func (m *Meta) associations(c *Cursor) error {
	version, flags := c.Full()
	size := 1 + int(flags&1)
	essential := uint64(0x80) << (8 * (size - 1))
	for range c.Uint(4) {
		i, err := m.item(uint32(c.Uint(idSize(version, 0))))
		if err != nil {
			return err
		}
		count := c.Uint(1)
		if uint64(len(i.Properties))+count > maxProperties {
			return fmt.Errorf("%w: more than %d properties of an item", ErrMalformed, maxProperties)
		}
		for range count {
			v := c.Uint(size)
			i.Properties = append(i.Properties, Association{int(v &^ essential), v&essential != 0})
		}
		if c.Short {
			return ErrTruncated
		}
	}
	return c.Err()
}

// Property returns the property of an association, which may have none.
func (m *Meta) Property(a Association) (b Box, ok bool) {
	if a.Number < 1 || a.Number > len(m.Properties) {
		return Box{}, false
	}
	return m.Properties[a.Number-1], true
}

// Data returns the data of an item, nil when it lies outside of the file or in other items. It may share memory with
// file.
func (m *Meta) Data(file []byte, i *Item) []byte {
	from := file
	switch i.Method {
	case 0:
	case 1:
		from = m.idat
	default:
		return nil
	}
	var out []byte
	for n, e := range i.Extents {
		if e[0] > uint64(len(from)) || e[1] > uint64(len(from))-e[0] || uint64(len(out))+e[1] > uint64(len(file)) {
			return nil
		}
		part := from[e[0] : e[0]+e[1]]
		if n == 0 && len(i.Extents) == 1 {
			return part
		}
		out = append(out, part...)
	}
	return out
}

// Exif returns the TIFF structure of the first EXIF item, nil without one. The item begins with the offset of its start
// (ISO/IEC 23008-12, A.2.1).
func (m *Meta) Exif(file []byte) []byte {
	for _, i := range m.Items {
		if i.Type != "Exif" {
			continue
		}
		data := m.Data(file, i)
		if len(data) < 4 {
			return nil
		}
		skip := uint64(binary.BigEndian.Uint32(data)) + 4
		if skip > uint64(len(data)) {
			return nil
		}
		return data[skip:]
	}
	return nil
}
