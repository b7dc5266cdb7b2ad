package raster

// applyGo resizes one row across. Taps come in fours, so that the compiler need not check every index.
func (k *kernel) applyGo(dst []int16, src []byte) {
	weights := k.weights
	for x := range dst {
		in := src[k.start[x]:]
		sum := int32(1 << (interShift - 1))
		taps := k.taps
		for ; taps >= 4; taps -= 4 {
			w, v := (*[4]int16)(weights), (*[4]byte)(in)
			sum += int32(w[0])*int32(v[0]) + int32(w[1])*int32(v[1]) + int32(w[2])*int32(v[2]) + int32(w[3])*int32(v[3])
			weights, in = weights[4:], in[4:]
		}
		for i, w := range weights[:taps] {
			sum += int32(w) * int32(in[i])
		}
		weights = weights[taps:]
		dst[x] = int16(sum >> interShift)
	}
}

// combineGo weighs the rows from first on into dst, four at a time.
func (s *scaler) combineGo(dst []byte, first int, weights []int16) {
	sums := s.sums[:len(dst)]
	for i := range sums {
		sums[i] = 1 << (outputShift - 1)
	}
	row := func(t int) []int16 { return s.row(first + t)[:len(sums)] }
	t := 0
	for ; t+4 <= len(weights); t += 4 {
		w := [4]int32{int32(weights[t]), int32(weights[t+1]), int32(weights[t+2]), int32(weights[t+3])}
		a, b, c, d := row(t), row(t+1), row(t+2), row(t+3)
		for i := range sums {
			sums[i] += w[0]*int32(a[i]) + w[1]*int32(b[i]) + w[2]*int32(c[i]) + w[3]*int32(d[i])
		}
	}
	for ; t < len(weights); t++ {
		w := int32(weights[t])
		for i, v := range row(t) {
			sums[i] += w * int32(v)
		}
	}
	for i, v := range sums {
		v >>= outputShift
		if uint32(v) > 255 { // overshoot at an edge
			v = ^(v >> 31) & 255
		}
		dst[i] = byte(v)
	}
}
