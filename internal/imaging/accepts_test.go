package imaging

import (
	"testing"

	"github.com/valetkey/valetkey/internal/imaging/heif"
)

func TestAccepts(t *testing.T) {
	for contentType, want := range map[string]bool{
		"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "IMAGE/JPEG": true,
		"image/jpeg; charset=x": true, "image/tiff": true, "image/bmp": true, "image/x-ms-bmp": true,
		"image/heic": heif.Available, "image/heif": heif.Available, "image/avif": heif.Available,
		"image/svg+xml": false, "text/html": false, "application/pdf": false, "": false, ";;": false,
	} {
		if got := Accepts(contentType); got != want {
			t.Errorf("Accepts(%q) = %v", contentType, got)
		}
	}
}
