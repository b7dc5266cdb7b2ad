package jpeg

import (
	"context"
	"fmt"
)

// zigzag is where the coefficients of a block go in rows (figure A.6).
var zigzag = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// band is what part of the coefficients a scan holds (B.2.3): one for all in a sequential file.
type band struct {
	first, last int
	high, low   int // bit positions of successive approximation
}

// scanHeader reads which components a scan is of, and what part of their coefficients.
func (d *decoder) scanHeader(b []byte) (selected []*component, s band, err error) {
	if d.components == nil {
		return nil, s, fmt.Errorf("%w: a scan before its frame", ErrMalformed)
	}
	if len(b) < 1 || len(b) != 4+2*int(b[0]) || b[0] == 0 || int(b[0]) > len(d.components) {
		return nil, s, fmt.Errorf("%w: scan header", ErrMalformed)
	}
	for i := range int(b[0]) {
		c, err := d.selectComponent(b[1+2*i], b[2+2*i], selected)
		if err != nil {
			return nil, s, err
		}
		selected = append(selected, c)
	}
	tail := b[len(b)-3:]
	s = band{int(tail[0]), int(tail[1]), int(tail[2] >> 4), int(tail[2] & 15)}
	return selected, s, d.checkBand(s, selected)
}

// scan reads a scan header and the data behind it.
func (d *decoder) scan(ctx context.Context, b []byte) error {
	selected, s, err := d.scanHeader(b)
	if err != nil {
		return err
	}
	d.bits = bitReader{data: d.data}
	d.bits.reset(d.at)
	d.runs = 0
	if len(selected) == 1 {
		err = d.single(ctx, selected[0], s)
	} else {
		err = d.interleaved(ctx, selected, s)
	}
	d.at = d.bits.at
	return err
}

func (d *decoder) selectComponent(id, tables byte, before []*component) (*component, error) {
	for i := range d.components {
		c := &d.components[i]
		if c.id != id {
			continue
		}
		for _, b := range before {
			if b == c {
				return nil, fmt.Errorf("%w: a component twice in a scan", ErrMalformed)
			}
		}
		if tables>>4 > 3 || tables&15 > 3 {
			return nil, fmt.Errorf("%w: Huffman table number", ErrMalformed)
		}
		c.dc, c.ac = d.tables[0][tables>>4], d.tables[1][tables&15]
		c.previous = 0
		return c, nil
	}
	return nil, fmt.Errorf("%w: unknown component", ErrMalformed)
}

// checkBand holds the band against what sequential (B.2.3) and progressive (G.1.1.1) files may have, and the tables it
// needs against those there are.
func (d *decoder) checkBand(s band, selected []*component) error {
	if !d.progressive {
		if s.first != 0 || s.last != 63 || s.high != 0 || s.low != 0 {
			return fmt.Errorf("%w: spectral selection in a sequential file", ErrMalformed)
		}
	} else if s.first > s.last || s.last > 63 || s.first == 0 && s.last != 0 ||
		s.first > 0 && len(selected) > 1 || s.high != 0 && s.high != s.low+1 || s.low > 13 {
		return fmt.Errorf("%w: progressive scan", ErrMalformed)
	}
	for _, c := range selected {
		needsDC := s.first == 0 && s.high == 0
		needsAC := s.last > 0
		if needsDC && c.dc == nil || needsAC && c.ac == nil || d.quants[c.quant] == nil {
			return fmt.Errorf("%w: a table is missing", ErrMalformed)
		}
	}
	return nil
}

// single reads a scan of one component, which holds only the blocks with pixels of the picture (A.2.2).
func (d *decoder) single(ctx context.Context, c *component, s band) error {
	mcu := 0
	for y := range c.height {
		if err := ctx.Err(); err != nil {
			return err
		}
		for x := range c.width {
			if err := d.restartAt(mcu); err != nil {
				return err
			}
			mcu++
			if err := d.block(c, x, y, s); err != nil {
				return err
			}
		}
		if d.bits.overrun() {
			return ErrTruncated
		}
	}
	return nil
}

// interleaved reads a scan of several components (A.2.3).
func (d *decoder) interleaved(ctx context.Context, selected []*component, s band) error {
	across, down := ceilDiv(d.width, blockSize*d.maxH), ceilDiv(d.height, blockSize*d.maxV)
	for my := range down {
		if err := ctx.Err(); err != nil {
			return err
		}
		for mx := range across {
			if err := d.restartAt(my*across + mx); err != nil {
				return err
			}
			for _, c := range selected {
				for v := range c.v {
					for h := range c.h {
						if err := d.block(c, mx*c.h+h, my*c.v+v, s); err != nil {
							return err
						}
					}
				}
			}
		}
		if d.bits.overrun() {
			return ErrTruncated
		}
	}
	return nil
}

// restartAt expects a restart marker before MCU number mcu where the interval says so, and starts anew behind it
// (E.2.4). Bytes before the marker that were not needed are skipped.
func (d *decoder) restartAt(mcu int) error {
	if d.restart == 0 || mcu == 0 || mcu%d.restart != 0 {
		return nil
	}
	if d.bits.overrun() {
		return ErrTruncated
	}
	at := d.bits.at
	for at+1 < len(d.data) && (d.data[at] != 0xff || d.data[at+1] == 0 || d.data[at+1] == 0xff) {
		at++
	}
	if at+1 >= len(d.data) {
		return ErrTruncated
	}
	if want := 0xd0 + byte((mcu/d.restart-1)&7); d.data[at+1] != want {
		return fmt.Errorf("%w: marker %#x where a restart was due", ErrMalformed, d.data[at+1])
	}
	d.bits.reset(at + 2)
	d.runs = 0
	for i := range d.components {
		d.components[i].previous = 0
	}
	return nil
}

func (d *decoder) block(c *component, x, y int, s band) error {
	if !d.progressive {
		return d.sequential(c, x, y)
	}
	at := 64 * (y*c.columns + x)
	b := (*[64]int16)(c.coefs[at : at+64])
	switch {
	case s.first == 0 && s.high == 0:
		return d.dcFirst(c, b, s)
	case s.first == 0:
		d.bits.fill()
		b[0] |= int16(d.bits.take(1) << s.low)
		return nil
	case s.high == 0:
		return d.acFirst(c, b, s)
	}
	return d.acRefine(c, b, s)
}

var errCode = fmt.Errorf("%w: a code that is not in its table", ErrMalformed)

// difference reads the DC coefficient of a block (F.2.2.1).
func (d *decoder) difference(c *component) (int32, error) {
	d.bits.fill()
	size := d.bits.symbol(c.dc)
	if size < 0 || size > 16 {
		return 0, errCode
	}
	c.previous += d.bits.extend(size)
	return c.previous, nil
}

// sequential reads a block and turns it into pixels (F.2.2).
func (d *decoder) sequential(c *component, x, y int) error {
	dc, err := d.difference(c)
	if err != nil {
		return err
	}
	quant := d.quants[c.quant]
	var b [64]int32
	b[0] = dc * quant[0]
	last := 0
	r, whole := &d.bits, c.ac.whole
	_ = whole[1<<lookupBits-1]
	acc, have := r.acc, r.have // which stay in registers
	for k := 1; k < 64; k++ {
		if have < 32 {
			r.acc, r.have = acc, have
			r.fill()
			acc, have = r.acc, r.have
		}
		if e := whole[acc>>(64-lookupBits)]; e != 0 {
			bits := int(e & 0xff)
			acc, have = acc<<bits, have-bits
			k += int(e >> 8 & 0xff)
			if k > 63 {
				if e>>8&0xff == endOfBlock {
					break
				}
				return errCode
			}
			b[zigzag[k]] = int32(e>>16) * quant[k]
			last = k
			continue
		}
		r.acc, r.have = acc, have
		rs := r.symbol(c.ac)
		if rs < 0 {
			return errCode
		}
		run, size := rs>>4, rs&15
		if size == 0 {
			acc, have = r.acc, r.have
			if run != 15 {
				break // end of block
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return errCode
		}
		b[zigzag[k]] = r.extend(size) * quant[k]
		last = k
		acc, have = r.acc, r.have
	}
	r.acc, r.have = acc, have
	d.pixels(c, x, y, &b, last)
	return nil
}
