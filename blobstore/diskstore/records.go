package diskstore

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

var errRecord = errors.New("diskstore: damaged metadata record")

// recordVersion is the first byte of every blobRecord.
const recordVersion = 1

// blobRecord is a blob or snapshot in bucketBlobs.
type blobRecord struct {
	tick              uint64 // the entity tag
	created, modified int64  // Unix seconds
	size              int64
	content           uint64 // 0: no bytes
	headers           blobstore.HTTPHeaders
	metadata, tags    map[string]string
	tagCount          int                  // of a record that was decoded without its pairs
	tier              blobstore.AccessTier // empty: inferred
	tierChanged       int64                // Unix seconds
	lease             blobstore.Lease
	copied            *blobstore.CopyInfo
	deleted           int64 // Unix seconds of the soft delete, 0: none
	deletedUntil      int64 // Unix seconds
}

// Which optional parts a record holds.
const (
	hasTier = 1 << iota
	hasLease
	hasCopy
	isDeleted
)

// flags says which optional parts the record has.
func (r *blobRecord) flags() (flags byte) {
	if r.tier != "" {
		flags |= hasTier
	}
	if r.lease != (blobstore.Lease{}) {
		flags |= hasLease
	}
	if r.copied != nil {
		flags |= hasCopy
	}
	if r.deleted != 0 {
		flags |= isDeleted
	}
	return flags
}

func (r *blobRecord) encode() []byte {
	flags := r.flags()
	b := make([]byte, 0, 160)
	b = append(b, recordVersion, flags)
	b = binary.BigEndian.AppendUint64(b, r.tick)
	b = binary.AppendVarint(b, r.created)
	b = binary.AppendVarint(b, r.modified)
	b = binary.AppendUvarint(b, uint64(r.size))
	b = binary.AppendUvarint(b, r.content)
	h := &r.headers
	for _, s := range []string{h.ContentType, h.ContentEncoding, h.ContentLanguage, h.ContentDisposition, h.CacheControl} {
		b = appendString(b, s)
	}
	b = appendString(b, string(h.ContentMD5))
	b = appendPairs(b, r.metadata)
	b = appendPairs(b, r.tags)
	if flags&hasTier != 0 {
		b = binary.AppendVarint(appendString(b, string(r.tier)), r.tierChanged)
	}
	if flags&hasLease != 0 {
		b = binary.AppendVarint(appendString(b, r.lease.ID), int64(r.lease.Duration))
		b = appendTime(appendTime(b, r.lease.Expiry), r.lease.BreakTime)
	}
	if flags&hasCopy != 0 {
		b = appendString(appendString(b, r.copied.ID), r.copied.Source)
		b = binary.AppendUvarint(appendTime(b, r.copied.Completed), uint64(r.copied.Size))
	}
	if flags&isDeleted != 0 {
		b = binary.AppendVarint(binary.AppendVarint(b, r.deleted), r.deletedUntil)
	}
	return b
}

// decodeBlob reads a record. All its strings share one copy of the bytes.
func decodeBlob(b []byte) (*blobRecord, error) {
	r := new(blobRecord)
	return r, r.decode(string(b), true)
}

// decode reads a record from bytes that its strings keep. Without pairs, metadata and tags stay nil.
func (r *blobRecord) decode(s string, pairs bool) error {
	d := decoder{s: s}
	if d.byte() != recordVersion {
		return errRecord
	}
	flags := d.byte()
	*r = blobRecord{tick: d.uint64(), created: d.varint(), modified: d.varint(), size: d.size(), content: d.uvarint()}
	r.headers = blobstore.HTTPHeaders{ContentType: d.string(), ContentEncoding: d.string(), ContentLanguage: d.string(),
		ContentDisposition: d.string(), CacheControl: d.string()}
	if md5 := d.string(); md5 != "" {
		r.headers.ContentMD5 = []byte(md5)
	}
	if pairs {
		r.metadata, r.tags = d.pairs(), d.pairs()
	} else {
		d.skipPairs()
		r.tagCount = d.skipPairs()
	}
	if flags&hasTier != 0 {
		r.tier, r.tierChanged = blobstore.AccessTier(d.string()), d.varint()
	}
	if flags&hasLease != 0 {
		r.lease = blobstore.Lease{ID: d.string(), Duration: time.Duration(d.varint()), Expiry: d.time(), BreakTime: d.time()}
	}
	if flags&hasCopy != 0 {
		r.copied = &blobstore.CopyInfo{ID: d.string(), Source: d.string(), Completed: d.time(), Size: d.size()}
	}
	if flags&isDeleted != 0 {
		r.deleted, r.deletedUntil = d.varint(), d.varint()
	}
	if r.flags() != flags {
		return errRecord
	}
	return d.end()
}

// stagingRecord is what is known of a blob's uncommitted blocks as a whole.
type stagingRecord struct {
	id       uint64
	lastPut  int64 // Unix seconds
	count    int
	idLength int // bytes of each block id
}

func (r *stagingRecord) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, r.id)
	b = binary.AppendVarint(b, r.lastPut)
	b = binary.AppendUvarint(b, uint64(r.count))
	return binary.AppendUvarint(b, uint64(r.idLength))
}

func decodeStaging(b []byte) (*stagingRecord, error) {
	d := decoder{s: string(b)}
	r := &stagingRecord{id: d.uint64(), lastPut: d.varint(), count: int(d.size()), idLength: int(d.size())}
	return r, d.end()
}

// decoder reads the parts of a record; after the first failure it returns zeros, and end the error.
type decoder struct {
	s   string
	bad bool
}

func (d *decoder) end() error {
	if d.bad || d.s != "" {
		return errRecord
	}
	return nil
}

func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.s)) {
		d.bad, d.s = true, ""
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) byte() byte {
	if s := d.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (d *decoder) uint64() (n uint64) {
	s := d.take(8)
	for i := range len(s) {
		n = n<<8 | uint64(s[i])
	}
	return n
}

func (d *decoder) uvarint() (n uint64) {
	for shift := uint(0); ; shift += 7 {
		c := d.byte()
		if d.bad || shift > 63 || shift == 63 && c > 1 {
			d.bad = true
			return 0
		}
		n |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return n
		}
	}
}

func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// size reads a length in bytes or a count: never negative, small enough to add up.
func (d *decoder) size() int64 {
	n := d.uvarint()
	if n > 1<<56 {
		d.bad = true
		return 0
	}
	return int64(n)
}

func (d *decoder) string() string { return d.take(d.uvarint()) }

func (d *decoder) time() time.Time {
	if n := d.varint(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// pairs reads a map, nil when empty.
func (d *decoder) pairs() map[string]string {
	n := d.uvarint()
	if n > uint64(len(d.s))/2 {
		d.bad = true
	}
	if n == 0 || d.bad {
		return nil
	}
	m := make(map[string]string, n)
	for range n {
		k := d.string()
		m[k] = d.string()
	}
	return m
}

// skipPairs passes over a map and returns how many pairs it has.
func (d *decoder) skipPairs() int {
	n := d.uvarint()
	if n > uint64(len(d.s))/2 {
		d.bad = true
		return 0
	}
	for range n {
		d.string()
		d.string()
	}
	return int(n)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

// appendPairs writes a map in the order of its keys, so that equal maps give equal bytes.
func appendPairs(b []byte, m map[string]string) []byte {
	b = binary.AppendUvarint(b, uint64(len(m)))
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = appendString(appendString(b, k), m[k])
	}
	return b
}
