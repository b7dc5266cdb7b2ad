package blobstore

import "time"

// ContainerName names a container of an account.
type ContainerName struct {
	Account, Container string
}

// BlobName names a blob: the base blob, not one of its snapshots.
type BlobName struct {
	Account, Container, Blob string
}

// ContainerName returns the name of the container that the blob is in.
func (n BlobName) ContainerName() ContainerName { return ContainerName{n.Account, n.Container} }

// At returns a reference to the snapshot of the blob, or to the blob itself when snapshot is empty.
func (n BlobName) At(snapshot string) BlobRef { return BlobRef{BlobName: n, Snapshot: snapshot} }

// BlobRef names a blob or, with Snapshot, one of its snapshots.
type BlobRef struct {
	BlobName
	// Snapshot is the snapshot's time as SnapshotBlob returned it ("2006-01-02T15:04:05.0000000Z"), empty for the
	// base blob.
	Snapshot string
}

// SnapshotFormat is the time layout of snapshot names: UTC, seven fractional digits.
const SnapshotFormat = "2006-01-02T15:04:05.0000000Z"

// ETag is an entity tag without its quotes, for example 0x8DC0FFEE. Every change of a blob or container gives a new
// one.
type ETag string

// AnyETag is the wildcard of If-Match and If-None-Match.
const AnyETag ETag = "*"

// Quoted returns the ETag as it stands in a header.
func (e ETag) Quoted() string {
	if e == AnyETag {
		return "*"
	}
	return `"` + string(e) + `"`
}

// Change is what every write returns.
type Change struct {
	ETag ETag
	// LastModified is in UTC and whole seconds, as HTTP dates are.
	LastModified time.Time
}
