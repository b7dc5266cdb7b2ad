package diskstore

import (
	"bytes"
	"crypto/md5"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

func TestManyBodiesHashedSideBySide(t *testing.T) {
	s := openWithContainer(t, &Options{NoSync: true})
	var wg sync.WaitGroup
	for i := range 80 { // more than there are lanes, and than hashers are kept
		size := []int{10, 40_000, 100_000, 300_000, 1<<20 + 1}[i%5]
		wg.Go(func() {
			data := noise(uint64(i), size)
			name := photo
			name.Blob = string(rune('a' + i))
			res, err := s.PutBlob(t.Context(), name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(size)})
			if want := md5.Sum(data); err != nil || !bytes.Equal(res.MD5, want[:]) {
				t.Errorf("%d bytes: %x, %v; want %x", size, res.MD5, err, want)
			}
		})
	}
	wg.Wait()
	if n := s.md5.active.Load(); n != 0 || len(s.md5.idle) > idleHashers {
		t.Errorf("%d active, %d idle", n, len(s.md5.idle))
	}
}
