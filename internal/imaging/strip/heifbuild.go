package strip

import "encoding/binary"

// assemble writes the file: what it is, its items, their data. An orientation is not written: what turns a picture are
// properties of its own.
func (h *heifFile) assemble(icc []byte, _ int) []byte {
	var small, large []byte // the data of grids, and of coded pictures
	offsets := make([]uint32, len(h.items))
	for n, i := range h.items {
		if i.kind == "grid" {
			offsets[n] = uint32(len(small))
			small = append(small, i.data...)
		} else {
			offsets[n] = uint32(len(large))
			large = append(large, i.data...)
		}
	}
	brands := []byte(h.brands[0] + "\x00\x00\x00\x00")
	for _, b := range h.brands {
		brands = append(brands, b...)
	}
	head := appendBox(nil, "ftyp", brands)
	size := len(h.appendMeta(head, icc, small, offsets, 0))
	out := make([]byte, 0, size+8+len(large))
	out = h.appendMeta(append(out, head...), icc, small, offsets, uint32(size+8))
	return appendBox(out, "mdat", large)
}

// appendMeta appends the meta box. Offsets of coded pictures count from base, those of grids from the start of idat.
func (h *heifFile) appendMeta(out, icc, idat []byte, offsets []uint32, base uint32) []byte {
	be := binary.BigEndian
	count := uint16(len(h.items))
	infos, located := be.AppendUint16(nil, count), be.AppendUint16([]byte{0x44, 0}, count) // sizes of 4 and 4 bytes
	for n, i := range h.items {
		id := uint16(n + 1)
		hidden := byte(min(n, 1)) // every picture but the first
		infos = appendFullBox(infos, "infe", 2, hidden, []byte{byte(id >> 8), byte(id), 0, 0}, []byte(i.kind), []byte{0})
		located = be.AppendUint16(located, id)
		if i.kind == "grid" {
			located = append(located, 0, 1, 0, 0, 0, 1) // in idat, of this file, in one piece
			located = be.AppendUint32(located, offsets[n])
		} else {
			located = append(located, 0, 0, 0, 0, 0, 1)
			located = be.AppendUint32(located, base+offsets[n])
		}
		located = be.AppendUint32(located, uint32(len(i.data)))
	}
	boxes := appendFullBox(nil, "hdlr", 0, 0, []byte("\x00\x00\x00\x00pict"), make([]byte, 12), []byte{0})
	boxes = appendFullBox(boxes, "pitm", 0, 0, []byte{0, 1})
	boxes = appendFullBox(boxes, "iinf", 0, 0, infos)
	boxes = appendFullBox(boxes, "iloc", 1, 0, located)
	if refs := h.references(); refs != nil {
		boxes = appendFullBox(boxes, "iref", 0, 0, refs)
	}
	boxes = h.appendProperties(boxes, icc)
	if len(idat) > 0 {
		boxes = appendBox(boxes, "idat", idat)
	}
	return appendFullBox(out, "meta", 0, 0, boxes)
}

// references returns the boxes that say what belongs to what.
func (h *heifFile) references() (out []byte) {
	add := func(kind string, from int, to ...int) {
		b := binary.BigEndian.AppendUint16(nil, uint16(from+1))
		b = binary.BigEndian.AppendUint16(b, uint16(len(to)))
		for _, n := range to {
			b = binary.BigEndian.AppendUint16(b, uint16(n+1))
		}
		out = appendBox(out, kind, b)
	}
	for n, i := range h.items {
		if i.kind == "grid" {
			add("dimg", n, i.parts...)
		}
	}
	if h.alpha != 0 {
		add("auxl", h.alpha, 0)
	}
	if h.prem {
		add("prem", 0, h.alpha)
	}
	return out
}

// appendProperties appends the properties, equal ones once, and which item has which.
func (h *heifFile) appendProperties(out, icc []byte) []byte {
	var properties []byte
	numbers, same := map[*heifProperty]uint16{}, map[string]uint16{}
	number := func(p *heifProperty) uint16 {
		if n, ok := numbers[p]; ok {
			return n
		}
		box := p.box
		if p.profile != nil && len(icc) > 0 {
			box = appendBox(nil, "colr", []byte("prof"), icc)
		}
		n := same[string(box)]
		if n == 0 && box != nil {
			n = uint16(len(same) + 1)
			same[string(box)] = n
			properties = append(properties, box...)
		}
		numbers[p] = n
		return n
	}
	assigned := binary.BigEndian.AppendUint32(nil, uint32(len(h.items)))
	for n, i := range h.items {
		assigned = append(binary.BigEndian.AppendUint16(assigned, uint16(n+1)), 0)
		count := len(assigned) - 1
		for _, p := range i.properties {
			v := number(p.heifProperty)
			if v == 0 { // a profile, of which there is none
				continue
			}
			if p.essential {
				v |= 0x8000
			}
			assigned = binary.BigEndian.AppendUint16(assigned, v)
			assigned[count]++
		}
	}
	// Flag 1: numbers of properties have 15 bits.
	return appendBox(out, "iprp", appendBox(nil, "ipco", properties), appendFullBox(nil, "ipma", 0, 1, assigned))
}
