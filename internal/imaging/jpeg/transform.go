package jpeg

// transform is the one-dimensional transform of n frequencies to n pixels, scaled by 1<<basisBits.
func transform(n int, in, out *[8]int32) {
	t := &basis[n]
	switch n {
	case 2:
		e, o := t[0][0]*in[0], t[0][1]*in[1]
		out[0], out[1] = e+o, e-o
	case 3:
		dc := t[0][0] * in[0]
		e, o := dc+t[0][2]*in[2], t[0][1]*in[1]
		out[0], out[1], out[2] = e+o, dc+t[1][2]*in[2], e-o
	case 4:
		dc := t[0][0] * in[0]
		e0, o0 := dc+t[0][2]*in[2], t[0][1]*in[1]+t[0][3]*in[3]
		e1, o1 := dc+t[1][2]*in[2], t[1][1]*in[1]+t[1][3]*in[3]
		out[0], out[1], out[2], out[3] = e0+o0, e1+o1, e1-o1, e0-o0
	case 5:
		dc := t[0][0] * in[0]
		e0, o0 := dc+t[0][2]*in[2]+t[0][4]*in[4], t[0][1]*in[1]+t[0][3]*in[3]
		e1, o1 := dc+t[1][2]*in[2]+t[1][4]*in[4], t[1][1]*in[1]+t[1][3]*in[3]
		e2 := dc + t[2][2]*in[2] + t[2][4]*in[4]
		out[0], out[1], out[2], out[3], out[4] = e0+o0, e1+o1, e2, e1-o1, e0-o0
	case 6:
		dc := t[0][0] * in[0]
		for x := range 3 {
			b := &t[x]
			e, o := dc+b[2]*in[2]+b[4]*in[4], b[1]*in[1]+b[3]*in[3]+b[5]*in[5]
			out[x], out[5-x] = e+o, e-o
		}
	case 7:
		dc := t[0][0] * in[0]
		for x := range 3 {
			b := &t[x]
			e, o := dc+b[2]*in[2]+b[4]*in[4]+b[6]*in[6], b[1]*in[1]+b[3]*in[3]+b[5]*in[5]
			out[x], out[6-x] = e+o, e-o
		}
		out[3] = dc + t[3][2]*in[2] + t[3][4]*in[4] + t[3][6]*in[6]
	case 8:
		dc := t[0][0] * in[0]
		for x := range 4 {
			b := &t[x]
			e := dc + b[2]*in[2] + b[4]*in[4] + b[6]*in[6]
			o := b[1]*in[1] + b[3]*in[3] + b[5]*in[5] + b[7]*in[7]
			out[x], out[7-x] = e+o, e-o
		}
	}
}
