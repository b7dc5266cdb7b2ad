// Package heif reads HEIC photos: their boxes in Go, their pixels with libheif and libde265 compiled to WebAssembly, so
// that a flaw in those decoders reaches nothing outside of the instance it runs in.
package heif

import (
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// MaxMemory is what one decode may use inside its instance, in bytes; a 24-megapixel photo takes some 500 MB.
const MaxMemory = 2 << 30

// Every error of this package wraps one of these, or is the context's.
var (
	ErrMalformed   = bmff.ErrMalformed
	ErrTruncated   = bmff.ErrTruncated
	ErrDecode      = errors.New("heif: the picture does not decode")
	ErrUnavailable = errors.New("heif: this build has no HEIC decoder")
)

// Info is what the boxes of a file say (ISO/IEC 23008-12, HEIF; ISO/IEC 14496-12 for the boxes).
type Info struct {
	Width, Height int // of the primary picture as it is to be seen, turned by irot
	ICC           []byte
	Exif          []byte // the TIFF structure; nil without one
	Range         Range

	// Work is the number of pixels that are decoded at most to get the picture, counting what is decoded again; 0 when
	// the file is built in a way for which that cannot be told.
	Work int64
}

// Range says what the samples of a YCbCr picture mean (ISO/IEC 23091-2). The zero value is full range BT.601, which is
// what phones write.
type Range struct {
	Matrix  int // matrix coefficients: 1 is BT.709, 9 BT.2020; everything else is taken for BT.601
	Limited bool
}

// ParseInfo reads the boxes of a file.
func ParseInfo(data []byte) (*Info, error) {
	r := &bmff.Reader{}
	var m *meta
	err := r.Each(data, func(b bmff.Box) error {
		if b.Name != "meta" || m != nil {
			return nil
		}
		parsed, err := bmff.ParseMeta(r, b.Data)
		m = &meta{parsed}
		return err
	})
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("%w: no meta box", ErrMalformed)
	}
	return m.info(data)
}

// meta is what the meta box says about the pictures.
type meta struct{ *bmff.Meta }

// properties returns the properties of an item.
func (m *meta) properties(id uint32) (list []bmff.Box) {
	i := m.Item(id)
	if i == nil {
		return nil
	}
	for _, a := range i.Properties {
		if p, ok := m.Property(a); ok {
			list = append(list, p)
		}
	}
	return list
}

func (m *meta) info(data []byte) (*Info, error) {
	info := &Info{Exif: m.Exif(data)}
	turned := false
	for _, p := range m.properties(m.Primary) {
		c := &bmff.Cursor{Data: p.Data}
		switch p.Name {
		case "ispe":
			c.Full()
			info.Width, info.Height = int(c.Uint(4)), int(c.Uint(4))
		case "irot":
			turned = c.Uint(1)&1 == 1
		case "clap":
			if w, h, ok := cropped(c); ok {
				info.Width, info.Height = w, h
			}
		case "colr":
			info.colour(c)
		}
	}
	if info.Width < 1 || info.Height < 1 || info.Width > 1<<20 || info.Height > 1<<20 {
		return nil, fmt.Errorf("%w: a picture of %d by %d", ErrMalformed, info.Width, info.Height)
	}
	if turned {
		info.Width, info.Height = info.Height, info.Width
	}
	info.Work = m.work(data)
	return info, nil
}

// cropped reads the size of a clean aperture (ISO/IEC 14496-12, section 12.1.4): two fractions.
func cropped(c *bmff.Cursor) (w, h int, ok bool) {
	wn, wd, hn, hd := c.Uint(4), c.Uint(4), c.Uint(4), c.Uint(4)
	if c.Short || wd == 0 || hd == 0 {
		return 0, 0, false
	}
	return int(wn / wd), int(hn / hd), true
}

func (i *Info) colour(c *bmff.Cursor) {
	switch string(c.Bytes(4)) {
	case "prof", "rICC":
		i.ICC = c.Data
	case "nclx":
		c.Uint(4) // primaries and transfer
		matrix := int(c.Uint(2))
		limited := c.Uint(1)&0x80 == 0
		if !c.Short {
			i.Range = Range{matrix, limited}
		}
	}
}
