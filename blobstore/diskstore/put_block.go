package diskstore

import (
	"context"
	"io"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// PutBlock implements blobstore.Store.
func (s *Store) PutBlock(ctx context.Context, name blobstore.BlobName, id blobstore.BlockID, body io.Reader, o blobstore.PutBlockOptions) (res blobstore.PutResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	switch {
	case o.Size < 1:
		return res, bloberror.New(bloberror.InvalidHeaderValue, bloberror.WithDetail("HeaderName", "Content-Length"),
			bloberror.WithDetail("HeaderValue", "0"))
	case o.Size > blobstore.MaxBlockSize:
		return res, bloberror.New(bloberror.RequestBodyTooLarge)
	}
	if err := checkBlockID(id); err != nil {
		return res, err
	}
	err = s.view(func(v view) error {
		_, _, err := v.checkStage(name, id, o.LeaseID, s.now())
		return err
	})
	if err != nil {
		return res, err
	}
	u, err := s.ingest(ctx, body, expectation{o.Size, o.ExpectMD5, o.ExpectCRC64}, o.ExpectMD5 != nil)
	if err != nil {
		return res, err
	}
	err = u.finish(s.update(func(t *txn) error {
		key, st, err := t.checkStage(name, id, o.LeaseID, t.now)
		if err != nil {
			return err
		}
		if st == nil {
			st = &stagingRecord{id: t.tick(), idLength: len(id)}
		}
		blockKey := append(uint64Key(st.id), id...)
		if old := t.get(bucketBlocks, blockKey); old != nil {
			r, err := decodeRow(old)
			if err != nil {
				return err
			}
			t.dropExtentRef(r.place)
		} else {
			st.count++
		}
		st.lastPut = t.now.Unix()
		t.newExtent(&u.extent)
		t.put(bucketBlocks, blockKey, appendRow(nil, row{id: id, place: u.extent.place, length: o.Size}))
		t.put(bucketStaging, key, st.encode())
		return nil
	}))
	res.MD5, res.CRC64 = u.md5, u.crc64
	return res, err
}

func checkBlockID(id blobstore.BlockID) error {
	if len(id) == 0 || len(id) > blobstore.MaxBlockIDSize {
		return bloberror.New(bloberror.InvalidBlockID)
	}
	return nil
}

// staging returns what is staged for a blob, or nil.
func (v view) staging(name []byte) (*stagingRecord, error) {
	b := v.get(bucketStaging, name)
	if b == nil {
		return nil, nil
	}
	return decodeStaging(b)
}

// dropStaging forgets what is staged for a blob.
func (t *txn) dropStaging(name []byte) {
	st, err := t.staging(name)
	t.fail(err)
	if st != nil {
		t.delete(bucketStaging, name)
		t.discard(trashStaging, st.id)
	}
}

// checkStage evaluates everything that may keep a block from being staged. It returns the blob's key in bucketStaging
// and what is staged already, nil for nothing.
func (v view) checkStage(name blobstore.BlobName, id blobstore.BlockID, leaseID string, now time.Time) ([]byte, *stagingRecord, error) {
	container, err := v.containerID(name.ContainerName())
	if err != nil {
		return nil, nil, err
	}
	key := nameKey(container, name.Blob)
	blob, err := v.liveBlob(versionKey(key, baseVersion))
	if err != nil {
		return nil, nil, err
	}
	var lease blobstore.Lease
	if blob != nil {
		lease = blob.lease
	}
	if err := lease.CheckUse(now, leaseID, blobstore.BlobScope, true); err != nil {
		return nil, nil, err
	}
	st, err := v.staging(key)
	if err != nil || st == nil {
		return key, nil, err
	}
	if len(id) != st.idLength {
		return nil, nil, bloberror.New(bloberror.InvalidBlobOrBlock)
	}
	if st.count >= blobstore.MaxUncommittedBlocks && v.get(bucketBlocks, append(uint64Key(st.id), id...)) == nil {
		return nil, nil, bloberror.New(bloberror.BlockCountExceedsLimit)
	}
	return key, st, nil
}
