package strip

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Block labels of the GIF89a specification, sections 20 to 27.
const (
	gifImage     = 0x2c
	gifExtension = 0x21
	gifTrailer   = 0x3b
	gifControl   = 0xf9
	gifComment   = 0xfe
	gifApp       = 0xff
	gifText      = 0x01
)

// GIF takes a GIF file apart. Of the extensions it keeps the graphic control blocks and the loop count.
func GIF(data []byte, limits Limits) (*File, error) {
	if len(data) < 6 || string(data[:6]) != "GIF87a" && string(data[:6]) != "GIF89a" {
		return nil, fmt.Errorf("no GIF signature: %w", ErrMalformed)
	}
	if len(data) < 13 {
		return nil, ErrTruncated
	}
	g := &gifFile{File: newFile(limits), data: data, at: 13}
	if err := g.skipColorTable(data[10]); err != nil {
		return nil, err
	}
	kept := [][]byte{data[:g.at]}
	g.Frames, g.Loops = 0, 1
	for {
		if err := g.part(); err != nil {
			return nil, err
		}
		if g.at >= len(data) {
			return nil, ErrTruncated
		}
		start := g.at
		if data[start] == gifTrailer {
			break
		}
		keep, err := g.block()
		if err != nil {
			return nil, err
		}
		if keep {
			kept = append(kept, data[start:g.at])
		}
	}
	if g.Frames == 0 {
		return nil, fmt.Errorf("no picture in the GIF: %w", ErrMalformed)
	}
	g.removeTrailing(data[g.at+1:])
	g.build = func([]byte, int) []byte { return append(bytes.Join(kept, nil), gifTrailer) }
	return g.File, nil
}

type gifFile struct {
	*File
	data []byte
	at   int // offset of what is read next
}

// skipColorTable steps over the table that the packed field announces.
func (g *gifFile) skipColorTable(packed byte) error {
	if packed&0x80 != 0 {
		g.at += 3 << (packed&7 + 1)
	}
	if g.at > len(g.data) {
		return ErrTruncated
	}
	return nil
}

// block steps over one image or extension and says whether it stays.
func (g *gifFile) block() (keep bool, err error) {
	switch g.data[g.at] {
	case gifImage:
		g.Frames++
		if len(g.data)-g.at < 11 {
			return false, ErrTruncated
		}
		packed := g.data[g.at+9]
		g.at += 10
		if err := g.skipColorTable(packed); err != nil {
			return false, err
		}
		g.at++ // the LZW code size
		_, err := g.subBlocks()
		return true, err
	case gifExtension:
		if len(g.data)-g.at < 2 {
			return false, ErrTruncated
		}
		label := g.data[g.at+1]
		g.at += 2
		payload, err := g.subBlocks()
		if err != nil {
			return false, err
		}
		return g.extension(label, payload)
	}
	return false, fmt.Errorf("GIF block %#x: %w", g.data[g.at], ErrMalformed)
}

func (g *gifFile) extension(label byte, payload []byte) (keep bool, err error) {
	switch label {
	case gifControl:
		return true, nil
	case gifComment:
		return false, g.remove("comment", len(payload))
	case gifText:
		return false, g.remove("plain text", len(payload))
	case gifApp:
		// 11 bytes of identifier, then a sub-block 01 and the count: the Netscape extension
		if len(payload) == 1+11+1+3 && string(payload[1:12]) == "NETSCAPE2.0" && payload[13] == 1 {
			g.Loops = int(binary.LittleEndian.Uint16(payload[14:]))
			return true, nil
		}
		if len(payload) >= 12 && string(payload[1:12]) == "XMP DataXMP" {
			return false, g.remove("XMP", len(payload))
		}
		return false, g.remove("application extension", len(payload))
	}
	return false, g.remove(fmt.Sprintf("extension %#x", label), len(payload))
}

// subBlocks steps over a chain of sub-blocks and returns it with its length bytes, without the terminator.
func (g *gifFile) subBlocks() ([]byte, error) {
	start := g.at
	for {
		if g.at >= len(g.data) {
			return nil, ErrTruncated
		}
		n := int(g.data[g.at])
		if n == 0 {
			g.at++
			return g.data[start : g.at-1], nil
		}
		g.at += 1 + n
	}
}
