package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

func noise(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func collect(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// segmentUse is how many bytes of disk the segments take.
func segmentUse(t testing.TB, s *Store) int64 {
	t.Helper()
	total, err := diskUse(filepath.Join(s.dir, "segments"))
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func TestOverwrittenAndDeletedBytesAreGivenBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("holes are punched on Linux only")
	}
	s := openWithContainer(t, &Options{NoSync: true})
	data := noise(1, 1<<20)
	for range 60 {
		put(t, s, photo, data)
	}
	collect(t, s)
	if use := segmentUse(t, s); use > 3*int64(len(data)) {
		t.Errorf("one blob of %d bytes takes %d after overwrites", len(data), use)
	}
	if got := read(t, s, photo); !bytes.Equal(got, data) {
		t.Error("other bytes")
	}
	if err := s.DeleteBlob(t.Context(), photo.At(""), blobstore.DeleteBlobOptions{}); err != nil {
		t.Fatal(err)
	}
	collect(t, s)
	if use := segmentUse(t, s); use != 0 {
		t.Errorf("nothing takes %d", use)
	}
}

func TestEmptySegmentsAreDeleted(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true, SegmentSize: 64 << 10})
	name := photo
	for i := range 20 {
		name.Blob = fmt.Sprint(i)
		put(t, s, name, noise(uint64(i), 40_000)) // each has a segment of its own, some are larger than one
		put(t, s, photo, noise(uint64(i), 100_000))
	}
	before, err := s.segments.list()
	if err != nil || len(before) < 20 {
		t.Fatalf("%d segments, %v", len(before), err)
	}
	if err := s.DeleteContainer(t.Context(), pics, blobstore.AccessConditions{}); err != nil {
		t.Fatal(err)
	}
	collect(t, s)
	after, err := s.segments.list()
	if err != nil || len(after) > writeLanes() {
		t.Errorf("%d segments are left, %v", len(after), err)
	}
}

func TestAReaderKeepsItsBytes(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true, SegmentSize: 64 << 10})
	data := noise(1, 300_000)
	put(t, s, photo, data)
	r, err := s.Open(t.Context(), photo.At(""), blobstore.AccessConditions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, photo, nil)
	collect(t, s)
	rr, err := r.Range(0, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(rr); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d other bytes, %v", len(got), err)
	}
	if err := errors.Join(rr.Close(), r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	collect(t, s)
	if use := segmentUse(t, s); use != 0 {
		t.Errorf("after the reader %d bytes are left", use)
	}
	if _, err := r.Range(0, 1); err == nil {
		t.Error("a closed reader gave a range")
	}
}

func TestWhatWasWrittenButNotNamedIsCollectedAfterAKill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("holes are punched on Linux only")
	}
	dir := t.TempDir()
	s := open(t, dir, &Options{NoSync: true, SegmentSize: 4 << 20})
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	data := noise(1, 100_000)
	put(t, s, photo, data)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// What a killed process leaves: bytes behind the last extent, and a segment that nothing names.
	path := filepath.Join(dir, "segments", segmentName(1))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(noise(2, 500_000)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	orphan := filepath.Join(dir, "segments", segmentName(9))
	if err := os.WriteFile(orphan, noise(3, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, &Options{NoSync: true, SegmentSize: 4 << 20})
	if err := s.collectOrphans(); err != nil { // which also runs in the background
		t.Fatal(err)
	}
	if _, err := os.Stat(orphan); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unnamed segment is still there: %v", err)
	}
	if use := segmentUse(t, s); use > 2*int64(len(data)) {
		t.Errorf("%d bytes are in use for %d", use, len(data))
	}
	other := photo
	other.Blob = "other"
	put(t, s, other, data) // into the same segment, behind what was collected
	for _, name := range []blobstore.BlobName{photo, other} {
		if got := read(t, s, name); !bytes.Equal(got, data) {
			t.Errorf("%s has other bytes", name.Blob)
		}
	}
}

func TestARefusedUploadLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("holes are punched on Linux only")
	}
	s := openWithContainer(t, &Options{NoSync: true})
	_, err := s.PutBlob(t.Context(), photo, bytes.NewReader(noise(1, 1<<20)), blobstore.PutBlobOptions{Size: 1<<20 + 1})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if use := segmentUse(t, s); use != 0 {
		t.Errorf("%d bytes are in use", use)
	}
}
