package diskstore

import (
	"bytes"
	"context"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// PutBlockList implements blobstore.Store.
func (s *Store) PutBlockList(ctx context.Context, name blobstore.BlobName, blocks []blobstore.BlockEntry, o blobstore.CommitOptions) (c blobstore.Change, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return c, err
	}
	defer end()
	if len(blocks) > blobstore.MaxCommittedBlocks {
		return c, bloberror.New(bloberror.BlockListTooLong)
	}
	for _, b := range blocks {
		if err := checkBlockID(b.ID); err != nil {
			return c, err
		}
	}
	err = s.update(func(t *txn) error {
		cr, err := t.checkCreate(name, o.Conditions, o.CreateOnly, t.now)
		if err != nil {
			return err
		}
		st, err := t.staging(cr.key)
		if err != nil {
			return err
		}
		l := blockList{view: t.view, staged: st}
		if old := cr.replaced(); old != nil {
			l.content = old.content
		}
		for _, b := range blocks {
			if err := l.add(b); err != nil {
				return err
			}
		}
		r := &blobRecord{size: l.size, headers: o.Headers, metadata: o.Metadata, tags: o.Tags, tier: o.Tier}
		t.takeBlocks(&l, cr.key)
		if len(l.rows) > 0 {
			r.content = t.newContent(l.rows)
		}
		c = t.create(cr, r, "PutBlockList")
		return nil
	})
	return c, err
}

// blockList gathers the rows that a block list names, without changing anything.
type blockList struct {
	view
	staged  *stagingRecord // nil: nothing
	content uint64         // of the blob that is replaced, 0: none

	committed map[blobstore.BlockID]row // read when first needed
	taken     map[blobstore.BlockID]bool
	rows      []row
	shared    []place // rows whose extent gets one more reference
	size      int64
}

func (l *blockList) add(b blobstore.BlockEntry) error {
	if b.From != blobstore.BlockCommitted && l.staged != nil {
		if value := l.get(bucketBlocks, append(uint64Key(l.staged.id), b.ID...)); value != nil {
			r, err := decodeRow(value)
			if err != nil {
				return err
			}
			if l.taken == nil {
				l.taken = map[blobstore.BlockID]bool{}
			}
			if l.taken[b.ID] {
				l.shared = append(l.shared, r.place)
			}
			l.taken[b.ID] = true
			l.append(r)
			return nil
		}
	}
	if b.From != blobstore.BlockUncommitted && l.content != 0 {
		if l.committed == nil {
			l.committed = map[blobstore.BlockID]row{}
			err := l.eachRow(l.content, func(r row) error {
				if r.id != "" {
					l.committed[r.id] = r
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if r, ok := l.committed[b.ID]; ok {
			l.shared = append(l.shared, r.place)
			l.append(r)
			return nil
		}
	}
	return bloberror.New(bloberror.InvalidBlockList)
}

func (l *blockList) append(r row) {
	l.rows = append(l.rows, r)
	l.size += r.length
}

// takeBlocks moves the reference of each staged block to the content that is about to name it. When that was all that
// was staged, nothing is left for the trash.
func (t *txn) takeBlocks(l *blockList, name []byte) {
	for _, p := range l.shared {
		t.addExtentRef(p)
	}
	for id := range l.taken {
		t.delete(bucketBlocks, append(uint64Key(l.staged.id), id...))
	}
	if l.staged != nil && len(l.taken) == l.staged.count {
		t.delete(bucketStaging, name)
	}
}

// BlockList implements blobstore.Store.
func (s *Store) BlockList(ctx context.Context, ref blobstore.BlobRef, kind blobstore.BlockListKind, c blobstore.AccessConditions) (lists blobstore.BlockLists, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return lists, err
	}
	defer end()
	err = s.view(func(v view) error {
		l, err := v.find(ref)
		if err != nil && (bloberror.CodeOf(err) != bloberror.BlobNotFound || ref.Snapshot != "") {
			return err
		}
		missing := err
		var lease blobstore.Lease
		if missing == nil {
			lease = l.lease
			conditions := c.TagsOnly()
			if err := conditions.CheckRead(l.target()); err != nil {
				return err
			}
		}
		var st *stagingRecord
		if ref.Snapshot == "" {
			if st, err = v.staging(l.name); err != nil {
				return err
			}
			if st == nil && missing != nil {
				return missing
			}
		}
		if err := lease.CheckUse(s.now(), c.LeaseID, blobstore.BlobScope, false); err != nil {
			return err
		}
		if missing == nil {
			lists.Exists, lists.Change, lists.Size = true, l.change(), l.size
		}
		if missing == nil && l.content != 0 && kind&blobstore.CommittedBlocks != 0 {
			err = v.eachRow(l.content, func(r row) error {
				if r.id != "" {
					lists.Committed = append(lists.Committed, blobstore.Block{ID: r.id, Size: r.length})
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if st != nil && kind&blobstore.UncommittedBlocks != 0 {
			lists.Uncommitted, err = v.stagedBlocks(st.id)
		}
		return err
	})
	return lists, err
}

func (v view) stagedBlocks(id uint64) (blocks []blobstore.Block, err error) {
	c := v.cursor(bucketBlocks)
	prefix := uint64Key(id)
	for k, value := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, value = c.Next() {
		r, err := decodeRow(value)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, blobstore.Block{ID: r.id, Size: r.length})
	}
	return blocks, nil
}
