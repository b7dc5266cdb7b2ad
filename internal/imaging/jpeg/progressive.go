package jpeg

import "context"

// dcFirst reads the high bits of a DC coefficient (G.1.2.1).
func (d *decoder) dcFirst(c *component, b *[64]int16, s band) error {
	dc, err := d.difference(c)
	b[0] = int16(dc << s.low)
	return err
}

// acFirst reads the high bits of a band of AC coefficients (G.1.2.2).
func (d *decoder) acFirst(c *component, b *[64]int16, s band) error {
	if d.runs > 0 {
		d.runs--
		return nil
	}
	r := &d.bits
	for k := s.first; k <= s.last; k++ {
		r.fill()
		rs := r.symbol(c.ac)
		if rs < 0 {
			return errCode
		}
		run, size := rs>>4, rs&15
		if size == 0 {
			if run < 15 {
				d.runs = 1<<run - 1 + int(r.take(run))
				return nil
			}
			k += 15
			continue
		}
		if k += run; k > s.last {
			return errCode
		}
		b[zigzag[k]] = int16(r.extend(size) << s.low)
	}
	return nil
}

// acRefine reads one more bit of a band of AC coefficients (G.1.2.3): of those that are not zero yet as they come by,
// and the ones that stop being zero.
func (d *decoder) acRefine(c *component, b *[64]int16, s band) error {
	r := &d.bits
	bit := int16(1) << s.low
	k := s.first
	if d.runs == 0 {
		for ; k <= s.last; k++ {
			r.fill()
			rs := r.symbol(c.ac)
			if rs < 0 {
				return errCode
			}
			run, size := rs>>4, rs&15
			value := int16(0)
			switch {
			case size == 1:
				value = -bit
				if r.take(1) == 1 {
					value = bit
				}
			case size != 0:
				return errCode
			case run < 15:
				d.runs = 1<<run + int(r.take(run))
			}
			if d.runs > 0 {
				break
			}
			k = d.refineZeros(b, k, s.last, run, bit)
			if value != 0 {
				if k > s.last {
					return errCode
				}
				b[zigzag[k]] = value
			}
		}
	}
	if d.runs > 0 {
		d.runs--
		d.refineZeros(b, k, s.last, -1, bit)
	}
	return nil
}

// refineZeros goes over coefficients from k on and refines those that are not zero; it stops at the zero that follows
// run others, or behind the band.
func (d *decoder) refineZeros(b *[64]int16, k, last, run int, bit int16) int {
	r := &d.bits
	for ; k <= last; k++ {
		v := &b[zigzag[k]]
		if *v == 0 {
			if run == 0 {
				break
			}
			run--
			continue
		}
		if r.have < 1 {
			r.fill()
		}
		if r.take(1) == 0 || *v&bit != 0 {
			continue
		}
		if *v > 0 {
			*v += bit
		} else {
			*v -= bit
		}
	}
	return k
}

// reconstruct turns the coefficients of a progressive file into pixels once all scans are read.
func (d *decoder) reconstruct(ctx context.Context) error {
	for i := range d.components {
		c := &d.components[i]
		quant := d.quants[c.quant]
		if quant == nil {
			return ErrMalformed
		}
		var inRows [64]int32
		for k, z := range zigzag {
			inRows[z] = quant[k]
		}
		for y := range c.height {
			if err := ctx.Err(); err != nil {
				return err
			}
			for x := range c.width {
				at := 64 * (y*c.columns + x)
				coefs := (*[64]int16)(c.coefs[at : at+64])
				var b [64]int32
				last := 0
				for k, v := range coefs {
					if v != 0 {
						b[k] = int32(v) * inRows[k]
						last = max(last, k)
					}
				}
				d.pixels(c, x, y, &b, last)
			}
		}
	}
	return nil
}
