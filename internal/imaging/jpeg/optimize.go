package jpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Optimize returns a sequential JPEG of one scan with the Huffman tables that suit it best instead of those it has, which
// image/jpeg takes from annex K whatever the picture. Coefficients, and so pixels, stay as they are. It returns data
// itself where the result would not be smaller. Files of other kinds (progressive, of several scans, with restart markers, with
// anything behind the scan) give an error that wraps ErrUnsupported.
func Optimize(data []byte) ([]byte, error) {
	if len(data) < 2 || data[0] != 0xff || data[1] != 0xd8 {
		return nil, ErrMalformed
	}
	d := &decoder{data: data, at: 2, adobe: -1, dry: true}
	out := append(make([]byte, 0, len(data)), data[:2]...)
	for {
		start := d.at
		marker, segment, err := d.segment()
		if err != nil {
			return nil, err
		}
		if marker == 0xd9 {
			return nil, fmt.Errorf("%w: no picture", ErrMalformed)
		}
		if marker == 0xda {
			out, err = d.recode(out, segment, data[start:d.at])
			if err == nil && len(out) >= len(data) {
				out = data
			}
			return out, err
		}
		if err := d.table(marker, segment); err != nil {
			return nil, err
		}
		if marker != 0xc4 { // those tables are made anew
			out = append(out, data[start:d.at]...)
		}
	}
}

// recode appends new tables, the header of the only scan (b; header with its marker), its data and the end of the image.
// The data is decoded twice, to count symbols and to write them: keeping them would take several times its memory.
func (d *decoder) recode(out, b, header []byte) ([]byte, error) {
	selected, _, err := d.scanHeader(b)
	if err != nil {
		return nil, err
	}
	if d.progressive || d.restart != 0 || len(selected) != len(d.components) {
		return nil, fmt.Errorf("%w: not one sequential scan", ErrUnsupported)
	}
	r := recoder{decoder: d, selected: selected, numbers: b[2:]}
	var counts [8][256]int
	err = r.each(func(table byte, symbol int, _ uint32) { counts[table][symbol]++ })
	if err != nil {
		return nil, err
	}
	w := bitWriter{out: out}
	w.appendTables(&counts)
	w.out = append(w.out, header...)
	if err := r.each(w.put); err != nil {
		return nil, err
	}
	w.flush()
	return append(w.out, 0xff, 0xd9), nil
}

// recoder goes over the symbols of a scan.
type recoder struct {
	*decoder
	selected []*component
	numbers  []byte // of component i's tables at 2i
}

// symbols are called with the number of the table that a symbol is of (DC 0 to 3, then AC), the symbol, and the bits
// that follow it. How many those are is the symbol's lower half.
type symbols func(table byte, symbol int, bits uint32)

// each decodes the scan, which has to be followed by the end of the image.
func (r *recoder) each(do symbols) error {
	d := r.decoder
	d.bits = bitReader{data: d.data}
	d.bits.reset(d.at)
	across, down := ceilDiv(d.width, blockSize*d.maxH), ceilDiv(d.height, blockSize*d.maxV)
	for range down {
		for range across {
			for i, c := range r.selected {
				dc, ac := r.numbers[2*i]>>4, 4+r.numbers[2*i]&15
				for range c.h * c.v {
					if err := d.symbolsOfBlock(c, dc, ac, do); err != nil {
						return err
					}
				}
			}
		}
		if d.bits.overrun() {
			return ErrTruncated
		}
	}
	d.bits.fillSlowly() // up to the marker, if that is near
	if end := d.data[d.bits.at:]; d.bits.have-d.bits.pad >= 8 || !bytes.HasPrefix(end, []byte{0xff, 0xd9}) {
		return fmt.Errorf("%w: more behind the scan", ErrUnsupported)
	}
	return nil
}

// symbolsOfBlock reads a block (F.2.2).
func (d *decoder) symbolsOfBlock(c *component, dc, ac byte, do symbols) error {
	r := &d.bits
	r.fill()
	size := r.symbol(c.dc)
	if size < 0 || size > 15 {
		return errCode
	}
	do(dc, size, uint32(r.take(size)))
	for k := 1; k < 64; k++ {
		if r.have < 32 {
			r.fill()
		}
		rs := r.symbol(c.ac)
		if rs < 0 {
			return errCode
		}
		run, size := rs>>4, rs&15
		do(ac, rs, uint32(r.take(size)))
		if size == 0 && run != 15 {
			return nil // end of block
		}
		if k += run; k > 63 && size != 0 {
			return errCode
		}
	}
	return nil
}

// bitWriter writes entropy-coded data.
type bitWriter struct {
	out   []byte
	codes [8][256]uint32 // length<<16 | code
	acc   uint64
	have  int // bits in acc that are not in out yet
}

// appendTables makes the codes of every table with symbols, and appends a DHT segment with all of them (B.2.4.2).
func (w *bitWriter) appendTables(counts *[8][256]int) {
	at := len(w.out)
	w.out = append(w.out, 0xff, 0xc4, 0, 0)
	for i := range counts {
		lengths, symbols := optimal(&counts[i])
		if len(symbols) == 0 {
			continue
		}
		w.out = append(w.out, byte(i>>2<<4|i&3))
		w.out = append(append(w.out, lengths[:]...), symbols...)
		code, first := uint32(0), 0
		for length, n := range lengths {
			for _, s := range symbols[first : first+int(n)] {
				w.codes[i][s] = uint32(length+1)<<16 | code
				code++
			}
			first, code = first+int(n), code<<1
		}
	}
	n := len(w.out) - at - 2
	w.out[at+2], w.out[at+3] = byte(n>>8), byte(n)
}

// put writes a symbol and the bits that follow it (F.1.2).
func (w *bitWriter) put(table byte, symbol int, bits uint32) {
	code, size := w.codes[table][symbol], symbol&15
	n := int(code>>16) + size
	w.acc = w.acc<<n | uint64(code&0xffff)<<size | uint64(bits)
	if w.have += n; w.have >= 32 {
		w.have -= 32
		v := uint32(w.acc >> w.have)
		if inv := ^v; (inv-0x01010101)&^inv&0x80808080 == 0 { // no byte of v is 0xff
			w.out = binary.BigEndian.AppendUint32(w.out, v)
			return
		}
		for shift := 24; shift >= 0; shift -= 8 {
			w.stuffed(byte(v >> shift))
		}
	}
}

// stuffed appends a byte of data with the zero that has to follow 0xff (B.1.1.5).
func (w *bitWriter) stuffed(b byte) {
	if w.out = append(w.out, b); b == 0xff {
		w.out = append(w.out, 0)
	}
}

// flush fills the last byte up with ones.
func (w *bitWriter) flush() {
	pad := -w.have & 7
	w.acc = w.acc<<pad | (1<<pad - 1)
	for w.have += pad; w.have > 0; w.have -= 8 {
		w.stuffed(byte(w.acc >> (w.have - 8)))
	}
}
