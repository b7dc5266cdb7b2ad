package diskstore

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/valetkey/valetkey/blobstore"
)

// Collect does at once what otherwise happens in the background: it expires uncommitted blocks and soft-deleted blobs
// whose time has come, and gives back the space of what nothing names and no reader has open.
func (s *Store) Collect(ctx context.Context) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := s.expire(); err != nil {
		return err
	}
	return s.reclaimAll()
}

// expireBatch is how many expired records one transaction removes.
const expireBatch = 1000

func (s *Store) expire() error {
	if err := s.expireDeleted(); err != nil {
		return err
	}
	return s.expireStaged()
}

// expireDeleted removes soft-deleted blobs whose retention has ended.
func (s *Store) expireDeleted() error {
	for !s.reclaim.stopping() {
		n := 0
		err := s.update(func(t *txn) error {
			n = 0
			due := uint64(t.now.Unix())
			keys, _ := t.firstKeys(bucketExpiry, nil, expireBatch)
			for _, k := range keys {
				if len(k) < 8 || binary.BigEndian.Uint64(k) > due {
					break
				}
				n++
				t.delete(bucketExpiry, k)
				t.expireBlob(k[8:], int64(due))
			}
			return nil
		})
		if err != nil || n < expireBatch {
			return err
		}
	}
	return nil
}

// expireBlob removes the blob unless it was undeleted, or deleted anew, since.
func (t *txn) expireBlob(key []byte, due int64) {
	r, err := t.anyBlob(key)
	t.fail(err)
	if r == nil || r.deleted == 0 || r.deletedUntil > due {
		return
	}
	t.dropContentRef(r.content)
	t.delete(bucketBlobs, key)
}

// expireStaged drops the blocks of blobs that have seen no PutBlock for blobstore.UncommittedLifetime.
func (s *Store) expireStaged() error {
	var from []byte
	for !s.reclaim.stopping() {
		var names [][]byte
		last := s.now().Add(-blobstore.UncommittedLifetime).Unix()
		more := false
		err := s.view(func(v view) error {
			c := v.cursor(bucketStaging)
			seen := 0
			for k, value := c.Seek(from); k != nil; k, value = c.Next() {
				if seen++; seen > 10*expireBatch || len(names) == expireBatch {
					from, more = bytes.Clone(k), true
					return nil
				}
				st, err := decodeStaging(value)
				if err != nil {
					return err
				}
				if st.lastPut <= last {
					names = append(names, bytes.Clone(k))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(names) > 0 {
			err := s.update(func(t *txn) error {
				for _, name := range names {
					if st, err := t.staging(name); err != nil || st == nil || st.lastPut > last {
						t.fail(err)
						continue
					}
					t.dropStaging(name)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
	return nil
}
