package tiff

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/jpeg"
)

// corners are the colours of the quadrants of scene and of the files in testdata.
var corners = [4]color.RGBA{{204, 51, 51, 255}, {51, 204, 51, 255}, {51, 51, 204, 255}, {204, 204, 204, 255}}

func scene(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, corners[2*(2*y/h)+2*x/w])
		}
	}
	return m
}

func gray(src image.Image, invert bool) *image.Gray {
	m := image.NewGray(src.Bounds())
	for i := range m.Pix {
		m.Pix[i] = color.GrayModel.Convert(src.At(i%m.Stride, i/m.Stride)).(color.Gray).Y
		if invert {
			m.Pix[i] = 255 - m.Pix[i]
		}
	}
	return m
}

// wantScene checks every pixel that is not close to where two quadrants meet.
func wantScene(t *testing.T, what string, m image.Image, inGray bool) {
	t.Helper()
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for y := range h {
		for x := range w {
			if abs(2*x-w) < 34 || abs(2*y-h) < 34 {
				continue
			}
			want := color.Color(corners[2*(2*y/h)+2*x/w])
			if inGray {
				want = color.GrayModel.Convert(want)
			}
			r, g, b, a := m.At(x, y).RGBA()
			wr, wg, wb, _ := want.RGBA()
			if abs(int(r)-int(wr)) > 16<<8 || abs(int(g)-int(wg)) > 16<<8 || abs(int(b)-int(wb)) > 16<<8 || a != 0xffff {
				t.Fatalf("%s: the pixel at %d, %d is %v, want %v", what, x, y, m.At(x, y), want)
			}
		}
	}
}

func abs(v int) int { return max(v, -v) }

// made is a TIFF of JPEG streams to be.
type made struct {
	order       binary.AppendByteOrder
	photometric int
	src         image.Image
	rows        int  // of a strip
	tile        int  // width and height of a tile, 0 for strips
	shared      bool // the tables stand once for all streams
	fill        bool // the last strip is as high as the others
	change      map[int][]int
	streams     func(i int, stream []byte) []byte
}

func (m made) bytes(t testing.TB) []byte {
	order := cmp.Or[binary.AppendByteOrder](m.order, binary.LittleEndian)
	b := m.src.Bounds()
	width, height := b.Dx(), cmp.Or(m.rows, b.Dy())
	tags := map[int][]int{
		tagWidth: {b.Dx()}, tagHeight: {b.Dy()}, tagBitsPerSample: {8, 8, 8}, tagCompression: {jpegNew},
		tagPhotometric: {m.photometric}, tagSamplesPerPixel: {3}, tagPlanar: {1},
	}
	if _, ok := m.src.(*image.Gray); ok {
		tags[tagBitsPerSample], tags[tagSamplesPerPixel] = []int{8}, []int{1}
	}
	offsets, lengths := tagStripOffsets, tagStripByteCounts
	if m.tile > 0 {
		width, height, offsets, lengths = m.tile, m.tile, tagTileOffsets, tagTileByteCounts
		tags[tagTileWidth], tags[tagTileHeight] = []int{m.tile}, []int{m.tile}
	} else if m.rows > 0 {
		tags[tagRowsPerStrip] = []int{m.rows}
	}
	out := []byte("II*\x00\x00\x00\x00\x00")
	if order == binary.BigEndian {
		copy(out, "MM\x00*")
	}
	var tables []byte
	for y := 0; y < b.Dy(); y += height {
		for x := 0; x < b.Dx(); x += width {
			part := image.Rect(x, y, x+width, y+height)
			if m.tile == 0 && !m.fill {
				part = part.Intersect(b)
			}
			stream := encoded(t, m.src, part)
			if m.shared {
				tables, stream = split(stream)
			}
			if m.streams != nil {
				stream = m.streams(len(tags[offsets]), stream)
			}
			tags[offsets], tags[lengths] = append(tags[offsets], len(out)), append(tags[lengths], len(stream))
			out = append(out, stream...)
		}
	}
	for tag, values := range m.change {
		if tags[tag] = values; values == nil {
			delete(tags, tag)
		}
	}
	return appendDirectory(out, order, tags, tables)
}

// appendDirectory writes the directory, with longs throughout, and what its values point to.
func appendDirectory(out []byte, order binary.AppendByteOrder, tags map[int][]int, tables []byte) []byte {
	var entries []byte
	entry := func(tag, kind, n int, value []byte) {
		entries = order.AppendUint16(order.AppendUint16(entries, uint16(tag)), uint16(kind))
		entries = order.AppendUint32(entries, uint32(n))
		if len(value) > 4 {
			entries = order.AppendUint32(entries, uint32(len(out)))
			out = append(out, value...)
			return
		}
		entries = append(entries, append(value, make([]byte, 4-len(value))...)...)
	}
	var list []int
	for tag := range tags {
		list = append(list, tag)
	}
	slices.Sort(list)
	for _, tag := range list {
		var value []byte
		for _, v := range tags[tag] {
			value = order.AppendUint32(value, uint32(v))
		}
		entry(tag, 4, len(tags[tag]), value)
	}
	if tables != nil {
		entry(tagJPEGTables, 7, len(tables), tables)
		list = append(list, tagJPEGTables)
	}
	at := order.AppendUint32(nil, uint32(len(out)))
	copy(out[4:], at)
	out = append(order.AppendUint16(out, uint16(len(list))), entries...)
	return append(out, 0, 0, 0, 0)
}

// encoded is a part of a picture as a JPEG; beyond the edge its last row and column go on.
func encoded(t testing.TB, src image.Image, part image.Rectangle) []byte {
	at := func(x, y int) color.Color {
		return src.At(min(part.Min.X+x, src.Bounds().Max.X-1), min(part.Min.Y+y, src.Bounds().Max.Y-1))
	}
	size := image.Rect(0, 0, part.Dx(), part.Dy())
	var m interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewRGBA(size)
	if _, ok := src.(*image.Gray); ok {
		m = image.NewGray(size)
	}
	for y := range size.Dy() {
		for x := range size.Dx() {
			m.Set(x, y, at(x, y))
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// split takes the tables out of a JPEG, as an abbreviated stream of their own.
func split(stream []byte) (tables, rest []byte) {
	tables, rest = []byte("\xff\xd8"), []byte("\xff\xd8")
	for at := 2; ; {
		end := at + 2 + int(binary.BigEndian.Uint16(stream[at+2:]))
		switch stream[at+1] {
		case 0xdb, 0xc4:
			tables = append(tables, stream[at:end]...)
		case 0xda:
			return append(tables, 0xff, 0xd9), append(rest, stream[at:]...)
		default:
			rest = append(rest, stream[at:end]...)
		}
		at = end
	}
}

func decode(ctx context.Context, data []byte) (image.Image, error) {
	f, err := Open(data)
	if err != nil {
		return nil, err
	}
	if found, _ := f.Unsupported(); found != "" || !f.IsJPEG() {
		return nil, errors.New("not taken: " + found)
	}
	return f.Decode(ctx)
}

func TestStripsAndTilesOfJPEG(t *testing.T) {
	src := scene(150, 110)
	for name, m := range map[string]made{
		"one strip":              {src: src, photometric: ycbcr},
		"strips":                 {src: src, photometric: ycbcr, rows: 48}, // the last has 14 rows
		"strips, tables shared":  {src: src, photometric: ycbcr, rows: 16, shared: true},
		"strips, the last whole": {src: src, photometric: ycbcr, rows: 48, fill: true},
		"strips, big-endian":     {src: src, photometric: ycbcr, rows: 32, order: binary.BigEndian, shared: true},
		"tiles":                  {src: src, photometric: ycbcr, tile: 64},
		"tiles, tables shared":   {src: src, photometric: ycbcr, tile: 16, shared: true},
		"a tile that is larger":  {src: src, photometric: ycbcr, tile: 256},
		"rows that have no end":  {src: src, photometric: ycbcr, change: map[int][]int{tagRowsPerStrip: {1<<32 - 1}}},
		"grey":                   {src: gray(src, false), photometric: blackIsZero, rows: 8, shared: true},
		"grey, tiles":            {src: gray(src, false), photometric: blackIsZero, tile: 48},
		"grey, odd strips":       {src: gray(src, false), photometric: blackIsZero, rows: 7},
		"grey, white is 0":       {src: gray(src, true), photometric: whiteIsZero, rows: 40},
	} {
		got, err := decode(t.Context(), m.bytes(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Bounds() != src.Bounds() {
			t.Errorf("%s: %v", name, got.Bounds())
		}
		_, inGray := m.src.(*image.Gray)
		wantScene(t, name, got, inGray)
	}
}

func TestFilesOfSharp(t *testing.T) {
	for name, want := range map[string]image.Image{
		"sharp-strip": &image.YCbCr{}, "sharp-strips": &image.YCbCr{}, "sharp-tiles": &image.YCbCr{},
		"sharp-rgb": &image.RGBA{}, "sharp-grey": &image.Gray{},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".tiff"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(t.Context(), data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.ColorModel() != want.ColorModel() {
			t.Errorf("%s is a %T, want %T", name, got, want)
		}
		wantScene(t, name, got, name == "sharp-grey")
	}
}

func TestStreamsThatLie(t *testing.T) {
	src := scene(96, 80)
	size := func(w, h int) func(int, []byte) []byte {
		return func(i int, stream []byte) []byte {
			sof := bytes.Index(stream, []byte{0xff, 0xc0})
			binary.BigEndian.PutUint16(stream[sof+5:], uint16(h))
			binary.BigEndian.PutUint16(stream[sof+7:], uint16(w))
			return stream
		}
	}
	strips := made{src: src, photometric: ycbcr, rows: 32}
	tiles := made{src: src, photometric: ycbcr, tile: 32}
	with := func(m made, change func(*made)) made { change(&m); return m }
	tags := func(m made, tag int, values ...int) made {
		return with(m, func(m *made) { m.change = map[int][]int{tag: values} })
	}
	streams := func(m made, change func(int, []byte) []byte) made {
		return with(m, func(m *made) { m.streams = change })
	}
	for name, tt := range map[string]struct {
		made made
		want error
	}{
		"wider":                   {streams(strips, size(104, 32)), ErrMalformed},
		"narrower":                {streams(strips, size(88, 32)), ErrMalformed},
		"higher":                  {streams(strips, size(96, 40)), ErrMalformed},
		"lower":                   {streams(strips, size(96, 24)), ErrMalformed},
		"of 65,500 each way":      {streams(tiles, size(65500, 65500)), ErrMalformed},
		"a tile as a strip's end": {streams(tiles, size(32, 16)), ErrMalformed},
		"of no size":              {streams(strips, size(0, 0)), jpeg.ErrMalformed},
		"cut":                     {streams(strips, func(_ int, s []byte) []byte { return s[:len(s)/2] }), jpeg.ErrTruncated},
		"empty":                   {streams(strips, func(_ int, s []byte) []byte { return nil }), ErrMalformed},
		"no JPEG":                 {streams(strips, func(_ int, s []byte) []byte { return make([]byte, len(s)) }), ErrMalformed},
		"progressive":             {streams(strips, func(_ int, s []byte) []byte { return bytes.Replace(s, []byte{0xff, 0xc0}, []byte{0xff, 0xc2}, 1) }), ErrUnsupported},
		"arithmetic":              {streams(strips, func(_ int, s []byte) []byte { return bytes.Replace(s, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1) }), jpeg.ErrUnsupported},
		"grey in colour": {with(strips, func(m *made) {
			m.src = gray(src, false)
			m.change = map[int][]int{tagBitsPerSample: {8, 8, 8}, tagSamplesPerPixel: {3}}
		}), ErrMalformed},
		"colour in grey":            {with(strips, func(m *made) { m.photometric = blackIsZero; m.change = map[int][]int{tagSamplesPerPixel: {1}} }), ErrMalformed},
		"RGB of less blue":          {with(strips, func(m *made) { m.photometric = rgb }), ErrUnsupported},
		"chroma that does not meet": {with(strips, func(m *made) { m.rows = 9 }), ErrMalformed},
		"fewer places":              {tags(strips, tagStripOffsets, 8, 8), ErrMalformed},
		"fewer lengths":             {tags(strips, tagStripByteCounts, 8, 8), ErrMalformed},
		"no places":                 {tags(strips, tagStripOffsets), ErrMalformed},
		"beyond the file":           {tags(strips, tagStripOffsets, 1<<30, 1<<30, 1<<30), ErrTruncated},
		"longer than the file":      {tags(strips, tagStripByteCounts, 1<<30, 1<<30, 1<<30), ErrTruncated},
		"largest places":            {tags(strips, tagStripOffsets, 1<<32-1, 1<<32-1, 1<<32-1), ErrTruncated},
		"strips of no rows":         {tags(strips, tagRowsPerStrip, 0), ErrMalformed},
		"a higher strip":            {tags(strips, tagRowsPerStrip, 48), ErrMalformed},
		"no width":                  {tags(tiles, tagWidth, 0), ErrMalformed},
		"no height":                 {tags(strips, tagHeight), ErrMalformed},
		"tiles of no width":         {tags(tiles, tagTileWidth, 0), ErrMalformed},
		"tiles of 65,536":           {tags(tiles, tagTileWidth, 65536), ErrMalformed},
		"tiles of 24":               {tags(tiles, tagTileWidth, 24), ErrMalformed},
		"tiles of no height":        {tags(tiles, tagTileHeight), ErrMalformed},
		"tables that are none":      {tags(strips, tagJPEGTables, 1, 2, 3), ErrMalformed},
	} {
		if m, err := decode(t.Context(), tt.made.bytes(t)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v, want %v", name, m != nil, err, tt.want)
		}
	}
	// One stream that is sound, and subsampled in another way than the others.
	other, err := os.ReadFile(filepath.Join("testdata", "sharp-rgb.tiff"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(other)
	if err != nil {
		t.Fatal(err)
	}
	head, err := f.head()
	if err != nil {
		t.Fatal(err)
	}
	at, n := f.number(tagStripOffsets, 0), f.number(tagStripByteCounts, 0)
	data := made{src: scene(150, 220), photometric: ycbcr, rows: 110, streams: func(i int, s []byte) []byte {
		if i == 1 {
			return append(head[:len(head):len(head)], other[at+2:at+n]...)
		}
		return s
	}}
	if _, err := decode(t.Context(), data.bytes(t)); !errors.Is(err, ErrMalformed) {
		t.Errorf("streams that differ: %v", err)
	}
}

func TestACutAnywhereIsAnError(t *testing.T) {
	data := made{src: scene(40, 48), photometric: ycbcr, rows: 16, shared: true}.bytes(t)
	for n := range len(data) - 4 { // the offset of the next directory is not read
		if _, err := decode(t.Context(), data[:n]); err == nil {
			t.Fatalf("cut at %d of %d: no error", n, len(data))
		}
	}
}

func TestTheContextEndsDecoding(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := decode(ctx, made{src: scene(40, 48), photometric: ycbcr, rows: 16}.bytes(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPixelsCountsWhatTilesReachBeyond(t *testing.T) {
	src := scene(150, 110)
	for name, tt := range map[string]struct {
		made made
		want int64
	}{
		"strip":           {made{src: src, photometric: ycbcr}, 150 * 110},
		"strips":          {made{src: src, photometric: ycbcr, rows: 48}, 150 * 144},
		"tiles":           {made{src: src, photometric: ycbcr, tile: 64}, 192 * 128},
		"of 65,520":       {made{src: src, photometric: ycbcr, tile: 64, change: map[int][]int{tagTileWidth: {65520}, tagTileHeight: {65520}}}, 65520 * 65520},
		"that are broken": {made{src: src, photometric: ycbcr, tile: 64, change: map[int][]int{tagTileWidth: {1}}}, 150 * 110},
	} {
		f, err := Open(tt.made.bytes(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Pixels(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.tiff")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	src := scene(40, 24)
	f.Add(made{src: src, photometric: ycbcr, rows: 16, shared: true}.bytes(f))
	f.Add(made{src: src, photometric: ycbcr, tile: 16, order: binary.BigEndian}.bytes(f))
	f.Add(made{src: gray(src, true), photometric: whiteIsZero, rows: 7}.bytes(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(data)
		if err != nil {
			return
		}
		if found, _ := file.Unsupported(); found != "" || !file.IsJPEG() || file.Pixels() > 1<<18 {
			return
		}
		m, err := file.Decode(t.Context())
		switch {
		case err == nil:
			if m.Bounds() != image.Rect(0, 0, file.Width, file.Height) {
				t.Errorf("%v of %dx%d", m.Bounds(), file.Width, file.Height)
			}
		case !slices.ContainsFunc([]error{ErrMalformed, ErrTruncated, ErrUnsupported, jpeg.ErrMalformed, jpeg.ErrTruncated, jpeg.ErrUnsupported},
			func(known error) bool { return errors.Is(err, known) }):
			t.Errorf("an error of no kind: %v", err)
		}
	})
}
