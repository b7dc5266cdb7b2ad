package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// errModule is what interruptible says about a module that it does not understand.
var errModule = errors.New("sandbox: not a WebAssembly module of the kind that is known")

// stopGlobal is the name under which an interruptible module exports the number that ends it once it is not 0.
const stopGlobal = "sandbox_stop"

// turns is how many turns of loops lie between two looks at stopGlobal: some microseconds to a millisecond.
const turns = 4096

// Sections of a module and opcodes (WebAssembly Core Specification 2.0, sections 5.5 and 5.4).
const (
	sectionImport = 2
	sectionGlobal = 6
	sectionExport = 7
	sectionCode   = 10

	opLoop = 0x03
)

// interruptible rewrites a module so that every turn of a loop counts, and every few thousand turns the module comes
// back to Go for a moment and then ends if it is told to. Without that, machine code made from it can neither be stopped
// nor, as it never passes a point at which Go could pause it, do other goroutines get past the next garbage collection.
// What wazero offers for this (WithCloseOnContextDone) goes to Go at every turn, which makes decoders three to five times
// slower. The module has to have a global and an export, as compilers give it, and must not import globals.
func interruptible(module []byte) ([]byte, error) {
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errModule
	}
	out := slices.Clone(module[:8])
	r := &reader{data: module[8:]}
	var first uint32 // the index of the first global added
	globals, exported := false, false
	for len(r.data) > 0 && !r.short {
		id, section := r.byte(), r.bytes(r.uint())
		s := &reader{data: section}
		var err error
		switch id {
		case sectionImport:
			err = onlyFunctions(s)
		case sectionGlobal: // two numbers: turns that are left, and whether to stop
			first, globals = s.uint(), true
			section = append(binary.AppendUvarint(nil, uint64(first+2)), s.data...)
			section = append(appendSigned(append(section, 0x7f, 1, 0x41), turns), 0x0b)
			section = append(section, 0x7f, 1, 0x41, 0, 0x0b)
		case sectionExport:
			exported = true
			section = append(binary.AppendUvarint(nil, uint64(s.uint()+1)), s.data...)
			section = append(append(section, byte(len(stopGlobal))), stopGlobal...)
			section = binary.AppendUvarint(append(section, 3), uint64(first+1))
		case sectionCode:
			section, err = interruptibleCode(s, check(first))
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errModule, err)
		}
		if s.short {
			return nil, errModule
		}
		out = append(binary.AppendUvarint(append(out, id), uint64(len(section))), section...)
	}
	if r.short || !globals || !exported {
		return nil, errModule
	}
	return out, nil
}

// check is what a loop begins with: it takes one from the turns that are left; when none are, it asks for no more memory
// (which goes to Go), ends the module if that is wanted, and begins to count again.
func check(first uint32) []byte {
	left, stop := binary.AppendUvarint(nil, uint64(first)), binary.AppendUvarint(nil, uint64(first+1))
	return slices.Concat(
		[]byte{0x23}, left, []byte{0x41, 0x7f, 0x6a, 0x24}, left, // left += -1
		[]byte{0x23}, left, []byte{0x45, 0x04, 0x40}, // if left == 0
		[]byte{0x41, 0, 0x40, 0, 0x1a},                     // memory.grow 0
		[]byte{0x23}, stop, []byte{0x04, 0x40, 0x00, 0x0b}, // if stop: unreachable
		appendSigned([]byte{0x41}, turns), []byte{0x24}, left, // left = turns
		[]byte{0x0b})
}

func onlyFunctions(r *reader) error {
	for range r.uint() {
		r.bytes(r.uint())
		r.bytes(r.uint())
		if kind := r.byte(); kind != 0 || r.short {
			return fmt.Errorf("an import of kind %d", kind)
		}
		r.uint()
	}
	return nil
}

// interruptibleCode puts check at the start of every loop of every function.
func interruptibleCode(r *reader, check []byte) ([]byte, error) {
	count := r.uint()
	out := binary.AppendUvarint(nil, uint64(count))
	for range count {
		body := &reader{data: r.bytes(r.uint())}
		whole := body.data
		for n := body.uint(); n > 0 && !body.short; n-- { // locals
			body.uint()
			body.byte()
		}
		var function []byte
		copied := 0
		for len(body.data) > 0 && !body.short {
			op := body.byte()
			if err := body.immediates(op); err != nil {
				return nil, err
			}
			if op == opLoop {
				at := len(whole) - len(body.data)
				function = append(append(function, whole[copied:at]...), check...)
				copied = at
			}
		}
		if body.short || r.short {
			return nil, errModule
		}
		function = append(function, whole[copied:]...)
		out = append(binary.AppendUvarint(out, uint64(len(function))), function...)
	}
	if len(r.data) > 0 || r.short {
		return nil, errModule
	}
	return out, nil
}

// reader reads a module; past the end it returns zeros and remembers.
type reader struct {
	data  []byte
	short bool
}

func (r *reader) byte() byte { return r.bytes(1)[0] }

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.data)) {
		r.short, r.data = true, nil
		return []byte{0}
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

// uint reads an unsigned number of up to 32 bits; of signed and longer ones it finds the end.
func (r *reader) uint() (v uint32) {
	for shift := 0; shift < 70; shift += 7 {
		b := r.byte()
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.short = true
	return 0
}

// immediates steps over what follows an opcode. Vector instructions are not known: decoders here come without.
func (r *reader) immediates(op byte) error {
	switch {
	case op == 0x0e, op == 0x1c: // br_table has one more label than it counts; the types of select are numbers too
		n := r.uint()
		if op == 0x0e {
			n++
		}
		for range min(n, uint32(len(r.data))) {
			r.uint()
		}
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x26,
		op >= 0x3f && op <= 0x42, op == 0xd0, op == 0xd2: // block types, labels, functions, variables, memories, integers
		r.uint()
	case op == 0x11, op >= 0x28 && op <= 0x3e: // call_indirect; alignment and offset
		r.uint()
		r.uint()
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xfc:
		switch sub := r.uint(); {
		case sub <= 7: // saturating conversions
		case sub == 8, sub == 10, sub == 12, sub == 14: // memory.init, memory.copy, table.init, table.copy
			r.uint()
			r.uint()
		case sub <= 17:
			r.uint()
		default:
			return fmt.Errorf("instruction 0xfc %d", sub)
		}
	case op == 0x00, op == 0x01, op == 0x05, op == 0x0b, op == 0x0f, op == 0x1a, op == 0x1b,
		op >= 0x45 && op <= 0xc4, op == 0xd1:
	default:
		return fmt.Errorf("instruction %#x", op)
	}
	return nil
}

// appendSigned appends v, not negative, as a signed LEB128 number.
func appendSigned(b []byte, v uint32) []byte {
	for ; v >= 0x40; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}
