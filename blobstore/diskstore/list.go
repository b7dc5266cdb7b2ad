package diskstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/valetkey/valetkey/blobstore"
)

// markerPrefix begins the markers that listings hand out: behind it stands, in base64, the key to go on from.
const markerPrefix = "1!"

func encodeMarker(key []byte) string { return markerPrefix + base64.RawURLEncoding.EncodeToString(key) }

func decodeMarker(marker string) (key []byte, ok bool) {
	text, ok := strings.CutPrefix(marker, markerPrefix)
	if !ok {
		return nil, false
	}
	key, err := base64.RawURLEncoding.DecodeString(text)
	return key, err == nil
}

// ListBlobs implements blobstore.Store.
func (s *Store) ListBlobs(ctx context.Context, name blobstore.ContainerName, o blobstore.ListBlobsOptions) (page blobstore.BlobPage, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return page, err
	}
	defer end()
	s.commits.yield(ctx)
	err = s.view(func(v view) error {
		id, err := v.containerID(name)
		if err != nil {
			return err
		}
		l := &lister{ListBlobsOptions: o, max: pageLength(o.Max), now: s.now(), base: uint64Key(id), page: &page}
		return l.run(v)
	})
	s.worked(len(page.Entries) / entriesPerUnit)
	return page, err
}

// lister walks the blobs of a container and, beside them, what is staged.
type lister struct {
	blobstore.ListBlobsOptions
	max    int
	now    time.Time
	base   []byte // the container's id
	prefix []byte // base and the escaped Prefix
	page   *blobstore.BlobPage

	blobs, staged *bolt.Cursor // staged is nil unless asked for
	record        blobRecord   // the one at blobs
	key, value    []byte       // at blobs, nil past the end
	stagedKey     []byte       // at staged, with the base version behind it; nil past the end

}

func (l *lister) run(v view) error {
	l.prefix = appendEscaped(bytes.Clone(l.base), l.Prefix)
	from := l.prefix
	if start := appendEscaped(bytes.Clone(l.base), l.StartFrom); bytes.Compare(start, from) > 0 {
		from = start
	}
	if l.Marker != "" {
		marker, ok := decodeMarker(l.Marker)
		if _, _, valid := parseBlobKey(marker); ok && valid {
			marker = append(bytes.Clone(l.base), marker...)
		} else {
			marker = appendEscaped(bytes.Clone(l.base), l.Marker)
		}
		if bytes.Compare(marker, from) > 0 {
			from = marker
		}
	}
	l.blobs = v.cursor(bucketBlobs)
	if l.Uncommitted {
		l.staged = v.cursor(bucketStaging)
	}
	l.seek(from)
	for l.key != nil || l.stagedKey != nil {
		full, err := l.step()
		if full || err != nil {
			return err
		}
	}
	return nil
}

// seek moves both cursors to the first key that is not below from.
func (l *lister) seek(from []byte) {
	if from == nil {
		l.key, l.stagedKey = nil, nil
		return
	}
	l.setBlob(l.blobs.Seek(from))
	if l.staged == nil {
		return
	}
	if _, _, ok := parseBlobKey(from[len(l.base):]); ok {
		from = from[:len(from)-8]
	}
	l.setStaged(l.staged.Seek(from))
}

func (l *lister) setBlob(k, v []byte) {
	if !bytes.HasPrefix(k, l.prefix) {
		k = nil
	}
	l.key, l.value = k, v
}

func (l *lister) setStaged(k, _ []byte) {
	l.stagedKey = nil
	if bytes.HasPrefix(k, l.prefix) {
		l.stagedKey = versionKey(k, baseVersion)
	}
}

// step lists what is at the lower of the two cursors and moves on; full says that the page has no room for it.
func (l *lister) step() (full bool, err error) {
	order := -1
	switch {
	case l.key == nil:
		order = 1
	case l.stagedKey != nil:
		order = bytes.Compare(l.key, l.stagedKey)
	}
	if order <= 0 {
		return l.stepBlob(order == 0)
	}
	return l.stepStaged()
}

// stepBlob lists the blob at the cursor; both says that the other cursor is at the same name.
func (l *lister) stepBlob(both bool) (full bool, err error) {
	name, version, ok := parseBlobKey(l.key[len(l.base):])
	if !ok || len(l.value) < 2 {
		return false, errRecord
	}
	if version != baseVersion && !l.Snapshots {
		l.setBlob(l.blobs.Seek(versionKey(l.key[:len(l.key)-8], baseVersion)))
		return false, nil
	}
	if l.value[1]&isDeleted != 0 && !l.Deleted {
		if both {
			return l.stepStaged()
		}
		l.setBlob(l.blobs.Next())
		return false, nil
	}
	if len(l.page.Entries) == l.max {
		l.page.NextMarker = encodeMarker(l.key[len(l.base):])
		return true, nil
	}
	if l.group(name) {
		return false, nil
	}
	if err := l.record.decode(string(l.value), l.Metadata || l.Tags); err != nil {
		return false, err
	}
	snapshot := ""
	if version != baseVersion {
		snapshot = snapshotOf(version)
	}
	l.append(blobstore.ListEntry{Name: name, Properties: l.properties(&l.record, snapshot)})
	l.setBlob(l.blobs.Next())
	if both {
		l.setStaged(l.staged.Next())
	}
	return false, nil
}

// stepStaged lists a blob that has staged blocks only.
func (l *lister) stepStaged() (full bool, err error) {
	name, _, ok := parseBlobKey(l.stagedKey[len(l.base):])
	if !ok {
		return false, errRecord
	}
	if len(l.page.Entries) == l.max {
		l.page.NextMarker = encodeMarker(l.stagedKey[len(l.base):])
		return true, nil
	}
	if l.group(name) {
		return false, nil
	}
	hidden := bytes.Equal(l.key, l.stagedKey) // a soft-deleted blob of the same name
	l.append(blobstore.ListEntry{Name: name, Uncommitted: true})
	l.setStaged(l.staged.Next())
	if hidden {
		l.setBlob(l.blobs.Next())
	}
	return false, nil
}

// group lists the prefix that the name is rolled up into, if any, and moves past everything that has it.
func (l *lister) group(name string) bool {
	if l.Delimiter == "" {
		return false
	}
	i := strings.Index(name[len(l.Prefix):], l.Delimiter)
	if i < 0 {
		return false
	}
	shared := name[:len(l.Prefix)+i+len(l.Delimiter)]
	l.append(blobstore.ListEntry{Name: shared, IsPrefix: true})
	l.seek(after(appendEscaped(bytes.Clone(l.base), shared)))
	return true
}

// growAt is the length at which a page gets its full capacity: most listings end before.
const growAt = 256

func (l *lister) append(e blobstore.ListEntry) {
	if n := len(l.page.Entries); n == growAt && l.max > n {
		l.page.Entries = slices.Grow(l.page.Entries, l.max-n)
	}
	l.page.Entries = append(l.page.Entries, e)
}

func (l *lister) properties(r *blobRecord, snapshot string) blobstore.BlobProperties {
	p := r.properties(l.now, snapshot)
	if !l.Metadata {
		p.Metadata = nil
	}
	if l.Tags {
		p.Tags = r.tags
	}
	if !l.Copy {
		p.Copy = nil
	}
	return p
}
