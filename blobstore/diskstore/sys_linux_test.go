package diskstore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// diskUse is how many bytes of disk a folder's files take; holes take none.
func diskUse(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	return total, err
}

func TestAFullDiskRefusesWritesAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, filepath.Join(dir, "store"), nil)
	if _, err := s.CreateContainer(t.Context(), pics, blobstore.CreateContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	data := noise(1, 700_000)
	var names []blobstore.BlobName
	var full error
	for i := 0; full == nil && i < 100; i++ {
		name := photo
		name.Blob = string(rune('a' + i))
		_, full = s.PutBlob(t.Context(), name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(len(data))})
		if full == nil {
			names = append(names, name)
		}
	}
	// Until there is no room for metadata either.
	for i := 0; ; i++ {
		if i == 10_000 {
			t.Fatal("the disk does not fill up")
		}
		f, err := os.OpenFile(filepath.Join(dir, "filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Write(make([]byte, 4096))
		if err := errors.Join(ignoreNoSpace(err), f.Close()); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			break
		}
	}
	if bloberror.CodeOf(full) != bloberror.ServerBusy || !errors.Is(full, blobstore.ErrNoSpace) {
		t.Fatalf("after %d blobs: %v", len(names), full)
	}
	for _, name := range names {
		if got := read(t, s, name); !bytes.Equal(got, data) {
			t.Errorf("%s has other bytes", name.Blob)
		}
	}
	for _, name := range names[:3] {
		if err := s.DeleteBlob(t.Context(), name.At(""), blobstore.DeleteBlobOptions{}); err != nil {
			t.Fatalf("deleting on a full disk: %v", err)
		}
	}
	collect(t, s)
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	put(t, s, photo, data)
	if got := read(t, s, photo); !bytes.Equal(got, data) {
		t.Error("other bytes after the recovery")
	}
	if c, err := s.Check(t.Context()); err != nil || len(c.Problems) > 0 {
		t.Errorf("%v, %+v", err, c.Problems)
	}
}

func ignoreNoSpace(err error) error {
	if isNoSpace(err) {
		return nil
	}
	return err
}

func TestMappedMetadataIsLetGo(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	fill(t, s, 20_000)
	s.work.Store(-1 << 40) // not meanwhile
	o := blobstore.ListBlobsOptions{}
	for {
		page, err := s.ListBlobs(t.Context(), pics, o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Marker = page.NextMarker; o.Marker == "" {
			break
		}
	}
	before := residentFiles()
	s.maxMapped = 0
	s.work.Store(0)
	s.worked(trimEvery)
	if after := residentFiles(); before-after < 1<<20 {
		t.Errorf("%d bytes of files are resident, before %d", after, before)
	}
	if got := s.work.Load(); got < 0 || got > 2 {
		t.Errorf("%d units are left", got)
	}
}
