package diskstore

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (r *blobRecord) change() blobstore.Change {
	return blobstore.Change{ETag: etagOf(r.tick), LastModified: time.Unix(r.modified, 0).UTC()}
}

// target is what conditions are checked against; r may be nil.
func (r *blobRecord) target() blobstore.Target {
	if r == nil {
		return blobstore.Target{}
	}
	c := r.change()
	return blobstore.Target{Exists: true, ETag: c.ETag, LastModified: c.LastModified, Tags: r.tags}
}

// properties is what clients see, without the tags' values.
func (r *blobRecord) properties(now time.Time, snapshot string) blobstore.BlobProperties {
	p := blobstore.BlobProperties{
		Change:      r.change(),
		Created:     time.Unix(r.created, 0).UTC(),
		Size:        r.size,
		HTTPHeaders: r.headers,
		Metadata:    r.metadata,
		TagCount:    len(r.tags) + r.tagCount,
		Tier:        r.tier,
		Lease:       r.lease.Info(now),
		Copy:        r.copied,
		Snapshot:    snapshot,
	}
	if r.tier == "" {
		p.Tier, p.TierInferred = blobstore.TierHot, true
	} else {
		p.TierChanged = time.Unix(r.tierChanged, 0).UTC()
	}
	if r.deleted != 0 {
		p.Deleted, p.DeletedTime = true, time.Unix(r.deleted, 0).UTC()
		p.RemainingDays = max(0, int((r.deletedUntil-now.Unix()+86399)/86400))
	}
	return p
}

// anyBlob returns the record at the key, soft-deleted or not, or nil.
func (v view) anyBlob(key []byte) (*blobRecord, error) {
	b := v.get(bucketBlobs, key)
	if b == nil {
		return nil, nil
	}
	return decodeBlob(b)
}

// liveBlob returns the record at the key, or nil when there is none or it is soft-deleted.
func (v view) liveBlob(key []byte) (*blobRecord, error) {
	r, err := v.anyBlob(key)
	if err != nil || r == nil || r.deleted != 0 {
		return nil, err
	}
	return r, nil
}

// located is a blob or snapshot that was found.
type located struct {
	container uint64
	name      []byte // its key in bucketStaging
	key       []byte // its key in bucketBlobs
	*blobRecord
}

// find returns a blob or snapshot: ContainerNotFound, BlobNotFound.
func (v view) find(ref blobstore.BlobRef) (located, error) {
	id, err := v.containerID(ref.ContainerName())
	if err != nil {
		return located{}, err
	}
	version, ok := versionOf(ref.Snapshot)
	if !ok {
		return located{}, bloberror.New(bloberror.BlobNotFound)
	}
	name := nameKey(id, ref.Blob)
	l := located{container: id, name: name, key: versionKey(name, version)}
	l.blobRecord, err = v.liveBlob(l.key)
	if err == nil && l.blobRecord == nil {
		err = bloberror.New(bloberror.BlobNotFound)
	}
	return l, err
}

// readable returns a blob that the request may read.
func (v view) readable(ref blobstore.BlobRef, c blobstore.AccessConditions, now time.Time) (*blobRecord, error) {
	l, err := v.find(ref)
	if err != nil {
		return nil, err
	}
	if err := c.CheckRead(l.target()); err != nil {
		return nil, err
	}
	return l.blobRecord, l.lease.CheckUse(now, c.LeaseID, blobstore.BlobScope, false)
}

// writable returns a blob that the request may change. leaseNeeded says that an active lease's id must be given.
func (t *txn) writable(ref blobstore.BlobRef, c blobstore.AccessConditions, leaseNeeded bool) (located, error) {
	l, err := t.find(ref)
	if err != nil {
		return l, err
	}
	if err := c.CheckWrite(l.target()); err != nil {
		return l, err
	}
	return l, l.lease.CheckUse(t.now, c.LeaseID, blobstore.BlobScope, leaseNeeded)
}

func (t *txn) putBlob(key []byte, r *blobRecord) { t.put(bucketBlobs, key, r.encode()) }

// creation is a base blob that is about to be created or replaced.
type creation struct {
	name      blobstore.BlobName
	container uint64
	key       []byte      // in bucketStaging
	old       *blobRecord // nil when there is none, live or soft-deleted
}

// replaced is the old blob unless it is soft-deleted.
func (c *creation) replaced() *blobRecord {
	if c.old == nil || c.old.deleted != 0 {
		return nil
	}
	return c.old
}

// checkCreate evaluates everything that may keep a request from creating or replacing a blob.
func (v view) checkCreate(name blobstore.BlobName, c blobstore.AccessConditions, createOnly bool, now time.Time) (*creation, error) {
	id, err := v.containerID(name.ContainerName())
	if err != nil {
		return nil, err
	}
	cr := &creation{name: name, container: id, key: nameKey(id, name.Blob)}
	if cr.old, err = v.anyBlob(versionKey(cr.key, baseVersion)); err != nil {
		return nil, err
	}
	old := cr.replaced()
	if createOnly && old != nil {
		return nil, bloberror.New(bloberror.UnauthorizedBlobOverwrite)
	}
	if err := c.CheckCreate(old.target()); err != nil {
		return nil, err
	}
	var lease blobstore.Lease
	if old != nil {
		lease = old.lease
	}
	return cr, lease.CheckUse(now, c.LeaseID, blobstore.BlobScope, true)
}

// create puts the record in the place of the old one, which the soft-delete policy may keep. It fills in the entity tag,
// the times and the lease, and drops what was staged.
func (t *txn) create(cr *creation, r *blobRecord, api string) blobstore.Change {
	r.tick, r.created, r.modified = t.tick(), t.now.Unix(), t.now.Unix()
	if r.tier != "" {
		r.tierChanged = r.modified
	}
	if old := cr.replaced(); old != nil {
		r.created, r.lease = old.created, old.lease.AfterWrite(t.now)
	}
	if cr.old != nil {
		t.retire(cr)
	}
	t.putBlob(versionKey(cr.key, baseVersion), r)
	t.indexTags(cr.key, cr.old, r)
	t.dropStaging(cr.key)
	t.event(blobstore.BlobCreated, api, cr.name, r)
	return r.change()
}

// retire makes the old blob a soft-deleted snapshot where the policy says so, and drops it otherwise.
func (t *txn) retire(cr *creation) {
	old := *cr.old
	if old.deleted == 0 && !t.softDelete(cr.name.Account, &old) {
		t.dropContentRef(old.content)
		return
	}
	old.lease = blobstore.Lease{}
	key := versionKey(cr.key, t.tick())
	t.putBlob(key, &old)
	t.expireAt(old.deletedUntil, key)
}

// softDelete marks the record as deleted; false means that the policy does not keep deleted blobs.
func (t *txn) softDelete(account string, r *blobRecord) bool {
	policy, err := t.retention(account)
	t.fail(err)
	if !policy.Enabled || err != nil {
		return false
	}
	r.deleted = t.now.Unix()
	r.deletedUntil = r.deleted + int64(policy.Days)*86400
	return true
}

// expireAt lets expire look at the soft-deleted blob at the time, in Unix seconds.
func (t *txn) expireAt(unix int64, blobKey []byte) {
	t.put(bucketExpiry, append(uint64Key(uint64(unix)), blobKey...), nil)
}

// indexTags keeps bucketTagged in step with a base blob; either record may be nil.
func (t *txn) indexTags(name []byte, old, now *blobRecord) {
	had := old != nil && old.deleted == 0 && len(old.tags) > 0
	has := now != nil && len(now.tags) > 0
	switch {
	case has && !had:
		t.put(bucketTagged, name, nil)
	case had && !has:
		t.delete(bucketTagged, name)
	}
}

func (t *txn) event(kind blobstore.EventType, api string, name blobstore.BlobName, r *blobRecord) {
	sequencer := r.tick
	if kind == blobstore.BlobDeleted {
		sequencer = t.tick()
	}
	e := blobstore.Event{Type: kind, API: api, Name: name, ETag: etagOf(r.tick), Size: r.size,
		ContentType: r.headers.ContentType, Time: t.now.UTC(), Sequencer: sequencer}
	t.events = append(t.events, e)
	if t.store.keep {
		t.keepEvent(&e)
	}
}

// snapshots returns the keys and records of a blob's snapshots, soft-deleted ones only if asked for.
func (v view) snapshots(name []byte, deletedToo bool) (keys [][]byte, records []*blobRecord, err error) {
	c := v.cursor(bucketBlobs)
	for k, value := c.Seek(name); bytes.HasPrefix(k, name) && len(k) == len(name)+8; k, value = c.Next() {
		if binary.BigEndian.Uint64(k[len(name):]) == baseVersion {
			break
		}
		r, err := decodeBlob(value)
		if err != nil {
			return nil, nil, err
		}
		if r.deleted == 0 || deletedToo {
			keys, records = append(keys, bytes.Clone(k)), append(records, r)
		}
	}
	return keys, records, nil
}
