package diskstore

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

var (
	pics  = blobstore.ContainerName{Account: "acc", Container: "pics"}
	photo = blobstore.BlobName{Account: "acc", Container: "pics", Blob: "a/photo"}
)

// open opens a store in the folder and closes it with the test.
func open(t testing.TB, dir string, o *Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openWithContainer opens a store and creates the container pics.
func openWithContainer(t testing.TB, o *Options) *Store {
	t.Helper()
	s := open(t, t.TempDir(), o)
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, name blobstore.BlobName, data []byte) {
	t.Helper()
	if _, err := s.PutBlob(t.Context(), name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, s *Store, name blobstore.BlobName) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), name.At(""), blobstore.AccessConditions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rr, err := r.Range(0, r.Properties().Size)
	if err != nil {
		t.Fatal(err)
	}
	defer rr.Close()
	b, err := io.ReadAll(rr)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBlobsAreThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	put(t, s, photo, data)
	before, err := s.BlobProperties(t.Context(), photo.At(""), blobstore.AccessConditions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	if got := read(t, s, photo); !bytes.Equal(got, data) {
		t.Errorf("read %d other bytes", len(got))
	}
	after, err := s.BlobProperties(t.Context(), photo.At(""), blobstore.AccessConditions{})
	if err != nil || after.ETag != before.ETag {
		t.Errorf("got %v, %v; want %v", after.Change, err, before.Change)
	}
}

func TestASecondOpenOfTheFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	_, err := Open(dir, nil)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Dir != dir {
		t.Errorf("got %v", err)
	}
}

func TestAFolderOfAnotherFormatIsRefused(t *testing.T) {
	for file, content := range map[string]string{"FORMAT": "valetkey blob store 999\n", "holiday.jpg": "x"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, nil)
		var format *FormatError
		if !errors.As(err, &format) {
			t.Errorf("with %s: got %v", file, err)
		}
	}
}

func TestATemporaryStoreLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := OpenTemp(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.dir, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.ListContainers(t.Context(), "acc", blobstore.ListContainersOptions{}); !errors.Is(err, blobstore.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
