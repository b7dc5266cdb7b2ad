package imaging_test

import (
	"math/bits"
)

// blockJPEG describes a JPEG whose every 8 by 8 block has one value. Go's encoder writes 4:2:0 and grey only; this one
// writes every layout there is, so that each can be read back.
type blockJPEG struct {
	width, height int
	h, v          []int                  // sampling factors of each component
	value         func(c, x, y int) byte // of component c at the pixel (x, y)
	adobe         int                    // transform of the Adobe segment, -1 for no such segment
	progressive   bool
	restart       int // MCUs between restart markers, 0 for none
}

// bitWriter writes entropy-coded bits with the zero that follows every 0xff.
type bitWriter struct {
	out  []byte
	acc  uint32
	have int
}

func (w *bitWriter) write(v uint32, n int) {
	w.acc = w.acc<<n | v&(1<<n-1)
	for w.have += n; w.have >= 8; w.have -= 8 {
		b := byte(w.acc >> (w.have - 8))
		if w.out = append(w.out, b); b == 0xff {
			w.out = append(w.out, 0)
		}
	}
}

func (w *bitWriter) flush() {
	if w.have > 0 {
		w.write(1<<(8-w.have)-1, 8-w.have)
	}
}

// encode writes the file. The only Huffman codes are 4 bits for each of 12 sizes of a DC difference, and one bit for the
// end of a block.
func (b blockJPEG) encode() []byte {
	out := []byte{0xff, 0xd8}
	if b.adobe >= 0 {
		out = append(out, jpegSegment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(b.adobe)))...)
	}
	quant := make([]byte, 65)
	for i := range quant[1:] {
		quant[1+i] = 1
	}
	out = append(out, jpegSegment(0xdb, quant)...)
	frame := []byte{8, byte(b.height >> 8), byte(b.height), byte(b.width >> 8), byte(b.width), byte(len(b.h))}
	scan := []byte{byte(len(b.h))}
	for i := range b.h {
		frame = append(frame, byte(i+1), byte(b.h[i]<<4|b.v[i]), 0)
		scan = append(scan, byte(i+1), 0)
	}
	sof := byte(0xc0)
	if b.progressive {
		sof = 0xc2
		scan = append(scan, 0, 0, 0)
	} else {
		scan = append(scan, 0, 63, 0)
	}
	out = append(out, jpegSegment(sof, frame)...)
	dc := append([]byte{0x00, 0, 0, 0, 12}, make([]byte, 12)...)
	for i := range byte(12) {
		dc = append(dc, i)
	}
	out = append(out, jpegSegment(0xc4, dc)...)
	out = append(out, jpegSegment(0xc4, append([]byte{0x10, 1}, make([]byte, 16)...))...)
	if b.restart > 0 {
		out = append(out, jpegSegment(0xdd, []byte{byte(b.restart >> 8), byte(b.restart)})...)
	}
	out = append(out, jpegSegment(0xda, scan)...)
	return append(append(out, b.scan()...), 0xff, 0xd9)
}

func (b blockJPEG) scan() []byte {
	maxH, maxV := 1, 1
	for i := range b.h {
		maxH, maxV = max(maxH, b.h[i]), max(maxV, b.v[i])
	}
	w := &bitWriter{}
	last := make([]int, len(b.h))
	mcu, restarts := 0, 0
	for my := 0; my*8*maxV < b.height; my++ {
		for mx := 0; mx*8*maxH < b.width; mx++ {
			if b.restart > 0 && mcu > 0 && mcu%b.restart == 0 {
				w.flush()
				w.out = append(w.out, 0xff, 0xd0+byte(restarts%8))
				restarts++
				clear(last)
			}
			mcu++
			for c := range b.h {
				for v := range b.v[c] {
					for h := range b.h[c] {
						x := (mx*b.h[c] + h) * 8 * maxH / b.h[c]
						y := (my*b.v[c] + v) * 8 * maxV / b.v[c]
						dc := 8 * (int(b.value(c, min(x, b.width-1), min(y, b.height-1))) - 128)
						w.difference(dc - last[c])
						last[c] = dc
						if !b.progressive {
							w.write(0, 1) // end of block
						}
					}
				}
			}
		}
	}
	w.flush()
	return w.out
}

func (w *bitWriter) difference(d int) {
	size := bits.Len(uint(max(d, -d)))
	w.write(uint32(size), 4)
	if d < 0 {
		d += 1<<size - 1
	}
	w.write(uint32(d), size)
}
