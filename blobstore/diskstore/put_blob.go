package diskstore

import (
	"context"
	"io"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// PutBlob implements blobstore.Store.
func (s *Store) PutBlob(ctx context.Context, name blobstore.BlobName, body io.Reader, o blobstore.PutBlobOptions) (res blobstore.PutResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	if o.Size > blobstore.MaxBlobPutSize || o.Size < 0 {
		return res, bloberror.New(bloberror.RequestBodyTooLarge)
	}
	// What is refused anyway does not have to be received first.
	err = s.view(func(v view) error {
		_, err := v.checkCreate(name, o.Conditions, o.CreateOnly, s.now())
		return err
	})
	if err != nil {
		return res, err
	}
	u, err := s.ingest(ctx, body, expectation{o.Size, o.ExpectMD5, o.ExpectCRC64}, true)
	if err != nil {
		return res, err
	}
	r := &blobRecord{size: o.Size, headers: o.Headers, metadata: o.Metadata, tags: o.Tags, tier: o.Tier}
	r.headers.ContentMD5 = u.md5
	err = u.finish(s.update(func(t *txn) error {
		cr, err := t.checkCreate(name, o.Conditions, o.CreateOnly, t.now)
		if err != nil {
			return err
		}
		r.content, r.lease = 0, blobstore.Lease{}
		if o.Size > 0 {
			t.newExtent(&u.extent)
			r.content = t.newContent([]row{{place: u.extent.place, length: o.Size}})
		}
		api := "PutBlob"
		if o.Copy != nil {
			api = "CopyBlob"
			r.copied = &blobstore.CopyInfo{ID: o.Copy.ID, Source: o.Copy.Source, Completed: t.now.UTC(), Size: o.Size}
		}
		res.Change = t.create(cr, r, api)
		return nil
	}))
	res.MD5, res.CRC64 = u.md5, u.crc64
	return res, err
}
