package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// reader is an opened blob: its content stays until it is closed.
type reader struct {
	store   *Store
	name    blobstore.BlobName
	props   blobstore.BlobProperties
	content uint64
	rows    []row // the first page of the content's, so that most blobs need no second look
	closed  atomic.Bool
}

// Open implements blobstore.Store.
func (s *Store) Open(ctx context.Context, ref blobstore.BlobRef, c blobstore.AccessConditions) (blobstore.Reader, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	r := &reader{store: s, name: ref.BlobName}
	s.reclaim.opening.RLock()
	defer s.reclaim.opening.RUnlock()
	err = s.view(func(v view) error {
		rec, err := v.readable(ref, c, s.now())
		if err != nil {
			return err
		}
		if rec.tier == blobstore.TierArchive {
			return bloberror.New(bloberror.BlobArchived)
		}
		r.content, r.props = rec.content, rec.properties(s.now(), ref.Snapshot)
		if r.content != 0 {
			r.rows, _, err = v.contentPage(r.content, 0)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.content != 0 {
		s.reclaim.pin(r.content)
	}
	return r, nil
}

func (r *reader) Properties() *blobstore.BlobProperties { return &r.props }

func (r *reader) Close() error {
	if r.closed.Swap(true) || r.content == 0 {
		return nil
	}
	r.store.reclaim.unpin(r.content)
	r.store.reclaim.wake()
	return nil
}

func (r *reader) Range(offset, length int64) (blobstore.RangeReader, error) {
	if offset < 0 || length < 0 || offset > r.props.Size || length > r.props.Size-offset {
		return nil, fmt.Errorf("diskstore: range %d+%d of a blob of %d bytes", offset, length, r.props.Size)
	}
	if r.closed.Load() {
		return nil, os.ErrClosed
	}
	rr := &rangeReader{reader: r, at: offset, end: offset + length, rows: r.rows}
	if length > 0 {
		if err := rr.next(); err != nil { // so that damage at the start is known before anything is sent
			return nil, errors.Join(err, rr.Close())
		}
	}
	return rr, nil
}

// rangeReader reads [at, end) of a blob, block by block.
type rangeReader struct {
	*reader
	at, end int64

	rows  []row // the page of rows that at is in
	start int64 // the blob offset of rows[0]

	file    *os.File // the segment of the present piece, positioned at its next byte
	segment uint32
	left    int64 // bytes of the present piece, all verified

}

// pieceSize is how many bytes are verified before they are sent.
const pieceSize = 16 << 20

// next makes the piece that begins at r.at the present one: bytes of one extent whose checksums are right.
func (r *rangeReader) next() error {
	row, within, err := r.locate()
	if err != nil {
		return err
	}
	length := min(row.length-within, r.end-r.at, pieceSize)
	if r.file == nil || r.segment != row.segment {
		if err := r.openSegment(row.segment); err != nil {
			return err
		}
	}
	if err := r.store.verify(r.file, row, within, length); err != nil {
		var corrupt *blobstore.CorruptError
		if errors.As(err, &corrupt) {
			corrupt.Blob = r.name
		}
		return err
	}
	if _, err := r.file.Seek(row.offset+within, io.SeekStart); err != nil {
		return err
	}
	r.left = length
	return nil
}

// locate returns the row that r.at lies in, and where in it.
func (r *rangeReader) locate() (row, int64, error) {
	for try := 0; ; try++ {
		start := r.start
		for i, row := range r.rows {
			if r.at < start {
				break
			}
			if r.at < start+row.length {
				r.rows, r.start = r.rows[i:], start
				return row, r.at - start, nil
			}
			start += row.length
		}
		if try > 0 {
			return row{}, 0, errRecord
		}
		err := r.store.view(func(v view) (err error) {
			r.rows, r.start, err = v.contentPage(r.content, r.at)
			return err
		})
		if err != nil {
			return row{}, 0, err
		}
	}
}

func (r *rangeReader) openSegment(id uint32) error {
	if err := r.Close(); err != nil {
		return err
	}
	f, err := r.store.files.take(id)
	if errors.Is(err, os.ErrNotExist) {
		return &blobstore.CorruptError{Blob: r.name, File: segmentName(id)}
	}
	if err != nil {
		return err
	}
	r.file, r.segment = f, id
	return nil
}

func (r *rangeReader) Read(p []byte) (int, error) {
	if r.at == r.end {
		return 0, io.EOF
	}
	if r.left == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
	r.at += int64(n)
	r.left -= int64(n)
	if err == io.EOF { // the piece was there when it was verified
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *rangeReader) WriteTo(w io.Writer) (total int64, err error) {
	for r.at < r.end {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return total, err
			}
		}
		n, err := copyPiece(w, r.file, r.left)
		total += n
		r.at += n
		r.left -= n
		if err == nil && r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// copyPiece hands the file to a writer that can take it, and copies through a buffer otherwise.
func copyPiece(w io.Writer, f *os.File, n int64) (int64, error) {
	src := &io.LimitedReader{R: f, N: n}
	if to, ok := w.(io.ReaderFrom); ok {
		return to.ReadFrom(src)
	}
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	return io.CopyBuffer(onlyWriter{w}, onlyReader{src}, buf[:])
}

// onlyWriter and onlyReader keep io.CopyBuffer from looking for short cuts.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// Close gives the file back, unless the blob was closed before: its segment may be gone.
func (r *rangeReader) Close() error {
	f := r.file
	if f == nil {
		return nil
	}
	r.file = nil
	if r.closed.Load() {
		return f.Close()
	}
	return r.store.files.give(r.segment, f)
}
