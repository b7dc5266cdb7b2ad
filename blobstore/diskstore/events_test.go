package diskstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

// putNamed puts an empty blob.
func putNamed(t *testing.T, s *Store, name string) {
	t.Helper()
	blob := blobstore.BlobName{Account: photo.Account, Container: photo.Container, Blob: name}
	if _, err := s.PutBlob(t.Context(), blob, strings.NewReader(""), blobstore.PutBlobOptions{}); err != nil {
		t.Fatal(err)
	}
}

func namesAfter(t *testing.T, s *Store, sequencer uint64, most int) (names []string, last uint64) {
	t.Helper()
	events, err := s.EventsAfter(sequencer, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Sequencer <= sequencer {
			t.Errorf("%d comes after %d", e.Sequencer, sequencer)
		}
		names, last = append(names, e.Name.Blob), e.Sequencer
	}
	return names, last
}

func TestEventsAreKeptUntilTheyAreForgotten(t *testing.T) {
	dir := t.TempDir()
	open := func() *Store {
		s, err := Open(dir, &Options{NoSync: true, KeepEvents: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	if last, err := s.LastEvent(); last != 0 || err != nil {
		t.Errorf("the last of no events is %d, %v", last, err)
	}
	for _, name := range []string{"a", "b", "c"} {
		putNamed(t, s, name)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	names, second := namesAfter(t, s, 0, 2)
	if fmt.Sprint(names) != "[a b]" {
		t.Errorf("first %q", names)
	}
	names, third := namesAfter(t, s, second, 2)
	if last, err := s.LastEvent(); fmt.Sprint(names) != "[c]" || last != third || err != nil {
		t.Errorf("then %q, the last is %d of %d, %v", names, last, third, err)
	}
	if err := s.ForgetEvents(second); err != nil {
		t.Fatal(err)
	}
	if names, _ := namesAfter(t, s, 0, 10); fmt.Sprint(names) != "[c]" {
		t.Errorf("after two were forgotten %q", names)
	}
	if names, _ := namesAfter(t, s, ^uint64(0), 10); names != nil {
		t.Errorf("after the end of time %q", names)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EventsAfter(0, 1); !errors.Is(err, blobstore.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestMoreEventsAreForgottenThanOneTransactionTakes(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true, KeepEvents: true})
	for n := range forgetBatch + 2 {
		putNamed(t, s, fmt.Sprint(n))
	}
	last, err := s.LastEvent()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetEvents(last - 1); err != nil {
		t.Fatal(err)
	}
	if names, _ := namesAfter(t, s, 0, 10); len(names) != 1 {
		t.Errorf("%q are left", names)
	}
}

func TestEventsAreNotKeptUnlessAsked(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	putNamed(t, s, "a")
	if last, err := s.LastEvent(); last != 0 || err != nil {
		t.Errorf("kept %d, %v", last, err)
	}
}
