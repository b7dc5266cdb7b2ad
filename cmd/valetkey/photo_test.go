package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/heif"
)

// photoFiles writes a JPEG with a comment and an SVG, and returns their paths.
func photoFiles(t *testing.T) (jpg, svg string) {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 400, 300)), nil); err != nil {
		t.Fatal(err)
	}
	data := append([]byte("\xff\xd8\xff\xfe\x00\x08Secret"), b.Bytes()[2:]...)
	dir := t.TempDir()
	jpg, svg = filepath.Join(dir, "a.jpg"), filepath.Join(dir, "b.svg")
	for name, content := range map[string][]byte{jpg: data, svg: []byte("<svg><script/></svg>")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return jpg, svg
}

func runPhoto(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), append([]string{"photo", "check"}, args...), streams{strings.NewReader(""), &out, &errs}); status != want {
		t.Errorf("%v: status %d, want %d; stderr: %s", args, status, want, &errs)
	}
	return out.String(), errs.String()
}

func TestPhotoCheckTellsWhatWouldBePublished(t *testing.T) {
	jpg, svg := photoFiles(t)
	out, _ := runPhoto(t, 0, jpg)
	for _, want := range []string{"image/jpeg, 400x300", "removed    comment, 6 B", "published  original.jpg, 400x300", "published  w320."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	out, _ = runPhoto(t, 1, svg, jpg)
	if !strings.Contains(out, "refused (unsupported-format): This is an SVG") || !strings.Contains(out, "published") {
		t.Errorf("one bad file of two:\n%s", out)
	}
	tiff := filepath.Join(t.TempDir(), "c.tiff") // its only tag: compression 50001
	if err := os.WriteFile(tiff, []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x03\x00\x03\x00\x00\x00\x01\xc3\x51\x00\x00\x00\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ = runPhoto(t, 1, tiff); !strings.Contains(out, "refused (unsupported-format): This is a TIFF with WebP compression; LZW, Deflate") {
		t.Errorf("a TIFF of an unknown compression:\n%s", out)
	}
}

// TestPhotoCheckOfAHEIC takes the photo that gen2brain/heic tests itself with, from the module cache.
func TestPhotoCheckOfAHEIC(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gen2brain/heic").Output()
	if err != nil || !heif.Available {
		t.Skipf("no HEIC sample, or no decoder in this build: %v", err)
	}
	text, _ := runPhoto(t, 0, "--widths=320", filepath.Join(strings.TrimSpace(string(out)), "testdata", "test8.heic"))
	for _, want := range []string{"image/heic, 512x512", "removed    EXIF, 48 B", "removed    XMP, 2.5 KB", "published  original.heic, 512x512"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func TestPhotoCheckOfAVIF(t *testing.T) {
	const file = "../../internal/imaging/testdata/avif/orientation-8-profile-true.avif"
	if !imaging.Accepts("image/avif") {
		runPhoto(t, 1, file)
		return
	}
	out, _ := runPhoto(t, 0, file)
	for _, want := range []string{"image/avif, 161x119", "removed    EXIF", "published  original.avif, 161x119"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}

func TestPhotoCheckHoldsToItsLimits(t *testing.T) {
	jpg, _ := photoFiles(t) // 400 by 300
	info, err := os.Stat(jpg)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		flag   string
		within bool
		reason string
	}{
		{"--max-pixels=120000", true, ""},
		{"--max-pixels=119999", false, "too-many-pixels"},
		{fmt.Sprintf("--max-upload=%d", info.Size()), true, ""},
		{fmt.Sprintf("--max-upload=%d", info.Size()-1), false, "too-large"},
		{"--photo-memory=10KiB", false, "too-many-pixels"},
	} {
		want := 1
		if tt.within {
			want = 0
		}
		if out, _ := runPhoto(t, want, tt.flag, jpg); !tt.within && !strings.Contains(out, "refused ("+tt.reason+")") {
			t.Errorf("%s: %s", tt.flag, out)
		}
	}
}

func TestPhotoCheckJSON(t *testing.T) {
	jpg, svg := photoFiles(t)
	out, _ := runPhoto(t, 1, "--json", "--originals=discard", "--widths=100,200", jpg, svg)
	d := json.NewDecoder(strings.NewReader(out))
	var good, bad photoReport
	if err := d.Decode(&good); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&bad); err != nil {
		t.Fatal(err)
	}
	if good.Width != 400 || len(good.Published) != 2 || good.Published[1].Width != 200 || len(good.Thumbhash) == 0 {
		t.Errorf("%+v", good)
	}
	if bad.Refused != "unsupported-format" || bad.Message == "" {
		t.Errorf("%+v", bad)
	}
}

func TestPhotoCheckWritesIntoANewFolder(t *testing.T) {
	jpg, _ := photoFiles(t)
	dir := filepath.Join(t.TempDir(), "deep", "out")
	runPhoto(t, 0, "--out", dir, jpg)
	data, err := os.ReadFile(filepath.Join(dir, "a.jpg", "original.jpg"))
	if err != nil || bytes.Contains(data, []byte("Secret")) {
		t.Errorf("original: %v, or it still holds the comment", err)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "a.jpg")); err != nil || len(files) != 3 {
		t.Errorf("%v, %v", files, err)
	}
	if _, errs := runPhoto(t, 1, "--out", dir, jpg); !strings.Contains(errs, "exists") {
		t.Errorf("a second time: %q", errs)
	}
}

func TestPhotoCheckOfAFileThatIsNotThere(t *testing.T) {
	if _, errs := runPhoto(t, 1, filepath.Join(t.TempDir(), "none.jpg")); !strings.Contains(errs, "none.jpg") {
		t.Errorf("stderr %q", errs)
	}
	jpg, _ := photoFiles(t)
	if _, errs := runPhoto(t, 1, "--quality=200", jpg); !strings.Contains(errs, "Quality") {
		t.Errorf("stderr %q", errs)
	}
}
