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
		transform8(in, out)
	}
}

// transform8 takes apart what transform does for fewer: of the even frequencies 2 and 6 change their sign between pixels
// x and 3-x, and the cosines of 4 are that of 0. Most blocks have no frequency from 4 on.
func transform8(in, out *[8]int32) {
	a, b, c, d := &basis[8][0], &basis[8][1], &basis[8][2], &basis[8][3]
	p0 := a[0] * in[0]
	p1 := p0
	q0, q1 := a[2]*in[2], b[2]*in[2]
	o0, o1 := a[1]*in[1]+a[3]*in[3], b[1]*in[1]+b[3]*in[3]
	o2, o3 := c[1]*in[1]+c[3]*in[3], d[1]*in[1]+d[3]*in[3]
	if in[4]|in[5]|in[6]|in[7] != 0 {
		v := a[4] * in[4]
		p0, p1 = p0+v, p1-v
		q0, q1 = q0+a[6]*in[6], q1+b[6]*in[6]
		o0, o1 = o0+a[5]*in[5]+a[7]*in[7], o1+b[5]*in[5]+b[7]*in[7]
		o2, o3 = o2+c[5]*in[5]+c[7]*in[7], o3+d[5]*in[5]+d[7]*in[7]
	}
	e0, e1, e2, e3 := p0+q0, p1+q1, p1-q1, p0-q0
	out[0], out[1], out[2], out[3] = e0+o0, e1+o1, e2+o2, e3+o3
	out[7], out[6], out[5], out[4] = e0-o0, e1-o1, e2-o2, e3-o3
}
