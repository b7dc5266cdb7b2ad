package diskstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/valetkey/valetkey/blobstore"
)

// Problem is damage that Check found.
type Problem struct {
	Err error
	// Blobs are those that cannot be read any more; a soft-deleted one, a snapshot and a blob with damaged staged blocks
	// count too. Empty when nothing names the damaged bytes.
	Blobs []blobstore.BlobName
}

// CheckResult says what Check looked at.
type CheckResult struct {
	Blobs    int   // blobs and snapshots
	Blocks   int   // stretches of stored bytes
	Bytes    int64 // in those
	Problems []Problem
}

// checkPage is how many records are read in one transaction.
const checkPage = 1000

// Check reads everything that is stored, compares all checksums, and sees whether every blob's blocks are there and
// have its size. It may run while the store is used. The error is that of ctx or of the disk; damage is in the result.
func (s *Store) Check(ctx context.Context) (CheckResult, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return CheckResult{}, err
	}
	defer end()
	c := &checker{store: s, damaged: map[place]int{}}
	if err := c.extents(ctx); err != nil {
		return c.CheckResult, err
	}
	return c.CheckResult, c.blobs(ctx)
}

type checker struct {
	CheckResult
	store   *Store
	damaged map[place]int // to the index of its problem
}

// eachPage calls f with pages of a bucket, each read in a transaction of its own.
func (s *Store) eachPage(ctx context.Context, bucket []byte, f func(v view, k, value []byte) error) error {
	var from []byte
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.view(func(v view) error {
			c := v.cursor(bucket)
			n := 0
			for k, value := c.Seek(from); ; k, value = c.Next() {
				if more = k != nil; !more {
					return nil
				}
				if n++; n > checkPage {
					from = bytes.Clone(k)
					return nil
				}
				if err := f(v, k, value); err != nil {
					return err
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// extents verifies all stored bytes. A page is copied out of its transaction before its bytes are read.
func (c *checker) extents(ctx context.Context) error {
	var page []*extent
	verify := func() error {
		for _, e := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := c.extent(e); err != nil {
				return err
			}
		}
		page = page[:0]
		return nil
	}
	var from []byte
	for {
		err := c.store.view(func(v view) error {
			cur := v.cursor(bucketExtents)
			for k, value := cur.Seek(from); k != nil && len(page) < checkPage; k, value = cur.Next() {
				p, ok := placeOfKey(k)
				if !ok {
					return errRecord
				}
				e, err := decodeExtent(p, value)
				if err != nil {
					return err
				}
				page = append(page, e)
			}
			return nil
		})
		if err != nil || len(page) == 0 {
			return err
		}
		from = append(page[len(page)-1].key(), 0)
		if err := verify(); err != nil {
			return err
		}
	}
}

// extent verifies one extent, unless it was reclaimed meanwhile.
func (c *checker) extent(e *extent) error {
	f, err := os.Open(c.store.segments.path(e.segment))
	if err == nil {
		defer f.Close()
		for at := int64(0); at < e.length && err == nil; at += chunkSize {
			err = verifyChunk(f, e, at)
		}
	} else if errors.Is(err, os.ErrNotExist) {
		err = &blobstore.CorruptError{File: segmentName(e.segment), Offset: e.offset, Length: e.length}
	}
	c.Blocks++
	c.Bytes += e.length
	var corrupt *blobstore.CorruptError
	if err == nil || !errors.As(err, &corrupt) {
		return err
	}
	return c.store.view(func(v view) error {
		if v.get(bucketExtents, e.key()) != nil {
			c.damaged[e.place] = len(c.Problems)
			c.Problems = append(c.Problems, Problem{Err: err})
		}
		return nil
	})
}

// blobs sees that the blocks of every blob are there, and names the blobs of damaged ones.
func (c *checker) blobs(ctx context.Context) error {
	names, err := c.containerNames()
	if err != nil {
		return err
	}
	err = c.store.eachPage(ctx, bucketBlobs, func(v view, k, value []byte) error {
		name, ok := blobNameOf(names, k)
		if !ok {
			return nil // of a container that was deleted
		}
		c.Blobs++
		r, err := decodeBlob(value)
		if err != nil {
			c.Problems = append(c.Problems, Problem{Err: err, Blobs: []blobstore.BlobName{name}})
			return nil
		}
		size := int64(0)
		if r.content != 0 {
			err = v.eachRow(r.content, func(r row) error {
				size += r.length
				return c.row(v, name, r)
			})
		}
		if err == nil && size != r.size {
			err = fmt.Errorf("%w: blocks of %d bytes in a blob of %d", errRecord, size, r.size)
		}
		if err != nil {
			c.Problems = append(c.Problems, Problem{Err: err, Blobs: []blobstore.BlobName{name}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.store.eachPage(ctx, bucketStaging, func(v view, k, value []byte) error {
		name, ok := blobNameOf(names, k)
		if !ok {
			return nil
		}
		st, err := decodeStaging(value)
		if err == nil {
			keys, values := v.firstKeys(bucketBlocks, uint64Key(st.id), st.count)
			for i := range keys {
				var r row
				if r, err = decodeRow(values[i]); err == nil {
					err = c.row(v, name, r)
				}
				if err != nil {
					break
				}
			}
		}
		if err != nil {
			c.Problems = append(c.Problems, Problem{Err: err, Blobs: []blobstore.BlobName{name}})
		}
		return nil
	})
}

// row sees that the row's bytes are there.
func (c *checker) row(v view, name blobstore.BlobName, r row) error {
	if i, ok := c.damaged[r.place]; ok {
		c.Problems[i].Blobs = append(c.Problems[i].Blobs, name)
	}
	e, err := v.extent(r.place)
	if err == nil && (e.length != r.length || e.refs == 0) {
		err = errRecord
	}
	return err
}

func (c *checker) containerNames() (map[uint64]blobstore.ContainerName, error) {
	names := map[uint64]blobstore.ContainerName{}
	err := c.store.view(func(v view) error {
		return v.tx.Bucket(bucketContainers).ForEach(func(k, value []byte) error {
			account, rest, ok := cutName(k)
			container, _, ok2 := cutName(rest)
			if !ok || !ok2 || len(value) < 8 {
				return errRecord
			}
			names[binary.BigEndian.Uint64(value)] = blobstore.ContainerName{Account: account, Container: container}
			return nil
		})
	})
	return names, err
}

func blobNameOf(names map[uint64]blobstore.ContainerName, key []byte) (blobstore.BlobName, bool) {
	if len(key) < 8 {
		return blobstore.BlobName{}, false
	}
	in, ok := names[binary.BigEndian.Uint64(key)]
	name, _, ok2 := cutName(key[8:])
	return blobstore.BlobName{Account: in.Account, Container: in.Container, Blob: name}, ok && ok2
}
