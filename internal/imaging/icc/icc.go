// Package icc reads the colour profiles of photos, those made of a matrix and curves (every camera, phone and screen
// profile is one), and writes them again with nothing in them but numbers. What a profile may hold besides, names,
// comments and private tags, has no business in a published photo. The format is ICC.1:2022.
package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrUnusable is what every error of this package wraps: the profile is malformed or not of a kind that is known.
var ErrUnusable = errors.New("icc: profile cannot be used")

// MaxBytes is the largest profile that Parse takes. Matrix profiles have a few hundred bytes, with tables some 20 KB.
const MaxBytes = 4 << 20

// Profile is a profile for RGB or grey pictures.
type Profile struct {
	Gray   bool
	matrix [3][3]float64 // linear RGB to XYZ relative to D50, by rows; unused when Gray
	curves [3]curve      // to linear light; a grey profile has the first only
}

const (
	headerSize = 128
	maxTags    = 100
)

// Parse reads a profile.
func Parse(data []byte) (*Profile, error) {
	if len(data) < headerSize+4 || len(data) > MaxBytes || string(data[36:40]) != "acsp" {
		return nil, fmt.Errorf("%w: no header", ErrUnusable)
	}
	tags, err := tagTable(data)
	if err != nil {
		return nil, err
	}
	p := &Profile{}
	switch space := string(data[16:20]); space {
	case "GRAY":
		p.Gray = true
		p.curves[0], err = parseCurve(tags["kTRC"])
		return p, err
	case "RGB ":
	default:
		return nil, fmt.Errorf("%w: colour space %q", ErrUnusable, space)
	}
	if pcs := string(data[20:24]); pcs != "XYZ " {
		return nil, fmt.Errorf("%w: connection space %q", ErrUnusable, pcs)
	}
	for i, c := range []string{"r", "g", "b"} {
		xyz := tags[c+"XYZ"]
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil, fmt.Errorf("%w: no matrix", ErrUnusable)
		}
		for row := range 3 {
			p.matrix[row][i] = fixed(xyz[8+4*row:])
		}
		if p.curves[i], err = parseCurve(tags[c+"TRC"]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// tagTable returns the data of every tag by its name.
func tagTable(data []byte) (map[string][]byte, error) {
	n := int(binary.BigEndian.Uint32(data[headerSize:]))
	if n > maxTags || headerSize+4+12*n > len(data) {
		return nil, fmt.Errorf("%w: %d tags", ErrUnusable, n)
	}
	tags := make(map[string][]byte, n)
	for i := range n {
		entry := data[headerSize+4+12*i:]
		at, size := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if at+size > uint64(len(data)) {
			return nil, fmt.Errorf("%w: a tag lies outside", ErrUnusable)
		}
		tags[string(entry[:4])] = data[at : at+size]
	}
	return tags, nil
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// XYZ returns the colour of r, g, b (0 to 1), relative to D50 with Y of white 1. Of a grey profile it takes g.
func (p *Profile) XYZ(r, g, b float64) [3]float64 {
	if p.Gray {
		y := p.curves[0].at(g)
		return [3]float64{d50[0] * y, y, d50[2] * y}
	}
	lin := [3]float64{p.curves[0].at(r), p.curves[1].at(g), p.curves[2].at(b)}
	var out [3]float64
	for i, row := range p.matrix {
		out[i] = row[0]*lin[0] + row[1]*lin[1] + row[2]*lin[2]
	}
	return out
}

var d50 = [3]float64{0.9642, 1, 0.8249}

// sRGB's colorants relative to D50 and the inverse (IEC 61966-2-1, adapted with Bradford).
var (
	srgbToXYZ = [3][3]float64{
		{0.4360747, 0.3850649, 0.1430804},
		{0.2225045, 0.7168786, 0.0606169},
		{0.0139322, 0.0971045, 0.7141733},
	}
	xyzToSRGB = [3][3]float64{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	}
)

// encodeSRGB is the transfer function of sRGB, 0 to 1.
func encodeSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * max(0, v)
	}
	return min(1, 1.055*math.Pow(v, 1/2.4)-0.055)
}

func decodeSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// IsSRGB reports whether a picture looks the same without the profile: whether it is, within a step of 8 bits, sRGB's.
func (p *Profile) IsSRGB() bool {
	for i := 0; i <= 32; i++ {
		v := float64(i) / 32
		for c := range p.curves {
			if p.Gray && c > 0 {
				break
			}
			if math.Abs(encodeSRGB(p.curves[c].at(v))-v) > 1.0/255 {
				return false
			}
		}
	}
	for i, row := range p.matrix {
		for j, v := range row {
			if !p.Gray && math.Abs(v-srgbToXYZ[i][j]) > 0.002 {
				return false
			}
		}
	}
	return true
}

// ToSRGB converts RGBA samples, four bytes a pixel, in place; colours outside of sRGB are clipped.
func (p *Profile) ToSRGB(rgba []byte) {
	for i := 0; i+3 < len(rgba); i += 4 {
		xyz := p.XYZ(float64(rgba[i])/255, float64(rgba[i+1])/255, float64(rgba[i+2])/255)
		for c, row := range xyzToSRGB {
			v := encodeSRGB(row[0]*xyz[0] + row[1]*xyz[1] + row[2]*xyz[2])
			rgba[i+c] = byte(v*255 + 0.5)
		}
	}
}

// GrayToSRGB returns what each grey value becomes in sRGB.
func (p *Profile) GrayToSRGB() (table [256]byte) {
	c := &p.curves[0]
	if !p.Gray {
		c = &p.curves[1]
	}
	for i := range table {
		table[i] = byte(encodeSRGB(c.at(float64(i)/255))*255 + 0.5)
	}
	return table
}
