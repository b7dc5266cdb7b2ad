package api_test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
)

// cameraPhoto is a photo that a phone took, with the place. It comes with the test data of a module that is used anyway.
func cameraPhoto(t *testing.T) []byte {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(module)), "testdata/images/goexif/has-lens-info.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDetailsAreForTheOwnerAlone(t *testing.T) {
	h := start(t, &settings{imaging: imaging.Options{Place: true}})
	v := h.visitor()
	data := cameraPhoto(t)
	p := v.publish(data)
	if p.Details == nil || p.Details.Camera != "Apple iPhone 4S" || p.Details.TakenAt.IsZero() {
		t.Fatalf("details %+v", p.Details)
	}
	if p.Details.Place != nil {
		t.Errorf("the place was kept without being asked for: %+v", p.Details.Place)
	}
	u := v.begin(int64(len(data)))
	v.stage(u, data)
	v.call("POST", "/api/uploads/"+u.ID+"/complete", map[string]any{"name": "a.jpg", "size": len(data), "keepPlace": true}).want(200).into(&p)
	if place := p.Details.Place; place == nil || math.Abs(place.Latitude-59.33) > 0.01 || math.Abs(place.Longitude-18.06) > 0.01 {
		t.Errorf("place %+v, want the one that was asked for", place)
	}
	var credentials map[string]string
	v.call("GET", "/api/credentials", nil).want(200).into(&credentials)
	v.put(credentials["url"]+"/"+photo.LandingContainer+"/a.jpg?"+credentials["sasKey"], data).want(201)
	if err := h.photos.PublishLanded(t.Context()); err != nil {
		t.Fatal(err)
	}
	public := v.call("GET", "/api/photos?owner=public", nil).want(200)
	if bytes.Contains(public.body, []byte("iPhone")) || bytes.Contains(public.body, []byte("details")) {
		t.Errorf("everybody sees %s", public.body)
	}
}

func TestOriginals(t *testing.T) {
	data := jpegPhoto(t, 700, 500)
	for name, tt := range map[string]struct {
		originals imaging.Originals
		keep      bool
		original  bool // published
		kept      int  // files as they came in
	}{
		"strip":        {imaging.OriginalsStrip, false, true, 0},
		"keep-private": {imaging.OriginalsKeepPrivate, true, false, 1},
		"discard":      {imaging.OriginalsDiscard, false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, &settings{imaging: imaging.Options{Originals: tt.originals}, photo: photo.Options{KeepOriginals: tt.keep}})
			v := h.visitor()
			p := v.publish(data)
			if published := strings.Contains(p.Original.URL, "/original."); published != tt.original {
				t.Errorf("to be downloaded: %s", p.Original.URL)
			}
			if got := get(t, p.Original.URL); int64(len(got.body)) != p.Original.Bytes || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
				t.Errorf("download of %d bytes, %v", len(got.body), got.header)
			}
			kept := 0
			for blob, err := range h.account.Container(photo.PrivateContainer).All(t.Context(), azure.ListOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				if blob.Size != int64(len(data)) {
					t.Errorf("kept %d of %d bytes", blob.Size, len(data))
				}
				kept++
			}
			if kept != tt.kept {
				t.Errorf("%d files are kept, want %d", kept, tt.kept)
			}
			v.call("DELETE", "/api/photos/"+p.ID, nil).want(204)
			h.nothingBehind(photo.LandingContainer, photo.PublishedContainer, photo.IndexContainer, photo.PrivateContainer)
		})
	}
}
