package strip

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// heifMaker writes a HEIF file: well-formed by default, and whatever a test makes of it.
type heifMaker struct {
	brands     string // major brand, minor version, compatible brands
	handler    string
	items      []madeItem
	properties [][]byte // boxes; items have them by their numbers from 1
	references []byte   // boxes
	inMeta     []byte   // boxes at the end of meta
	before     []byte   // boxes between the file type and meta
	gap        []byte   // in mdat, before the data of every item
	after      []byte   // behind mdat
	primary    uint16   // default 1
}

type madeItem struct {
	id         uint16 // 0 means one more than the item before
	kind, info string
	data       []byte
	properties []int // negative when not essential
	method     uint16
	protected  byte
	reference  uint16
	at         [2]uint32 // offset and length where they are not those of data
}

func u16(v ...int) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return b
}

func u32(v ...uint32) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func reference(kind string, from int, to ...int) []byte {
	return appendBox(nil, kind, u16(from, len(to)), u16(to...))
}

func (m heifMaker) file() []byte {
	for n := range m.items {
		if m.items[n].id == 0 {
			m.items[n].id = uint16(n + 1)
		}
	}
	if m.brands == "" {
		m.brands = "heic\x00\x00\x00\x00mif1heic"
	}
	if m.primary == 0 {
		m.primary = 1
	}
	head := append(appendBox(nil, "ftyp", []byte(m.brands)), m.before...)
	size := len(m.meta(0))
	out := append(head, m.meta(uint32(len(head)+size+8))...)
	var data []byte
	for _, i := range m.items {
		if i.method == 0 {
			data = append(append(data, m.gap...), i.data...)
		}
	}
	return append(appendBox(out, "mdat", data), m.after...)
}

func (m heifMaker) meta(base uint32) []byte {
	infos, located, assigned := u16(len(m.items)), append([]byte{0x44, 0}, u16(len(m.items))...), u32(uint32(len(m.items)))
	var idat []byte
	for _, i := range m.items {
		id := int(i.id)
		infos = appendFullBox(infos, "infe", 2, 0, u16(id, int(i.protected)), []byte(i.kind), []byte(i.info), []byte{0})
		at := [2]uint32{uint32(len(idat)), uint32(len(i.data))}
		if i.method == 1 {
			idat = append(idat, i.data...)
		} else {
			base += uint32(len(m.gap))
			at[0] = base
			base += uint32(len(i.data))
		}
		if i.at != [2]uint32{} {
			at = i.at
		}
		located = append(append(located, u16(id, int(i.method), int(i.reference), 1)...), u32(at[:]...)...)
		assigned = append(append(assigned, u16(id)...), byte(len(i.properties)))
		for _, p := range i.properties {
			if p < 0 {
				assigned = append(assigned, byte(-p))
			} else {
				assigned = append(assigned, byte(p)|0x80)
			}
		}
	}
	boxes := appendFullBox(nil, "hdlr", 0, 0, []byte("\x00\x00\x00\x00pict"), make([]byte, 12), []byte(m.handler), []byte{0})
	boxes = appendFullBox(boxes, "pitm", 0, 0, u16(int(m.primary)))
	boxes = appendFullBox(boxes, "iinf", 0, 0, infos)
	boxes = appendFullBox(boxes, "iref", 0, 0, m.references)
	boxes = appendBox(boxes, "iprp", appendBox(nil, "ipco", m.properties...), appendFullBox(nil, "ipma", 0, 0, assigned))
	boxes = appendBox(boxes, "idat", idat)
	boxes = appendFullBox(boxes, "iloc", 1, 0, located)
	return appendFullBox(nil, "meta", 0, 0, boxes, m.inMeta)
}

// unit is a unit of HEVC data of a type, behind its length.
func unit(kind byte, payload string) []byte {
	return append(append(u32(uint32(2+len(payload))), kind<<1, 1), payload...)
}

// configured is an HEVC configuration with lengths of 4 bytes and arrays of one unit each.
func configured(units ...[]byte) []byte {
	b := append(bytes.Repeat([]byte{7}, 21), 3, byte(len(units)))
	for _, u := range units {
		b = append(append(append(b, u[4]>>1, 0, 1), u[2:4]...), u[4:]...)
	}
	return appendBox(nil, "hvcC", b)
}

func ispe(w, h uint32) []byte { return appendFullBox(nil, "ispe", 0, 0, u32(w, h)) }

func colour(profile []byte) []byte { return appendBox(nil, "colr", []byte("prof"), profile) }

func auxiliary(name string) []byte { return appendFullBox(nil, "auxC", 0, 0, []byte(name), []byte{0}) }

const slice = 19 // IDR_W_RADL

// plainHEIC is a picture that is no picture, but built like one.
func plainHEIC() heifMaker {
	return heifMaker{
		properties: [][]byte{configured(unit(33, "parameters")), ispe(64, 48)},
		items:      []madeItem{{kind: "hvc1", data: unit(slice, "\x80picture"), properties: []int{1, -2}}},
	}
}

// sample returns a file of a module's own test data, from the module cache: nothing here can make a HEIC.
func sample(t testing.TB, module string, path ...string) []byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Skipf("the module cache cannot be asked: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(append([]string{strings.TrimSpace(string(out))}, path...)...))
	if err != nil {
		t.Skipf("the module cache holds no sample: %v", err)
	}
	return data
}

func heicSample(t testing.TB, name string) []byte {
	return sample(t, "github.com/gen2brain/heic", "testdata", name)
}

// coded returns the primary picture of a file: its data, and its configuration and other properties as boxes.
func coded(t testing.TB, file []byte) (data []byte, properties [][]byte) {
	t.Helper()
	r := &bmff.Reader{}
	must(t, r.Each(file, func(b bmff.Box) error {
		if b.Name != "meta" {
			return nil
		}
		m, err := bmff.ParseMeta(r, b.Data)
		must(t, err)
		i := m.Item(m.Primary)
		data = m.Data(file, i)
		for _, a := range i.Properties {
			p, _ := m.Property(a)
			properties = append(properties, appendBox(nil, p.Name, p.Data))
		}
		return nil
	}))
	return data, properties
}
