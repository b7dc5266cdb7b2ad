package photo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/internal/photo"
)

// eachFailure runs a case once for each request that it sends between fail and calm, with that request failing on its
// way there and, another time, on its way back, until it gets through without meeting the failure.
func eachFailure(t *testing.T, do func(t *testing.T, f *fixture, fail, calm func())) {
	for _, lost := range []bool{false, true} {
		for n, met := 1, true; met; n++ {
			if n > 100 {
				t.Fatal("there is no end to the requests")
			}
			t.Run(fmt.Sprintf("%d lost=%v", n, lost), func(t *testing.T) {
				trouble := &azuretest.Trouble{}
				f := newFixtureThrough(t, trouble.Between)
				do(t, f, func() { trouble.FailAt(n, lost) }, func() { met = trouble.Met(); trouble.FailAt(0, false) })
			})
		}
	}
}

// begun is an upload with all its blocks staged.
func (f *fixture) begun(data []byte) photo.ID {
	f.t.Helper()
	u, err := f.Begin(f.t.Context(), owner, "image/png", int64(len(data)))
	if err != nil {
		f.t.Fatal(err)
	}
	f.stage(u.ID, data)
	return u.ID
}

func (f *fixture) stage(id photo.ID, data []byte) {
	f.t.Helper()
	landing := f.account.Container(photo.LandingContainer)
	if err := landing.Stage(f.t.Context(), owner+"/"+string(id), azuretest.BlockID(0), data); err != nil {
		f.t.Fatal(err)
	}
}

// nothingBut checks that storage holds just one photo, or none where id is empty.
func (f *fixture) nothingBut(id photo.ID) {
	f.t.Helper()
	if got := f.names(photo.LandingContainer); len(got) > 0 {
		f.t.Errorf("left behind where uploads land: %v", got)
	}
	var want []string
	if id != "" {
		want = []string{"owners/" + owner + "/" + string(id)}
	}
	if got := f.names(photo.IndexContainer); !slices.Equal(got, want) {
		f.t.Errorf("index %v, want %v", got, want)
	}
	for _, name := range f.names(photo.PublishedContainer) {
		if id == "" || !strings.HasPrefix(name, owner+"/"+string(id)+"/") {
			f.t.Errorf("left behind where photos are published: %s", name)
		}
	}
	if id == "" {
		return
	}
	p, err := f.Get(f.t.Context(), owner, id)
	if err != nil {
		f.t.Fatal(err)
	}
	if got := len(f.names(photo.PublishedContainer)); got != len(p.Variants)+1 {
		f.t.Errorf("%d images are published of a photo with %d variants and its original", got, len(p.Variants))
	}
}

func TestCompleteSurvivesEveryFailure(t *testing.T) {
	data := pngPhoto(t, 700, 40)
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		id := f.begun(data)
		fail()
		p, err := f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data)))
		if err != nil {
			if !errors.Is(err, azuretest.ErrTrouble) {
				t.Errorf("the failure shows as %v", err)
			}
			if p, err = f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil {
				t.Fatalf("tried again: %v", err)
			}
		}
		calm()
		if p.ID != id {
			t.Errorf("photo %s, want %s", p.ID, id)
		}
		f.nothingBut(id)
	})
}

func TestRefusalSurvivesEveryFailure(t *testing.T) {
	data := []byte("this is no photo")
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		id := f.begun(data)
		fail()
		for range 2 {
			if _, err := f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err == nil {
				t.Fatal("it became a photo")
			}
		}
		calm()
		f.nothingBut("")
	})
}

func TestDeleteSurvivesEveryFailure(t *testing.T) {
	data := pngPhoto(t, 700, 40)
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		id, err := f.Import(t.Context(), owner, "a.png", f.clock.Now(), data)
		if err != nil {
			t.Fatal(err)
		}
		fail()
		if err := f.Delete(t.Context(), owner, id); err != nil {
			if !errors.Is(err, azuretest.ErrTrouble) {
				t.Errorf("the failure shows as %v", err)
			}
			if err := f.Delete(t.Context(), owner, id); err != nil && !errors.Is(err, photo.ErrNotFound) {
				t.Errorf("tried again: %v", err)
			}
		}
		calm()
		f.nothingBut("")
	})
}

func TestAbortSurvivesEveryFailure(t *testing.T) {
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		id := f.begun([]byte("data"))
		fail()
		if err := f.Abort(t.Context(), owner, id); err != nil {
			if err := f.Abort(t.Context(), owner, id); err != nil {
				t.Errorf("tried again: %v", err)
			}
		}
		calm()
		f.nothingBut("")
	})
}

func TestRenameSurvivesEveryFailure(t *testing.T) {
	data := pngPhoto(t, 30, 40)
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		id, err := f.Import(t.Context(), owner, "a.png", f.clock.Now(), data)
		if err != nil {
			t.Fatal(err)
		}
		fail()
		if _, err := f.Rename(t.Context(), owner, id, "new"); err != nil {
			if _, err := f.Rename(t.Context(), owner, id, "new"); err != nil {
				t.Errorf("tried again: %v", err)
			}
		}
		calm()
		f.nothingBut(id)
		if p, err := f.Get(t.Context(), owner, id); err != nil || p.Title != "new" {
			t.Errorf("title %q, %v", p.Title, err)
		}
	})
}

func TestPublishLandedSurvivesEveryFailure(t *testing.T) {
	data := pngPhoto(t, 30, 40)
	eachFailure(t, func(t *testing.T, f *fixture, fail, calm func()) {
		landing := f.account.Container(photo.LandingContainer)
		for name, content := range map[string][]byte{"Strand.png": data, "no photo.png": []byte("text")} {
			if err := landing.Put(t.Context(), name, content, azure.PutOptions{Type: "image/png"}); err != nil {
				t.Fatal(err)
			}
		}
		fail()
		if err := f.PublishLanded(t.Context()); err != nil {
			if err := f.PublishLanded(t.Context()); err != nil {
				t.Errorf("tried again: %v", err)
			}
		}
		calm()
		page, err := f.List(t.Context(), photo.PublicOwner, 10, "")
		if err != nil || len(page.Photos) != 1 || page.Photos[0].Title != "Strand" {
			t.Errorf("published %+v, %v", page.Photos, err)
		}
		if got := f.names(photo.LandingContainer); len(got) > 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}
