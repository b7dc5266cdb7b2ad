// Package sandbox runs decoders that were written in C or C++ and compiled to WebAssembly. Each use gets an instance of
// its own that can touch nothing but its own memory, uses no more of that than it may, and ends with its context: a flaw
// in a decoder reaches no further than the photo that found it.
package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// ErrFailed is what every error of an Instance wraps: the program trapped, or wanted more memory than it may have.
var ErrFailed = errors.New("sandbox: the program failed")

// MaxMemory is the most that one instance may have, in bytes.
const MaxMemory = 2 << 30

// Program is a WebAssembly program. It may be used by many goroutines at a time.
type Program struct {
	compile func() (*compiled, error)
}

type compiled struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// New returns the program of a gzipped module, which imports at most WASI and exports malloc. It is compiled when it is
// first needed, which takes half a second.
func New(gzipped []byte) *Program {
	return &Program{sync.OnceValues(func() (*compiled, error) { return compile(gzipped) })}
}

func compile(gzipped []byte) (*compiled, error) {
	ctx := context.Background()
	z, err := gzip.NewReader(bytes.NewReader(gzipped))
	if err != nil {
		return nil, err
	}
	code, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	if code, err = interruptible(code); err != nil {
		return nil, err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(MaxMemory>>16))
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	m, err := r.CompileModule(ctx, code)
	return &compiled{r, m}, err
}

// Run makes an instance that may use maxMemory bytes, at most MaxMemory, and hands it to do. When the context ends, what
// the instance is doing ends too, and the context's error is returned.
func (p *Program) Run(ctx context.Context, maxMemory int64, do func(*Instance) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := p.compile()
	if err != nil {
		return fmt.Errorf("sandbox: compiling: %w", err)
	}
	limited := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return &memory{max: uint64(min(maxMemory, MaxMemory))}
	}))
	mod, err := c.runtime.InstantiateModule(limited, c.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer mod.Close(context.WithoutCancel(ctx))
	stop := mod.ExportedGlobal(stopGlobal).(api.MutableGlobal)
	forget := context.AfterFunc(ctx, func() { stop.Set(1) })
	defer forget()
	err = do(&Instance{mod})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// memory is the memory of an instance. All that it may have is reserved at once, as growing would copy it time and again;
// the system provides what is touched.
type memory struct {
	buf []byte
	max uint64
}

// Reallocate returns nil when size is too much: the program's malloc then returns a null pointer.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.max {
		return nil
	}
	if m.buf == nil {
		m.buf = make([]byte, m.max)
	}
	return m.buf[:size]
}

func (m *memory) Free() { m.buf = nil }

// Instance is one use of a Program. Its errors wrap ErrFailed.
type Instance struct{ mod api.Module }

// Call calls an exported function and returns its first result, 0 if it has none.
func (i *Instance) Call(ctx context.Context, name string, args ...uint64) (uint32, error) {
	res, err := i.mod.ExportedFunction(name).Call(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrFailed, name, err)
	}
	if len(res) == 0 {
		return 0, nil
	}
	return uint32(res[0]), nil
}

// Alloc reserves n bytes in the instance and returns where they are.
func (i *Instance) Alloc(ctx context.Context, n int) (uint32, error) {
	p, err := i.Call(ctx, "malloc", uint64(n))
	if err == nil && p == 0 {
		err = fmt.Errorf("%w: no %d bytes of memory left", ErrFailed, n)
	}
	return p, err
}

// Put copies data into the instance and returns where it is.
func (i *Instance) Put(ctx context.Context, data []byte) (uint32, error) {
	p, err := i.Alloc(ctx, len(data))
	if err == nil && !i.mod.Memory().Write(p, data) {
		err = fmt.Errorf("%w: malloc returned %d", ErrFailed, p)
	}
	return p, err
}

// Bytes returns n bytes at an address. They are the instance's own until the next call.
func (i *Instance) Bytes(at uint32, n int) ([]byte, error) {
	b, ok := i.mod.Memory().Read(at, uint32(n))
	if !ok {
		return nil, fmt.Errorf("%w: %d bytes at %d", ErrFailed, n, at)
	}
	return b, nil
}
