package diskstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// SnapshotBlob implements blobstore.Store.
func (s *Store) SnapshotBlob(ctx context.Context, name blobstore.BlobName, o blobstore.SnapshotOptions) (res blobstore.SnapshotResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		l, err := t.writable(name.At(""), o.Conditions, false)
		if err != nil {
			return err
		}
		snapshot := *l.blobRecord
		snapshot.lease = blobstore.Lease{}
		if o.Metadata != nil {
			snapshot.metadata = o.Metadata
		}
		version := t.tick()
		t.addContentRef(snapshot.content)
		t.putBlob(versionKey(l.name, version), &snapshot)
		res.Change, res.Snapshot = l.change(), snapshotOf(version)
		return nil
	})
	return res, err
}

// CopyBlob implements blobstore.Store.
func (s *Store) CopyBlob(ctx context.Context, dst blobstore.BlobName, src blobstore.BlobRef, o blobstore.CopyOptions) (res blobstore.CopyResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		cr, err := t.checkCreate(dst, o.Conditions, o.CreateOnly, t.now)
		if err != nil {
			return err
		}
		from, err := t.find(src)
		switch code := bloberror.CodeOf(err); {
		case code == bloberror.BlobNotFound, code == bloberror.ContainerNotFound:
			return bloberror.New(bloberror.CannotVerifyCopySource, bloberror.WithCause(err))
		case err != nil:
			return err
		}
		if err := o.SourceConditions.CheckSource(from.target()); err != nil {
			return err
		}
		if from.tier == blobstore.TierArchive {
			return bloberror.New(bloberror.BlobArchived)
		}
		r := &blobRecord{size: from.size, content: from.content, headers: from.headers, metadata: from.metadata,
			tags: o.Tags, tier: o.Tier}
		if o.Metadata != nil {
			r.metadata = o.Metadata
		}
		if o.CopySourceTags {
			r.tags = from.tags
		}
		res.CopyID = uuid.NewString()
		r.copied = &blobstore.CopyInfo{ID: res.CopyID, Source: o.SourceURL, Completed: t.now.UTC(), Size: from.size}
		t.addContentRef(r.content) // before a copy of a blob onto itself lets go of it
		res.Change = t.create(cr, r, "CopyBlob")
		return nil
	})
	return res, err
}
