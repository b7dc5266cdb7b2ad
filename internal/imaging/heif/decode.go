//go:build cgo || nodynamic

package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"io"
	"sync"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/heic" // carries libheif and libde265, compiled to WebAssembly
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Available reports whether this build can decode HEIC. A build without cgo needs the tag nodynamic, because otherwise
// gen2brain/heic brings a loader of shared libraries that makes the program depend on the system's C library.
const Available = true

// compressed is libheif as gen2brain/heic embeds it. Its own Decode is not used: it prefers a shared libheif of the
// system, which is not memory-safe, and takes neither a context nor a limit of memory.
//
//go:linkname compressed github.com/gen2brain/heic.heifWasm
var compressed []byte

// The compiled module, made once: compiling takes half a second. It comes in two forms. One looks at every turn of every
// loop whether its context has ended, which takes five times as long. The other cannot be stopped, and so decodes only
// what cannot take long.
var (
	stoppable   = sync.OnceValues(func() (*compiled, error) { return compile(true) })
	unstoppable = sync.OnceValues(func() (*compiled, error) { return compile(false) })
)

// isShort reports whether decoding takes no longer than a picture of this size may: not much more than each pixel once.
func (i *Info) isShort() bool {
	return i.Work > 0 && i.Work <= 2*int64(i.Width)*int64(i.Height)+4<<20
}

func compile(stoppable bool) (*compiled, error) {
	ctx := context.Background()
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	code, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithMemoryLimitPages(MaxMemory>>16).WithCloseOnContextDone(stoppable))
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	m, err := r.CompileModule(ctx, code)
	return &compiled{r, m}, err
}

type compiled struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// Init compiles the decoder, which the first Decode does otherwise.
func Init() error {
	_, err := unstoppable()
	return err
}

// Decode decodes the primary picture of a HEIC file, turned and mirrored as the file says. The result is an
// *image.YCbCr (full range, BT.601), *image.Gray, *image.NRGBA or *image.RGBA of width by height, which come from
// ParseInfo: another size is an error. Each call gets an instance of its own that can touch nothing but its own memory
// (MaxMemory at most). It ends when the context does or, for a file whose Work is known to be little, when it is done.
func Decode(ctx context.Context, data []byte, info *Info) (image.Image, error) {
	sandbox := stoppable
	if info.isShort() {
		sandbox = unstoppable
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := sandbox()
	if err != nil {
		return nil, fmt.Errorf("heif: %w", err)
	}
	mod, err := c.runtime.InstantiateModule(ctx, c.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("heif: %w", err)
	}
	defer mod.Close(context.WithoutCancel(ctx))
	m, err := (&call{mod}).decode(ctx, data, info)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return m, err
}

// call is one use of an instance.
type call struct{ mod api.Module }

func (c *call) invoke(ctx context.Context, name string, args ...uint64) (uint32, error) {
	res, err := c.mod.ExportedFunction(name).Call(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrDecode, name, err)
	}
	if len(res) == 0 {
		return 0, nil
	}
	return uint32(res[0]), nil
}

// alloc reserves n bytes in the instance.
func (c *call) alloc(ctx context.Context, n int) (uint32, error) {
	p, err := c.invoke(ctx, "malloc", uint64(n))
	if err == nil && p == 0 {
		err = fmt.Errorf("%w: more than %d bytes of memory needed", ErrDecode, MaxMemory)
	}
	return p, err
}

func (c *call) decode(ctx context.Context, data []byte, info *Info) (image.Image, error) {
	in, err := c.alloc(ctx, len(data))
	if err != nil {
		return nil, err
	}
	facts, err := c.alloc(ctx, 5*4) // width, height, colour space, chroma, whether colour is premultiplied
	if err != nil {
		return nil, err
	}
	memory := c.mod.Memory()
	if !memory.Write(in, data) {
		return nil, ErrDecode
	}
	args := []uint64{uint64(in), uint64(len(data)), 1}
	for i := range uint64(5) {
		args = append(args, uint64(facts)+4*i)
	}
	if ok, err := c.invoke(ctx, "decode", append(args, 0)...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: header (%v)", ErrDecode, err)
	}
	var fact [5]uint32
	for i := range fact {
		fact[i], _ = memory.ReadUint32Le(facts + uint32(4*i))
	}
	if int(fact[0]) != info.Width || int(fact[1]) != info.Height {
		return nil, fmt.Errorf("%w: %dx%d announced, %dx%d found", ErrDecode, info.Width, info.Height, fact[0], fact[1])
	}
	l, err := newLayout(info.Width, info.Height, fact[2], fact[3], fact[4] == 1)
	if err != nil {
		return nil, err
	}
	out, err := c.alloc(ctx, l.size)
	if err != nil {
		return nil, err
	}
	args[2] = 0
	if ok, err := c.invoke(ctx, "decode", append(args, uint64(out))...); err != nil || ok == 0 {
		return nil, fmt.Errorf("%w: picture (%v)", ErrDecode, err)
	}
	pixels, ok := memory.Read(out, uint32(l.size))
	if !ok {
		return nil, ErrDecode
	}
	m := l.image(bytes.Clone(pixels))
	if y, ok := m.(*image.YCbCr); ok {
		info.Range.toFullRange601(y)
	}
	return m, nil
}
