package diskstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/valetkey/valetkey/blobstore"
)

// LeaseContainer implements blobstore.Store.
func (s *Store) LeaseContainer(ctx context.Context, name blobstore.ContainerName, r blobstore.LeaseRequest) (res blobstore.LeaseResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		c, err := t.container(name)
		if err != nil {
			return err
		}
		if err := r.Conditions.CheckWrite(c.target()); err != nil {
			return err
		}
		if c.Lease, res, err = t.lease(c.Lease, r); err != nil {
			return err
		}
		res.Change = c.change()
		t.putContainer(name, c)
		return nil
	})
	return res, err
}

// LeaseBlob implements blobstore.Store.
func (s *Store) LeaseBlob(ctx context.Context, name blobstore.BlobName, r blobstore.LeaseRequest) (res blobstore.LeaseResult, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		l, err := t.find(name.At(""))
		if err != nil {
			return err
		}
		if err := r.Conditions.CheckWrite(l.target()); err != nil {
			return err
		}
		if l.blobRecord.lease, res, err = t.lease(l.blobRecord.lease, r); err != nil {
			return err
		}
		res.Change = l.change()
		t.putBlob(l.key, l.blobRecord)
		return nil
	})
	return res, err
}

// lease applies a request; entity tags do not move.
func (t *txn) lease(l blobstore.Lease, r blobstore.LeaseRequest) (next blobstore.Lease, res blobstore.LeaseResult, err error) {
	next, res.Remaining, err = l.Apply(t.now, r, uuid.NewString)
	if r.Action == blobstore.LeaseAcquire || r.Action == blobstore.LeaseRenew || r.Action == blobstore.LeaseChange {
		res.LeaseID = next.ID
	}
	return next, res, err
}
