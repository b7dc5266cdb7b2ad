package jpeg

import (
	"bytes"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestOptimizeKeepsPixelsAndSavesBytes(t *testing.T) {
	all := samples(t)
	for name := range all {
		if strings.Contains(name, "rgb") || strings.Contains(name, "cmyk") {
			delete(all, name)
		}
	}
	all["made"] = made(t, 203, 151)
	var grey bytes.Buffer
	if err := stdjpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 99, 77)), nil); err != nil {
		t.Fatal(err)
	}
	all["one colour"] = grey.Bytes()
	optimized := 0
	for name, data := range all {
		got, err := Optimize(data)
		if errors.Is(err, ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		optimized++
		wantSamePixels(t, data, got)
		if len(got) > len(data) {
			t.Errorf("%s: %d bytes of %d", name, len(got), len(data))
		}
		if again, err := Optimize(got); err != nil || len(again) != len(got) {
			t.Errorf("%s: a second time %d bytes of %d, %v", name, len(again), len(got), err)
		}
	}
	if optimized < 5 {
		t.Errorf("only %d files were taken", optimized)
	}
	for _, name := range []string{"made", "one colour"} { // what image/jpeg writes has to be taken, and to shrink
		if got, err := Optimize(all[name]); err != nil || len(got) > len(all[name])*97/100 {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(all[name]), err)
		}
	}
}

// wantSamePixels fails unless image/jpeg sees the same picture in both.
func wantSamePixels(t *testing.T, before, after []byte) {
	t.Helper()
	want, err := stdjpeg.Decode(bytes.NewReader(before))
	if err != nil {
		return // nothing to keep
	}
	got, err := stdjpeg.Decode(bytes.NewReader(after))
	if err != nil {
		t.Error(err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Error("pixels differ")
	}
}

func TestOptimizeRefusesWhatItWouldChange(t *testing.T) {
	data := made(t, 64, 48)
	end := len(data) - 2
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":               {nil, ErrMalformed},
		"no picture":            {[]byte{0xff, 0xd8, 0xff, 0xd9}, ErrMalformed},
		"cut in the header":     {data[:100], ErrTruncated},
		"cut in the scan":       {data[:end-40], ErrTruncated},
		"bytes behind the scan": {append(append(bytes.Clone(data[:end]), make([]byte, 9)...), 0xff, 0xd9), ErrUnsupported},
		"no end":                {data[:end], ErrUnsupported},
	} {
		if _, err := Optimize(tt.data); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// TestOptimalCodes holds the codes against what every code has to be: one for each symbol that occurs, of at most 16
// bits, shorter for more frequent ones, and with the code of ones, and nothing else, left over.
func TestOptimalCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var counts [256]int
		used := 0
		for i := range rapid.IntRange(0, 256).Draw(t, "symbols") {
			// exponents, so that there are trees deeper than 16
			counts[i] = rapid.IntRange(0, 1).Draw(t, "present") << rapid.IntRange(0, 30).Draw(t, "exponent")
			if counts[i] > 0 {
				used++
			}
		}
		lengths, symbols := optimal(&counts)
		wantCode(t, &counts, lengths, symbols, used)
	})
	var fibonacci [256]int
	fibonacci[0], fibonacci[1] = 1, 1
	for i := 2; i < 40; i++ {
		fibonacci[i] = fibonacci[i-1] + fibonacci[i-2]
	}
	lengths, symbols := optimal(&fibonacci)
	wantCode(t, &fibonacci, lengths, symbols, 40)
	if lengths[15] == 0 || symbols[0] != 39 {
		t.Errorf("lengths %v, symbols %v", lengths, symbols)
	}
}

func wantCode(t rapid.TB, counts *[256]int, lengths [16]byte, symbols []byte, used int) {
	t.Helper()
	if len(symbols) != used {
		t.Fatalf("%d symbols have codes, %d occur", len(symbols), used)
	}
	space, at, previous := 0, 0, 1<<62
	for i, n := range lengths {
		space += int(n) << (15 - i)
		least, most := 1<<62, 0
		for _, s := range symbols[at : at+int(n)] {
			least, most = min(least, counts[s]), max(most, counts[s])
		}
		if n > 0 && most > previous {
			t.Errorf("a symbol that occurs %d times has a longer code than one that occurs %d times", most, previous)
		}
		if n > 0 {
			previous = least
		}
		at += int(n)
	}
	if at != used || space >= 1<<16 {
		t.Errorf("%d codes of %d, %d of 65536 taken", at, used, space)
	}
	longest := 16
	for longest > 0 && lengths[longest-1] == 0 {
		longest--
	}
	if used > 0 && 1<<16-space != 1<<(16-longest) {
		t.Errorf("lengths %v leave more than one code of the longest free", lengths)
	}
	if _, err := newHuffman(lengths[:], symbols); err != nil {
		t.Error(err)
	}
}

// FuzzOptimize: whatever it takes keeps its pixels and does not grow.
func FuzzOptimize(f *testing.F) {
	f.Add(made(f, 24, 17))
	f.Add(made(f, 40, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Width*h.Height > 1<<16 {
			return
		}
		got, err := Optimize(data)
		if err != nil {
			if !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTruncated) {
				t.Fatal(err)
			}
			return
		}
		if len(got) > len(data) {
			t.Errorf("%d bytes of %d", len(got), len(data))
		}
		wantSamePixels(t, data, got)
	})
}

func BenchmarkOptimize(b *testing.B) {
	data := made(b, 2048, 1536)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Optimize(data); err != nil {
			b.Fatal(err)
		}
	}
}
