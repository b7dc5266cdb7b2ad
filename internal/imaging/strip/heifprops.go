package strip

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// heifSizes are the sizes of the properties that are kept and have one, in bytes (ISO/IEC 23008-12, section 6.5; ISO/IEC
// 14496-12, section 12.1): size, aspect ratio, cropping, turning, mirroring, light levels, mastering display.
var heifSizes = map[string]int{"ispe": 12, "pasp": 8, "clap": 32, "irot": 1, "imir": 1, "clli": 4, "mdcv": 24}

const maxChannels = 4

// heifProperty is a property as it is kept; it serves every item that has it.
type heifProperty struct {
	name    string
	box     []byte // whole; nil where it is not kept
	profile []byte // the colour profile in the place of a box, which is Build's to write

	clean func([]byte) ([]byte, error) // cleans the data of items with this configuration; nil for other properties
}

// properties keeps those of an item and returns what cleans its data.
func (h *heifFile) properties(i *heifItem, from *bmff.Item) (clean func([]byte) ([]byte, error), err error) {
	for _, a := range from.Properties {
		b, ok := h.meta.Property(a)
		if !ok {
			continue
		}
		p := h.known[a.Number]
		if p == nil {
			if p, err = h.property(b); err != nil {
				return nil, err
			}
			h.known[a.Number] = p
		}
		if p.clean != nil {
			if clean != nil || i.kind != codecs[p.name] {
				return nil, fmt.Errorf("a picture with a configuration too many: %w", ErrMalformed)
			}
			clean = p.clean
		}
		switch {
		case p.box != nil:
			i.properties = append(i.properties, heifAssociation{p, a.Essential})
		case p.profile != nil:
			i.properties = append(i.properties, heifAssociation{p, a.Essential})
			if i == h.items[0] && h.ICC == nil {
				h.ICC = p.profile
			}
		case a.Essential:
			return nil, fmt.Errorf("a picture with a property %q: %w", p.name, ErrUnsupported)
		}
	}
	if clean == nil && i.kind != "grid" {
		return nil, fmt.Errorf("a picture without a configuration: %w", ErrMalformed)
	}
	return clean, nil
}

// codecs are the types of the items that have these configurations.
var codecs = map[string]string{"hvcC": "hvc1", "av1C": "av01"}

// property cleans a property.
func (h *heifFile) property(b bmff.Box) (p *heifProperty, err error) {
	p = &heifProperty{name: b.Name}
	switch {
	case b.Name == "colr" && isProfile(b.Data):
		p.profile = b.Data[4:]
		if h.metadata += len(p.profile); h.metadata > h.limits.Metadata {
			return nil, fmt.Errorf("more than %d bytes of metadata: %w", h.limits.Metadata, ErrTooMuch)
		}
		return p, nil
	case b.Name == "hvcC":
		p.box, p.clean, err = hevcConfiguration(b.Data)
	case b.Name == "av1C":
		p.box, p.clean, err = av1Configuration(b.Data)
	default:
		p.box, err = lookProperty(b)
	}
	if err != nil {
		return nil, err
	}
	if removed := 8 + len(b.Data) - len(p.box); removed > 0 {
		return p, h.remove(fmt.Sprintf("property %q", b.Name), removed)
	}
	return p, nil
}

func isProfile(colr []byte) bool {
	return len(colr) > 4 && (string(colr[:4]) == "prof" || string(colr[:4]) == "rICC")
}

// lookProperty writes a property that decides how a picture looks, without what its box may hold besides; nil for any
// other.
func lookProperty(p bmff.Box) ([]byte, error) {
	b := p.Data
	n := heifSizes[p.Name]
	switch p.Name {
	case "pixi": // bits of each channel
		if len(b) > 4 {
			n = 5 + min(int(b[4]), maxChannels)
		}
	case "colr":
		n = len("nclx") + 7
		if len(b) >= 4 && string(b[:4]) != "nclx" {
			return nil, nil
		}
	case "auxC":
		if name := alphaName(b); name != "" {
			return appendFullBox(nil, "auxC", 0, 0, append([]byte(name), 0)), nil
		}
		return nil, nil
	}
	if n == 0 && p.Name != "pixi" {
		return nil, nil
	}
	if n == 0 || len(b) < n {
		return nil, fmt.Errorf("a property %q of %d bytes: %w", p.Name, len(b), ErrMalformed)
	}
	b = bytes.Clone(b[:n])
	switch p.Name { // reserved bits
	case "irot":
		b[0] &= 3
	case "imir":
		b[0] &= 1
	case "colr":
		b[n-1] &= 0x80
	case "ispe", "pixi":
		clear(b[:4])
	}
	if p.Name == "pixi" {
		b[4] = byte(n - 5)
	}
	return appendBox(nil, p.Name, b), nil
}

func appendBox(out []byte, name string, parts ...[]byte) []byte {
	start := len(out)
	out = append(append(out, 0, 0, 0, 0), name...)
	for _, p := range parts {
		out = append(out, p...)
	}
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start))
	return out
}

func appendFullBox(out []byte, name string, version, flags byte, parts ...[]byte) []byte {
	return appendBox(out, name, append([][]byte{{version, 0, 0, flags}}, parts...)...)
}
