//go:build cgo || nodynamic

package heif

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/avif" // carries libavif and libaom, compiled to WebAssembly
	"github.com/valetkey/valetkey/internal/imaging/sandbox"
)

// avifModule is libavif as gen2brain/avif embeds it. Its own Decode is not used, for the reasons that heifModule has.
//
//go:linkname avifModule github.com/gen2brain/avif.decodeWasm
var avifModule []byte

var libavif = sandbox.New(avifModule)

// unwritten is what the place for a picture's duration holds before it is decoded: "decode" does not report that a
// picture was broken, but then it does not write there either.
var unwritten = bytes.Repeat([]byte{0xff}, 8)

func decodeAV1(ctx context.Context, i *sandbox.Instance, data []byte, info *Info) (image.Image, error) {
	in, err := i.Put(ctx, data)
	if err != nil {
		return nil, err
	}
	// libavif takes an animation's first frame instead of the primary picture when the major brand is that of one, and
	// nothing without a brand of its own.
	if brand, err := i.Bytes(in, 12); err != nil || string(brand[4:8]) != "ftyp" {
		return nil, fmt.Errorf("%w: no file type", ErrDecode)
	} else {
		copy(brand[8:], "avif")
	}
	at, err := results(ctx, i, 4) // width, height, bits, pictures
	if err != nil {
		return nil, err
	}
	args := append([]uint64{uint64(in), uint64(len(data)), 1, 0}, at...)
	if ok, err := i.Call(ctx, "decode", append(args, 0, 0)...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: header (%w)", ErrDecode, err)
	}
	fact, err := read(i, at)
	if err != nil {
		return nil, err
	}
	if int(fact[0]) != info.coded.X || int(fact[1]) != info.coded.Y {
		return nil, fmt.Errorf("%w: %v announced, %dx%d found", ErrDecode, info.coded, fact[0], fact[1])
	}
	size := 4 * info.coded.X * info.coded.Y
	if fact[2] > 8 {
		size *= 2
	}
	out, err := i.Alloc(ctx, size)
	if err != nil {
		return nil, err
	}
	duration, err := i.Put(ctx, unwritten)
	if err != nil {
		return nil, err
	}
	args[2] = 0
	if ok, err := i.Call(ctx, "decode", append(args, uint64(duration), uint64(out))...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: picture (%w)", ErrDecode, err)
	}
	if written, err := i.Bytes(duration, 8); err != nil || bytes.Equal(written, unwritten) {
		return nil, fmt.Errorf("%w: picture", ErrDecode)
	}
	pixels, err := i.Bytes(out, size)
	if err != nil {
		return nil, err
	}
	return info.fromRGBA(pixels, fact[2] > 8), nil
}

// fromRGBA cuts what is to be seen out of the decoder's premultiplied RGBA of 8 or (deep) little-endian 16 bits.
func (i *Info) fromRGBA(pixels []byte, deep bool) image.Image {
	stride := len(pixels) / i.coded.Y
	m := image.NewRGBA(image.Rect(0, 0, i.Width, i.Height))
	for y := range i.Height {
		row := pixels[(i.crop.Min.Y+y)*stride:][:stride]
		out := m.Pix[y*m.Stride:][:m.Stride]
		if !deep {
			copy(out, row[4*i.crop.Min.X:])
			continue
		}
		row = row[8*i.crop.Min.X:]
		for x := range out {
			out[x] = byte((uint32(row[2*x]) | uint32(row[2*x+1])<<8 + 128) / 257)
		}
	}
	if i.av1.grey && m.Opaque() {
		return firstOf4(m)
	}
	return m
}

func firstOf4(m *image.RGBA) *image.Gray {
	out := image.NewGray(m.Rect)
	for x := range out.Pix {
		out.Pix[x] = m.Pix[4*x]
	}
	return out
}
