// Package jpeg decodes JPEG photos at a fraction of their size, from 1/8 to 8/8. A photo of 48 megapixels that is wanted
// 2048 pixels wide need not become 48 million pixels first: of every block of 8 by 8 only the low frequencies are turned
// into pixels, N by N of them. All entropy-coded data is decoded and checked nevertheless.
//
// It knows what cameras and phones write: 8 bits, Huffman coding, sequential or progressive, grey or YCbCr. Everything
// else is ErrUnsupported and left to image/jpeg. References are to ITU-T T.81.
package jpeg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/raster"
)

// Every error of this package wraps one of these, or is the context's.
var (
	ErrUnsupported = errors.New("jpeg: variety not known here")
	ErrMalformed   = errors.New("jpeg: malformed")
	ErrTruncated   = errors.New("jpeg: data ends too early")
)

const blockSize = 8

// Header is what a file says before its first scan.
type Header struct {
	Width, Height int
	Samples       float64 // for each pixel: 1 for grey, 1.5 for 4:2:0, 3 for 4:4:4
	Progressive   bool
	Supported     bool // whether Decode knows the variety

	frame byte // marker of the frame header: which process
	bits  int  // of a sample
}

// Unusual names what neither this package nor image/jpeg decodes, such as "arithmetic coding": "" for anything else.
func (h Header) Unusual() string {
	switch h.frame { // table B.1
	case 0xc3:
		return "lossless coding"
	case 0xc5, 0xc6, 0xc7, 0xde, 0xdf:
		return "hierarchical coding"
	case 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf:
		return "arithmetic coding"
	}
	if h.frame != 0 && h.bits != 8 {
		return fmt.Sprintf("%d-bit samples", h.bits)
	}
	return ""
}

// ReadHeader reads the header of a JPEG without decoding any of it. With ErrUnsupported, Unusual may know more.
func ReadHeader(data []byte) (Header, error) {
	if len(data) < 2 || data[0] != 0xff || data[1] != 0xd8 {
		return Header{}, ErrMalformed
	}
	d := &decoder{data: data, at: 2, adobe: -1, dry: true}
	for {
		marker, segment, err := d.segment()
		if err != nil {
			return Header{}, err
		}
		if marker == 0xd9 || marker == 0xda {
			return Header{}, fmt.Errorf("%w: no frame", ErrMalformed)
		}
		err = d.table(marker, segment)
		if err != nil && !errors.Is(err, ErrUnsupported) {
			return Header{}, err
		}
		h := Header{Width: d.width, Height: d.height, Progressive: d.progressive, Supported: err == nil, Samples: 4}
		if len(segment) > 0 && (err != nil || d.width > 0) {
			h.frame, h.bits = marker, int(segment[0])
		}
		if d.width > 0 {
			if h.Supported {
				h.Samples = 1 + float64(len(d.components)-1)/float64(d.maxH*d.maxV)
			}
			return h, nil
		}
		if err != nil {
			return h, err
		}
	}
}

// component is a colour channel of the frame.
type component struct {
	id       byte
	h, v     int // sampling factors
	quant    byte
	columns  int // blocks across and down, as many as the interleaved scan holds
	rows     int
	width    int // blocks across and down that hold pixels of the picture: what a scan of this component alone holds
	height   int
	pixels   raster.Plane
	coefs    []int16 // progressive only: 64 for each block
	dc, ac   *huffman
	previous int32 // DC of the block before, for the differences
}

type decoder struct {
	data []byte
	at   int // of the next segment
	n    int // pixels a block is decoded to, each way

	width, height int
	dry           bool // the header only: nothing is allocated
	progressive   bool
	components    []component
	maxH, maxV    int

	quants  [4]*[64]int32 // in zigzag order
	tables  [2][4]*huffman
	restart int // MCUs between restart markers, 0 for none
	jfif    bool
	adobe   int // transform of the Adobe segment, -1 without one

	bits bitReader
	runs int // blocks left of an end-of-band run
}

// Decode decodes a JPEG to n eighths of its size, n from 1 to 8, into planes of its own subsampling.
func Decode(ctx context.Context, data []byte, n int) (*raster.Image, error) {
	if n < 1 || n > 8 {
		return nil, fmt.Errorf("jpeg: %d eighths", n)
	}
	d := &decoder{data: data, at: 2, n: n, adobe: -1}
	if len(data) < 2 || data[0] != 0xff || data[1] != 0xd8 {
		return nil, ErrMalformed
	}
	scans := 0
	for {
		marker, segment, err := d.segment()
		if err != nil {
			return nil, err
		}
		if marker == 0xd9 { // end of image
			break
		}
		if marker == 0xda {
			scans++
			err = d.scan(ctx, segment)
		} else {
			err = d.table(marker, segment)
		}
		if err != nil {
			return nil, err
		}
	}
	if scans == 0 {
		return nil, fmt.Errorf("%w: no picture", ErrMalformed)
	}
	if d.progressive {
		if err := d.reconstruct(ctx); err != nil {
			return nil, err
		}
	}
	return d.image(), nil
}

// segment returns the next marker with what its segment holds, and moves behind it.
func (d *decoder) segment() (marker byte, segment []byte, err error) {
	for d.at < len(d.data) && d.data[d.at] != 0xff { // bytes between segments mean nothing
		d.at++
	}
	for d.at < len(d.data) && d.data[d.at] == 0xff {
		d.at++
	}
	if d.at >= len(d.data) {
		return 0, nil, ErrTruncated
	}
	marker = d.data[d.at]
	d.at++
	if marker == 0xd9 || marker < 0x02 || marker >= 0xd0 && marker <= 0xd7 {
		return marker, nil, nil
	}
	if len(d.data)-d.at < 2 {
		return 0, nil, ErrTruncated
	}
	size := int(binary.BigEndian.Uint16(d.data[d.at:]))
	if size < 2 || size > len(d.data)-d.at {
		return 0, nil, ErrTruncated
	}
	segment = d.data[d.at+2 : d.at+size]
	d.at += size
	return marker, segment, nil
}

// table takes in every segment but a scan.
func (d *decoder) table(marker byte, b []byte) error {
	switch {
	case marker == 0xdb:
		return d.quantization(b)
	case marker == 0xc4:
		return d.huffmanTables(b)
	case marker == 0xdd:
		if len(b) != 2 {
			return fmt.Errorf("%w: restart interval", ErrMalformed)
		}
		d.restart = int(binary.BigEndian.Uint16(b))
	case marker == 0xe0 && len(b) >= 5 && string(b[:5]) == "JFIF\x00":
		d.jfif = true
	case marker == 0xee && len(b) >= 12 && string(b[:5]) == "Adobe":
		d.adobe = int(b[11])
	case marker == 0xc0, marker == 0xc1, marker == 0xc2:
		d.progressive = marker == 0xc2
		return d.frame(b)
	case marker >= 0xc3 && marker <= 0xcf, marker == 0xdc, marker == 0xde, marker == 0xdf:
		return fmt.Errorf("%w: marker %#x", ErrUnsupported, marker)
	}
	return nil
}

// quantization reads the tables of a DQT segment (B.2.4.1).
func (d *decoder) quantization(b []byte) error {
	for len(b) > 0 {
		wide, id := b[0]>>4, b[0]&15
		size := 64 * (1 + int(wide))
		if wide > 1 || id > 3 || len(b) < 1+size {
			return fmt.Errorf("%w: quantization table", ErrMalformed)
		}
		t := new([64]int32)
		for i := range t {
			if wide == 1 {
				t[i] = int32(binary.BigEndian.Uint16(b[1+2*i:]))
			} else {
				t[i] = int32(b[1+i])
			}
		}
		d.quants[id] = t
		b = b[1+size:]
	}
	return nil
}

// frame reads the frame header (B.2.2) and makes room for what comes.
func (d *decoder) frame(b []byte) error {
	if d.components != nil {
		return fmt.Errorf("%w: a second frame", ErrMalformed)
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return fmt.Errorf("%w: frame header", ErrMalformed)
	}
	d.height, d.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if d.width == 0 || d.height == 0 {
		return fmt.Errorf("%w: no size", ErrMalformed)
	}
	if b[0] != 8 || b[5] != 1 && b[5] != 3 {
		return fmt.Errorf("%w: %d bits, %d components", ErrUnsupported, b[0], b[5])
	}
	d.components = make([]component, b[5])
	for i := range d.components {
		c := &d.components[i]
		c.id, c.h, c.v, c.quant = b[6+3*i], int(b[7+3*i]>>4), int(b[7+3*i]&15), b[8+3*i]
		if c.quant > 3 {
			return fmt.Errorf("%w: quantization table %d", ErrMalformed, c.quant)
		}
	}
	if err := d.checkColours(); err != nil {
		return err
	}
	if !d.dry {
		d.layOut()
	}
	return nil
}

// checkColours lets grey and YCbCr pass, with chroma of one sample for 1, 2 or 4 of luma across and 1 or 2 down.
func (d *decoder) checkColours() error {
	c := d.components
	if len(c) == 1 {
		c[0].h, c[0].v = 1, 1 // a single component is never interleaved: A.2.2
		d.maxH, d.maxV = 1, 1
		return nil
	}
	rgb := c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
	if !d.jfif && (d.adobe == 0 || rgb) {
		return fmt.Errorf("%w: RGB", ErrUnsupported)
	}
	d.maxH, d.maxV = c[0].h, c[0].v
	if c[1].h != 1 || c[1].v != 1 || c[2].h != 1 || c[2].v != 1 ||
		d.maxH != 1 && d.maxH != 2 && d.maxH != 4 || d.maxV != 1 && d.maxV != 2 {
		return fmt.Errorf("%w: sampling %dx%d", ErrUnsupported, d.maxH, d.maxV)
	}
	return nil
}

// layOut computes the blocks of every component (A.1.1, A.2.4) and allocates its pixels.
func (d *decoder) layOut() {
	mcusX := ceilDiv(d.width, blockSize*d.maxH)
	mcusY := ceilDiv(d.height, blockSize*d.maxV)
	for i := range d.components {
		c := &d.components[i]
		c.columns, c.rows = mcusX*c.h, mcusY*c.v
		w, h := ceilDiv(d.width*c.h, d.maxH), ceilDiv(d.height*c.v, d.maxV)
		c.width, c.height = ceilDiv(w, blockSize), ceilDiv(h, blockSize)
		stride := c.columns * d.n
		c.pixels = raster.Plane{
			Width: ceilDiv(w*d.n, blockSize), Height: ceilDiv(h*d.n, blockSize),
			Stride: stride, Pix: make([]byte, stride*c.rows*d.n),
		}
		if d.progressive {
			c.coefs = make([]int16, 64*c.columns*c.rows)
		}
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (d *decoder) image() *raster.Image {
	m := &raster.Image{Model: raster.Gray, SubX: d.maxH, SubY: d.maxV}
	if len(d.components) == 3 {
		m.Model = raster.YCbCr
	}
	for i := range d.components {
		m.Planes = append(m.Planes, d.components[i].pixels)
	}
	m.Width, m.Height = m.Planes[0].Width, m.Planes[0].Height
	m.ExactWidth = float64(d.width*d.n) / blockSize
	m.ExactHeight = float64(d.height*d.n) / blockSize
	return m
}
