package heif

import "image"

// toFullRange601 converts samples to what Go's colour types mean: full range BT.601. Chroma of subsampled pictures is
// left where it is, and luma is corrected by the chroma that lies over it.
func (r Range) toFullRange601(m *image.YCbCr) {
	if r.Limited {
		stretch(m.Y, 16, 219)
		stretch(m.Cb, 128, 224)
		stretch(m.Cr, 128, 224)
	}
	switch r.Matrix {
	case 1:
		r.rotate(m, 0.2126, 0.0722)
	case 9, 10:
		r.rotate(m, 0.2627, 0.0593)
	}
}

// stretch maps [zero, zero+span] (around zero for chroma) onto the full range.
func stretch(pix []byte, zero, span int) {
	offset := 0
	if zero == 128 {
		offset = 128
	}
	var table [256]byte
	for i := range table {
		table[i] = byte(min(255, max(0, offset+round((i-zero)*255, span))))
	}
	for i, v := range pix {
		pix[i] = table[v]
	}
}

func round(n, d int) int {
	if n < 0 {
		return -((-n + d/2) / d)
	}
	return (n + d/2) / d
}

// rotate goes from the luma weights kr and kb to those of BT.601. With the colour differences as they are defined,
// R = Y + 2(1-kr)Cr and B = Y + 2(1-kb)Cb, the whole way is one 3 by 3 matrix.
func (r Range) rotate(m *image.YCbCr, kr, kb float64) {
	const r6, b6 = 0.299, 0.114
	g6 := 1 - r6 - b6
	kg := 1 - kr - kb
	// R, G, B less Y, per unit of Cb and Cr
	rCr, bCb := 2*(1-kr), 2*(1-kb)
	gCb, gCr := -kb*bCb/kg, -kr*rCr/kg
	yCb, yCr := g6*gCb+b6*bCb, r6*rCr+g6*gCr // what luma gains
	fix := func(v float64) int { return int(v*65536 + 0.5*sign(v)) }
	yb, yr := fix(yCb), fix(yCr)
	bb, br := fix((bCb-yCb)/(2*(1-b6))), fix(-yCr/(2*(1-b6)))
	rb, rr := fix(-yCb/(2*(1-r6))), fix((rCr-yCr)/(2*(1-r6)))
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			c, at := m.COffset(x, y), m.YOffset(x, y)
			cb, cr := int(m.Cb[c])-128, int(m.Cr[c])-128
			m.Y[at] = clamp(int(m.Y[at]) + (yb*cb+yr*cr+1<<15)>>16)
		}
	}
	for i := range m.Cb {
		cb, cr := int(m.Cb[i])-128, int(m.Cr[i])-128
		m.Cb[i] = clamp(128 + (bb*cb+br*cr+1<<15)>>16)
		m.Cr[i] = clamp(128 + (rb*cb+rr*cr+1<<15)>>16)
	}
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

func clamp(v int) byte { return byte(min(255, max(0, v))) }
