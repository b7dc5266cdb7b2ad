package imaging_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/webp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew")

// matrix is every format in every orientation it can say, with and without a profile.
func matrix(t *testing.T) map[string][]byte {
	const w, h = 161, 119
	profile := adobeRGB()
	files := map[string][]byte{}
	for o := 1; o <= 8; o++ {
		stored := turned(o, w, h)
		b := stored.Rect
		for _, icc := range []bool{false, true} {
			name := fmt.Sprintf("orientation %d, profile %v", o, icc)
			jpg, pn := [][]byte{exifSegment(uint16(o))}, [][]byte{pngChunk("eXIf", exifBlock(uint16(o)))}
			var flags byte = 8
			riff := [][]byte{riffChunk("EXIF", exifBlock(uint16(o)))}
			if icc {
				jpg = append(jpg, strip.AppendJPEGProfile(nil, profile))
				pn = append(pn, strip.AppendPNGProfile(nil, profile))
				riff = append(riff, riffChunk("ICCP", profile))
				flags |= 32
			}
			if heif.Available {
				files["avif, "+name] = orientedAVIF(t, o, icc)
			}
			files["jpeg, "+name] = withSegments(jpegOf(t, stored), jpg...)
			files["png, "+name] = withChunks(pngOf(t, stored), pn...)
			if webp.Available {
				files["webp, "+name] = extendedWebP(webpOf(t, stored), b.Dx(), b.Dy(), flags, riff...)
			}
		}
	}
	src := scene(w, h)
	var tf, bm bytes.Buffer
	must(t, tiff.Encode(&tf, src, nil))
	must(t, bmp.Encode(&bm, src))
	files["tiff"], files["bmp"], files["gif"] = tf.Bytes(), bm.Bytes(), gifOf(t, paletted(src))
	return files
}

// TestGoldenMatrix holds the first variant of every cell against a perceptual hash, so that a picture that is mirrored,
// turned, of swapped colours or of another brightness shows, and a better encoder does not.
func TestGoldenMatrix(t *testing.T) {
	got := map[string]uint64{}
	for name, data := range matrix(t) {
		p := process(t, data)
		got[name] = perceptualHash(decoded(t, p.Variants[0]))
		if m := decoded(t, p.Variants[0]); m.Bounds() != image.Rect(0, 0, 161, 119) {
			t.Errorf("%s: %v", name, m.Bounds())
		}
	}
	if *update {
		writeGolden(t, got)
	}
	want := readGolden(t)
	for name, hash := range got {
		if d := hamming(hash, want[name]); d > tolerance {
			t.Errorf("%s: %016x differs from %016x in %d bits", name, hash, want[name], d)
		}
	}
	if webp.Available && heif.Available && len(got) != len(want) {
		t.Errorf("%d cells, %d goldens", len(got), len(want))
	}
}

const (
	goldenFile = "testdata/golden.txt"
	tolerance  = 3 // bits in which hashes of the same picture may differ
)

func writeGolden(t *testing.T, hashes map[string]uint64) {
	var lines []string
	for name, h := range hashes {
		lines = append(lines, fmt.Sprintf("%016x %s\n", h, name))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[17:], b[17:]) })
	must(t, os.WriteFile(goldenFile, []byte(strings.Join(lines, "")), 0o644))
}

func readGolden(t *testing.T) map[string]uint64 {
	data, err := os.ReadFile(goldenFile)
	must(t, err)
	out := map[string]uint64{}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		hash, name, _ := strings.Cut(s.Text(), " ")
		var h uint64
		_, err := fmt.Sscanf(hash, "%x", &h)
		must(t, err)
		out[name] = h
	}
	return out
}

func TestThePerceptualHashTellsPicturesApart(t *testing.T) {
	base := perceptualHash(scene(161, 119))
	for o := 2; o <= 8; o++ {
		if d := hamming(base, perceptualHash(turned(o, 161, 119))); d <= tolerance {
			t.Errorf("orientation %d differs in %d bits only", o, d)
		}
	}
	swapped := scene(161, 119)
	for i := 0; i < len(swapped.Pix); i += 4 {
		swapped.Pix[i], swapped.Pix[i+2] = swapped.Pix[i+2], swapped.Pix[i]
	}
	if d := hamming(base, perceptualHash(swapped)); d <= tolerance {
		t.Errorf("red and blue swapped differ in %d bits only", d)
	}
}
