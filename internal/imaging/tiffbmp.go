package imaging

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/tiff"
	xtiff "golang.org/x/image/tiff"
)

// openTIFF reads the first directory and refuses by name what no decoder here knows.
func openTIFF(data []byte, _ strip.Limits) (*opened, error) {
	if exif.IsRaw(data) {
		return nil, refuseNamed(UnsupportedFormat, "a camera's raw file")
	}
	f, err := tiff.Open(data)
	if err != nil {
		return nil, err
	}
	if found, instead := f.Unsupported(); found != "" {
		return nil, refuse(UnsupportedFormat, nil, "This is a TIFF with %s; %s. Save it so, or as JPEG or PNG.", found, instead)
	}
	return &opened{
		orientation: exif.Orientation(data), exif: data, icc: exif.Profile(data), frames: 1, data: data, tiff: f,
	}, nil
}

func sizeTIFF(o *opened) (image.Config, error) {
	if o.tiff.IsJPEG() {
		return image.Config{Width: o.tiff.Width, Height: o.tiff.Height}, nil
	}
	return config(xtiff.DecodeConfig)(o)
}

func decodeTIFF(ctx context.Context, o *opened, r io.Reader) (image.Image, error) {
	if o.tiff.IsJPEG() {
		return o.tiff.Decode(ctx)
	}
	return xtiff.Decode(r)
}

func openBMP(data []byte, _ strip.Limits) (*opened, error) {
	if found := unsupportedBMP(data); found != "" {
		return nil, refuse(UnsupportedFormat, nil,
			"This is a BMP with %s; 1, 2, 4, 8, 24 and 32 bits without compression are taken. Save it so, or as PNG.", found)
	}
	return &opened{orientation: 1, frames: 1, data: data}, nil
}

// bmpCompressions names the values of biCompression; 0 is none. 3 is taken when it says what is usual.
var bmpCompressions = map[uint32]string{
	1: "run-length encoding", 2: "run-length encoding", 4: "a JPEG inside", 5: "a PNG inside",
	3: "channels of its own layout (bit fields)", 6: "channels of its own layout (bit fields)",
}

// unsupportedBMP says what in the header of a BMP there is no decoder for, "" when there is nothing of the kind. The
// fields are those of BITMAPFILEHEADER and BITMAPINFOHEADER with its successors V4 and V5.
func unsupportedBMP(data []byte) string {
	const fileHeader, info, v4, v5 = 14, 40, 108, 124
	if len(data) < fileHeader+4 {
		return ""
	}
	le := binary.LittleEndian
	header := le.Uint32(data[fileHeader:])
	if header != info && header != v4 && header != v5 {
		return fmt.Sprintf("a header of %d bytes, of OS/2 or another unusual kind", header)
	}
	if len(data) < fileHeader+info {
		return ""
	}
	bits, compression := le.Uint16(data[28:]), le.Uint32(data[30:])
	usual := bits == 32 && header > info && len(data) >= 70 &&
		string(data[54:70]) == "\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00\x00\x00\x00\xff"
	if compression != 0 && !(compression == 3 && usual) {
		if name := bmpCompressions[compression]; name != "" {
			return name
		}
		return fmt.Sprintf("unknown (%d) compression", compression)
	}
	switch bits {
	case 1, 2, 4, 8, 24, 32:
		return ""
	}
	return fmt.Sprintf("%d-bit pixels", bits)
}
