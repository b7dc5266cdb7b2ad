package jpeg

import "math"

// A block of n by n pixels is the inverse cosine transform (A.3.3) of its n by n lowest frequencies, with the cosines of
// a block of that size:
//
//	f(x,y) = 1/4 ∑u,v<n C(u)C(v) F(u,v) cos((2x+1)uπ/2n) cos((2y+1)vπ/2n),  C(0) = 1/√2, else 1
//
// Both passes take the factor 1/2 each and work in fixed point. Pixels x and n-1-x share the products: the even
// frequencies are added in both, the odd ones taken away in one.
const (
	basisBits = 12 // of the cosines
	interBits = 3  // kept between the passes
)

// basis holds C(u)/2 · cos((2x+1)uπ/2n) for each n, for x in the first half.
var basis = func() (t [9][4][8]int32) {
	for n := 1; n <= 8; n++ {
		for x := range (n + 1) / 2 {
			for u := range n {
				v := math.Cos(float64(2*x+1) * float64(u) * math.Pi / float64(2*n))
				if u == 0 {
					v = math.Sqrt2 / 2
				}
				t[n][x][u] = int32(math.Round(v / 2 * (1 << basisBits)))
			}
		}
	}
	return t
}()

// pixels writes a block of frequencies, in rows, as pixels of the component. last is the index of the last one that is
// not zero, in any order that begins with the constant one.
func (d *decoder) pixels(c *component, x, y int, b *[64]int32, last int) {
	n := d.n
	p := &c.pixels
	out := p.Pix[y*n*p.Stride+x*n:]
	if last == 0 || n == 1 {
		flat(out, p.Stride, n, clamp((b[0]+4)>>3+128))
		return
	}
	var ws [8][8]int32 // columns transformed: ws[y][u]
	for u := range n {
		var col, res [8]int32
		zero := true
		for v := range n {
			col[v] = b[8*v+u]
			zero = zero && (v == 0 || col[v] == 0)
		}
		if zero {
			if col[0] == 0 {
				continue
			}
			dc := (col[0]*basis[1][0][0] + 1<<(basisBits-interBits-1)) >> (basisBits - interBits)
			for v := range n {
				ws[v][u] = dc
			}
			continue
		}
		transform(n, &col, &res)
		for v := range n {
			ws[v][u] = (res[v] + 1<<(basisBits-interBits-1)) >> (basisBits - interBits)
		}
	}
	const shift = basisBits + interBits
	for v := range n {
		var res [8]int32
		transform(n, &ws[v], &res)
		row := out[v*p.Stride:][:n]
		for i := range row {
			row[i] = clamp((res[i]+1<<(shift-1))>>shift + 128)
		}
	}
}

func flat(out []byte, stride, n int, v byte) {
	for y := range n {
		row := out[y*stride:][:n]
		for x := range row {
			row[x] = v
		}
	}
}

func clamp(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}
