package bmff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func box(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
}

func fullBox(name string, version, flags byte, parts ...[]byte) []byte {
	return box(name, append([][]byte{{version, 0, 0, flags}}, parts...)...)
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func parse(boxes ...[]byte) (*Meta, error) {
	return ParseMeta(&Reader{}, append(make([]byte, 4), bytes.Join(boxes, nil)...))
}

func TestParseMetaReadsEveryWidth(t *testing.T) {
	infe := func(version byte, id []byte) []byte {
		return fullBox("infe", version, 0, id, u16(1), []byte("mime"), []byte("a\x00b\x00"))
	}
	want := &Meta{
		Primary: 7,
		Items: []*Item{{ID: 7, Type: "mime", Info: []byte("a\x00b\x00"), Protected: true, Method: 1, Reference: 3,
			Extents: [][2]uint64{{105, 6}, {108, 9}}, Properties: []Association{{1, true}, {2, false}}}},
		References: []Reference{{"cdsc", 7, []uint32{1, 2}}},
		Properties: []Box{{"irot", []byte{1}}},
		Other:      []Box{{"free", []byte("x")}, {"udta", nil}},
	}
	narrow, err := parse(fullBox("pitm", 0, 0, u16(7)), fullBox("iinf", 0, 0, u16(1), infe(2, u16(7))),
		fullBox("iloc", 1, 0, []byte{0x11, 0x11}, u16(1), u16(7), u16(1), u16(3), []byte{100}, u16(2), []byte{0, 5, 6, 0, 8, 9}),
		fullBox("iref", 0, 0, box("cdsc", u16(7), u16(2), u16(1), u16(2))),
		box("iprp", box("ipco", box("irot", []byte{1})), fullBox("ipma", 0, 0, u32(1), u16(7), []byte{2, 0x81, 2}), box("free", []byte("x"))),
		box("udta"))
	wide, err2 := parse(fullBox("pitm", 1, 0, u32(7)), fullBox("iinf", 1, 0, u32(1), infe(3, u32(7))),
		fullBox("iloc", 2, 0, []byte{0x44, 0x48}, u32(1), u32(7), u16(1), u16(3), u32(100), u16(2),
			make([]byte, 8), u32(5), u32(6), make([]byte, 8), u32(8), u32(9)),
		fullBox("iref", 1, 0, box("cdsc", u32(7), u16(2), u32(1), u32(2))),
		box("iprp", box("ipco", box("irot", []byte{1})), fullBox("ipma", 1, 1, u32(1), u32(7), []byte{2, 0x80, 1, 0, 2}), box("free", []byte("x"))),
		box("udta"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{".byID", ".idat", ".extents", ".referred"}, p.Last().String())
	}, cmp.Ignore())
	empty := cmp.Transformer("bytes", func(b []byte) string { return string(b) })
	for name, got := range map[string]*Meta{"narrow": narrow, "wide": wide} {
		if diff := cmp.Diff(want, got, ignore, empty, cmp.AllowUnexported(Meta{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got.Item(7) != got.Items[0] || got.Item(8) != nil {
			t.Errorf("%s: items by their numbers: %v, %v", name, got.Item(7), got.Item(8))
		}
	}
	if p, ok := narrow.Property(Association{1, false}); !ok || p.Name != "irot" {
		t.Errorf("property 1: %v, %v", p, ok)
	}
	for _, n := range []int{-1, 0, 2} {
		if _, ok := narrow.Property(Association{Number: n}); ok {
			t.Errorf("there is a property %d", n)
		}
	}
}

func TestData(t *testing.T) {
	file := []byte("0123456789")
	m, err := parse(box("idat", []byte("abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method  int
		extents [][2]uint64
		want    string // "" for nil
	}{
		{0, [][2]uint64{{2, 3}}, "234"},
		{0, [][2]uint64{{8, 2}, {0, 1}}, "890"},
		{1, [][2]uint64{{4, 2}, {0, 2}}, "efab"},
		{1, [][2]uint64{{4, 3}}, ""},
		{0, [][2]uint64{{11, 0}}, ""},
		{0, [][2]uint64{{1<<64 - 1, 2}}, ""},
		{0, [][2]uint64{{2, 1<<64 - 1}}, ""},
		{0, [][2]uint64{{0, 10}, {0, 1}}, ""}, // more than the file has
		{2, [][2]uint64{{0, 1}}, ""},
	} {
		if got := m.Data(file, &Item{Method: tt.method, Extents: tt.extents}); string(got) != tt.want || (got == nil) != (tt.want == "") {
			t.Errorf("method %d, %v: %q, want %q", tt.method, tt.extents, got, tt.want)
		}
	}
}

func TestLimitsHoldAtTheirEdges(t *testing.T) {
	ids := func(n int) (b []byte) {
		for i := range n {
			b = append(append(b, u16(i)...), 0)
		}
		return b
	}
	items := func(n int) []byte {
		return box("iprp", fullBox("ipma", 0, 0, u32(n), ids(n)))
	}
	extents := func(n int) []byte { // each of no bytes
		return fullBox("iloc", 0, 0, []byte{0, 0}, u16(1), u16(1), u16(0), u16(n))
	}
	references := func(n int) []byte {
		return fullBox("iref", 0, 0, box("dimg", u16(1), u16(n), make([]byte, 2*n)))
	}
	properties := func(n int) []byte {
		return box("iprp", fullBox("ipma", 0, 0, u32(1), u16(1), []byte{byte(n)}, make([]byte, n)))
	}
	for name, tt := range map[string]struct{ allowed, more [][]byte }{
		"items":      {[][]byte{items(maxItems)}, [][]byte{items(maxItems + 1)}},
		"extents":    {[][]byte{extents(50_000), extents(50_000)}, [][]byte{extents(50_000), extents(50_001)}},
		"references": {[][]byte{references(50_000), references(50_000)}, [][]byte{references(50_000), references(50_001)}},
		"properties": {[][]byte{properties(255)}, [][]byte{properties(255), properties(1)}},
		"boxes":      {[][]byte{bytes.Repeat(box("free"), MaxBoxes)}, [][]byte{bytes.Repeat(box("free"), MaxBoxes+1)}},
	} {
		if _, err := parse(tt.allowed...); err != nil {
			t.Errorf("as many %s as allowed: %v", name, err)
		}
		if _, err := parse(tt.more...); !errors.Is(err, ErrMalformed) || errors.Is(err, ErrTooMany) != (name == "boxes") {
			t.Errorf("one more %s: %v", name, err)
		}
	}
}

func TestExifLiesBehindAnOffset(t *testing.T) {
	for data, want := range map[string]string{
		"\x00\x00\x00\x00TIFF": "TIFF", "\x00\x00\x00\x06Exif\x00\x00TIFF": "TIFF", "\x00\x00\x00\x04": "", "\x00": "", "\xff\xff\xff\xff1234": "",
	} {
		m, err := parse(fullBox("iinf", 0, 0, u16(1), fullBox("infe", 2, 0, u16(1), u16(0), []byte("Exif"))), box("idat", []byte(data)),
			fullBox("iloc", 1, 0, []byte{0x11, 0}, u16(1), u16(1), u16(1), u16(0), u16(1), []byte{0, byte(len(data))}))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Exif([]byte(data)); string(got) != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}

func FuzzParseMeta(f *testing.F) {
	f.Add(slices.Concat(make([]byte, 4), fullBox("pitm", 0, 0, u16(7)), fullBox("iref", 0, 0, box("cdsc", u16(7), u16(2), u16(1), u16(2))),
		fullBox("iinf", 0, 0, u16(1), fullBox("infe", 2, 0, u16(1), u16(0), []byte("Exif"))), box("idat", []byte("1234")),
		fullBox("iloc", 1, 0, []byte{0x11, 0x11}, u16(1), u16(7), u16(1), u16(3), []byte{100}, u16(2), []byte{0, 5, 6, 0, 8, 9}),
		box("iprp", box("ipco", box("irot", []byte{1})), fullBox("ipma", 0, 0, u32(1), u16(7), []byte{2, 0x81, 2}))))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMeta(&Reader{}, data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTruncated) {
				t.Error(err)
			}
			return
		}
		m.Exif(data)
		for _, i := range m.Items {
			if out := m.Data(data, i); len(out) > len(data) {
				t.Errorf("an item of %d bytes in a file of %d", len(out), len(data))
			}
			for _, a := range i.Properties {
				m.Property(a)
			}
		}
	})
}
