package icc

import (
	"encoding/binary"
	"fmt"
	"math"
)

// curve maps a sample, 0 to 1, to linear light.
type curve struct {
	table  []float64 // evenly spaced, at least two; or nil
	params []float64 // of a parametric curve
	kind   int       // its function type, 0 to 4
	raw    []byte    // as it is written: the type "curv" or "para"
}

// paramCount is the number of parameters of each function type (ICC.1:2022, table 68).
var paramCount = [...]int{1, 3, 4, 5, 7}

const maxCurve = 1 << 16 // entries of a table; profiles use 256 to 4096

func parseCurve(b []byte) (curve, error) {
	if len(b) < 12 {
		return curve{}, fmt.Errorf("%w: no curve", ErrUnusable)
	}
	switch string(b[:4]) {
	case "curv":
		n := int(binary.BigEndian.Uint32(b[8:]))
		if n > maxCurve || 12+2*n > len(b) {
			return curve{}, fmt.Errorf("%w: a curve of %d entries", ErrUnusable, n)
		}
		return tableCurve(b[:12+2*n], n), nil
	case "para":
		kind := int(binary.BigEndian.Uint16(b[8:]))
		if kind >= len(paramCount) || 12+4*paramCount[kind] > len(b) {
			return curve{}, fmt.Errorf("%w: parametric curve %d", ErrUnusable, kind)
		}
		c := curve{kind: kind, raw: b[:12+4*paramCount[kind]]}
		for i := range paramCount[kind] {
			c.params = append(c.params, fixed(b[12+4*i:]))
		}
		return c, nil
	}
	return curve{}, fmt.Errorf("%w: curve type %q", ErrUnusable, b[:4])
}

func tableCurve(raw []byte, n int) curve {
	c := curve{raw: raw}
	switch n {
	case 0: // identity
		c.table = []float64{0, 1}
	case 1: // a gamma, u8Fixed8Number
		c.params = []float64{float64(binary.BigEndian.Uint16(raw[12:])) / 256}
	default:
		c.table = make([]float64, n)
		for i := range c.table {
			c.table[i] = float64(binary.BigEndian.Uint16(raw[12+2*i:])) / 65535
		}
	}
	return c
}

// at evaluates the curve; the result is 0 to 1.
func (c *curve) at(x float64) float64 {
	if c.table != nil {
		pos := x * float64(len(c.table)-1)
		i := min(int(pos), len(c.table)-2)
		return c.table[i] + (pos-float64(i))*(c.table[i+1]-c.table[i])
	}
	v := c.function(x)
	if math.IsNaN(v) {
		return 0
	}
	return min(1, max(0, v))
}

// function is the parametric curve of ICC.1:2022, table 68: g, a, b, c, d, e, f in that order.
func (c *curve) function(x float64) float64 {
	p := c.params
	g := p[0]
	switch c.kind {
	case 0:
		return math.Pow(x, g)
	case 1:
		if x >= -p[2]/p[1] {
			return math.Pow(p[1]*x+p[2], g)
		}
		return 0
	case 2:
		if x >= -p[2]/p[1] {
			return math.Pow(p[1]*x+p[2], g) + p[3]
		}
		return p[3]
	case 3:
		if x >= p[4] {
			return math.Pow(p[1]*x+p[2], g)
		}
		return p[3] * x
	default:
		if x >= p[4] {
			return math.Pow(p[1]*x+p[2], g) + p[5]
		}
		return p[3]*x + p[6]
	}
}
