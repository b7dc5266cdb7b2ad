package diskstore

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"github.com/minio/crc64nvme"

	"github.com/valetkey/valetkey/blobstore"
)

// verifiedChunks remembers chunks whose checksum was found right since the store was opened, so that each is read for
// it only once in a while. It is a fixed-size table: a collision only costs one more look.
type verifiedChunks [1 << 16]atomic.Uint64

// chunkKey identifies the chunk at a place of a segment; places are not used twice while a store is open.
func chunkKey(p place) uint64 { return uint64(p.segment)<<32 | uint64(p.offset/extentAlign) }

func (t *verifiedChunks) slot(key uint64) *atomic.Uint64 {
	return &t[key*0x9E3779B97F4A7C15>>48]
}

func (t *verifiedChunks) has(key uint64) bool { return t.slot(key).Load() == key }
func (t *verifiedChunks) add(key uint64)      { t.slot(key).Store(key) }

// verify checks all chunks of the row that [offset, offset+length) touches and that were not checked lately. It returns
// *blobstore.CorruptError, without Blob, when one is not what was stored.
func (s *Store) verify(f *os.File, r row, offset, length int64) error {
	var e *extent
	for at := offset / chunkSize * chunkSize; at < offset+length; at += chunkSize {
		key := chunkKey(place{r.segment, r.offset + at})
		if s.verified.has(key) {
			continue
		}
		if e == nil {
			err := s.view(func(v view) (err error) {
				e, err = v.extent(r.place)
				return err
			})
			if err != nil {
				return err
			}
			if e.length != r.length {
				return errRecord
			}
		}
		if err := verifyChunk(f, e, at); err != nil {
			return err
		}
		s.verified.add(key)
	}
	return nil
}

// verifyChunk reads the chunk that begins at the offset of the extent and compares its checksum.
func verifyChunk(f *os.File, e *extent, offset int64) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	length := min(chunkSize, e.length-offset)
	var sum uint64
	at := int64(0)
	for at < length {
		b := buf[:min(bufferSize, length-at)]
		n, err := f.ReadAt(b, e.offset+offset+at)
		if n < len(b) && !errors.Is(err, io.EOF) {
			return err
		}
		if n < len(b) {
			break // the file is too short
		}
		sum = crc64nvme.Update(sum, b)
		at += int64(n)
	}
	if at < length || sum != e.sums[offset/chunkSize] {
		return &blobstore.CorruptError{File: segmentName(e.segment), Offset: e.offset + offset, Length: length}
	}
	return nil
}
