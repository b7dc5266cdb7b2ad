package imaging_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/heif"
	"github.com/valetkey/valetkey/internal/imaging/strip"
	"github.com/valetkey/valetkey/internal/imaging/webp"
	xwebp "golang.org/x/image/webp"
)

// pipeline returns one that, unless o says otherwise, gives each photo an hour: no test may fail because a machine is slow.
func pipeline(t testing.TB, o *imaging.Options) *imaging.Pipeline {
	t.Helper()
	var patient imaging.Options
	if o != nil {
		patient = *o
	}
	if patient.MaxTime == 0 {
		patient.MaxTime = time.Hour
	}
	p, err := imaging.New(&patient)
	must(t, err)
	return p
}

func process(t testing.TB, data []byte) *imaging.Photo {
	t.Helper()
	photo, err := pipeline(t, nil).Process(t.Context(), data)
	must(t, err)
	return photo
}

// decoded decodes an image that the pipeline made, without looking at an orientation tag.
func decoded(t testing.TB, m imaging.Image) image.Image {
	t.Helper()
	var out image.Image
	var err error
	switch r := bytes.NewReader(m.Data); m.Type {
	case "image/webp":
		if out, err = xwebp.Decode(r); err == nil {
			out = studio{out}
		}
	case "image/jpeg":
		out, err = jpeg.Decode(r)
	case "image/png":
		out, err = png.Decode(r)
	case "image/gif":
		out, err = gif.Decode(r)
	case "image/heic":
		var info *heif.Info
		if info, err = heif.ParseInfo(m.Data); err == nil {
			out, err = heif.Decode(t.Context(), m.Data, info)
		}
	default:
		err = fmt.Errorf("type %q", m.Type)
	}
	must(t, err)
	return out
}

// studio shows a WebP that x/image decoded in its true colours: that package does not stretch studio range.
type studio struct{ image.Image }

func (s studio) At(x, y int) color.Color {
	var c color.YCbCr
	alpha := byte(255)
	switch v := s.Image.At(x, y).(type) {
	case color.YCbCr:
		c = v
	case color.NYCbCrA:
		c, alpha = v.YCbCr, v.A
	default:
		return v
	}
	clamp := func(v int) byte { return byte(min(255, max(0, v))) }
	r, g, b := color.YCbCrToRGB(clamp((int(c.Y)-16)*255/219),
		clamp(128+(int(c.Cb)-128)*255/224), clamp(128+(int(c.Cr)-128)*255/224))
	return color.NRGBA{r, g, b, alpha}
}

// wantUpright fails unless the quadrants of m have the colours of scene.
func wantUpright(t *testing.T, what string, m image.Image) {
	t.Helper()
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for i, want := range corners {
		x, y := w/4+i%2*w/2, h/4+i/2*h/2
		got := color.NRGBAModel.Convert(m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y)).(color.NRGBA)
		if distance(got, want) > 45 {
			t.Errorf("%s: quadrant %d is %v, want about %v", what, i, got, want)
		}
	}
}

func distance(a, b color.NRGBA) int {
	abs := func(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }
	return abs(a.R, b.R) + abs(a.G, b.G) + abs(a.B, b.B)
}

func widths(p *imaging.Photo) (out []int) {
	for _, v := range p.Variants {
		out = append(out, v.Width)
	}
	return out
}

func TestEveryFormatBecomesVariantsNoLargerThanTheSource(t *testing.T) {
	src := scene(700, 500)
	files := map[string][]byte{
		"image/jpeg": jpegOf(t, src),
		"image/png":  pngOf(t, src),
		"image/gif":  gifOf(t, paletted(src)),
	}
	if webp.Available {
		files["image/webp"] = webpOf(t, src)
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			p := process(t, data)
			if p.Type != name || p.Width != 700 || p.Height != 500 || p.Animated {
				t.Errorf("%s, %dx%d, animated %v", p.Type, p.Width, p.Height, p.Animated)
			}
			if diff := cmp.Diff([]int{320, 640, 700}, widths(p)); diff != "" {
				t.Error("widths:", diff)
			}
			if p.Original.Type != name || len(p.Thumbhash) < 15 || len(p.Color) != 7 {
				t.Errorf("original %s, thumbhash %x, colour %q", p.Original.Type, p.Thumbhash, p.Color)
			}
			for _, v := range append(p.Variants, p.Original) {
				m := decoded(t, v)
				if got := m.Bounds().Size(); got != (image.Point{v.Width, v.Height}) {
					t.Errorf("%s of width %d decodes to %v", v.Type, v.Width, got)
				}
				wantUpright(t, fmt.Sprint(v.Type, v.Width), m)
			}
		})
	}
}

func TestWidthsOfVariants(t *testing.T) {
	for _, tt := range []struct {
		w, h int
		want []int
	}{
		{1, 1, []int{1}}, {200, 100, []int{200}}, {320, 10, []int{320}}, {321, 10, []int{320, 321}},
		{640, 9, []int{320, 640}}, {2100, 3, []int{320, 640, 1280, 2048}},
		{100, 20000, []int{81}}, // no WebP is higher than 16,383
	} {
		p := process(t, pngOf(t, image.NewGray(image.Rect(0, 0, tt.w, tt.h))))
		if diff := cmp.Diff(tt.want, widths(p)); diff != "" {
			t.Errorf("%dx%d: %s", tt.w, tt.h, diff)
		}
		for _, v := range p.Variants {
			if v.Height < 1 || v.Height > webp.MaxSide {
				t.Errorf("%dx%d: height %d", tt.w, tt.h, v.Height)
			}
		}
	}
}

// turned stores the scene so that the given orientation shows it upright: the inverse of what a viewer does.
func turned(orientation, w, h int) *image.NRGBA {
	upright := scene(w, h)
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	stored := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for y := range sh {
		for x := range sw {
			var ux, uy int // where (x, y) is seen, JEITA CP-3451 table 6
			switch orientation {
			case 1:
				ux, uy = x, y
			case 2:
				ux, uy = w-1-x, y
			case 3:
				ux, uy = w-1-x, h-1-y
			case 4:
				ux, uy = x, h-1-y
			case 5:
				ux, uy = y, x
			case 6:
				ux, uy = w-1-y, x
			case 7:
				ux, uy = w-1-y, h-1-x
			case 8:
				ux, uy = y, h-1-x
			}
			stored.SetNRGBA(x, y, upright.NRGBAAt(ux, uy))
		}
	}
	return stored
}

func TestEveryOrientationComesOutUpright(t *testing.T) {
	const w, h = 161, 119                                         // of the AVIF files
	pipe := pipeline(t, &imaging.Options{Widths: []int{60, 400}}) // one variant narrower, one of the photo's own width
	for o := 1; o <= 8; o++ {
		stored := turned(o, w, h)
		b := stored.Bounds()
		files := map[string][]byte{
			"image/jpeg": withSegments(jpegOf(t, stored), exifSegment(uint16(o))),
			"image/png":  withChunks(pngOf(t, stored), pngChunk("eXIf", exifBlock(uint16(o)))),
		}
		if webp.Available {
			files["image/webp"] = extendedWebP(webpOf(t, stored), b.Dx(), b.Dy(), 8, riffChunk("EXIF", exifBlock(uint16(o))))
		}
		if heif.Available {
			files["image/avif"] = orientedAVIF(t, o, true)
		}
		for name, data := range files {
			p, err := pipe.Process(t.Context(), data)
			must(t, err)
			if p.Width != w || p.Height != h || p.Original.Width != w || p.Original.Height != h || len(p.Variants) != 2 {
				t.Errorf("%s, orientation %d: %dx%d, original %dx%d", name, o, p.Width, p.Height, p.Original.Width, p.Original.Height)
			}
			for _, v := range p.Variants {
				wantUpright(t, fmt.Sprintf("%s, orientation %d, width %d", name, o, v.Width), decoded(t, v))
			}
			if p.Original.Type == "image/avif" { // as it was stored, so it is looked at the same way
				again, err := pipe.Process(t.Context(), p.Original.Data)
				must(t, err)
				for _, v := range again.Variants {
					wantUpright(t, fmt.Sprintf("original of %s, orientation %d, width %d", name, o, v.Width), decoded(t, v))
				}
				continue
			}
			if p.Original.Type != "image/jpeg" {
				wantUpright(t, fmt.Sprintf("original of %s, orientation %d", name, o), decoded(t, p.Original))
				continue
			}
			again, err := strip.JPEG(p.Original.Data, strip.Limits{})
			must(t, err)
			switch stored := name == "image/jpeg"; {
			case stored && again.Orientation != o:
				t.Errorf("%s: published with orientation %d, stored with %d", name, again.Orientation, o)
			case stored && o != 1 && !bytes.Equal(again.Exif, exif.Minimal(o)):
				t.Errorf("%s: the published EXIF holds more than the orientation: %q", name, again.Exif)
			case !stored && again.Orientation != 1:
				t.Errorf("%s: encoded again and yet turned", name)
			}
		}
	}
}

func TestNothingPrivateIsPublished(t *testing.T) {
	src := scene(400, 300)
	xmp := []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>Secret2</x:xmpmeta>")
	thumb := append([]byte("JFXX\x00\x10"), "Secret3"...)
	files := map[string][]byte{
		"jpeg": append(withSegments(jpegOf(t, src), exifSegment(1), jpegSegment(0xe1, xmp), jpegSegment(0xe0, thumb),
			jpegSegment(0xe2, []byte("MPF\x00Secret4")), jpegSegment(0xed, []byte("Photoshop 3.0\x00Secret5")),
			jpegSegment(0xfe, []byte("Secret6"))), "Secret7<script>"...),
		"png": append(withChunks(pngOf(t, src), pngChunk("eXIf", exifBlock(1)), pngChunk("tEXt", []byte("a\x00Secret2")),
			pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00Secret3")), pngChunk("tIME", []byte("Secret4")),
			pngChunk("prVt", []byte("Secret5"))), "PK\x03\x04Secret7"...),
		"gif": append(bytes.Replace(gifOf(t, paletted(src)), []byte{0x2c, 0, 0}, []byte("\x21\xfe\x07Secret1\x00\x2c\x00\x00"), 1),
			"Secret7"...),
	}
	if webp.Available {
		files["webp"] = append(extendedWebP(webpOf(t, src), 400, 300, 8+4, riffChunk("EXIF", exifBlock(1)),
			riffChunk("XMP ", []byte("Secret2")), riffChunk("ABCD", []byte("Secret3"))), "Secret7"...)
	}
	for name, data := range files {
		if n := bytes.Count(data, []byte("Secret")); n < 2 {
			t.Fatalf("%s: the input holds %d secrets", name, n)
		}
		p := process(t, data)
		for _, m := range append(p.Variants, p.Original) {
			for _, secret := range []string{"Secret", "Kamera", "xmpmeta", "<script", "2021:05"} {
				if bytes.Contains(m.Data, []byte(secret)) {
					t.Errorf("%s: %s of width %d holds %q", name, m.Type, m.Width, secret)
				}
			}
		}
		if len(p.Removed) < 2 {
			t.Errorf("%s: removed %v", name, p.Removed)
		}
	}
}

func wantRefusal(t *testing.T, p *imaging.Pipeline, data []byte, want imaging.Reason) {
	t.Helper()
	photo, err := p.Process(t.Context(), data)
	var r *imaging.Refusal
	switch {
	case err == nil:
		t.Errorf("published as %s %dx%d, want %s", photo.Type, photo.Width, photo.Height, want)
	case !errors.As(err, &r):
		t.Errorf("%v is not a refusal, want %s", err, want)
	case r.Reason != want:
		t.Errorf("refused as %v, want %s", r, want)
	case !strings.HasSuffix(r.Message, ".") || strings.Contains(r.Message, "panic"):
		t.Errorf("message %q", r.Message)
	}
}

func TestOtherThingsAreRefusedByName(t *testing.T) {
	p := pipeline(t, nil)
	for _, tt := range []struct {
		name, data string
		want       imaging.Reason
		says       string
	}{
		{"nothing", "", imaging.NotAnImage, "not an image"},
		{"text", "hello", imaging.NotAnImage, "not an image"},
		{"svg", `<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, imaging.UnsupportedFormat, "SVG"},
		{"svg with a byte order mark", "\xef\xbb\xbf\n <SVG>", imaging.UnsupportedFormat, "SVG"},
		{"html", "<!DOCTYPE html><p>", imaging.NotAnImage, "web page"},
		{"php", "<?php echo 1;", imaging.NotAnImage, "PHP"},
		{"pdf", "%PDF-1.7\n", imaging.NotAnImage, "PDF"},
		{"zip", "PK\x03\x04....", imaging.NotAnImage, "ZIP"},
		{"program", "MZ\x90\x00", imaging.NotAnImage, "program"},
		{"video", "\x00\x00\x00\x18ftypmp42", imaging.NotAnImage, "video"},
		{"riff that is not webp", "RIFF\x04\x00\x00\x00WAVE", imaging.NotAnImage, "not an image"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantRefusal(t, p, []byte(tt.data), tt.want)
			if _, err := p.Process(t.Context(), []byte(tt.data)); !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v does not say %q", err, tt.says)
			}
		})
	}
}

func TestLimitsHoldAtTheirEdges(t *testing.T) {
	jpg := jpegOf(t, scene(200, 100))
	anim := gifOf(t, paletted(scene(20, 10)), paletted(scene(20, 10)), paletted(scene(20, 10)))
	comment := withSegments(jpg, jpegSegment(0xfe, make([]byte, 1000)))
	for _, tt := range []struct {
		name        string
		data        []byte
		fits, tight imaging.Options
		want        imaging.Reason
	}{
		{"MaxBytes", jpg, imaging.Options{MaxBytes: int64(len(jpg))}, imaging.Options{MaxBytes: int64(len(jpg)) - 1}, imaging.TooLarge},
		{"MaxPixels", jpg, imaging.Options{MaxPixels: 20000}, imaging.Options{MaxPixels: 19999}, imaging.TooManyPixels},
		{"MaxDimension", jpg, imaging.Options{MaxDimension: 200}, imaging.Options{MaxDimension: 199}, imaging.TooManyPixels},
		{"MaxFrames", anim, imaging.Options{MaxFrames: 3}, imaging.Options{MaxFrames: 2}, imaging.TooManyFrames},
		{"MaxAnimationPixels", anim, imaging.Options{MaxAnimationPixels: 600}, imaging.Options{MaxAnimationPixels: 599}, imaging.TooManyFrames},
		{"MaxMetadata", comment, imaging.Options{MaxMetadata: 1000}, imaging.Options{MaxMetadata: 999}, imaging.TooMuchMetadata},
		{"MaxTime", jpg, imaging.Options{}, imaging.Options{MaxTime: 1}, imaging.TooSlow},
		{"MemoryBudget", jpg, imaging.Options{MemoryBudget: 1 << 20}, imaging.Options{MemoryBudget: 1 << 10}, imaging.TooManyPixels},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := pipeline(t, &tt.fits).Process(t.Context(), tt.data); err != nil {
				t.Error("at the limit:", err)
			}
			wantRefusal(t, pipeline(t, &tt.tight), tt.data, tt.want)
		})
	}
}

func TestAHugeClaimIsRefusedBeforeDecoding(t *testing.T) {
	p := pngOf(t, image.NewGray(image.Rect(0, 0, 4, 4)))
	claim := bytes.Clone(p[16:29])
	binary.BigEndian.PutUint32(claim[0:], 30000)
	binary.BigEndian.PutUint32(claim[4:], 30000)
	bomb := append(append(bytes.Clone(p[:8]), pngChunk("IHDR", claim)...), p[33:]...)
	wantRefusal(t, pipeline(t, nil), bomb, imaging.TooManyPixels)
}

func TestACutFileIsRefused(t *testing.T) {
	src := scene(160, 120)
	files := map[string][]byte{"jpeg": jpegOf(t, src), "png": pngOf(t, src), "gif": gifOf(t, paletted(src))}
	if webp.Available {
		files["webp"] = webpOf(t, src)
	}
	p := pipeline(t, nil)
	for name, data := range files {
		for n := 20; n < len(data)-2; n += 1 + len(data)/60 {
			_, err := p.Process(t.Context(), data[:n])
			if r := (*imaging.Refusal)(nil); !errors.As(err, &r) || r.Reason != imaging.Truncated && r.Reason != imaging.Damaged {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(data), err)
			}
		}
	}
}

func TestACancelledContextIsNotARefusal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pipeline(t, nil).Process(ctx, jpegOf(t, scene(100, 100)))
	if !errors.Is(err, context.Canceled) || errors.As(err, new(*imaging.Refusal)) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestOriginalsPolicy(t *testing.T) {
	data := jpegOf(t, scene(50, 50))
	for policy, published := range map[imaging.Originals]bool{
		imaging.OriginalsStrip: true, imaging.OriginalsKeepPrivate: false, imaging.OriginalsDiscard: false,
	} {
		p, err := pipeline(t, &imaging.Options{Originals: policy}).Process(t.Context(), data)
		must(t, err)
		if got := p.Original.Data != nil; got != published {
			t.Errorf("%s: original published: %v", policy, got)
		}
	}
}

func TestAnimationGivesAPosterAndStaysAnimated(t *testing.T) {
	second := paletted(image.NewNRGBA(image.Rect(0, 0, 90, 60)))
	p := process(t, gifOf(t, paletted(scene(90, 60)), second))
	if !p.Animated {
		t.Error("not animated")
	}
	wantUpright(t, "poster", decoded(t, p.Variants[0]))
	all, err := gif.DecodeAll(bytes.NewReader(p.Original.Data))
	must(t, err)
	if len(all.Image) != 2 {
		t.Errorf("%d frames published, want 2", len(all.Image))
	}
}

func TestTransparencyIsKept(t *testing.T) {
	src := scene(64, 64)
	for i := 3; i < len(src.Pix)/2; i += 4 {
		src.Pix[i] = 0
	}
	p := process(t, pngOf(t, src))
	m := decoded(t, p.Variants[0])
	if _, _, _, a := m.At(20, 10).RGBA(); a != 0 {
		t.Errorf("alpha %d at the top, want 0", a)
	}
	if _, _, _, a := m.At(20, 50).RGBA(); a != 0xffff {
		t.Errorf("alpha %d at the bottom, want opaque", a)
	}
}

func TestOptionsOutOfRangeStopNew(t *testing.T) {
	for _, o := range []imaging.Options{
		{Widths: []int{0}}, {Widths: []int{16384}}, {Quality: 101}, {Quality: -1}, {Effort: 7}, {Originals: "burn"},
		{MaxBytes: -1}, {MaxPixels: -1}, {MaxDimension: -1}, {MaxFrames: -1}, {MaxTime: -1}, {MemoryBudget: -1},
	} {
		if _, err := imaging.New(&o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestReasonsAreListedOnce(t *testing.T) {
	seen := map[imaging.Reason]bool{}
	for _, r := range imaging.Reasons() {
		if seen[r] || r == "" {
			t.Errorf("%q twice or empty", r)
		}
		seen[r] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d reasons", len(seen))
	}
}
