package jpeg

import (
	"encoding/binary"
	"fmt"
)

const lookupBits = 10

// huffman is a code table (annex C), looked up by the next lookupBits bits; longer codes are searched by length.
type huffman struct {
	lookup  [1 << lookupBits]uint16 // length<<8 | symbol; 0 for a code that is longer
	whole   []wholeCoefficient      // of AC tables, looked up by the same bits
	symbols []byte
	// For each length: one more than the greatest code, laid to the left in 16 bits; and what to add to a code to get
	// the index of its symbol.
	limit  [17]uint32
	offset [17]int32
}

// wholeCoefficient is what lookupBits bits hold where they begin with a code and all bits of its coefficient, as most do:
// value<<16 | zeros before it<<8 | bits of both. The end of a block stands for endOfBlock zeros. 0 is anything else.
type wholeCoefficient int32

const endOfBlock = 64

// findWhole fills whole.
func (t *huffman) findWhole() {
	t.whole = make([]wholeCoefficient, 1<<lookupBits)
	for i := range t.whole {
		length, symbol := int(t.lookup[i]>>8), int(t.lookup[i]&0xff)
		run, size := symbol>>4, symbol&15
		switch {
		case length == 0 || length+size > lookupBits:
		case size > 0:
			r := bitReader{acc: uint64(i) << (64 - lookupBits)}
			r.skip(length)
			t.whole[i] = wholeCoefficient(r.extend(size)<<16) | wholeCoefficient(run<<8|length+size)
		case run == 0:
			t.whole[i] = wholeCoefficient(endOfBlock<<8 | length)
		}
	}
}

// huffmanTables reads a DHT segment (B.2.4.2).
func (d *decoder) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return fmt.Errorf("%w: Huffman table", ErrMalformed)
		}
		total := 0
		for _, n := range b[1:17] {
			total += int(n)
		}
		if total > 256 || len(b) < 17+total {
			return fmt.Errorf("%w: Huffman table", ErrMalformed)
		}
		t, err := newHuffman(b[1:17], b[17:17+total])
		if err != nil {
			return err
		}
		if b[0]>>4 == 1 {
			t.findWhole()
		}
		d.tables[b[0]>>4][b[0]&15] = t
		b = b[17+total:]
	}
	return nil
}

// newHuffman makes a table of the number of codes of each length and the symbols in order (C.2).
func newHuffman(counts, symbols []byte) (*huffman, error) {
	t := &huffman{symbols: symbols}
	code, index := uint32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := uint32(counts[length-1])
		t.offset[length] = index - int32(code)
		if code+n > 1<<length {
			return nil, fmt.Errorf("%w: Huffman table has too many codes", ErrMalformed)
		}
		for range n {
			if length <= lookupBits {
				entry := uint16(length)<<8 | uint16(symbols[index])
				first := code << (lookupBits - length)
				for i := range uint32(1) << (lookupBits - length) {
					t.lookup[first+i] = entry
				}
			}
			code++
			index++
		}
		t.limit[length] = code << (16 - length)
		code <<= 1
	}
	return t, nil
}

// bitReader reads entropy-coded bits (F.2.2.5). At a marker or the end of the data it goes on with zeros, which are
// counted: overrun tells whether any of them were used.
type bitReader struct {
	data []byte
	at   int
	acc  uint64 // bits, the next one highest
	have int    // how many of them
	pad  int    // how many of those are made up
}

func (r *bitReader) reset(at int) { r.at, r.acc, r.have, r.pad = at, 0, 0, 0 }

// fill makes sure of at least 48 bits.
func (r *bitReader) fill() {
	if r.at+8 <= len(r.data) {
		v := binary.BigEndian.Uint64(r.data[r.at:])
		if inv := ^v; (inv-0x0101010101010101)&^inv&0x8080808080808080 == 0 { // no byte of v is 0xff
			take := (64 - r.have) >> 3
			r.acc |= v >> r.have
			r.have += take << 3
			r.at += take
			if r.have < 64 {
				r.acc &= ^uint64(0) << (64 - r.have)
			}
			return
		}
	}
	r.fillSlowly()
}

func (r *bitReader) fillSlowly() {
	for r.have <= 56 {
		b := uint64(0)
		switch {
		case r.at >= len(r.data):
			r.pad += 8
		case r.data[r.at] != 0xff:
			b = uint64(r.data[r.at])
			r.at++
		case r.at+1 < len(r.data) && r.data[r.at+1] == 0:
			b = 0xff
			r.at += 2
		default: // a marker
			r.pad += 8
		}
		r.acc |= b << (56 - r.have)
		r.have += 8
	}
}

func (r *bitReader) overrun() bool { return r.have < r.pad }

// skip drops n bits that are there.
func (r *bitReader) skip(n int) {
	r.acc <<= n
	r.have -= n
}

// take returns the next n bits, 0 to 16, of which fill has made sure.
func (r *bitReader) take(n int) int32 {
	v := int32(r.acc >> 32 >> (32 - n))
	r.skip(n)
	return v
}

// extend reads a number of n bits whose first bit tells its sign (F.2.2.1).
func (r *bitReader) extend(n int) int32 {
	if n == 0 {
		return 0
	}
	v := r.take(n)
	if v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
}

// symbol reads a Huffman code; it returns -1 for bits that are none. It needs 16 bits in the reader.
func (r *bitReader) symbol(t *huffman) int {
	if e := t.lookup[r.acc>>(64-lookupBits)]; e != 0 {
		r.skip(int(e >> 8))
		return int(e & 0xff)
	}
	code := uint32(r.acc >> 48)
	for length := lookupBits + 1; length <= 16; length++ {
		if code < t.limit[length] {
			r.skip(length)
			return int(t.symbols[int32(code>>(16-length))+t.offset[length]])
		}
	}
	return -1
}
