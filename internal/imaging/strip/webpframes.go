package strip

import (
	"encoding/binary"
	"fmt"
)

// WebPFrame is one picture of an animated WebP.
type WebPFrame struct {
	X, Y, Width, Height int    // in pixels on the canvas
	File                []byte // the picture as a WebP file of its own
}

const frameHeader = 16

// WebPFrames takes the pictures out of an animated WebP (RFC 9649, section 2.7.1.1). Each lies within the canvas.
func WebPFrames(data []byte) ([]WebPFrame, error) {
	var frames []WebPFrame
	var canvasW, canvasH int
	for rest := data[min(12, len(data)):]; len(rest) > 0; {
		c, after, err := nextRIFF(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch {
		case c.name == "VP8X" && len(c.payload) == 10:
			canvasW, canvasH = uint24(c.payload[4:])+1, uint24(c.payload[7:])+1
		case c.name == "ANMF":
			f, err := webpFrame(c.payload)
			if err != nil {
				return nil, err
			}
			if f.X+f.Width > canvasW || f.Y+f.Height > canvasH {
				return nil, fmt.Errorf("a frame lies outside of the canvas: %w", ErrMalformed)
			}
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func webpFrame(payload []byte) (WebPFrame, error) {
	if len(payload) < frameHeader {
		return WebPFrame{}, ErrTruncated
	}
	f := WebPFrame{2 * uint24(payload), 2 * uint24(payload[3:]), uint24(payload[6:]) + 1, uint24(payload[9:]) + 1, nil}
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	pictures := 0
	for rest := payload[frameHeader:]; len(rest) > 0; {
		c, after, err := nextRIFF(rest)
		if err != nil {
			return f, err
		}
		rest = after
		switch c.name {
		case "ALPH":
			h := []byte{flagAlpha, 0, 0, 0}
			h = append(append(h, payload[6:9]...), payload[9:12]...)
			out = appendRIFF(appendRIFF(out, "VP8X", h), c.name, c.payload)
		case "VP8 ", "VP8L":
			pictures++
			out = appendRIFF(out, c.name, c.payload)
		}
	}
	if pictures != 1 {
		return f, fmt.Errorf("a frame of %d pictures: %w", pictures, ErrMalformed)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	f.File = out
	return f, nil
}
