package diskstore

import (
	"context"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// DeleteBlob implements blobstore.Store.
func (s *Store) DeleteBlob(ctx context.Context, ref blobstore.BlobRef, o blobstore.DeleteBlobOptions) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if ref.Snapshot != "" && o.Snapshots != blobstore.DeleteBaseOnly {
		return bloberror.New(bloberror.InvalidQueryParameterValue, bloberror.WithDetail("QueryParameterName", "snapshot"))
	}
	return s.update(func(t *txn) error {
		if o.Permanent {
			return t.deleteForGood(ref, o)
		}
		l, err := t.writable(ref, o.Conditions, o.Snapshots != blobstore.DeleteOnlySnapshots)
		if err != nil {
			return err
		}
		if ref.Snapshot != "" {
			t.deleteRecord(ref.Account, l.key, l.blobRecord)
			return nil
		}
		keys, records, err := t.snapshots(l.name, false)
		if err != nil {
			return err
		}
		if len(keys) > 0 && o.Snapshots == blobstore.DeleteBaseOnly {
			return bloberror.New(bloberror.SnapshotsPresent)
		}
		for i, key := range keys {
			t.deleteRecord(ref.Account, key, records[i])
		}
		if o.Snapshots == blobstore.DeleteOnlySnapshots {
			return nil
		}
		t.event(blobstore.BlobDeleted, "DeleteBlob", ref.BlobName, l.blobRecord)
		t.indexTags(l.name, l.blobRecord, nil)
		t.dropStaging(l.name)
		t.deleteRecord(ref.Account, l.key, l.blobRecord)
		return nil
	})
}

// deleteRecord removes a blob or snapshot, or marks it as deleted where the account's policy says so.
func (t *txn) deleteRecord(account string, key []byte, r *blobRecord) {
	if !t.softDelete(account, r) {
		t.dropContentRef(r.content)
		t.delete(bucketBlobs, key)
		return
	}
	r.lease = blobstore.Lease{}
	t.putBlob(key, r)
	t.expireAt(r.deletedUntil, key)
}

// deleteForGood removes a soft-deleted snapshot before its time.
func (t *txn) deleteForGood(ref blobstore.BlobRef, o blobstore.DeleteBlobOptions) error {
	policy, err := t.retention(ref.Account)
	if err != nil {
		return err
	}
	version, ok := versionOf(ref.Snapshot)
	if !policy.AllowPermanentDelete || ref.Snapshot == "" {
		return bloberror.New(bloberror.InvalidOperation)
	}
	id, err := t.containerID(ref.ContainerName())
	if err != nil {
		return err
	}
	key := versionKey(nameKey(id, ref.Blob), version)
	r, err := t.anyBlob(key)
	switch {
	case err != nil:
		return err
	case r == nil || !ok || r.deleted == 0:
		return bloberror.New(bloberror.BlobNotFound)
	}
	if err := o.Conditions.CheckWrite(r.target()); err != nil {
		return err
	}
	t.dropContentRef(r.content)
	t.delete(bucketBlobs, key)
	return nil
}

// UndeleteBlob implements blobstore.Store.
func (s *Store) UndeleteBlob(ctx context.Context, name blobstore.BlobName) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return s.update(func(t *txn) error {
		id, err := t.containerID(name.ContainerName())
		if err != nil {
			return err
		}
		prefix := nameKey(id, name.Blob)
		key := versionKey(prefix, baseVersion)
		base, err := t.anyBlob(key)
		if err != nil {
			return err
		}
		if base == nil {
			return bloberror.New(bloberror.BlobNotFound)
		}
		keys, records, err := t.snapshots(prefix, true)
		if err != nil {
			return err
		}
		if base.deleted != 0 {
			t.indexTags(prefix, nil, base)
		}
		for i, r := range append(records, base) {
			if r.deleted == 0 {
				continue
			}
			r.deleted, r.deletedUntil = 0, 0
			t.putBlob(append(keys, key)[i], r)
		}
		return nil
	})
}
