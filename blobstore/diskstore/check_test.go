package diskstore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/blobstore"
)

// damage flips a bit of the segment that holds the content.
func damage(t *testing.T, s *Store, offset int64) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "segments", segmentName(1)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}

func TestCorruptBytesAreNeverServed(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	data := noise(1, 3<<20)
	put(t, s, photo, data)
	damage(t, s, 1<<20+5)
	r, err := s.Open(t.Context(), photo.At(""), blobstore.AccessConditions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, rg := range []struct {
		offset, length int64
		corrupt        bool
	}{{0, 1 << 20, false}, {2 << 20, 1 << 20, false}, {0, 3 << 20, true}, {1 << 20, 1, true}, {2<<20 - 1, 2, true}} {
		rr, err := r.Range(rg.offset, rg.length)
		if err == nil {
			_, err = rr.WriteTo(io.Discard)
			rr.Close()
		}
		var corrupt *blobstore.CorruptError
		if errors.As(err, &corrupt) != rg.corrupt || err != nil && !rg.corrupt {
			t.Errorf("range %+v: %v", rg, err)
		}
		if rg.corrupt && (corrupt.Blob != photo || corrupt.File != segmentName(1) || corrupt.Offset != 1<<20 || corrupt.Length != 1<<20) {
			t.Errorf("range %+v: %+v", rg, corrupt)
		}
	}
}

func TestCheckFindsDamageAndWhatItHits(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	put(t, s, photo, noise(1, 2<<20))
	copied := photo
	copied.Blob = "copy"
	if _, err := s.CopyBlob(t.Context(), copied, photo.At(""), blobstore.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Check(t.Context())
	if err != nil || len(c.Problems) > 0 || c.Blobs != 2 || c.Blocks != 1 || c.Bytes != 2<<20 {
		t.Fatalf("before: %+v, %v", c, err)
	}
	damage(t, s, 2<<20-1)
	c, err = s.Check(t.Context())
	if err != nil || len(c.Problems) != 1 {
		t.Fatalf("after: %+v, %v", c, err)
	}
	var corrupt *blobstore.CorruptError
	if diff := cmp.Diff([]blobstore.BlobName{photo, copied}, c.Problems[0].Blobs); diff != "" || !errors.As(c.Problems[0].Err, &corrupt) {
		t.Error(diff, c.Problems[0].Err)
	}
}

func TestAMissingSegmentIsCorruption(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"missing": os.Remove,
		"short":   func(path string) error { return os.Truncate(path, 5) },
	} {
		s := openWithContainer(t, &Options{NoSync: true})
		put(t, s, photo, noise(1, 100_000))
		if err := harm(filepath.Join(s.dir, "segments", segmentName(1))); err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(t.Context(), photo.At(""), blobstore.AccessConditions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Range(0, 1)
		var corrupt *blobstore.CorruptError
		if !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", name, err)
		}
		r.Close()
		if c, err := s.Check(t.Context()); err != nil || len(c.Problems) != 1 || len(c.Problems[0].Blobs) != 1 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}
