package imaging_test

import (
	"image"
	"testing"

	"github.com/valetkey/valetkey/internal/imaging"
)

// BenchmarkProcess is a 12-megapixel JPEG through the whole pipeline. Compare with sharp by go run ./test/bench/images.
func BenchmarkProcess(b *testing.B) {
	tile := scene(500, 500)
	m := image.NewNRGBA(image.Rect(0, 0, 4000, 3000))
	for y := range 3000 {
		for x := 0; x < 4000; x += 500 {
			copy(m.Pix[m.PixOffset(x, y):], tile.Pix[tile.PixOffset(0, y%500):][:2000])
		}
	}
	data := jpegOf(b, m)
	p := pipeline(b, &imaging.Options{Originals: imaging.OriginalsDiscard})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Process(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}
