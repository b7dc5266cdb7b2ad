package diskstore

import (
	"context"
	"maps"

	"github.com/valetkey/valetkey/blobstore"
)

// BlobProperties implements blobstore.Store.
func (s *Store) BlobProperties(ctx context.Context, ref blobstore.BlobRef, c blobstore.AccessConditions) (p blobstore.BlobProperties, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return p, err
	}
	defer end()
	err = s.view(func(v view) error {
		r, err := v.readable(ref, c, s.now())
		if err != nil {
			return err
		}
		p = r.properties(s.now(), ref.Snapshot)
		return nil
	})
	return p, err
}

// changeBlob changes a base blob and moves its entity tag.
func (s *Store) changeBlob(ctx context.Context, name blobstore.BlobName, c blobstore.AccessConditions, set func(*blobRecord)) (ch blobstore.Change, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return ch, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		l, err := t.writable(name.At(""), c, true)
		if err != nil {
			return err
		}
		set(l.blobRecord)
		l.tick, l.modified = t.tick(), t.now.Unix()
		l.lease = l.lease.AfterWrite(t.now)
		t.putBlob(l.key, l.blobRecord)
		ch = l.change()
		return nil
	})
	return ch, err
}

// SetBlobMetadata implements blobstore.Store.
func (s *Store) SetBlobMetadata(ctx context.Context, name blobstore.BlobName, metadata map[string]string, c blobstore.AccessConditions) (blobstore.Change, error) {
	return s.changeBlob(ctx, name, c, func(r *blobRecord) { r.metadata = metadata })
}

// SetBlobHTTPHeaders implements blobstore.Store.
func (s *Store) SetBlobHTTPHeaders(ctx context.Context, name blobstore.BlobName, h blobstore.HTTPHeaders, c blobstore.AccessConditions) (blobstore.Change, error) {
	return s.changeBlob(ctx, name, c, func(r *blobRecord) { r.headers = h })
}

// BlobTags implements blobstore.Store.
func (s *Store) BlobTags(ctx context.Context, ref blobstore.BlobRef, c blobstore.AccessConditions) (tags map[string]string, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	err = s.view(func(v view) error {
		r, err := v.readable(ref, c.TagsOnly(), s.now())
		if err != nil {
			return err
		}
		tags = maps.Clone(r.tags)
		return nil
	})
	return tags, err
}

// SetBlobTags implements blobstore.Store.
func (s *Store) SetBlobTags(ctx context.Context, ref blobstore.BlobRef, tags map[string]string, c blobstore.AccessConditions) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return s.update(func(t *txn) error {
		l, err := t.writable(ref, c.TagsOnly(), true)
		if err != nil {
			return err
		}
		old := *l.blobRecord
		l.tags = tags
		if ref.Snapshot == "" {
			t.indexTags(l.name, &old, l.blobRecord)
		}
		t.putBlob(l.key, l.blobRecord)
		return nil
	})
}

// SetBlobTier implements blobstore.Store.
func (s *Store) SetBlobTier(ctx context.Context, ref blobstore.BlobRef, tier blobstore.AccessTier, c blobstore.AccessConditions) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return s.update(func(t *txn) error {
		l, err := t.writable(ref, c.TagsOnly(), false)
		if err != nil {
			return err
		}
		l.tier, l.tierChanged = tier, t.now.Unix()
		t.putBlob(l.key, l.blobRecord)
		return nil
	})
}
