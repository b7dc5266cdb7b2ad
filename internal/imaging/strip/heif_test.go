package strip

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging/heif"
)

// transparent is a colour picture with another as its transparency.
func transparent(t testing.TB) []byte {
	data, properties := coded(t, heicSample(t, "test8.heic"))
	alpha, others := coded(t, heicSample(t, "gray.heic"))
	m := heifMaker{
		properties: append(append(properties, others...), auxiliary(alphaNames[0])),
		items: []madeItem{
			{kind: "hvc1", data: data, properties: []int{1, 2, 3}},
			{kind: "hvc1", data: alpha, properties: []int{4, 5, 6, 7}},
		},
		references: reference("auxl", 2, 1),
	}
	return m.file()
}

// turnedGrid is a grid of two pictures, cropped, turned, mirrored and with a profile.
func turnedGrid(t testing.TB) []byte {
	data, properties := coded(t, heicSample(t, "test8.heic"))
	m := heifMaker{
		properties: append(properties, ispe(1000, 500), appendBox(nil, "clap", u32(900, 1, 400, 1, 0, 1, 0, 1)),
			appendBox(nil, "irot", []byte{1}), appendBox(nil, "imir", []byte{1}), colour(profile(600))),
		items: []madeItem{
			{kind: "hvc1", data: data, properties: []int{1, 2, 3, -8}},
			{kind: "grid", method: 1, data: []byte("\x00\x00\x00\x01\x03\xe8\x01\xf4"), properties: []int{4, -3, 5, 6, 7, -8}},
			{kind: "hvc1", data: data, properties: []int{1, 2, 3, -8}},
		},
		references: reference("dimg", 2, 3, 1),
		primary:    2,
	}
	return m.file()
}

// visible are the samples of a picture that are seen: what pads its rows is left to chance.
func visible(t testing.TB, m image.Image) (out []byte) {
	t.Helper()
	rows := func(pix []byte, stride, width, height int) {
		for y := range height {
			out = append(out, pix[y*stride:y*stride+width]...)
		}
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	switch m := m.(type) {
	case *image.YCbCr:
		rows(m.Y, m.YStride, w, h)
		chroma := len(m.Cb) / m.CStride
		cw := w
		if m.SubsampleRatio != image.YCbCrSubsampleRatio444 {
			cw = (w + 1) / 2
		}
		rows(m.Cb, m.CStride, cw, chroma)
		rows(m.Cr, m.CStride, cw, chroma)
	case *image.Gray:
		rows(m.Pix, m.Stride, w, h)
	case *image.NRGBA:
		rows(m.Pix, m.Stride, 4*w, h)
	case *image.RGBA:
		rows(m.Pix, m.Stride, 4*w, h)
	default:
		t.Fatalf("a picture of type %T", m)
	}
	return out
}

func TestHEIFKeepsThePicture(t *testing.T) {
	if !heif.Available {
		t.Skip("this build has no HEIC decoder")
	}
	for name, tt := range map[string]struct {
		file    []byte
		width   int
		removed []Removed
	}{
		"tiles of a phone":            {heicSample(t, "test.heic"), 1346, []Removed{{"EXIF", 88}}},
		"EXIF and XMP":                {heicSample(t, "test8.heic"), 512, []Removed{{"EXIF", 48}, {"XMP", 2452}}},
		"grey":                        {heicSample(t, "gray.heic"), 512, nil},
		"12 bits":                     {heicSample(t, "test12.heic"), 512, nil},
		"transparent":                 {transparent(t), 512, nil},
		"a grid turned and mirrored":  {turnedGrid(t), 400, nil},
		"everything besides the rest": {append(transparent(t), "PK\x03\x04 and more"...), 512, []Removed{{"trailing data", 13}}},
	} {
		f, err := HEIF(tt.file, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tt.removed, f.Removed); diff != "" {
			t.Errorf("%s: removed: %s", name, diff)
		}
		clean := f.Build(f.ICC, 1)
		before, err := heif.ParseInfo(tt.file[:len(tt.file)-trailingBytes(tt.removed)])
		must(t, err)
		after, err := heif.ParseInfo(clean)
		must(t, err)
		w, _ := after.Upright()
		if wide, _ := before.Upright(); after.Exif != nil || w != tt.width || w != wide || !bytes.Equal(after.ICC, before.ICC) {
			t.Errorf("%s: before %+v, after %+v", name, before, after)
		}
		want, err := heif.Decode(t.Context(), tt.file, before)
		must(t, err)
		got, err := heif.Decode(t.Context(), clean, after)
		must(t, err)
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) || !bytes.Equal(visible(t, want), visible(t, got)) {
			t.Errorf("%s: the picture changed", name)
		}
		again, err := HEIF(clean, Limits{})
		must(t, err)
		if again.Removed != nil || !bytes.Equal(again.Build(again.ICC, 1), clean) {
			t.Errorf("%s: cleaning twice is not cleaning once: %v", name, again.Removed)
		}
	}
}

func trailingBytes(removed []Removed) (n int) {
	for _, r := range removed {
		if r.Name == "trailing data" {
			n += r.Bytes
		}
	}
	return n
}

// TestHEIFOfCameras takes photos apart that would take long to decode: see TestHEIFKeepsThePicture for pixels.
func TestHEIFOfCameras(t *testing.T) {
	for name, tt := range map[string]struct {
		removed []string
		icc     int
		telling []string
	}{
		"iphone.heic": {[]string{`box "grpl"`, "thumbnail", "auxiliary picture", "XMP", "other picture", "EXIF"}, 536,
			[]string{"iPhone", "Exif", "rdf:", "hdrgainmap", "tmap"}},
		"sony.heif": {[]string{`box "free"`, "messages in the picture", "thumbnail", "EXIF", "XMP"}, 0,
			[]string{"SONY", "ILCE", "Exif", "rdf:"}},
		"bep/sunset.avif": {[]string{"EXIF", "XMP"}, 3144, []string{"Exif", "rdf:", "Bjørn", "RICOH"}},
	} {
		file := sample(t, "github.com/bep/imagemeta", "testdata", "images", name)
		f, err := HEIF(file, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var removed []string
		for _, r := range f.Removed {
			removed = append(removed, r.Name)
		}
		if diff := cmp.Diff(tt.removed, removed); diff != "" || len(f.ICC) != tt.icc || len(f.Exif) < 100 {
			t.Errorf("%s: a profile of %d bytes, removed %s", name, len(f.ICC), diff)
		}
		clean := f.Build(f.ICC, 1)
		for _, word := range tt.telling {
			if bytes.Contains(clean, []byte(word)) {
				t.Errorf("%s: what is built says %q", name, word)
			}
		}
		again, err := HEIF(clean, Limits{})
		must(t, err)
		if again.Removed != nil || !bytes.Equal(again.Build(again.ICC, 1), clean) {
			t.Errorf("%s: cleaning twice is not cleaning once: %v", name, again.Removed)
		}
	}
}

// TestHEIFLeavesNothingElse hides a word in every place that a file has for one.
func TestHEIFLeavesNothingElse(t *testing.T) {
	const secret = "Secret"
	plain := heifMaker{
		properties: [][]byte{
			configured(unit(32, "video"), unit(33, "parameters")), ispe(64, 48), colour(profile(300)),
			appendBox(nil, "irot", []byte{3}), appendFullBox(nil, "pixi", 0, 0, []byte{1, 8}), auxiliary(alphaNames[1]),
			appendBox(nil, "colr", []byte("nclx\x00\x01\x00\x0d\x00\x01\x80")),
		},
		items: []madeItem{
			{kind: "grid", method: 1, data: []byte("\x00\x00\x00\x00\x00\x40\x00\x30"), properties: []int{-2, -3, -7, 4}},
			{kind: "hvc1", data: slices.Concat(unit(34, "more"), unit(slice, "\x80picture")), properties: []int{1, -2}},
			{kind: "hvc1", data: unit(slice, "\x80alpha"), properties: []int{1, -2, -5, 6}},
		},
		references: slices.Concat(reference("dimg", 1, 2), reference("auxl", 3, 1), reference("prem", 1, 3)),
	}
	hostile := heifMaker{
		brands:  "heicSecrmif1heicSecrheicmif1Se",
		handler: secret,
		properties: [][]byte{
			append(configured(unit(32, "video"), unit(33, "parameters"), unit(39, secret), unit(40, secret)), secret...),
			append(ispe(64, 48), secret...), colour(profile(300)), appendBox(nil, "irot", []byte{0xff}, []byte(secret)),
			appendFullBox(nil, "pixi", 0, 7, []byte{1, 8}, []byte(secret)),
			append(auxiliary(alphaNames[1]), secret...),
			appendBox(nil, "colr", []byte("nclx\x00\x01\x00\x0d\x00\x01\xff"), []byte(secret)),
			appendFullBox(nil, "udes", 0, 0, []byte(secret)), appendBox(nil, "uuid", []byte(secret)),
			auxiliary("urn:mpeg:hevc:2015:auxid:2"), appendBox(nil, "colr", []byte(secret)),
		},
		items: []madeItem{
			{kind: "grid", info: secret, method: 1, data: append([]byte("\x00\xfe\x00\x00\x00\x40\x00\x30"), secret...), properties: []int{-2, -3, -7, 4, -8, -9}},
			{kind: "hvc1", info: secret, properties: []int{1, -2, -8, -11}, data: slices.Concat(unit(35, secret), unit(39, secret), unit(34, "more"),
				unit(slice, "\x80picture"), unit(40, secret), unit(38, secret), unit(48, secret), unit(41, secret),
				[]byte("\x00\x00\x00\x08\x26\x09"+secret))}, // of another layer
			{kind: "hvc1", data: unit(slice, "\x80alpha"), properties: []int{1, -2, -5, 6}},
			{kind: "Exif", data: []byte("\x00\x00\x00\x00" + secret)},
			{kind: "mime", info: "x\x00application/rdf+xml", data: []byte(secret)},
			{kind: "mime", info: "x\x00text/plain", data: []byte(secret)},
			{kind: "uri ", info: "urn:" + secret, data: []byte(secret)},
			{kind: "hvc1", data: unit(slice, "\x80"+secret), properties: []int{1, -2}},
			{kind: "hvc1", data: unit(slice, "\x80"+secret), properties: []int{1, -2, -10}},
			{kind: "hvc1", data: unit(slice, "\x80"+secret), properties: []int{1, -2}},
			{kind: "grid", data: []byte("\x00\x00\x00\x00\x00\x40\x00\x30" + secret), properties: []int{-2}},
			{kind: secret[:4], data: []byte(secret)},
		},
		references: slices.Concat(reference("dimg", 1, 2), reference("auxl", 3, 1), reference("prem", 1, 3), reference("cdsc", 4, 1),
			reference("thmb", 8, 1), reference("auxl", 9, 1), reference("thmb", 11, 1), reference("dimg", 11, 10)),
		inMeta: slices.Concat(appendBox(nil, "free", []byte(secret)), appendBox(nil, "udta", []byte(secret)), appendBox(nil, "xml ", []byte(secret))),
		before: slices.Concat(appendBox(nil, "free", []byte("<html>"+secret)), appendBox(nil, "uuid", []byte(secret))),
		gap:    []byte("<script>" + secret),
		after: slices.Concat(appendBox(nil, "moov", appendBox(nil, "udta", []byte(secret))), appendBox(nil, "mdat", []byte(secret)),
			appendBox(nil, "skip", []byte(secret)), appendBox(nil, "mpvd", []byte(secret)), appendBox(nil, "meta", []byte(secret)),
			[]byte("PK\x03\x04"+secret)),
	}
	// The boxes were written before the words were put behind what they hold.
	for n, p := range hostile.properties {
		hostile.properties[n] = append(u32(uint32(len(p))), p[4:]...)
	}
	for name, m := range map[string]heifMaker{"plain": plain, "hostile": hostile} {
		f, err := HEIF(m.file(), Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(f.ICC, profile(300)) {
			t.Errorf("%s: profile %q", name, f.ICC)
		}
	}
	want, err := HEIF(plain.file(), Limits{})
	must(t, err)
	f, err := HEIF(hostile.file(), Limits{})
	must(t, err)
	clean := f.Build(f.ICC, 1)
	if bytes.Contains(clean, []byte(secret)) || !bytes.Equal(clean, want.Build(want.ICC, 1)) {
		t.Errorf("what is built of the hostile file is not what is built of the plain one:\n%q\n%q", clean, want.Build(want.ICC, 1))
	}
	if string(f.Exif) != secret || want.Removed != nil {
		t.Errorf("EXIF %q; of the plain file was removed %v", f.Exif, want.Removed)
	}
	if without := f.Build(nil, 1); bytes.Contains(without, []byte("prof")) || !bytes.Contains(without, []byte("nclx")) {
		t.Error("built without a profile, it has one, or it lost its other colour property")
	}
	const n = len(secret)
	wantRemoved := []Removed{
		{`box "free"`, 8 + 6 + n + 8 + n}, {`box "uuid"`, 8 + n}, {`box "moov"`, 16 + n}, {`box "skip"`, 8 + n},
		{`box "mpvd"`, 8 + n}, {`box "meta"`, 8 + n}, {"trailing data", 4 + n},
		{`property "ispe"`, n}, {`property "colr"`, n + 8 + n}, {`property "irot"`, n}, {`property "udes"`, 12 + n},
		{`property "uuid"`, 8 + n}, {`property "hvcC"`, 2*(5+2+n) + n},
		{"messages in the picture", 6*(6+n) + 6 + n}, {`property "pixi"`, n}, {`property "auxC"`, n},
		{`box "udta"`, 8 + n}, {`box "xml "`, 8 + n}, {"EXIF", 4 + n}, {"XMP", n}, {"text", 2 * n},
		{"thumbnail", 7 + n + 7 + n + 8 + n}, {"auxiliary picture", 7 + n}, {"other picture", n}, {"unused data", 11*(8+n) + n},
	}
	if diff := cmp.Diff(wantRemoved, f.Removed); diff != "" {
		t.Error("removed:", diff)
	}
}

// obu is a unit of AV1 data of a type, with its length when that is wanted.
func obu(kind byte, sized bool, payload string) []byte {
	if !sized {
		return append([]byte{kind << 3}, payload...)
	}
	return append([]byte{kind<<3 | 2, byte(len(payload))}, payload...)
}

func TestAVIFLeavesNothingElse(t *testing.T) {
	const secret = "Secret"
	av1 := func(configuration []byte, data ...[]byte) []byte {
		m := heifMaker{
			brands:     "avif\x00\x00\x00\x00avifmif1miafMA1B",
			properties: [][]byte{appendBox(nil, "av1C", []byte("\x81\x20\x00\x00"), configuration), ispe(64, 48)},
			items:      []madeItem{{kind: "av01", data: slices.Concat(data...), properties: []int{1, -2}}},
		}
		return m.file()
	}
	delimiter, sequence, header := obu(obuDelimiter, true, ""), obu(obuSequence, true, "sequence"), obu(obuFrameHeader, true, "header")
	layered := []byte{obuTileGroup<<3 | 2 | 4, 0, 5, 't', 'i', 'l', 'e', 's'}
	want, err := HEIF(av1(sequence, delimiter, sequence, header, layered, obu(obuTileGroup, false, "last tiles")), Limits{})
	must(t, err)
	got, err := HEIF(av1(slices.Concat(sequence, obu(5, true, secret)), delimiter, obu(obuDelimiter, true, secret), sequence,
		obu(5, true, secret), header, obu(15, true, secret), layered, obu(9, true, secret), obu(obuTileGroup, false, "last tiles")), Limits{})
	must(t, err)
	if clean := got.Build(nil, 1); bytes.Contains(clean, []byte(secret)) || !bytes.Equal(clean, want.Build(nil, 1)) {
		t.Errorf("%q\n%q", clean, want.Build(nil, 1))
	}
	if diff := cmp.Diff([]Removed{{`property "av1C"`, 8}, {"messages in the picture", 32}}, got.Removed); diff != "" {
		t.Error("removed:", diff)
	}
	for name, file := range map[string][]byte{
		"two frames":                   av1(sequence, sequence, obu(obuFrame, true, "one"), obu(obuFrame, true, "two")),
		"no frame":                     av1(sequence, sequence),
		"a unit longer than the data":  av1(sequence, []byte{obuFrame<<3 | 2, 9}),
		"a length without end":         av1(sequence, append([]byte{obuFrame<<3 | 2}, bytes.Repeat([]byte{0x80}, 9)...)),
		"a unit with a forbidden bit":  av1(sequence, []byte{0x80 | obuFrame<<3}),
		"a broken unit in its heading": av1([]byte{obuSequence<<3 | 2, 9}, obu(obuFrame, true, "one")),
	} {
		if _, err := HEIF(file, Limits{}); !isTyped(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isTyped(err error) bool {
	return errors.Is(err, ErrMalformed) || errors.Is(err, ErrTruncated) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrTooMuch)
}

func TestHEIFRefuses(t *testing.T) {
	with := func(change func(*heifMaker)) []byte {
		m := plainHEIC()
		change(&m)
		return m.file()
	}
	item := func(change func(*madeItem)) []byte { return with(func(m *heifMaker) { change(&m.items[0]) }) }
	second := madeItem{kind: "hvc1", data: unit(slice, "\x80second"), properties: []int{1, -2}}
	grid := func(data string, parts ...int) []byte {
		return with(func(m *heifMaker) {
			m.items = append(m.items, second, madeItem{kind: "grid", data: []byte(data), properties: []int{-2}})
			m.references, m.primary = reference("dimg", 3, parts...), 3
		})
	}
	alpha := func(of int, items ...madeItem) []byte {
		return with(func(m *heifMaker) {
			m.properties = append(m.properties, auxiliary(alphaNames[0]))
			m.items = append(m.items, items...)
			for n := range items {
				m.items[n+1].properties = []int{1, -2, 3}
				m.references = append(m.references, reference("auxl", n+2, of)...)
			}
		})
	}
	alphaOfTile := func() []byte {
		m := heifMaker{
			properties: [][]byte{configured(unit(33, "parameters")), ispe(64, 48), auxiliary(alphaNames[0])},
			items: []madeItem{
				{kind: "grid", data: []byte("\x00\x00\x00\x00\x00\x40\x00\x30"), properties: []int{-2}}, second, second,
			},
			references: slices.Concat(reference("dimg", 1, 2), reference("auxl", 3, 2)),
		}
		m.items[2].properties = []int{1, -2, 3}
		return m.file()
	}
	good := plainHEIC().file()
	for name, tt := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                       {nil, ErrMalformed},
		"no file type":                  {appendBox(nil, "free"), ErrMalformed},
		"no meta box":                   {appendBox(nil, "ftyp", []byte("heic")), ErrMalformed},
		"no items":                      {with(func(m *heifMaker) { m.items = nil }), ErrMalformed},
		"a primary item that is none":   {with(func(m *heifMaker) { m.primary = 9 }), ErrMalformed},
		"data in other items":           {item(func(i *madeItem) { i.method = 2 }), ErrUnsupported},
		"data in another file":          {item(func(i *madeItem) { i.reference = 1 }), ErrUnsupported},
		"encrypted":                     {item(func(i *madeItem) { i.protected = 1 }), ErrUnsupported},
		"another codec":                 {item(func(i *madeItem) { i.kind = "jpeg" }), ErrUnsupported},
		"derived in another way":        {item(func(i *madeItem) { i.kind = "iovl" }), ErrUnsupported},
		"data outside of the file":      {item(func(i *madeItem) { i.at = [2]uint32{1 << 20, 5} }), ErrTruncated},
		"data at the end of numbers":    {item(func(i *madeItem) { i.at = [2]uint32{1<<32 - 1, 1<<32 - 1} }), ErrTruncated},
		"no data":                       {item(func(i *madeItem) { i.data = nil }), ErrUnsupported},
		"a unit longer than the data":   {item(func(i *madeItem) { i.data = []byte("\x00\x00\x00\x09picture") }), ErrTruncated},
		"a unit of a byte":              {item(func(i *madeItem) { i.data = []byte("\x00\x00\x00\x01p") }), ErrMalformed},
		"two pictures in one":           {item(func(i *madeItem) { i.data = append(i.data, i.data...) }), ErrUnsupported},
		"no configuration":              {item(func(i *madeItem) { i.properties = []int{-2} }), ErrMalformed},
		"two configurations":            {item(func(i *madeItem) { i.properties = []int{1, 1} }), ErrMalformed},
		"the other codec's":             {item(func(i *madeItem) { i.kind = "av01" }), ErrMalformed},
		"an essential property":         {with(func(m *heifMaker) { m.properties[1] = appendBox(nil, "lsel", u16(1)); m.items[0].properties[1] = 2 }), ErrUnsupported},
		"a property cut short":          {with(func(m *heifMaker) { m.properties[1] = appendBox(nil, "ispe", u16(1)) }), ErrMalformed},
		"a configuration cut short":     {with(func(m *heifMaker) { m.properties[0] = appendBox(nil, "hvcC", make([]byte, 22)) }), ErrTruncated},
		"parameters of another type":    {with(func(m *heifMaker) { m.properties[0][8+23] = 34 }), ErrMalformed},
		"shared data":                   {with(func(m *heifMaker) { *m = shared() }), ErrUnsupported},
		"a grid with too few":           {grid("\x00\x00\x00\x01\x00\x40\x00\x30", 1), ErrMalformed},
		"a grid with too many":          {grid("\x00\x00\x00\x00\x00\x40\x00\x30", 1, 2), ErrMalformed},
		"a grid of itself":              {grid("\x00\x00\x00\x01\x00\x40\x00\x30", 1, 3), ErrMalformed},
		"a grid of version 1":           {grid("\x01\x00\x00\x01\x00\x40\x00\x30", 1, 2), ErrMalformed},
		"a grid cut short":              {grid("\x00\x01\x00\x01\x00\x40\x00\x30", 1, 2), ErrMalformed},
		"a grid of what is not there":   {grid("\x00\x00\x00\x01\x00\x40\x00\x30", 1, 7), ErrMalformed},
		"transparency of a tile":        {alphaOfTile(), ErrUnsupported},
		"two transparencies":            {alpha(1, second, second), ErrUnsupported},
		"transparency of an odd kind":   {alpha(1, madeItem{kind: "jpeg"}), ErrUnsupported},
		"a box that ends too early":     {good[:100], ErrTruncated},
		"more boxes than are allowed":   {append(appendBox(nil, "ftyp", []byte("heic")), bytes.Repeat(appendBox(nil, "free"), 10_001)...), ErrTooMuch},
		"too many boxes behind a photo": {append(bytes.Clone(good), bytes.Repeat(appendBox(nil, "free"), 10_001)...), ErrTooMuch},
	} {
		f, err := HEIF(tt.file, Limits{})
		if f != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// shared are two tiles with the same data.
func shared() heifMaker {
	tile := madeItem{kind: "hvc1", data: unit(slice, "\x80picture"), properties: []int{1, -2}}
	m := heifMaker{
		properties: [][]byte{configured(unit(33, "parameters")), ispe(64, 48)},
		items:      []madeItem{{kind: "grid", data: []byte("\x00\x00\x00\x01\x00\x80\x00\x30"), properties: []int{-2}}, tile, tile},
		references: reference("dimg", 1, 2, 3),
	}
	m.items[2].data = nil
	file := m.file()
	m.items[2].at = [2]uint32{uint32(bytes.Index(file, tile.data)), uint32(len(tile.data))}
	return m
}

func TestHEIFReadsBoxesOfEverySize(t *testing.T) {
	want, err := HEIF(plainHEIC().file(), Limits{})
	must(t, err)
	file := plainHEIC().file()
	at := bytes.Index(file, []byte("mdat")) - 4
	long := slices.Concat(file[:at], []byte("\x00\x00\x00\x01mdat"), make([]byte, 4), u32(uint32(len(file)-at+8)), file[at+8:])
	place := bytes.Index(long, unit(slice, "\x80picture"))
	located := bytes.Index(long, []byte("iloc")) + 4 + 4 + 4 + 8
	copy(long[located:], u32(uint32(place)))
	endless := bytes.Clone(file)
	clear(endless[at : at+4]) // a size of 0: to the end
	negative := bytes.Clone(long)
	copy(negative[at+8:], "\xff\xff\xff\xff\xff\xff\xff\xff") // where a box ends that holds the picture, is no matter
	for name, data := range map[string][]byte{"64 bits": long, "to the end": endless, "to before its start": negative} {
		got, err := HEIF(data, Limits{})
		if err != nil || !bytes.Equal(got.Build(nil, 1), want.Build(nil, 1)) {
			t.Errorf("%s: %v, or another picture", name, err)
		}
	}
}

// withXMP is a photo with metadata of n bytes before it.
func withXMP(n int) []byte {
	m := plainHEIC()
	m.items = append([]madeItem{{id: 2, kind: "mime", info: "\x00application/rdf+xml", data: make([]byte, n)}}, m.items...)
	m.items[1].id = 1
	return m.file()
}

func TestHEIFBrandsStayTrue(t *testing.T) {
	for brands, want := range map[string]string{
		"heic\x00\x00\x00\x00mif1heic":                     "heic\x00\x00\x00\x00heicmif1",
		"heix\x01\x02\x03\x04mif1heixhevcmsf1MiHBtmapJFIF": "heix\x00\x00\x00\x00heixmif1MiHB",
		"msf1\x00\x00\x00\x00heichevc":                     "mif1\x00\x00\x00\x00mif1heic",
		"mif1":                                             "mif1\x00\x00\x00\x00mif1",
	} {
		m := plainHEIC()
		m.brands = brands
		f, err := HEIF(m.file(), Limits{})
		must(t, err)
		if got := f.Build(nil, 1); !bytes.HasPrefix(got, appendBox(nil, "ftyp", []byte(want))) {
			t.Errorf("%q became %q", brands, got[8:40])
		}
	}
}

func FuzzHEIF(f *testing.F) {
	m := plainHEIC()
	m.properties = append(m.properties, colour(profile(20)), auxiliary(alphaNames[0]), appendBox(nil, "irot", []byte{1}),
		appendBox(nil, "av1C", []byte("\x81\x20\x00\x00"), obu(obuSequence, true, "s")))
	m.items = append(m.items,
		madeItem{kind: "grid", method: 1, data: []byte("\x00\x00\x00\x00\x00\x40\x00\x30"), properties: []int{-2, -3, 5}},
		madeItem{kind: "hvc1", data: slices.Concat(unit(39, "message"), unit(slice, "\x80alpha")), properties: []int{1, -2, 4}},
		madeItem{kind: "Exif", data: []byte("\x00\x00\x00\x00MM\x00*")})
	m.primary = 2
	m.references = slices.Concat(reference("dimg", 2, 1), reference("auxl", 3, 2), reference("prem", 2, 3), reference("thmb", 4, 2))
	av1 := heifMaker{brands: "avif", properties: m.properties, items: []madeItem{
		{kind: "av01", data: slices.Concat(obu(5, true, "m"), obu(obuFrame, false, "f")), properties: []int{6, -2, -3}}}}
	fuzz(f, HEIF, plainHEIC().file(), m.file(), av1.file())
}
