package photo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/internal/photo"
)

func TestCompleteAtTheSameTimeOnTwoReplicas(t *testing.T) {
	f := newFixture(t)
	data := pngPhoto(t, 700, 400)
	id := f.begun(data)
	replicas := []*photo.Service{f.Service, f.another(photo.Options{}), f.another(photo.Options{})}
	var together sync.WaitGroup
	var published atomic.Int32
	for _, s := range slices.Repeat(replicas, 3) {
		together.Go(func() {
			p, err := s.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data)))
			switch {
			case err == nil && p.ID == id:
				published.Add(1)
			case !errors.Is(err, photo.ErrChanged): // "try again"
				t.Errorf("%v, %v", p.ID, err)
			}
		})
	}
	together.Wait()
	if published.Load() == 0 {
		t.Error("nobody got the photo")
	}
	for _, s := range replicas {
		if p, err := s.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil || p.ID != id {
			t.Errorf("again: %v", err)
		}
	}
	f.nothingBut(id)
}

// during runs do once, when the first request comes that matches, before it is sent.
func during(trouble *azuretest.Trouble, method, pathPart string, do func()) {
	var done atomic.Bool // not a sync.Once: do sends requests itself
	trouble.Before(func(r *http.Request) {
		if r.Method == method && strings.Contains(r.URL.Path, pathPart) && done.CompareAndSwap(false, true) {
			do()
		}
	})
}

func TestAbortWhileCompletingLeavesNothing(t *testing.T) {
	for name, moment := range map[string]struct{ method, path string }{
		"before the commit":      {"PUT", "/images/"},
		"before it is read":      {"GET", "/images/g-"},
		"while it is published":  {"PUT", "w320.webp"},
		"before the entry comes": {"HEAD", "/images/"},
	} {
		t.Run(name, func(t *testing.T) {
			trouble := &azuretest.Trouble{}
			f := newFixtureThrough(t, trouble.Between)
			data := pngPhoto(t, 700, 40)
			id := f.begun(data)
			during(trouble, moment.method, moment.path, func() {
				if err := f.Abort(t.Context(), owner, id); err != nil {
					t.Error(err)
				}
			})
			if _, err := f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err == nil {
				t.Error("it became a photo")
			}
			f.nothingBut("")
		})
	}
}

func TestDeleteWhileAnotherReplicaStillPublishes(t *testing.T) {
	trouble := &azuretest.Trouble{}
	f := newFixtureThrough(t, trouble.Between)
	data := pngPhoto(t, 700, 40)
	id := f.begun(data)
	during(trouble, "PUT", "w320.webp", func() { // the other replica is faster, and its photo is taken down at once
		if _, err := f.another(photo.Options{}).Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil {
			t.Error(err)
		}
		if err := f.Delete(t.Context(), owner, id); err != nil {
			t.Error(err)
		}
	})
	if _, err := f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); !errors.Is(err, photo.ErrNotFound) {
		t.Errorf("it came back: %v", err)
	}
	f.nothingBut("")
}

func TestBlocksRestagedAfterTheSumAreNotTrusted(t *testing.T) {
	trouble := &azuretest.Trouble{}
	f := newFixtureThrough(t, trouble.Between)
	s := f.another(photo.Options{MaxUpload: 10_000})
	small := pngPhoto(t, 30, 40)
	u, err := s.Begin(t.Context(), owner, "image/png", int64(len(small)))
	if err != nil {
		t.Fatal(err)
	}
	f.stage(u.ID, small)
	during(trouble, "PUT", "/images/", func() { f.stage(u.ID, make([]byte, 10_001)) })
	var large *photo.TooLarge
	if _, err := s.Complete(t.Context(), owner, u.ID, photo.About{Filename: "a.png"}, int64(len(small))); !errors.As(err, &large) || large.Size != 10_001 {
		t.Errorf("got %v", err)
	}
	f.nothingBut("")
}

func TestWhatIsReadIsWhatWasCommitted(t *testing.T) {
	trouble := &azuretest.Trouble{}
	f := newFixtureThrough(t, trouble.Between)
	s := f.another(photo.Options{})
	data, other := pngPhoto(t, 30, 40), pngPhoto(t, 50, 60)
	u, err := s.Begin(t.Context(), owner, "image/png", int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f.stage(u.ID, data)
	during(trouble, "PUT", "original.png", func() {
		if status := send(t, "PUT", u.URL, other, blockBlob); status != 201 {
			t.Errorf("overwriting: %d", status)
		}
	})
	if _, err := s.Complete(t.Context(), owner, u.ID, photo.About{Filename: "a.png"}, int64(len(data))); !errors.Is(err, photo.ErrChanged) {
		t.Errorf("overwritten while it was checked: %v", err)
	}
	p, err := s.Complete(t.Context(), owner, u.ID, photo.About{Filename: "a.png"}, int64(len(data)))
	if err != nil || p.Width != 50 {
		t.Errorf("tried again it is what is there now: %+v, %v", p, err)
	}
	f.nothingBut(u.ID)
}

func TestManyAtOnceStayWithinTheQuota(t *testing.T) {
	f := newFixture(t)
	const quota, uploads = 3, 12
	s := f.another(photo.Options{QuotaPhotos: quota})
	var ids []photo.ID
	data := pngPhoto(t, 30, 40)
	for range uploads {
		ids = append(ids, f.begun(data))
	}
	var together sync.WaitGroup
	var published, refused atomic.Int32
	for _, id := range ids {
		together.Go(func() {
			_, err := s.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data)))
			var over *photo.OverQuota
			switch {
			case err == nil:
				published.Add(1)
			case errors.As(err, &over):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	together.Wait()
	if published.Load() != quota || refused.Load() != uploads-quota {
		t.Errorf("%d published, %d refused", published.Load(), refused.Load())
	}
}

func TestDeletingOnePhotoManyTimesMakesRoomForOne(t *testing.T) {
	f := newFixture(t)
	s := f.another(photo.Options{QuotaPhotos: 2})
	data := pngPhoto(t, 30, 40)
	publish := func() (photo.ID, error) {
		id := f.begun(data)
		_, err := s.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data)))
		return id, err
	}
	first, err := publish()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish(); err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	for range 20 {
		together.Go(func() {
			if err := s.Delete(context.WithoutCancel(t.Context()), owner, first); err != nil && !errors.Is(err, photo.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if _, err := publish(); err != nil {
		t.Errorf("no room for one: %v", err)
	}
	var over *photo.OverQuota
	if _, err := publish(); !errors.As(err, &over) {
		t.Errorf("room for two: %v", err)
	}
}

func TestALandingEventThatIsRepeatedPublishesOnce(t *testing.T) {
	f := newFixture(t)
	landing := f.account.Container(photo.LandingContainer)
	if err := landing.Put(t.Context(), "Strand.png", pngPhoto(t, 30, 40), azure.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	for _, s := range []*photo.Service{f.Service, f.another(photo.Options{}), f.another(photo.Options{})} {
		together.Go(func() {
			for range 3 {
				if err := s.PublishLanded(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	page, err := f.List(t.Context(), photo.PublicOwner, 10, "")
	if err != nil || len(page.Photos) != 1 {
		t.Errorf("%d photos, %v", len(page.Photos), err)
	}
}

func TestClientsClocksAndOursMayDiffer(t *testing.T) {
	f := newFixture(t)
	data := pngPhoto(t, 30, 40)
	id := f.begun(data)
	f.clock.Advance(-time.Minute) // the replica that completes is behind the one that began
	if err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil {
		t.Errorf("a minute behind: %v", err)
	}
	late := f.begun(data)
	f.clock.Advance(-61 * time.Second)
	if _, err := f.Complete(t.Context(), owner, late, photo.About{Filename: "a.png"}, int64(len(data))); !errors.Is(err, photo.ErrNotFound) {
		t.Errorf("an upload from the future: %v", err)
	}
}

func TestAPageIsNeverEmptyWhileThereIsMore(t *testing.T) {
	f := newFixture(t)
	id, err := f.Import(t.Context(), owner, "a.png", f.clock.Now(), pngPhoto(t, 30, 40))
	if err != nil {
		t.Fatal(err)
	}
	index := f.account.Container(photo.IndexContainer)
	for n := range 3 { // these come before the photo, as an empty page of Azure's would
		if err := index.Put(t.Context(), fmt.Sprintf("owners/%s/0-%d", owner, n), nil, azure.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := f.List(t.Context(), owner, 1, "")
	if err != nil || len(page.Photos) != 1 || page.Photos[0].ID != id {
		t.Errorf("page %+v, %v", page, err)
	}
}

func TestUploadsInMemoryAreBounded(t *testing.T) {
	trouble := &azuretest.Trouble{}
	f := newFixtureThrough(t, trouble.Between)
	data := pngPhoto(t, 30, 40)
	s := f.another(photo.Options{ReadBudget: int64(2*len(data) + 1)})
	var ids []photo.ID
	for range 6 {
		ids = append(ids, f.begun(data))
	}
	var held atomic.Int32
	trouble.Before(func(r *http.Request) {
		switch {
		case r.Method == "GET" && strings.Contains(r.URL.Path, "/images/") && !r.URL.Query().Has("comp"):
			if n := held.Add(1); n > 2 {
				t.Errorf("%d uploads are in memory where there is room for two", n)
			}
		case r.Method == "PUT" && strings.Contains(r.URL.Path, "/index/"):
			held.Add(-1)
		}
	})
	var together sync.WaitGroup
	for _, id := range ids {
		together.Go(func() {
			if _, err := s.Complete(t.Context(), owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
}
