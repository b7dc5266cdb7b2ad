package diskstore

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// Buckets of meta.db. Integers in keys are big-endian, so that they sort.
var (
	bucketMeta       = []byte("meta")       // "tick" -> the last tick given out
	bucketServices   = []byte("services")   // account -> JSON
	bucketContainers = []byte("containers") // name(account) name(container) -> id, JSON
	bucketBlobs      = []byte("blobs")      // container id, name(blob), version -> blobRecord
	bucketTagged     = []byte("tagged")     // container id, name(blob) -> nothing; base blobs that have tags
	bucketStaging    = []byte("staging")    // container id, name(blob) -> stagingRecord
	bucketBlocks     = []byte("blocks")     // staging id, block id -> row
	bucketContents   = []byte("contents")   // content id -> references and first rows; content id, offset -> more rows
	bucketExtents    = []byte("extents")    // segment, offset -> length, references, checksums
	bucketTrash      = []byte("trash")      // kind, id -> nothing; what nothing names any more
	bucketExpiry     = []byte("expiry")     // time, blob key -> nothing; soft-deleted blobs
	bucketEvents     = []byte("events")     // sequencer -> JSON; kept until they are forgotten

	allBuckets = [][]byte{bucketMeta, bucketServices, bucketContainers, bucketBlobs, bucketTagged, bucketStaging,
		bucketBlocks, bucketContents, bucketExtents, bucketTrash, bucketExpiry, bucketEvents}
)

// baseVersion is the version of a base blob; that of a snapshot is its tick, so that snapshots sort before it.
const baseVersion = ^uint64(0)

// appendName appends the string so that the keys of different names sort as the names do and no name's key is a prefix
// of another's: 0x00 becomes 0x00 0xFF, and 0x00 0x01 ends it.
func appendName(key []byte, name string) []byte { return append(appendEscaped(key, name), 0, 1) }

func appendEscaped(key []byte, name string) []byte {
	for {
		i := strings.IndexByte(name, 0)
		if i < 0 {
			return append(key, name...)
		}
		key = append(append(key, name[:i]...), 0, 0xFF)
		name = name[i+1:]
	}
}

// cutName reads what appendName wrote.
func cutName(key []byte) (name string, rest []byte, ok bool) {
	i := bytes.IndexByte(key, 0)
	if i >= 0 && i+1 < len(key) && key[i+1] == 1 {
		return string(key[:i]), key[i+2:], true
	}
	var b []byte
	for {
		i := bytes.IndexByte(key, 0)
		if i < 0 || i+1 == len(key) {
			return "", nil, false
		}
		b = append(b, key[:i]...)
		switch key[i+1] {
		case 1:
			return string(b), key[i+2:], true
		case 0xFF:
			b = append(b, 0)
		default:
			return "", nil, false
		}
		key = key[i+2:]
	}
}

func uint64Key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func containerKey(n blobstore.ContainerName) []byte {
	return appendName(appendName(nil, n.Account), n.Container)
}

// nameKey is the key of a blob in bucketStaging and bucketTagged, and of all its versions with a version behind it.
func nameKey(container uint64, blob string) []byte {
	key := make([]byte, 8, 8+len(blob)+2+8)
	binary.BigEndian.PutUint64(key, container)
	return appendName(key, blob)
}

func versionKey(name []byte, version uint64) []byte {
	return binary.BigEndian.AppendUint64(name[:len(name):len(name)], version)
}

// parseBlobKey reads a key of bucketBlobs without its container id.
func parseBlobKey(key []byte) (name string, version uint64, ok bool) {
	name, rest, ok := cutName(key)
	if !ok || len(rest) != 8 {
		return "", 0, false
	}
	return name, binary.BigEndian.Uint64(rest), true
}

// after is the least key that is greater than every key with the prefix; nil when there is none.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			next := bytes.Clone(prefix[:i+1])
			next[i]++
			return next
		}
	}
	return nil
}

// A tick is a point in time in 100 ns since the year 1, as Azure's entity tags are, made unique: the store never gives
// the same one out twice. Ticks are entity tags, snapshot times, sequence numbers of events and the ids of containers,
// contents and stagings.

// ticksToUnix is the number of ticks from the year 1 to 1970.
const ticksToUnix = 621_355_968_000_000_000

func tickOf(t time.Time) uint64 { return uint64(t.Unix()*1e7+int64(t.Nanosecond()/100)) + ticksToUnix }

func timeOf(tick uint64) time.Time {
	n := int64(tick - ticksToUnix)
	return time.Unix(n/1e7, n%1e7*100).UTC()
}

func etagOf(tick uint64) blobstore.ETag {
	const digits = "0123456789ABCDEF"
	b := [18]byte{0: '0', 1: 'x'}
	n := 2
	for shift := 60; shift >= 0; shift -= 4 {
		if d := tick >> shift & 15; d != 0 || n > 2 || shift == 0 {
			b[n] = digits[d]
			n++
		}
	}
	return blobstore.ETag(b[:n])
}

func snapshotOf(version uint64) string { return timeOf(version).Format(blobstore.SnapshotFormat) }

// versionOf is the version of a blob that a reference means; ok is false for what can name no snapshot.
func versionOf(snapshot string) (version uint64, ok bool) {
	if snapshot == "" {
		return baseVersion, true
	}
	t, err := time.Parse(blobstore.SnapshotFormat, snapshot)
	if err != nil {
		return 0, false
	}
	return tickOf(t), true
}
