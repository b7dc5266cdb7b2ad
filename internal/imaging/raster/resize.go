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
	coefBits    = 14 // weights are fixed point with this many bits; none is as great as 2, so int16 holds them
	interBits   = 6  // and samples between the two passes with this many
	coefOne     = 1 << coefBits
	interShift  = coefBits - interBits
	outputShift = coefBits + interBits
)

// kernel lists, for every sample of a result along one axis, where its inputs begin and what they weigh.
type kernel struct {
	taps    int
	start   []int32
	weights []int16 // taps of them for each sample
}

// newKernel makes the kernel for an axis of from samples that becomes one of to, ratio of the former to one of the
// latter. Where there is room the taps are a multiple of the given number, the last of them weighing nothing.
func newKernel(from, to int, ratio float64, multiple int) kernel {
	scale := max(1, ratio) // enlarging keeps the filter as it is
	support := lobes * scale
	taps := int(math.Ceil(2 * support))
	taps = (taps + multiple - 1) / multiple * multiple
	k := kernel{taps: min(from, taps)}
	k.start, k.weights = make([]int32, to), make([]int16, to*k.taps)
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
func normalize(weights []int16, raw []float64, sum float64) {
	left, largest := int16(coefOne), 0
	for t, v := range raw {
		weights[t] = int16(math.Round(v / sum * coefOne))
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
	rows         []int16 // ring of rows resized across, down.taps of them
	sums         []int32 // scratch of combineGo
}

func newScaler(src, dst *Plane, ratioX, ratioY float64) *scaler {
	s := &scaler{
		src: src, dst: dst,
		across: newKernel(src.Width, dst.Width, ratioX, 4),
		down:   newKernel(src.Height, dst.Height, ratioY, 1),
	}
	s.rows = make([]int16, s.down.taps*dst.Width)
	s.sums = make([]int32, dst.Width)
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
			s.across.apply(s.row(have), s.src.Row(have))
		}
		s.combine(s.dst.Row(y), first, s.down.weights[y*taps:][:taps])
	}
	return nil
}

// row is the place of a row in the ring.
func (s *scaler) row(y int) []int16 { return s.rows[y%s.down.taps*s.dst.Width:][:s.dst.Width] }
