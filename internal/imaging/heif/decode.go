//go:build cgo || nodynamic

package heif

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/sandbox"
)

// Available reports whether this build can decode HEIC and AVIF. A build without cgo needs the tag nodynamic, because
// otherwise the modules that carry the decoders bring a loader of shared libraries that makes the program depend on the
// system's C library.
const Available = true

// Init compiles the decoder of a codec, which the first Decode does otherwise.
func Init(c Codec) error {
	p := libheif
	if c == AV1 {
		p = libavif
	}
	return p.Run(context.Background(), spare, func(*sandbox.Instance) error { return nil })
}

// Decode decodes the primary picture of a file. One in HEVC comes turned and mirrored as the file says, as *image.YCbCr
// (full range, BT.601), *image.Gray, *image.NRGBA or *image.RGBA. One in AV1 comes as it is stored, info.Width by
// info.Height, as *image.RGBA or *image.Gray; its 10 or 12 bits are rounded to 8. A picture of another size than
// ParseInfo found is an error. The decoder may use Memory and ends with the context.
func Decode(ctx context.Context, data []byte, info *Info) (m image.Image, err error) {
	program, decode := libheif, decodeHEVC
	if info.Codec == AV1 {
		program, decode = libavif, decodeAV1
	}
	err = program.Run(ctx, info.Memory()+int64(len(data)), func(i *sandbox.Instance) error {
		m, err = decode(ctx, i, data, info)
		return err
	})
	if errors.Is(err, sandbox.ErrFailed) {
		err = fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return m, err
}

// results reserves memory for n numbers that a decoder writes, and returns where each goes.
func results(ctx context.Context, i *sandbox.Instance, n int) ([]uint64, error) {
	at, err := i.Put(ctx, make([]byte, 4*n))
	out := make([]uint64, n)
	for k := range out {
		out[k] = uint64(at) + uint64(4*k)
	}
	return out, err
}

// read returns the numbers at the places that results returned.
func read(i *sandbox.Instance, at []uint64) ([]uint32, error) {
	out := make([]uint32, len(at))
	for k, p := range at {
		b, err := i.Bytes(uint32(p), 4)
		if err != nil {
			return nil, err
		}
		out[k] = binary.LittleEndian.Uint32(b)
	}
	return out, nil
}
