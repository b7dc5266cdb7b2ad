package diskstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/minio/crc64nvme"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// bufferSize is how much of a body is read, hashed and written at a time: memory per upload.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// upload is a body that is in a segment, but that nothing names yet. Exactly one of done and discard ends it.
type upload struct {
	*reservation // nil for an empty body
	extent       extent
	md5          []byte // nil unless asked for
	crc64        []byte // 8 bytes, little-endian
}

// expectation is what the client says of a body.
type expectation struct {
	size       int64
	md5, crc64 []byte // nil: not said
}

// ingest writes a body to a segment and syncs it. The error is the client's (body too short, too long, or another than
// announced), the body's own, or the disk's.
func (s *Store) ingest(ctx context.Context, body io.Reader, want expectation, computeMD5 bool) (*upload, error) {
	u := &upload{crc64: make([]byte, 8)}
	var digest hash.Hash
	if computeMD5 {
		var done func()
		digest, done = s.md5.digest(want.size)
		defer done()
	}
	if want.size > 0 {
		if err := s.ballast.hold(); err != nil {
			return nil, storageError(err)
		}
		r, err := s.segments.reserve(want.size)
		if err != nil {
			return nil, storageError(err)
		}
		u.reservation = r
		u.extent = extent{place: r.place, length: r.length, refs: 1, sums: make([]uint64, 0, (r.length+chunkSize-1)/chunkSize)}
	}
	err := u.fill(ctx, body, digest)
	if err == nil {
		err = expectEnd(body)
	}
	if err == nil && digest != nil {
		u.md5 = digest.Sum(nil)
	}
	if err == nil {
		err = u.check(want)
	}
	if err == nil && u.reservation != nil {
		err = storageError(u.reservation.sync())
	}
	if err != nil {
		return nil, errors.Join(err, u.discard())
	}
	return u, nil
}

// fill copies the body into the reservation and hashes it on the way.
func (u *upload) fill(ctx context.Context, body io.Reader, digest hash.Hash) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	var whole, chunk uint64
	for at := int64(0); at < u.extent.length; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(bufferSize, u.extent.length-at)]
		if _, err := io.ReadFull(body, b); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if digest != nil {
			digest.Write(b)
		}
		chunk = crc64nvme.Update(chunk, b)
		if u.extent.length > chunkSize {
			whole = crc64nvme.Update(whole, b)
		}
		if err := u.writeAt(b, at); err != nil {
			return storageError(err)
		}
		at += int64(len(b))
		if at%chunkSize == 0 {
			startWriteback(u.seg.file, u.offset+at-chunkSize, chunkSize)
		}
		if at%chunkSize == 0 || at == u.extent.length {
			u.extent.sums = append(u.extent.sums, chunk)
			if u.extent.length <= chunkSize {
				whole = chunk
			}
			chunk = 0
		}
	}
	binary.LittleEndian.PutUint64(u.crc64, whole)
	return nil
}

// expectEnd reports a body that goes on where it should have ended.
func expectEnd(body io.Reader) error {
	var b [1]byte
	n, err := io.ReadFull(body, b[:])
	switch {
	case n > 0:
		return bloberror.New(bloberror.RequestBodyTooLarge)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

func (u *upload) check(want expectation) error {
	if want.md5 != nil && !bytes.Equal(want.md5, u.md5) {
		return bloberror.New(bloberror.MD5Mismatch)
	}
	if want.crc64 != nil && !bytes.Equal(want.crc64, u.crc64) {
		return bloberror.New(bloberror.CRC64Mismatch)
	}
	return nil
}

func (u *upload) discard() error {
	if u.reservation == nil {
		return nil
	}
	return u.reservation.discard()
}

// finish ends the upload with the result of the transaction that was to name it.
func (u *upload) finish(err error) error {
	if u.reservation == nil {
		return err
	}
	var failed *failedCommit
	if err != nil && !errors.As(err, &failed) {
		return errors.Join(err, u.discard())
	}
	u.done()
	return err
}

// storageError turns a full disk into what clients understand: try again later.
func storageError(err error) error {
	if isNoSpace(err) {
		return bloberror.New(bloberror.ServerBusy, bloberror.WithCause(errors.Join(blobstore.ErrNoSpace, err)),
			bloberror.WithMessage("The storage has no space left. Please retry the request later."))
	}
	return err
}
