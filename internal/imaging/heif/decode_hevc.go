//go:build cgo || nodynamic

package heif

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/heic" // carries libheif and libde265, compiled to WebAssembly
	"github.com/valetkey/valetkey/internal/imaging/sandbox"
)

// heifModule is libheif as gen2brain/heic embeds it. Its own Decode is not used: it prefers a shared libheif of the
// system, which is not memory-safe, and takes neither a context nor a limit of memory.
//
//go:linkname heifModule github.com/gen2brain/heic.heifWasm
var heifModule []byte

var libheif = sandbox.New(heifModule)

func decodeHEVC(ctx context.Context, i *sandbox.Instance, data []byte, info *Info) (image.Image, error) {
	in, err := i.Put(ctx, data)
	if err != nil {
		return nil, err
	}
	at, err := results(ctx, i, 5) // width, height, colour space, chroma, whether colour is premultiplied
	if err != nil {
		return nil, err
	}
	args := append([]uint64{uint64(in), uint64(len(data)), 1}, at...)
	if ok, err := i.Call(ctx, "decode", append(args, 0)...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: header (%w)", ErrDecode, err)
	}
	fact, err := read(i, at)
	if err != nil {
		return nil, err
	}
	w, h := info.Upright()
	if int(fact[0]) != w || int(fact[1]) != h {
		return nil, fmt.Errorf("%w: %dx%d announced, %dx%d found", ErrDecode, w, h, fact[0], fact[1])
	}
	l, err := newLayout(w, h, fact[2], fact[3], fact[4] == 1)
	if err != nil {
		return nil, err
	}
	out, err := i.Alloc(ctx, l.size)
	if err != nil {
		return nil, err
	}
	args[2] = 0
	if ok, err := i.Call(ctx, "decode", append(args, uint64(out))...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: picture (%w)", ErrDecode, err)
	}
	pixels, err := i.Bytes(out, l.size)
	if err != nil {
		return nil, err
	}
	m := l.image(bytes.Clone(pixels))
	if y, ok := m.(*image.YCbCr); ok {
		info.Range.toFullRange601(y)
	}
	return m, nil
}
