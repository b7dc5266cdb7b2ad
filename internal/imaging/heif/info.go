package heif

import (
	"fmt"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// Info is what the boxes of a file say (ISO/IEC 23008-12, HEIF; ISO/IEC 14496-12 for the boxes).
type Info struct {
	Codec         Codec // of the primary picture or of the tiles it is made of; "" when it is made in another way
	Width, Height int   // of the primary picture in pixels as it is stored, cropped by clap
	// Orientation is what irot and imir make of it, 1 to 8 as EXIF counts.
	Orientation int
	ICC         []byte
	Exif        []byte // the TIFF structure; nil without one
	Range       Range

	// Primaries and Transfer are the colours' code points (ISO/IEC 23091-2): from colr or, in AVIF without one, from the
	// picture's own header. 0 when the file does not say.
	Primaries, Transfer int

	hevc  int64           // bytes of the samples of two pixels; 0 when the file does not say
	coded image.Point     // the size before it is cropped
	crop  image.Rectangle // what is seen of it
	av1   av1Info
}

// Upright returns the size of the picture as it is to be seen.
func (i *Info) Upright() (width, height int) {
	if i.Orientation >= 5 {
		return i.Height, i.Width
	}
	return i.Width, i.Height
}

// spare is what a decoder takes for itself, in bytes.
const spare = 16 << 20

// Memory is what Decode may take inside of the sandbox besides the file, in bytes. A HEIC of 24 megapixels takes 147 MB
// with 8 bits and 4:2:0, one of 26 megapixels 351 MB with 10 bits and 4:2:2; an AVIF of 12 megapixels 244 MB with 8 bits
// and 393 MB with 10.
func (i *Info) Memory() int64 {
	if i.Codec == AV1 {
		return spare + i.av1Memory()
	}
	return spare + i.hevcMemory()
}

// Range says what the samples of a YCbCr picture mean (ISO/IEC 23091-2). The zero value is full range BT.601, which is
// what phones write.
type Range struct {
	Matrix  int // matrix coefficients: 1 is BT.709, 9 BT.2020; everything else is taken for BT.601
	Limited bool
}

func (m *meta) info(data []byte) (*Info, error) {
	info := &Info{Codec: m.codec(), Exif: m.Exif(data)}
	angle, mirror := 0, noMirror
	var clap *bmff.Cursor
	for _, p := range m.properties(m.Primary) {
		c := &bmff.Cursor{Data: p.Data}
		switch p.Name {
		case "ispe":
			c.Full()
			info.coded = image.Pt(int(c.Uint(4)), int(c.Uint(4)))
		case "irot":
			angle = int(c.Uint(1) & 3)
		case "imir":
			mirror = int(c.Uint(1) & 1)
		case "clap":
			clap = c
		case "colr":
			info.colour(c)
		}
	}
	if !plausible(info.coded) {
		return nil, fmt.Errorf("%w: a picture of %v", ErrMalformed, info.coded)
	}
	info.crop = image.Rectangle{Max: info.coded}
	if clap != nil {
		info.crop = cropped(info.coded, clap)
	}
	info.Width, info.Height = info.crop.Dx(), info.crop.Dy()
	if info.crop.Empty() {
		return nil, fmt.Errorf("%w: nothing of the picture is to be seen", ErrMalformed)
	}
	info.Orientation = orientations[mirror][angle]
	if info.Codec == AV1 {
		return info, m.checkAV1(data, info)
	}
	info.hevc = m.hevcSamples()
	return info, nil
}

func plausible(size image.Point) bool {
	return size.X >= 1 && size.Y >= 1 && size.X <= 1<<20 && size.Y <= 1<<20
}

// The values of imir: which parts change places (ISO/IEC 23008-12, section 6.5.12).
const (
	topBottom = 0
	leftRight = 1
	noMirror  = 2
)

// orientations are EXIF's for a mirroring after so many quarter turns counterclockwise, the order that ISO/IEC 23000-22,
// section 7.3.6.7, demands.
var orientations = [3][4]int{
	topBottom: {4, 5, 2, 7},
	leftRight: {2, 7, 4, 5},
	noMirror:  {1, 8, 3, 6},
}

// cropped reads a clean aperture (ISO/IEC 14496-12, section 12.1.4): the size and, from centre to centre, the place, each
// as two fractions. Parts of pixels are left out. One that is empty or lies outside is not followed.
func cropped(size image.Point, c *bmff.Cursor) image.Rectangle {
	whole := image.Rectangle{Max: size}
	var v [8]int64
	for i := range v {
		v[i] = int64(int32(c.Uint(4)))
	}
	if c.Short || v[1] < 1 || v[3] < 1 || v[5] < 1 || v[7] < 1 {
		return whole
	}
	w, h := v[0]/v[1], v[2]/v[3]
	left := ((int64(size.X)-w)*v[5] + 2*v[4]) / (2 * v[5])
	top := ((int64(size.Y)-h)*v[7] + 2*v[6]) / (2 * v[7])
	out := image.Rect(int(left), int(top), int(left+w), int(top+h))
	if w < 1 || h < 1 || !out.In(whole) {
		return whole
	}
	return out
}

func (i *Info) colour(c *bmff.Cursor) {
	switch string(c.Bytes(4)) {
	case "prof", "rICC":
		i.ICC = c.Data
	case "nclx":
		primaries, transfer, matrix := int(c.Uint(2)), int(c.Uint(2)), int(c.Uint(2))
		limited := c.Uint(1)&0x80 == 0
		if !c.Short {
			i.Primaries, i.Transfer, i.Range = primaries, transfer, Range{matrix, limited}
		}
	}
}
