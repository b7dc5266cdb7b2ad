package strip

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// heifBrands are those that a file of nothing but pictures may have (ISO/IEC 23008-12, annexes B and E; ISO/IEC
// 23000-22, MIAF; AV1 Image File Format, section 6). Those of image sequences and of tone maps promise what is removed.
var heifBrands = []string{
	"heic", "heix", "heim", "heis", "avif", "mif1", "mif2", "miaf", "MiPr", "MiHB", "MiHA", "MiHE", "MA1B", "MA1A", "1pic",
}

// Names of what makes a picture transparent (ISO/IEC 23008-12, B.2.3 and E; ISO/IEC 23091-2; AV1 Image File Format,
// section 4.1).
var alphaNames = []string{"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"}

// heifFile collects what HEIF meets.
type heifFile struct {
	*File
	data    []byte
	meta    *bmff.Meta
	stored  int // bytes in mdat boxes
	brands  []string
	items   []*heifItem           // the primary picture is the first
	numbers map[uint32]int        // in items, by the item's number in the file
	size    uint64                // bytes of all of them
	known   map[int]*heifProperty // properties that have been read, by their numbers
	alpha   int                   // number of the transparency in items; 0 without any
	prem    bool                  // colours are premultiplied by it
}

// heifItem is an item that is kept.
type heifItem struct {
	kind       string
	data       []byte
	parts      []int // numbers of the pictures that a grid is made of
	properties []heifAssociation
}

// heifAssociation says that an item has a property.
type heifAssociation struct {
	*heifProperty
	essential bool
}

// HEIF takes a HEIC or AVIF file apart. It keeps the primary picture, coded as HEVC or AV1 or a grid of such pictures,
// and its transparency, each with the properties that decide how it looks, turned and mirrored included. Within the
// coded data it keeps the parameters and the picture and leaves messages out. Everything else is removed: EXIF, XMP,
// thumbnails, depth and gain maps, movies, other boxes, and whatever lies between them. A file whose picture is made in
// another way is an ErrUnsupported; that includes encrypted ones, and data that lies in other files or items or is used
// twice.
func HEIF(data []byte, limits Limits) (*File, error) {
	h := &heifFile{File: newFile(limits), data: data, numbers: map[uint32]int{}, known: map[int]*heifProperty{}}
	if err := h.takeApart(); err != nil {
		switch {
		case errors.Is(err, bmff.ErrTooMany):
			return nil, fmt.Errorf("%w: %w", ErrTooMuch, err)
		case errors.Is(err, bmff.ErrTruncated):
			return nil, fmt.Errorf("%w: %w", ErrTruncated, err)
		case errors.Is(err, bmff.ErrMalformed):
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return nil, err
	}
	h.build = h.assemble
	return h.File, nil
}

func (h *heifFile) takeApart() error {
	if err := h.boxes(); err != nil {
		return err
	}
	if _, err := h.keep(h.meta.Primary, true); err != nil {
		return err
	}
	if err := h.keepAlpha(); err != nil {
		return err
	}
	if err := h.checkOverlap(); err != nil {
		return err
	}
	for _, b := range h.meta.Other {
		if b.Name != "hdlr" && b.Name != "dinf" { // every file has them; they are written anew, or not needed
			if err := h.remove(fmt.Sprintf("box %q", b.Name), 8+len(b.Data)); err != nil {
				return err
			}
		}
	}
	h.Exif = h.meta.Exif(h.data)
	return h.removeItems()
}

// boxes walks through the boxes of the file. What follows the meta box and is no box is trailing data.
func (h *heifFile) boxes() error {
	r := &bmff.Reader{Max: min(h.limits.Parts, bmff.MaxBoxes)}
	for rest := h.data; len(rest) > 0; {
		b, after, err := r.Next(rest)
		if errors.Is(err, bmff.ErrTooMany) || err != nil && h.meta == nil {
			return err
		}
		if err != nil {
			h.trail(rest)
			return nil
		}
		if len(h.brands) == 0 && b.Name != "ftyp" {
			return fmt.Errorf("no file type: %w", ErrMalformed)
		}
		rest = after
		switch {
		case b.Name == "ftyp" && len(h.brands) == 0:
			h.fileType(b.Data)
		case b.Name == "meta" && h.meta == nil:
			if h.meta, err = bmff.ParseMeta(r, b.Data); err != nil {
				return err
			}
		case b.Name == "mdat":
			h.stored += len(b.Data)
		default:
			h.drop(fmt.Sprintf("box %q", b.Name), 8+len(b.Data)) // unread, whatever its size: movies are among them
		}
	}
	if h.meta == nil {
		return fmt.Errorf("no meta box: %w", ErrMalformed)
	}
	return nil
}

// trail notes what is no whole box: the head of one that ends too early may still hold the picture.
func (h *heifFile) trail(rest []byte) {
	if len(rest) >= 8 && string(rest[4:8]) == "mdat" {
		h.stored += len(rest) - 8
		return
	}
	h.removeTrailing(rest)
}

// fileType keeps the brands that remain true: the major one first, or mif1 in its place.
func (h *heifFile) fileType(b []byte) {
	c := &bmff.Cursor{Data: b}
	known := func(brand string) {
		if slices.Contains(heifBrands, brand) && !slices.Contains(h.brands, brand) {
			h.brands = append(h.brands, brand)
		}
	}
	known(string(c.Bytes(4)))
	if len(h.brands) == 0 {
		known("mif1")
	}
	for c.Bytes(4); len(c.Data) >= 4; {
		known(string(c.Bytes(4)))
	}
}

// keep adds an item, and those it is made of where it may be a grid, and returns its number.
func (h *heifFile) keep(id uint32, mayBeGrid bool) (int, error) {
	if n, ok := h.numbers[id]; ok {
		return n, nil
	}
	if err := h.part(); err != nil {
		return 0, err
	}
	from := h.meta.Item(id)
	switch {
	case from == nil || from.Type == "":
		return 0, fmt.Errorf("a picture that is not there: %w", ErrMalformed)
	case from.Type != "hvc1" && from.Type != "av01" && !(from.Type == "grid" && mayBeGrid):
		return 0, fmt.Errorf("a picture of type %q: %w", from.Type, ErrUnsupported)
	case from.Protected || from.Reference != 0 || from.Method > 1:
		return 0, fmt.Errorf("a picture whose data is encrypted or lies elsewhere: %w", ErrUnsupported)
	}
	for _, e := range from.Extents {
		if h.size += e[1]; e[1] > uint64(len(h.data)) || h.size > uint64(len(h.data)) {
			return 0, fmt.Errorf("pictures larger than the file: %w", ErrTruncated)
		}
	}
	i := &heifItem{kind: from.Type, data: h.meta.Data(h.data, from)}
	n := len(h.items)
	h.items, h.numbers[id] = append(h.items, i), n
	if i.data == nil {
		return 0, ErrTruncated
	}
	codec, err := h.properties(i, from)
	if err != nil {
		return 0, err
	}
	if i.kind == "grid" {
		return n, h.grid(i, id)
	}
	size := len(i.data)
	if i.data, err = codec(i.data); err != nil {
		return 0, err
	}
	if removed := size - len(i.data); removed > 0 {
		h.drop("messages in the picture", removed)
	}
	return n, nil
}

// grid keeps what a grid is made of (ISO/IEC 23008-12, section 6.6.2.3).
func (h *heifFile) grid(i *heifItem, id uint32) error {
	size := 8
	if len(i.data) > 1 && i.data[1]&1 == 1 {
		size = 12
	}
	if len(i.data) < size || i.data[0] != 0 {
		return fmt.Errorf("a grid: %w", ErrMalformed)
	}
	i.data = bytes.Clone(i.data[:size])
	i.data[1] &= 1
	for _, ref := range h.meta.References {
		if ref.Kind != "dimg" || ref.From != id {
			continue
		}
		for _, to := range ref.To {
			n, err := h.keep(to, false)
			if err != nil {
				return err
			}
			if n <= h.numbers[id] {
				return fmt.Errorf("a grid of what it is part of: %w", ErrMalformed)
			}
			i.parts = append(i.parts, n)
		}
	}
	if want := (int(i.data[2]) + 1) * (int(i.data[3]) + 1); len(i.parts) != want {
		return fmt.Errorf("a grid of %d pictures, %d of them there: %w", want, len(i.parts), ErrMalformed)
	}
	return nil
}

// keepAlpha keeps the transparency of the primary picture.
func (h *heifFile) keepAlpha() error {
	kept := len(h.items)
	for _, ref := range h.meta.References {
		if ref.Kind != "auxl" || !h.isAlpha(ref.From) {
			continue
		}
		for _, to := range ref.To {
			n, ok := h.numbers[to]
			switch {
			case !ok || n >= kept: // of a picture that is removed
				continue
			case n != 0 || h.alpha != 0:
				return fmt.Errorf("transparency of parts, or in parts: %w", ErrUnsupported)
			}
			var err error
			if h.alpha, err = h.keep(ref.From, true); err != nil {
				return err
			}
			if h.alpha < kept {
				return fmt.Errorf("a picture that is its own transparency: %w", ErrMalformed)
			}
		}
	}
	for _, ref := range h.meta.References {
		if n, ok := h.numbers[ref.From]; ref.Kind == "prem" && ok && n == 0 {
			h.prem = h.alpha != 0
		}
	}
	return nil
}

// isAlpha tells whether an item is transparency, by its auxC property (ISO/IEC 23008-12, section 6.5.8).
func (h *heifFile) isAlpha(id uint32) bool {
	i := h.meta.Item(id)
	if i == nil {
		return false
	}
	return slices.ContainsFunc(i.Properties, func(a bmff.Association) bool {
		p, _ := h.meta.Property(a)
		return p.Name == "auxC" && alphaName(p.Data) != ""
	})
}

// alphaName returns the name in an auxC property when it stands for transparency.
func alphaName(b []byte) string {
	if len(b) < 4 {
		return ""
	}
	name, _, _ := bytes.Cut(b[4:], []byte{0})
	if slices.Contains(alphaNames, string(name)) {
		return string(name)
	}
	return ""
}

// checkOverlap sees to it that no byte of the file is kept twice: what is built is never larger for it.
func (h *heifFile) checkOverlap() error {
	type stretch struct{ method, from, to uint64 }
	var all []stretch
	for id := range h.numbers {
		i := h.meta.Item(id)
		for _, e := range i.Extents {
			if e[1] > 0 {
				all = append(all, stretch{uint64(i.Method), e[0], e[0] + e[1]})
			}
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.method, b.method), cmp.Compare(a.from, b.from)) })
	for n := 1; n < len(all); n++ {
		if all[n].method == all[n-1].method && all[n].from < all[n-1].to {
			return fmt.Errorf("pictures that share their data: %w", ErrUnsupported)
		}
	}
	return nil
}

// removeItems notes the items that are not kept, and what the file stores that is part of none.
func (h *heifFile) removeItems() error {
	names := h.pictureNames()
	unused := h.stored
	for _, i := range h.meta.Items {
		size := uint64(0)
		for _, e := range i.Extents {
			size = min(size+min(e[1], uint64(len(h.data))), uint64(len(h.data))) // what lies outside, nobody finds
		}
		if i.Method == 0 {
			unused -= int(size)
		}
		if _, ok := h.numbers[i.ID]; ok {
			continue
		}
		if name := metadataName(i); name != "" {
			if err := h.remove(name, int(size)); err != nil {
				return err
			}
		} else if name, ok := names[i.ID]; ok {
			h.drop(name, int(size))
		} else {
			h.drop("other picture", int(size))
		}
	}
	if unused > 0 {
		h.drop("unused data", unused)
	}
	return nil
}

// pictureNames says what pictures besides the primary one are, and the tiles they are made of, by their numbers.
func (h *heifFile) pictureNames() map[uint32]string {
	names := map[uint32]string{}
	for _, ref := range h.meta.References {
		switch ref.Kind {
		case "thmb":
			names[ref.From] = "thumbnail"
		case "auxl":
			names[ref.From] = "auxiliary picture"
		}
	}
	for _, ref := range h.meta.References {
		if name, ok := names[ref.From]; ok && ref.Kind == "dimg" {
			for _, to := range ref.To {
				names[to] = name
			}
		}
	}
	return names
}

// metadataName says what kind of metadata an item is, "" for a picture.
func metadataName(i *bmff.Item) string {
	switch i.Type {
	case "Exif":
		return "EXIF"
	case "mime":
		if bytes.Contains(i.Info, []byte("rdf+xml")) {
			return "XMP"
		}
		return "text"
	case "uri ":
		return "text"
	}
	return ""
}
