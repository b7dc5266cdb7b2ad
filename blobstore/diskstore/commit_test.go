package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/blobstore"
)

func TestAChangeThatBreaksItsTransactionHarmsNoOther(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	broken := errors.New("broken")
	batch := []*change{}
	for i := range 5 {
		batch = append(batch, &change{done: make(chan struct{}), apply: func(tx *txn) error {
			tx.put(bucketTagged, []byte(fmt.Sprint("key", i)), nil)
			switch i {
			case 1:
				tx.fail(broken)
			case 3:
				return broken // after a write, against the rules
			}
			return nil
		}})
	}
	batch = append(batch, &change{done: make(chan struct{}), apply: func(*txn) error { return broken }})
	s.commits.close() // the test takes the place of the commit loop
	s.commit(batch)
	for i, c := range batch {
		<-c.done
		if failed := i == 1 || i == 3 || i == 5; errors.Is(c.err, broken) != failed || !failed && c.err != nil {
			t.Errorf("change %d: %v", i, c.err)
		}
	}
	err := s.view(func(v view) error {
		keys, _ := v.firstKeys(bucketTagged, nil, 10)
		if got := fmt.Sprintf("%q", keys); got != `["key0" "key2" "key4"]` {
			t.Errorf("got %s", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestChangesAfterCloseAreRefused(t *testing.T) {
	q := newCommitter()
	s := &Store{commits: q}
	go s.commitLoop()
	q.close()
	if err := s.update(func(*txn) error { return nil }); !errors.Is(err, blobstore.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestEventsFollowTheOrderOfCommits(t *testing.T) {
	var mu sync.Mutex
	var events []blobstore.Event
	s := openWithContainer(t, &Options{NoSync: true, Events: func(e blobstore.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}})
	res, err := s.PutBlob(t.Context(), photo, strings.NewReader("jpeg"), blobstore.PutBlobOptions{Size: 4, Headers: blobstore.HTTPHeaders{ContentType: "image/jpeg"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBlob(t.Context(), photo, strings.NewReader("x"), blobstore.PutBlobOptions{Size: 1, CreateOnly: true}); err == nil {
		t.Fatal("overwritten")
	}
	if err := s.DeleteBlob(t.Context(), photo.At(""), blobstore.DeleteBlobOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBlockList(t.Context(), photo, nil, blobstore.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := []blobstore.Event{
		{Type: blobstore.BlobCreated, API: "PutBlob", Name: photo, ETag: res.ETag, Size: 4, ContentType: "image/jpeg"},
		{Type: blobstore.BlobDeleted, API: "DeleteBlob", Name: photo, ETag: res.ETag, Size: 4, ContentType: "image/jpeg"},
		{Type: blobstore.BlobCreated, API: "PutBlockList", Name: photo},
	}
	if len(events) != len(want) {
		t.Fatalf("got %+v", events)
	}
	last := uint64(0)
	for i, e := range events {
		if e.Sequencer <= last || e.Time.IsZero() {
			t.Errorf("event %d has sequencer %d after %d, time %v", i, e.Sequencer, last, e.Time)
		}
		last = e.Sequencer
		e.Sequencer, e.Time = 0, want[i].Time
		if i == 2 {
			e.ETag = ""
		}
		if diff := cmp.Diff(want[i], e); diff != "" {
			t.Errorf("event %d: %s", i, diff)
		}
	}
}

func TestTicksGrowAcrossRestartsAndClocksThatGoBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &Options{NoSync: true})
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	last := s.lastTick
	now := s.now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, &Options{NoSync: true, Now: func() time.Time { return now.Add(-time.Hour) }})
	put(t, s, photo, nil)
	p, err := s.BlobProperties(t.Context(), photo.At(""), blobstore.AccessConditions{})
	if err != nil || p.ETag != etagOf(last+1) {
		t.Errorf("got %s after %s, %v", p.ETag, etagOf(last), err)
	}
}

func TestAfterAFailedCommitNothingIsTakenAndNothingLost(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	data := noise(1, 100_000)
	put(t, s, photo, data)
	if err := s.metaFile.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := s.PutBlob(t.Context(), photo, strings.NewReader("x"), blobstore.PutBlobOptions{Size: 1})
		var failed *failedCommit
		if !errors.As(err, &failed) {
			t.Fatalf("got %v", err)
		}
	}
	if got := read(t, s, photo); !bytes.Equal(got, data) {
		t.Error("other bytes after the failure")
	}
	_ = s.Close() // which finds the file closed
	s = open(t, dir, nil)
	if got := read(t, s, photo); !bytes.Equal(got, data) {
		t.Error("other bytes after reopening")
	}
	put(t, s, photo, []byte("new"))
}
