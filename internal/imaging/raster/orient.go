package raster

// Orient returns the picture as an EXIF orientation (1 to 8) means it to be seen. Orientation 1 returns m itself.
//
// With (0, 0) the top left of what is stored: 2 mirrors left and right, 3 turns by 180 degrees, 4 mirrors top and
// bottom, 5 transposes, 6 turns clockwise by 90 degrees, 7 transposes along the other diagonal, 8 turns counterclockwise
// (JEITA CP-3451, table 6).
func (m *Image) Orient(orientation int) *Image {
	if orientation <= 1 || orientation > 8 {
		return m
	}
	out := *m
	out.Planes = make([]Plane, len(m.Planes))
	if orientation >= 5 {
		out.Width, out.Height = m.Height, m.Width
		out.SubX, out.SubY = m.SubY, m.SubX
		out.ExactWidth, out.ExactHeight = m.ExactHeight, m.ExactWidth
	}
	for i := range m.Planes {
		out.Planes[i] = m.Planes[i].orient(orientation)
	}
	return &out
}

func (p *Plane) orient(orientation int) Plane {
	if orientation < 5 {
		out := NewPlane(p.Width, p.Height)
		mirror, upsideDown := orientation == 2 || orientation == 3, orientation == 3 || orientation == 4
		for y := range p.Height {
			to := y
			if upsideDown {
				to = p.Height - 1 - y
			}
			src, dst := p.Row(y), out.Row(to)
			if !mirror {
				copy(dst, src)
				continue
			}
			for x, v := range src {
				dst[len(dst)-1-x] = v
			}
		}
		return out
	}
	return p.transpose(orientation == 6 || orientation == 7, orientation == 7 || orientation == 8)
}

// transpose makes columns of rows, mirrored left and right or top and bottom. It goes by squares so that both the
// reading and the writing stay within the processor's nearest cache.
func (p *Plane) transpose(mirror, upsideDown bool) Plane {
	const square = 32
	out := NewPlane(p.Height, p.Width)
	for y0 := 0; y0 < p.Height; y0 += square {
		y1 := min(y0+square, p.Height)
		for x0 := 0; x0 < p.Width; x0 += square {
			for y := y0; y < y1; y++ {
				column := y
				if mirror {
					column = p.Height - 1 - y
				}
				for i, v := range p.Row(y)[x0:min(x0+square, p.Width)] {
					row := x0 + i
					if upsideDown {
						row = p.Width - 1 - row
					}
					out.Pix[row*out.Stride+column] = v
				}
			}
		}
	}
	return out
}
