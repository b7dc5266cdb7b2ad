// Package heif reads HEIC and AVIF photos: their boxes in Go, their pixels with libheif and libde265, or libavif and
// libaom, compiled to WebAssembly, so that a flaw in those decoders reaches nothing outside of the instance it runs in.
package heif

import (
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// Every error of this package wraps one of these, or is the context's.
var (
	ErrMalformed   = bmff.ErrMalformed
	ErrTruncated   = bmff.ErrTruncated
	ErrDecode      = errors.New("heif: the picture does not decode")
	ErrUnavailable = errors.New("heif: this build has no decoder")
)

// Codec is how the pixels of a picture are coded.
type Codec string

// The codecs that there are decoders for, by the type of an item that one has coded.
const (
	HEVC Codec = "hvc1" // HEIC
	AV1  Codec = "av01" // AVIF
)

// meta is what the meta box says about the pictures.
type meta struct{ *bmff.Meta }

// ParseInfo reads the boxes of a file.
func ParseInfo(data []byte) (*Info, error) {
	m, err := readMeta(data)
	if err != nil {
		return nil, err
	}
	return m.info(data)
}

// KindOf returns the type of the item that has the coded primary picture of a file, or the first tile of it: a Codec where
// there is a decoder for it, "" when the boxes do not say.
func KindOf(data []byte) string {
	m, _ := readMeta(data)
	if m == nil {
		return ""
	}
	return m.kind(m.first())
}

// readMeta reads the first meta box. With an error that lies behind it, it returns what was read.
func readMeta(data []byte) (m *meta, err error) {
	r := &bmff.Reader{}
	err = r.Each(data, func(b bmff.Box) error {
		if b.Name != "meta" || m != nil {
			return nil
		}
		parsed, err := bmff.ParseMeta(r, b.Data)
		if err == nil {
			m = &meta{parsed}
		}
		return err
	})
	if err == nil && m == nil {
		err = fmt.Errorf("%w: no meta box", ErrMalformed)
	}
	return m, err
}

// codec is that of the primary item, or of the first it is made of.
func (m *meta) codec() Codec {
	switch c := Codec(m.kind(m.first())); c {
	case HEVC, AV1:
		return c
	}
	return ""
}

// first is the primary item or, of a grid, the first item that it is made of.
func (m *meta) first() uint32 {
	if m.kind(m.Primary) == "grid" {
		for _, ref := range m.References {
			if ref.Kind == "dimg" && ref.From == m.Primary && len(ref.To) > 0 {
				return ref.To[0]
			}
		}
	}
	return m.Primary
}

// kind is the type of an item, "" without one.
func (m *meta) kind(id uint32) string {
	if i := m.Item(id); i != nil {
		return i.Type
	}
	return ""
}

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
