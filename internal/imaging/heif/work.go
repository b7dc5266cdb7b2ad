package heif

import "github.com/valetkey/valetkey/internal/imaging/bmff"

// work is an upper bound of the pixels that decoding the primary item goes over: for every coded picture, as often as it
// is used, its size times its slices, as each slice may cover all of it. It is 0 where there is no such bound: for
// pictures derived in other ways than by a grid of coded ones, and for coded ones whose size cannot be told.
func (m *meta) work(file []byte) int64 {
	uses := map[uint32]int64{}
	switch m.kind(m.Primary) {
	case "hvc1":
		uses[m.Primary]++
	case "grid":
		for _, ref := range m.References {
			if ref.Kind == "dimg" && ref.From == m.Primary {
				for _, id := range ref.To {
					uses[id]++
				}
			}
		}
	}
	if len(uses) == 0 {
		return 0
	}
	for _, i := range m.Items { // transparency and the like, which the decoder may want too
		if i.Type == "hvc1" && uses[i.ID] == 0 {
			uses[i.ID] = 1
		}
	}
	var total int64
	for id, n := range uses {
		w := m.codedWork(file, id)
		if w == 0 {
			return 0
		}
		if total += n * w; total > 1<<50 {
			return 0
		}
	}
	return total
}

// kind is the type of an item, "" without one.
func (m *meta) kind(id uint32) string {
	if i := m.Item(id); i != nil {
		return i.Type
	}
	return ""
}

// codedWork is the size of an HEVC item times its slices; 0 when that cannot be told.
func (m *meta) codedWork(file []byte, id uint32) int64 {
	if m.kind(id) != "hvc1" {
		return 0
	}
	for _, p := range m.properties(id) {
		if p.Name != "hvcC" {
			continue
		}
		configured, lengthSize := configuration(p.Data)
		count, inData := slices(m.Data(file, m.Item(id)), lengthSize)
		if configured == 0 || inData < 0 {
			return 0
		}
		return count * max(configured, inData)
	}
	return 0
}

// configuration returns the largest picture that an HEVC decoder configuration has parameters for, in pixels, and the
// size of the length fields in the data (ISO/IEC 14496-15, section 8.3.3.1). The former is 0 when it cannot be told.
func configuration(b []byte) (pixels int64, lengthSize int) {
	c := &bmff.Cursor{Data: b}
	c.Bytes(21)
	lengthSize = int(c.Uint(1)&3) + 1
	for range c.Uint(1) {
		kind := c.Uint(1) & 63
		for range c.Uint(2) {
			nal := c.Bytes(int(c.Uint(2)))
			if c.Short {
				return 0, 0
			}
			if kind != nalSPS {
				continue
			}
			size := sequenceSize(nal)
			if size == 0 {
				return 0, 0
			}
			pixels = max(pixels, size)
		}
	}
	return pixels, lengthSize
}

// Types of network abstraction layer units (ITU-T H.265, table 7-1).
const (
	nalLastSlice = 31
	nalSPS       = 33
)

// slices counts the slices in the data of an item and returns the largest picture that parameters between them are for,
// in pixels: 0 without any, -1 when the data is broken or a size cannot be told.
func slices(item []byte, lengthSize int) (n, pixels int64) {
	for len(item) > 0 {
		if len(item) < lengthSize {
			return 0, -1
		}
		size := uint64(0)
		for _, b := range item[:lengthSize] {
			size = size<<8 | uint64(b)
		}
		item = item[lengthSize:]
		if size < 2 || size > uint64(len(item)) {
			return 0, -1
		}
		switch kind := item[0] >> 1 & 63; {
		case kind <= nalLastSlice:
			n++
		case kind == nalSPS:
			p := sequenceSize(item[:size])
			if p == 0 {
				return 0, -1
			}
			pixels = max(pixels, p)
		}
		item = item[size:]
	}
	return n, pixels
}

// sequenceSize reads width times height from a sequence parameter set (H.265, section 7.3.2.2.1); 0 when it cannot.
func sequenceSize(nal []byte) int64 {
	if len(nal) < 4 || nal[0]>>1&63 != nalSPS {
		return 0
	}
	b := &bitCursor{data: unescape(nal[2:])}
	b.bits(4) // video parameter set
	sublayers := b.bits(3)
	b.bits(1)
	b.profileTierLevel(sublayers)
	b.golomb() // number of the set
	if b.golomb() == 3 {
		b.bits(1) // separate colour planes
	}
	w, h := b.golomb(), b.golomb()
	if b.short || w == 0 || h == 0 || w > 1<<16 || h > 1<<16 {
		return 0
	}
	return int64(w) * int64(h)
}

// unescape takes out the byte 3 that follows two zeros (H.265, section 7.3.1.1). Sizes come early: 256 bytes are plenty.
func unescape(b []byte) []byte {
	var out []byte
	zeros := 0
	for _, v := range b[:min(len(b), 256)] {
		if zeros >= 2 && v == 3 {
			zeros = 0
			continue
		}
		if zeros++; v != 0 {
			zeros = 0
		}
		out = append(out, v)
	}
	return out
}

// bitCursor reads bits; past the end it returns zeros and remembers.
type bitCursor struct {
	data  []byte
	at    int
	short bool
}

func (b *bitCursor) bits(n int) (v uint64) {
	for range n {
		v <<= 1
		if b.at>>3 >= len(b.data) {
			b.short = true
			continue
		}
		v |= uint64(b.data[b.at>>3] >> (7 - b.at&7) & 1)
		b.at++
	}
	return v
}

// golomb reads an Exp-Golomb number (H.265, section 9.2).
func (b *bitCursor) golomb() uint64 {
	zeros := 0
	for b.bits(1) == 0 {
		if zeros++; zeros > 32 || b.short {
			b.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.bits(zeros)
}

// profileTierLevel steps over its structure (H.265, section 7.3.3).
func (b *bitCursor) profileTierLevel(sublayers uint64) {
	b.bits(88 + 8)
	if sublayers == 0 {
		return
	}
	var profile, level [8]bool
	for i := range sublayers {
		profile[i], level[i] = b.bits(1) == 1, b.bits(1) == 1
	}
	b.bits(int(8-sublayers) * 2)
	for i := range sublayers {
		if profile[i] {
			b.bits(88)
		}
		if level[i] {
			b.bits(8)
		}
	}
}
