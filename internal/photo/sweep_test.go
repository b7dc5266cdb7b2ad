package photo_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
)

const owner = "g-somebody"

type fixture struct {
	*photo.Service
	t       *testing.T
	account *azure.Account
	clock   *azuretest.Clock
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureThrough(t, func(next http.RoundTripper) http.RoundTripper { return next })
}

func newFixtureThrough(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *fixture {
	t.Helper()
	clock := azuretest.NewClock()
	account := azuretest.OpenThrough(t, clock, between)
	if err := photo.CreateContainers(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	pipeline, err := imaging.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{photo.New(account, pipeline, grant.New(nil), &photo.Options{Now: clock.Now}), t, account, clock}
}

// names lists what a container holds, staged blobs included.
func (f *fixture) names(container string) (names []string) {
	f.t.Helper()
	for blob, err := range f.account.Container(container).All(f.t.Context(), azure.ListOptions{Uncommitted: true}) {
		if err != nil {
			f.t.Fatal(err)
		}
		names = append(names, blob.Name)
	}
	return names
}

func pngPhoto(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSweepRemovesWhatNobodyComesBackFor(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	stage := func(data string) photo.ID {
		u, err := f.Begin(ctx, owner, "image/png", int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		err = f.account.Container(photo.LandingContainer).Stage(ctx, owner+"/"+string(u.ID), azuretest.BlockID(0), []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	stage("abandoned")
	kept, err := f.Import(ctx, owner, "kept.png", f.clock.Now(), pngPhoto(t, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	half, err := f.Import(ctx, owner, "half.png", f.clock.Now(), pngPhoto(t, 20, 10))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.account.Container(photo.IndexContainer).Delete(ctx, "owners/"+owner+"/"+string(half)); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(23 * time.Hour)
	fresh := stage("still under way")
	published := f.names(photo.PublishedContainer)
	if err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if got := f.names(photo.LandingContainer); len(got) != 2 {
		t.Errorf("within its window an upload was swept: %v", got)
	}
	if got := f.names(photo.PublishedContainer); !slices.Equal(got, published) {
		t.Errorf("images that may still get their entry were swept: %v", got)
	}
	f.clock.Advance(2 * time.Hour)
	if err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if got := f.names(photo.LandingContainer); !slices.Equal(got, []string{owner + "/" + string(fresh)}) {
		t.Errorf("uploads after the sweep: %v", got)
	}
	for _, name := range f.names(photo.PublishedContainer) {
		if want := owner + "/" + string(kept) + "/"; len(name) < len(want) || name[:len(want)] != want {
			t.Errorf("%s was not swept", name)
		}
	}
	if _, err := f.Get(ctx, owner, kept); err != nil {
		t.Errorf("the photo that is whole: %v", err)
	}
}

func TestImportOfOldPhotosIsNotSwept(t *testing.T) {
	f := newFixture(t)
	old := f.clock.Now().AddDate(-10, 0, 0)
	id, err := f.Import(t.Context(), owner, "old.png", old, pngPhoto(t, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	if !id.Time().Equal(old) {
		t.Errorf("it counts as created at %v", id.Time())
	}
	// As if the import were just before its last step, which a sweep must not take for an abandoned one.
	if err := f.account.Container(photo.IndexContainer).Delete(t.Context(), "owners/"+owner+"/"+string(id)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(f.names(photo.PublishedContainer)) == 0 {
		t.Error("it was swept while it was being published")
	}
}

func TestContentsNameWhatIsThere(t *testing.T) {
	f := newFixture(t)
	data := pngPhoto(t, 10, 10)
	id, err := f.Import(t.Context(), owner, "a.png", f.clock.Now(), data)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := f.Contents(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if contents[photo.HashContent(data)] != id || len(contents) != 1 {
		t.Errorf("contents %v", contents)
	}
	again, err := f.Import(t.Context(), owner, "a.png", f.clock.Now(), data)
	if err != nil || again != id {
		t.Errorf("imported again: %v, %v", again, err)
	}
}
