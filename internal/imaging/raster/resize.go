package raster

import (
	"context"
	"math"
)

// Resize returns the picture at width by height, made with a Lanczos filter (three lobes) that is widened to the
// reduction, as it has to be against aliasing. It comes back in the form that New makes: a YCbCr picture gets 4:2:0
// chroma whatever it had. The context is looked at once a row; its error is the only one.
func (m *Image) Resize(ctx context.Context, width, height int) (*Image, error) {
	out := New(m.Model, width, height)
	exactW, exactH := m.ExactWidth, m.ExactHeight
	if exactW == 0 || exactH == 0 {
		exactW, exactH = float64(m.Width), float64(m.Height)
	}
	for i := range m.Planes {
		// How many samples go into one. Chroma is placed by the size of the whole picture: with an odd width the last
		// chroma column stands for one column of luma, not for two.
		ratioX, ratioY := exactW/float64(width), exactH/float64(height)
		if i > 0 {
			ratioX *= float64(out.SubX) / float64(m.SubX)
			ratioY *= float64(out.SubY) / float64(m.SubY)
		}
		if err := newScaler(&m.Planes[i], &out.Planes[i], ratioX, ratioY).run(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const (
	lobes       = 3
	coefBits    = 14 // weights are fixed point with this many bits
	interBits   = 6  // and samples between the two passes with this many
	coefOne     = 1 << coefBits
	interShift  = coefBits - interBits
	outputShift = coefBits + interBits
)

// kernel lists, for every sample of a result along one axis, where its inputs begin and what they weigh.
type kernel struct {
	taps    int
	start   []int32
	weights []int32 // taps of them for each sample
}

func newKernel(from, to int, ratio float64) kernel {
	scale := max(1, ratio) // enlarging keeps the filter as it is
	support := lobes * scale
	k := kernel{taps: min(from, int(math.Ceil(2*support))+1)}
	k.start, k.weights = make([]int32, to), make([]int32, to*k.taps)
	raw := make([]float64, k.taps)
	for i := range to {
		centre := (float64(i)+0.5)*ratio - 0.5
		first := int(math.Ceil(centre - support))
		first = min(max(0, first), from-k.taps)
		k.start[i] = int32(first)
		var sum float64
		for t := range raw {
			raw[t] = lanczos((float64(first+t) - centre) / scale)
			sum += raw[t]
		}
		normalize(k.weights[i*k.taps:][:k.taps], raw, sum)
	}
	return k
}

// normalize writes raw as fixed-point weights that add up to exactly one, so that a flat area stays what it is.
func normalize(weights []int32, raw []float64, sum float64) {
	left, largest := int32(coefOne), 0
	for t, v := range raw {
		weights[t] = int32(math.Round(v / sum * coefOne))
		left -= weights[t]
		if weights[t] > weights[largest] {
			largest = t
		}
	}
	weights[largest] += left
}

func lanczos(x float64) float64 {
	x = math.Abs(x)
	if x < 1e-9 {
		return 1
	}
	if x >= lobes {
		return 0
	}
	return lobes * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/lobes) / (math.Pi * math.Pi * x * x)
}

// scaler resizes one plane: each row of the source across, then, as soon as the rows a row of the result needs are
// there, down. Only as many rows as the vertical filter is high are kept.
type scaler struct {
	src, dst     *Plane
	across, down kernel
	rows         [][]int16 // ring of rows resized across
	sums         []int32
}

func newScaler(src, dst *Plane, ratioX, ratioY float64) *scaler {
	s := &scaler{
		src: src, dst: dst,
		across: newKernel(src.Width, dst.Width, ratioX),
		down:   newKernel(src.Height, dst.Height, ratioY),
		sums:   make([]int32, dst.Width),
	}
	for range s.down.taps {
		s.rows = append(s.rows, make([]int16, dst.Width))
	}
	return s
}

func (s *scaler) run(ctx context.Context) error {
	have := 0 // rows resized across
	taps := s.down.taps
	for y := range s.dst.Height {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := int(s.down.start[y])
		for have = max(have, first); have < first+taps; have++ {
			s.across.apply(s.rows[have%taps], s.src.Row(have))
		}
		s.combine(s.dst.Row(y), first, s.down.weights[y*taps:][:taps])
	}
	return nil
}

// apply resizes one row across. Taps come in fours, so that the compiler need not check every index.
func (k *kernel) apply(dst []int16, src []byte) {
	weights := k.weights
	for x := range dst {
		in := src[k.start[x]:]
		sum := int32(1 << (interShift - 1))
		taps := k.taps
		for ; taps >= 4; taps -= 4 {
			w, v := (*[4]int32)(weights), (*[4]byte)(in)
			sum += w[0]*int32(v[0]) + w[1]*int32(v[1]) + w[2]*int32(v[2]) + w[3]*int32(v[3])
			weights, in = weights[4:], in[4:]
		}
		for i, w := range weights[:taps] {
			sum += w * int32(in[i])
		}
		weights = weights[taps:]
		dst[x] = int16(sum >> interShift)
	}
}

// combine weighs the rows from first on into dst, four at a time.
func (s *scaler) combine(dst []byte, first int, weights []int32) {
	sums := s.sums[:len(dst)]
	for i := range sums {
		sums[i] = 1 << (outputShift - 1)
	}
	row := func(t int) []int16 { return s.rows[(first+t)%len(s.rows)][:len(sums)] }
	t := 0
	for ; t+4 <= len(weights); t += 4 {
		w := (*[4]int32)(weights[t:])
		a, b, c, d := row(t), row(t+1), row(t+2), row(t+3)
		for i := range sums {
			sums[i] += w[0]*int32(a[i]) + w[1]*int32(b[i]) + w[2]*int32(c[i]) + w[3]*int32(d[i])
		}
	}
	for ; t < len(weights); t++ {
		for i, v := range row(t) {
			sums[i] += weights[t] * int32(v)
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
