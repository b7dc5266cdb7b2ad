package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"
)

func section(id byte, entries ...string) []byte {
	body := []byte{byte(len(entries))}
	for _, e := range entries {
		body = append(body, e...)
	}
	return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
}

// module is assembled by hand. It exports
//   - forever(), which loops,
//   - grow(pages), which returns the number of pages before or -1,
//   - malloc(size), which returns a place,
//   - sum(n), which adds up n, n-1, ..., 1 in a loop.
func module(extra string) []byte {
	return slices.Concat([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, "\x60\x00\x01\x7f", "\x60\x01\x7f\x01\x7f"),
		section(3, "\x00", "\x01", "\x01", "\x01"),
		section(5, "\x00\x01"),
		section(6, "\x7f\x01\x41\x00\x0b"),
		section(7, "\x07forever\x00\x00", "\x04grow\x00\x01", "\x06malloc\x00\x02", "\x03sum\x00\x03"),
		section(10,
			"\x09\x00\x03\x40\x0c\x00\x0b\x41\x00\x0b",
			"\x06\x00\x20\x00\x40\x00\x0b",
			"\x05\x00\x41\x80\x08\x0b",
			string(rune(len(extra)+25))+"\x01\x01\x7f"+extra+"\x03\x40\x20\x01\x20\x00\x6a\x21\x01\x20\x00\x41\x01\x6b\x22\x00\x0d\x00\x0b\x20\x01\x0b"))
}

func program(t *testing.T, module []byte) *Program {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(module); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return New(b.Bytes())
}

// TestALoopIsStoppedAndHoldsNobodyUp would hang in the collection without the places at which a program comes back to Go.
func TestALoopIsStoppedAndHoldsNobodyUp(t *testing.T) {
	p := program(t, module(""))
	ctx, cancel := context.WithCancel(t.Context())
	running, done := make(chan bool), make(chan error)
	go func() {
		done <- p.Run(ctx, 1<<20, func(i *Instance) error {
			close(running)
			_, err := i.Call(ctx, "forever")
			if !errors.Is(err, ErrFailed) {
				t.Errorf("it ended with %v", err)
			}
			return err
		})
	}()
	select {
	case <-running:
	case err := <-done:
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	if err := p.Run(ctx, 1<<20, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestAProgramComputesWhatItDidBefore(t *testing.T) {
	const constants = "\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x1a\x43\x03\x40\x03\x40\x1a\x44\x03\x40\x03\x40\x03\x40\x03\x40\x1a" +
		"\x02\x40\x20\x00\x0e\x01\x00\x00\x0b" // and a table of two labels
	for name, m := range map[string][]byte{"plain": module(""), "with constants that look like loops": module(constants)} {
		p := program(t, m)
		err := p.Run(t.Context(), 1<<20, func(i *Instance) error {
			for _, n := range []uint64{1, 2, turns - 1, turns, turns + 1, 3 * turns, 60_000} {
				got, err := i.Call(t.Context(), "sum", n)
				if err != nil {
					return err
				}
				if want := uint32(n * (n + 1) / 2); got != want {
					t.Errorf("%s: the sum of %d is %d, want %d", name, n, got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMemoryIsLimited(t *testing.T) {
	const page = 1 << 16
	p := program(t, module(""))
	err := p.Run(t.Context(), 4*page, func(i *Instance) error {
		for _, tt := range []struct {
			pages uint64
			want  int32
		}{{4, -1}, {3, 1}, {0, 4}, {1, -1}} {
			if got, err := i.Call(t.Context(), "grow", tt.pages); err != nil || int32(got) != tt.want {
				t.Errorf("growing by %d: %d, %v, want %d", tt.pages, int32(got), err, tt.want)
			}
		}
		at, err := i.Put(t.Context(), []byte("photo"))
		if err != nil {
			return err
		}
		if b, err := i.Bytes(at, 5); err != nil || string(b) != "photo" {
			t.Errorf("read %q, %v", b, err)
		}
		if _, err := i.Bytes(4*page-1, 2); !errors.Is(err, ErrFailed) {
			t.Errorf("bytes outside: %v", err)
		}
		if _, err := i.Put(t.Context(), make([]byte, 4*page)); !errors.Is(err, ErrFailed) {
			t.Errorf("more than there is: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestModulesThatAreNotUnderstoodAreRefused(t *testing.T) {
	good := module("")
	head := []byte("\x00asm\x01\x00\x00\x00")
	for name, m := range map[string][]byte{
		"empty":                nil,
		"nothing but a header": head,
		"an imported global":   slices.Concat(head, section(2, "\x01a\x01b\x03\x7f\x00"), good[8:]),
		"a vector instruction": module("\xfd\x00"),
		"an unknown 0xfc":      module("\xfc\x12"),
	} {
		if _, err := interruptible(m); !errors.Is(err, errModule) {
			t.Errorf("%s: %v", name, err)
		}
		if err := program(t, m).Run(t.Context(), 1<<20, nil); !errors.Is(err, errModule) {
			t.Errorf("%s: Run returned %v", name, err)
		}
	}
	for n := range good {
		if _, err := interruptible(good[:n]); err == nil {
			if r := (&reader{data: good[8:n]}); !endsAtSection(r) {
				t.Errorf("cut at %d: no error", n)
			}
		}
	}
}

// endsAtSection reports whether what is left of a cut module is whole sections.
func endsAtSection(r *reader) bool {
	for len(r.data) > 0 {
		r.byte()
		r.bytes(r.uint())
	}
	return !r.short
}

// FuzzInterruptible: what is rewritten is a module of the same kind still.
func FuzzInterruptible(f *testing.F) {
	f.Add(module(""))
	f.Add(module("\x20\x00\x1a\x43\x03\x03\x03\x03\x1a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := interruptible(data)
		if err != nil {
			return
		}
		if _, err := interruptible(out); err != nil {
			t.Errorf("%q became %q, which is refused: %v", data, out, err)
		}
	})
}
