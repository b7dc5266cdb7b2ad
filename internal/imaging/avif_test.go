package imaging_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	"github.com/valetkey/valetkey/internal/imaging/strip"
)

// Nothing here writes AVIF, so its test files are kept: made from the tests' own pictures by avifenc of libavif 0.11
// (Debian's libavif-bin), with "go test ./internal/imaging -run TestAVIF -avifenc avifenc".
var avifenc = flag.String("avifenc", "", "program that writes testdata/avif anew")

// avifTurns are what avifenc calls the orientations.
var avifTurns = [9]string{2: "--imir 1", 3: "--irot 2", 4: "--imir 0", 5: "--irot 1 --imir 0", 6: "--irot 3",
	7: "--irot 3 --imir 0", 8: "--irot 1"}

// avifPatches are eight flat colours, 64 pixels wide and high each.
var avifPatches = [8]color.NRGBA{
	{230, 30, 30, 255}, {30, 200, 40, 255}, {40, 50, 220, 255}, {220, 200, 40, 255},
	{200, 140, 120, 255}, {120, 120, 120, 255}, {250, 250, 250, 255}, {20, 20, 20, 255},
}

func patches(alpha byte) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 256, 128))
	for y := range 128 {
		for x := range 256 {
			c := avifPatches[x/64+4*(y/64)]
			c.A = alpha
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

// avifColours are the ways to code the patches.
var avifColours = map[string]string{
	"4:2:0 full 601":           "-y 420 --cicp 1/13/6",
	"4:2:0 limited 709":        "-y 420 -r limited --cicp 1/13/1",
	"4:2:2 limited 601":        "-y 422 -r limited --cicp 1/13/6",
	"4:4:4 full 709":           "-y 444 --cicp 1/13/1",
	"4:4:4 identity":           "-l",
	"4:2:2 10 bit 2020":        "-y 422 -d 10 --cicp 1/13/9",
	"4:2:0 10 bit limited 601": "-y 420 -d 10 -r limited --cicp 1/13/6",
	"4:4:4 12 bit 709":         "-y 444 -d 12 --cicp 1/13/1",
	"grid":                     "-y 420 --grid 2x1",
	"Display P3":               "-y 444 --cicp 12/13/6",
	"BT.2020":                  "-y 444 -d 10 --cicp 9/13/9",
	"BT.2020 PQ":               "-y 444 -d 10 --cicp 9/16/9",
	"BT.2020 HLG":              "-y 444 -d 10 --cicp 9/18/9",
	"grey":                     "-y 400",
	"transparent":              "-y 420 -d 8",
}

func avifPath(name string) string {
	return filepath.Join("testdata", "avif", strings.NewReplacer(":", "", " ", "-", ",", "").Replace(name)+".avif")
}

func avifFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(avifPath(name))
	must(t, err)
	return data
}

// orientedAVIF is a file that stores the scene so that the orientation shows it upright.
func orientedAVIF(t testing.TB, o int, profile bool) []byte {
	return avifFile(t, fmt.Sprintf("orientation %d, profile %v", o, profile))
}

func TestAVIFFilesAreMade(t *testing.T) {
	if *avifenc == "" {
		t.Skip("the files are kept in testdata/avif; -avifenc makes them anew")
	}
	temp := t.TempDir()
	profile, exif := filepath.Join(temp, "p.icc"), filepath.Join(temp, "e.exif")
	must(t, os.WriteFile(profile, adobeRGB(), 0o644))
	must(t, os.WriteFile(exif, exifBlock(1), 0o644))
	must(t, os.MkdirAll(filepath.Join("testdata", "avif"), 0o755))
	write := func(name string, m image.Image, args string) {
		src := filepath.Join(temp, "src.png")
		must(t, os.WriteFile(src, pngOf(t, m), 0o644))
		out, err := exec.Command(*avifenc, append(strings.Fields(args), src, avifPath(name))...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		// avifenc makes properties of an EXIF orientation; one that says something else does not count.
		const orientation = "\x12\x01\x03\x00\x01\x00\x00\x00"
		data := bytes.Replace(avifFile(t, name), []byte(orientation+"\x01"), []byte(orientation+"\x03"), 1)
		must(t, os.WriteFile(avifPath(name), data, 0o644))
	}
	for o := 1; o <= 8; o++ {
		args := "-s 4 -y 420 --min 10 --max 24 --exif " + exif + " " + avifTurns[o]
		write(fmt.Sprintf("orientation %d, profile false", o), turned(o, 161, 119), args)
		write(fmt.Sprintf("orientation %d, profile true", o), turned(o, 161, 119), args+" --icc "+profile)
	}
	for name, args := range avifColours {
		alpha := byte(255)
		if name == "transparent" {
			alpha = 128
		}
		if name != "4:4:4 identity" {
			args += " --min 0 --max 8"
		}
		write(name, patches(alpha), "-s 4 "+args)
	}
	write("cropped and turned", scene(200, 160), "-s 4 -y 420 --min 10 --max 24 --crop 40,20,140,120 --irot 3")
}

func skipWithoutAVIF(t testing.TB) {
	if !heif.Available {
		t.Skip("this build has no AVIF decoder")
	}
}

// untouchable says of the items of a file that they are protected (ISO/IEC 14496-12, section 8.11.6), which decoders
// overlook: it is not published as it is.
func untouchable(data []byte) []byte {
	data = bytes.Clone(data)
	for rest := data; ; {
		at := bytes.Index(rest, []byte("infe\x02"))
		if at < 0 {
			return data
		}
		rest[at+11] = 1
		rest = rest[at+12:]
	}
}

func TestOriginalOfAVIFKeepsThePicture(t *testing.T) {
	skipWithoutAVIF(t)
	for _, name := range []string{"orientation 6, profile true", "4:4:4 12 bit 709", "grid", "transparent", "BT.2020 PQ", "cropped and turned"} {
		p := process(t, avifFile(t, name))
		if p.Original.Type != "image/avif" || p.Original.Ext != "avif" || p.Original.Width != p.Width || bytes.Contains(p.Original.Data, []byte("Secret")) {
			t.Errorf("%s: published as %s, %d of %d wide", name, p.Original.Type, p.Original.Width, p.Width)
			continue
		}
		again := process(t, p.Original.Data)
		if !bytes.Equal(again.Original.Data, p.Original.Data) || again.Removed != nil {
			t.Errorf("%s: cleaned again it is another file: %v", name, again.Removed)
		}
		if diff := cmp.Diff(p.Variants, again.Variants); diff != "" {
			t.Errorf("%s: what is published looks different", name)
		}
	}
}

func TestAVIFIsDescribedAndEncodedAgain(t *testing.T) {
	skipWithoutAVIF(t)
	p := process(t, untouchable(orientedAVIF(t, 6, true)))
	if p.Type != "image/avif" || p.Width != 161 || p.Height != 119 || p.Original.Type != "image/jpeg" || p.Original.Width != 161 {
		t.Errorf("%s %dx%d, original %s %d wide", p.Type, p.Width, p.Height, p.Original.Type, p.Original.Width)
	}
	want := imaging.Details{Taken: time.Date(2021, 5, 6, 7, 8, 9, 0, time.UTC), Camera: "Kamera1 Secret1"}
	if p.Details != want {
		t.Errorf("details %+v", p.Details)
	}
	if len(p.Removed) != 1 || p.Removed[0].Name != "EXIF" {
		t.Errorf("removed %v", p.Removed)
	}
	for _, m := range append(p.Variants, p.Original) {
		wantUpright(t, m.Type, decoded(t, m))
		if bytes.Contains(m.Data, []byte("Secret")) {
			t.Errorf("the published %s holds private text", m.Type)
		}
	}
}

func TestAVIFIsCroppedBeforeItIsTurned(t *testing.T) {
	skipWithoutAVIF(t)
	p := process(t, untouchable(avifFile(t, "cropped and turned")))
	if p.Width != 120 || p.Height != 140 {
		t.Fatalf("%dx%d", p.Width, p.Height)
	}
	m := decoded(t, p.Original)
	// Clockwise: the left of what is stored is on top, its top on the right. The quadrants of the scene meet 60 pixels
	// from the left and from the top of the crop.
	for _, tt := range []struct {
		x, y int
		want color.NRGBA
	}{{40, 40, corners[2]}, {100, 40, corners[0]}, {40, 100, corners[3]}, {100, 100, corners[1]}, {80, 52, corners[0]}, {40, 68, corners[3]}} {
		got := color.NRGBAModel.Convert(m.At(tt.x, tt.y)).(color.NRGBA)
		if distance(got, tt.want) > 45 {
			t.Errorf("%d,%d is %v, want %v", tt.x, tt.y, got, tt.want)
		}
	}
}

// Matrices that bring linear RGB to XYZ relative to D50, as the published profiles of sRGB, Display P3 and BT.2020 do.
var (
	srgbD50 = [3][3]float64{{0.43607, 0.38515, 0.14307}, {0.22249, 0.71687, 0.06061}, {0.01392, 0.09708, 0.71410}}
	p3D50   = [3][3]float64{{0.51512, 0.29198, 0.15710}, {0.24120, 0.69225, 0.06657}, {-0.00105, 0.04189, 0.78407}}
	rec2020 = [3][3]float64{{0.67349, 0.16567, 0.12505}, {0.27904, 0.67534, 0.04561}, {-0.00194, 0.02998, 0.79686}}
)

// TestColoursOfAVIFStayRight measures in CIELAB what was coded and what is published, in every way to code it.
func TestColoursOfAVIFStayRight(t *testing.T) {
	skipWithoutAVIF(t)
	for name := range avifColours {
		bound, space := 3.0, srgbD50
		switch name {
		case "grey", "transparent", "BT.2020 PQ", "BT.2020 HLG":
			continue // have tests of their own
		case "4:2:0 limited 709":
			bound = 4.0 // libavif's own: its blue has 7 bits for this matrix
		case "Display P3":
			space = p3D50
		case "BT.2020":
			space = rec2020
		}
		p := process(t, untouchable(avifFile(t, name)))
		for _, v := range append(p.Variants, p.Original) {
			toXYZ := profileOf(t, v)
			if (toXYZ == nil) != (space == srgbD50) {
				t.Errorf("%s as %s: has a profile: %v", name, v.Type, toXYZ != nil)
				continue
			}
			shown := decoded(t, v)
			for i, c := range avifPatches {
				got := color.NRGBAModel.Convert(shown.At((i%4*64+32)*v.Width/256, (i/4*64+32)*v.Height/128)).(color.NRGBA)
				seen := xyzOf(srgbD50, got)
				if toXYZ != nil {
					seen = toXYZ.XYZ(float64(got.R)/255, float64(got.G)/255, float64(got.B)/255)
				}
				if d := deltaE(lab(xyzOf(space, c)), lab(seen)); d > bound {
					t.Errorf("%s as %s of width %d: patch %d is %v, off by ΔE %.1f", name, v.Type, v.Width, i, got, d)
				}
			}
		}
	}
}

// xyzOf is what c looks like with sRGB's curve and the given primaries.
func xyzOf(space [3][3]float64, c color.NRGBA) (out [3]float64) {
	linear := func(v byte) float64 {
		if x := float64(v) / 255; x > 0.04045 {
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	for i, row := range space {
		out[i] = row[0]*linear(c.R) + row[1]*linear(c.G) + row[2]*linear(c.B)
	}
	return out
}

// profileOf returns the profile of an image that the pipeline made, nil without one.
func profileOf(t *testing.T, m imaging.Image) *icc.Profile {
	t.Helper()
	parse := strip.PNG
	switch m.Type {
	case "image/webp":
		parse = strip.WebP
	case "image/jpeg":
		parse = strip.JPEG
	}
	f, err := parse(m.Data, strip.Limits{})
	must(t, err)
	if len(f.ICC) == 0 {
		return nil
	}
	p, err := icc.Parse(f.ICC)
	must(t, err)
	return p
}

// TestHighDynamicRangeIsBroughtToTheScreens looks at the grey patches: what is darker than white (203 cd/m²) keeps its
// brightness, computed by hand from SMPTE ST 2084 and ITU-R BT.2100, and what is brighter does not become white.
func TestHighDynamicRangeIsBroughtToTheScreens(t *testing.T) {
	skipWithoutAVIF(t)
	for name, want := range map[string][3]float64{
		"BT.2020 PQ":  {63.0 / 203, 0.99, 0.001},  // 120/255 is 63 cd/m² of 10,000
		"BT.2020 HLG": {44.0 / 203, 0.984, 0.003}, // 120/255 is 44 cd/m² of 1,000
	} {
		p := process(t, untouchable(avifFile(t, name)))
		profile := profileOf(t, p.Original)
		if profile == nil {
			t.Errorf("%s: no profile", name)
			continue
		}
		shown := decoded(t, p.Original)
		for i, want := range want {
			c := color.NRGBAModel.Convert(shown.At(64+32+64*i, 96)).(color.NRGBA)
			got := profile.XYZ(float64(c.R)/255, float64(c.G)/255, float64(c.B)/255)[1]
			if math.Abs(got-want) > 0.03 {
				t.Errorf("%s: grey %d is shown with %.3f of white, want %.3f", name, avifPatches[5+i].G, got, want)
			}
		}
	}
}

func TestGreyAndTransparentAVIF(t *testing.T) {
	skipWithoutAVIF(t)
	grey := process(t, untouchable(avifFile(t, "grey")))
	for i := 5; i < 8; i++ {
		got := color.NRGBAModel.Convert(decoded(t, grey.Original).At(i%4*64+32, 96)).(color.NRGBA)
		if distance(got, avifPatches[i]) > 9 {
			t.Errorf("patch %d is %v, want %v", i, got, avifPatches[i])
		}
	}
	clear := process(t, untouchable(avifFile(t, "transparent")))
	if clear.Original.Type != "image/png" {
		t.Errorf("the original is %s", clear.Original.Type)
	}
	for i, want := range avifPatches {
		got := color.NRGBAModel.Convert(decoded(t, clear.Original).At(i%4*64+32, i/4*64+32)).(color.NRGBA)
		if got.A < 126 || got.A > 130 || distance(got, want) > 15 {
			t.Errorf("patch %d is %v, want %v half transparent", i, got, want)
		}
	}
}

func TestAnAVIFAnimationIsItsPrimaryPicture(t *testing.T) {
	skipWithoutAVIF(t)
	p := process(t, moduleFile(t, "github.com/gen2brain/avif", "testdata", "test.avifs"))
	if p.Type != "image/avif" || p.Animated || p.Width != 500 || p.Height != 360 {
		t.Errorf("%s %dx%d, animated %v", p.Type, p.Width, p.Height, p.Animated)
	}
}

// TestAVIFIsKnownByItsItem: brands are the sender's word.
func TestAVIFIsKnownByItsItem(t *testing.T) {
	skipWithoutAVIF(t)
	data := orientedAVIF(t, 1, false)
	for _, brand := range []string{"mif1", "heic", "avis", "miaf"} {
		if p := process(t, patched(data, 8, []byte(brand)...)); p.Type != "image/avif" {
			t.Errorf("with the brand %s it is %s", brand, p.Type)
		}
	}
	all := bytes.ReplaceAll(data[:40], []byte("avif"), []byte("mif1"))
	if p := process(t, append(all, data[40:]...)); p.Type != "image/avif" {
		t.Errorf("without its own brand it is %s", p.Type)
	}
	wantRefusal(t, pipeline(t, nil), patched(data, bytes.Index(data, []byte("av01")), []byte("jpeg")...), imaging.UnsupportedFormat)
	heic := moduleFile(t, "github.com/gen2brain/heic", "testdata", "test8.heic")
	if p := process(t, patched(heic, 8, []byte("avif")...)); p.Type != "image/heic" {
		t.Errorf("a HEIC with the brand of AVIF is %s", p.Type)
	}
}

// TestHostileAVIF: every cut, and every byte of the boxes and of the picture's own header changed.
func TestHostileAVIF(t *testing.T) {
	skipWithoutAVIF(t)
	data := orientedAVIF(t, 1, false)
	p := pipeline(t, &imaging.Options{Widths: []int{64}, MaxPixels: 1 << 20})
	wants := func(what string, data []byte, reasons ...imaging.Reason) {
		t.Helper()
		_, err := p.Process(t.Context(), data)
		if r := refusal(err); r == nil || !slices.Contains(reasons, r.Reason) {
			t.Errorf("%s: %v, want one of %v", what, err, reasons)
		}
	}
	for n := 12; n < len(data); n += 1 + len(data)/80 {
		wants(fmt.Sprintf("cut at %d of %d", n, len(data)), data[:n], imaging.Truncated, imaging.Damaged, imaging.UnsupportedFormat)
	}
	ispe := bytes.Index(data, []byte("ispe")) + 8
	size := func(w, h uint32) []byte {
		return patched(data, ispe, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	}
	wants("boxes that say less than the picture's header", size(64, 64), imaging.Damaged)
	wants("a row less", size(161, 118), imaging.Damaged)
	wants("boxes that say more", size(512, 512), imaging.Damaged)
	wants("boxes that say 2^31", size(1<<31, 1<<31), imaging.Damaged)
	wants("boxes that say 100,000", size(100_000, 100_000), imaging.Damaged)
	wants("no picture at all", append(bytes.Clone(data[:len(data)-400]), make([]byte, 400)...), imaging.Damaged)
	wants("noise", patched(data, len(data)-300, bytes.Repeat([]byte{0xa5, 0x13, 0xfe}, 90)...), imaging.Damaged)
	for at := 12; at < len(data)-40; at += 7 {
		_, err := p.Process(t.Context(), patched(data, at, data[at]^0xff))
		if err != nil && refusal(err) == nil {
			t.Errorf("byte %d changed: %v is not a refusal", at, err)
		}
	}
	wantRefusal(t, pipeline(t, &imaging.Options{MaxTime: 1}), data, imaging.TooSlow)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Process(ctx, data); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
