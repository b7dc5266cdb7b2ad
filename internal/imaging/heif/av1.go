package heif

import (
	"fmt"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// av1Info is what the configuration of an AV1 picture says about the memory that decoding it takes.
type av1Info struct {
	deep       bool // more than 8 bits
	grey       bool // no chroma
	subX, subY int  // samples of luma for one of chroma
	alpha      bool // a second picture is decoded for the transparency
}

// checkAV1 reads the configurations and sequence headers of the AV1 items. A picture of another size than the boxes say is
// an error: libaom allocates by the one and libavif scales to the other.
func (m *meta) checkAV1(file []byte, info *Info) error {
	first := m.first()
	for _, i := range m.Items {
		if Codec(i.Type) != AV1 {
			continue
		}
		data := m.Data(file, i)
		if len(data) == 0 {
			return ErrTruncated
		}
		var said image.Point
		for _, p := range m.properties(i.ID) {
			c := &bmff.Cursor{Data: p.Data}
			switch p.Name {
			case "ispe":
				c.Full()
				said = image.Pt(int(c.Uint(4)), int(c.Uint(4)))
			case "av1C":
				if i.ID == first {
					info.av1.configure(c)
				}
			case "auxC":
				info.av1.alpha = true
			}
		}
		seq, ok := findSequence(data)
		if !ok {
			continue // and the decoder will refuse it
		}
		if said != image.Pt(seq.width, seq.height) {
			return fmt.Errorf("%w: a picture of %v holds one of %dx%d", ErrMalformed, said, seq.width, seq.height)
		}
		if i.ID == first && info.Primaries == 0 {
			info.Primaries, info.Transfer = seq.primaries, seq.transfer
		}
	}
	return nil
}

// configure reads an AV1CodecConfigurationRecord (AV1 in ISOBMFF, section 2.3).
func (a *av1Info) configure(c *bmff.Cursor) {
	c.Uint(2) // version, profile, level
	bits := c.Uint(1)
	a.deep = bits&0x40 != 0
	a.grey = bits&0x10 != 0
	a.subX, a.subY = 1+int(bits>>3&1), 1+int(bits>>2&1)
}

// memory is an upper bound, measured with libaom 3.10, of what decoding takes inside the instance, in bytes: 12 a pixel
// for the modes of blocks, two frames (the filters keep a copy), and RGBA twice, once converted and once handed out.
func (i *Info) av1Memory() int64 {
	pixels := int64(i.coded.X) * int64(i.coded.Y)
	sample, chroma := int64(1), int64(0)
	if i.av1.deep {
		sample = 2
	}
	if !i.av1.grey && i.av1.subX > 0 {
		chroma = 8 / int64(i.av1.subX*i.av1.subY) // in quarters of the luma, both planes
	}
	total := pixels * (12 + 2*sample*(4+chroma)/4 + 8*sample)
	if i.av1.alpha {
		total += pixels * (12 + 2*sample)
	}
	return total
}

// sequence is what an AV1 sequence header says (AV1 Bitstream & Decoding Process Specification, section 5.5).
type sequence struct {
	width, height       int // the largest frame
	primaries, transfer int
}

// findSequence looks for the sequence header among the open bitstream units of an item (section 5.3).
func findSequence(data []byte) (s sequence, ok bool) {
	const sequenceHeader = 1
	for len(data) > 0 {
		header := data[0]
		data = data[1:]
		if header&0x04 != 0 && len(data) > 0 { // extension
			data = data[1:]
		}
		size := uint64(len(data))
		if header&0x02 != 0 {
			var n int
			if size, n = leb128(data); n == 0 || size > uint64(len(data)-n) {
				return s, false
			}
			data = data[n:]
		}
		if header>>3&15 == sequenceHeader {
			return readSequence(data[:size])
		}
		data = data[size:]
	}
	return s, false
}

// leb128 reads a number of up to 8 bytes (section 4.10.5) and returns its length, 0 when it is broken.
func leb128(b []byte) (v uint64, n int) {
	for n < min(8, len(b)) {
		v |= uint64(b[n]&0x7f) << (7 * n)
		n++
		if b[n-1] < 0x80 {
			return v, n
		}
	}
	return 0, 0
}

func readSequence(obu []byte) (s sequence, ok bool) {
	b := &bitCursor{data: obu}
	profile := b.bits(3)
	b.bits(1) // still_picture
	reduced := b.flag()
	if reduced {
		b.bits(5) // level
	} else {
		b.operatingPoints()
	}
	w, h := int(b.bits(4))+1, int(b.bits(4))+1
	s.width, s.height = int(b.bits(w))+1, int(b.bits(h))+1
	if !reduced && b.flag() { // frame numbers
		b.bits(4 + 3)
	}
	b.bits(1 + 1 + 1) // superblock size, filter intra, intra edge filter
	if !reduced {
		b.tools()
	}
	b.bits(1 + 1 + 1) // superres, cdef, restoration
	b.colours(profile, &s)
	return s, !b.short
}

// operatingPoints steps over timing, decoder model and operating points.
func (b *bitCursor) operatingPoints() {
	decoderModel, delay := false, 0
	if b.flag() { // timing info
		b.bits(32 + 32)
		if b.flag() { // equal picture interval
			zeros := 0
			for !b.flag() && !b.short && zeros < 32 {
				zeros++
			}
			b.bits(zeros)
		}
		if decoderModel = b.flag(); decoderModel {
			delay = int(b.bits(5)) + 1
			b.bits(32 + 5 + 5)
		}
	}
	initialDelay := b.flag()
	for range b.bits(5) + 1 {
		b.bits(12)
		if b.bits(5) > 7 {
			b.bits(1) // tier
		}
		if decoderModel && b.flag() {
			b.bits(2*delay + 1)
		}
		if initialDelay && b.flag() {
			b.bits(4)
		}
	}
}

// tools steps over the flags of inter prediction.
func (b *bitCursor) tools() {
	b.bits(1 + 1 + 1 + 1) // interintra, masked, warped motion, dual filter
	orderHint := b.flag()
	if orderHint {
		b.bits(1 + 1)
	}
	screenContent := b.flag() // chosen by frame
	if !screenContent {
		screenContent = b.flag() // forced
	}
	if screenContent && !b.flag() {
		b.bits(1) // integer motion vectors forced
	}
	if orderHint {
		b.bits(3)
	}
}

// colours reads color_config as far as the code points.
func (b *bitCursor) colours(profile uint64, s *sequence) {
	deep := b.flag()
	if profile == 2 && deep {
		b.bits(1)
	}
	if profile != 1 {
		b.bits(1) // monochrome
	}
	if b.flag() {
		s.primaries, s.transfer = int(b.bits(8)), int(b.bits(8))
	}
}

// bitCursor reads bits; past the end it returns zeros and remembers.
type bitCursor struct {
	data  []byte
	at    int
	short bool
}

// bits reads a number of n bits, of which the last 64 count.
func (b *bitCursor) bits(n int) (v uint64) {
	for range n {
		v <<= 1
		if b.at>>3 >= len(b.data) {
			b.short = true
			continue
		}
		v |= uint64(b.data[b.at>>3] >> (7 - b.at&7) & 1)
		b.at++
	}
	return v
}

func (b *bitCursor) flag() bool { return b.bits(1) == 1 }
