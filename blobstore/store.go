package blobstore

import (
	"context"
	"io"
)

// Store is a Blob storage engine. Its methods are safe for concurrent use; every change is atomic, durable when the
// method returns nil, and made only if its conditions hold at that moment. Readers never wait for writers.
//
// Errors that a client may cause are *bloberror.Error values; the code is named at each method. Besides those, every
// method may return ctx.Err(), ErrClosed and, when it writes and the disk is full, ServerBusy with ErrNoSpace as its
// cause. Any other error is the engine's own failure.
//
// Codes that many methods share:
//
//   - "not found": ContainerNotFound when the container does not exist, else BlobNotFound when the blob (or snapshot)
//     does not, or has only uncommitted blocks.
//   - "conditions": ConditionNotMet (412) when a conditional header does not hold. Reads return ErrNotModified instead
//     for If-None-Match and If-Modified-Since, and InvalidHeaderValue for If-None-Match: *. Writes that create a blob return BlobAlreadyExists (409) for
//     If-None-Match: * when the blob exists.
//   - "blob lease": a write of a leased blob without its id gives LeaseIDMissing, with another id
//     LeaseIDMismatchWithBlobOperation; any request with an id gives LeaseNotPresentWithBlobOperation when there is no
//     lease and LeaseLost when the lease with that id has expired or was broken.
//   - "container lease": the same with LeaseIDMismatchWithContainerOperation and
//     LeaseNotPresentWithContainerOperation.
type Store interface {
	// ServiceProperties returns the account's settings, the defaults when none were ever set. What it points to is shared:
	// callers change none of it.
	ServiceProperties(ctx context.Context, account string) (ServiceProperties, error)
	// SetServiceProperties replaces the settings whose fields are not nil and keeps the others.
	SetServiceProperties(ctx context.Context, account string, p ServiceProperties) error
	// ListContainers returns a page of the account's containers; an unknown account has none.
	ListContainers(ctx context.Context, account string, o ListContainersOptions) (ContainerPage, error)

	// CreateContainer creates an empty container. ContainerAlreadyExists when there is one of that name.
	CreateContainer(ctx context.Context, name ContainerName, o CreateContainerOptions) (Change, error)
	// ContainerProperties returns everything about a container. ContainerNotFound; container lease, when c carries an
	// id.
	ContainerProperties(ctx context.Context, name ContainerName, c AccessConditions) (ContainerProperties, error)
	// DeleteContainer removes a container and all that is in it. The name can be used again at once.
	// ContainerNotFound; conditions (dates only); container lease.
	DeleteContainer(ctx context.Context, name ContainerName, c AccessConditions) error
	// SetContainerMetadata replaces the metadata. ContainerNotFound; conditions; container lease, when c carries an id.
	SetContainerMetadata(ctx context.Context, name ContainerName, metadata map[string]string, c AccessConditions) (Change, error)
	// SetContainerACL replaces access level and policies. ContainerNotFound; InvalidXMLDocument for more than
	// MaxAccessPolicies; conditions; container lease, when they carry an id.
	SetContainerACL(ctx context.Context, name ContainerName, o SetContainerACLOptions) (Change, error)
	// LeaseContainer acquires, renews, changes, releases or breaks a lease. ContainerNotFound; conditions;
	// LeaseAlreadyPresent to acquire what another holds; LeaseIDMismatchWithLeaseOperation;
	// LeaseNotPresentWithLeaseOperation to break or otherwise use a lease that there is not;
	// LeaseIsBreakingAndCannotBeAcquired, LeaseIsBreakingAndCannotBeChanged; LeaseIsBrokenAndCannotBeRenewed;
	// InvalidHeaderValue for a duration or break period out of bounds.
	LeaseContainer(ctx context.Context, name ContainerName, r LeaseRequest) (LeaseResult, error)

	// PutBlob creates or replaces a blob and drops its uncommitted blocks. ContainerNotFound; conditions; blob lease;
	// UnauthorizedBlobOverwrite with CreateOnly when the blob exists; MD5Mismatch and CRC64Mismatch when the body is
	// not what was announced; io.ErrUnexpectedEOF, or the body's own error, when it ends early;
	// RequestBodyTooLarge over MaxBlobPutSize, or when the body is longer than Size; SnapshotsPresent never (snapshots
	// stay); BlobArchived never (overwriting is allowed).
	PutBlob(ctx context.Context, name BlobName, body io.Reader, o PutBlobOptions) (PutResult, error)
	// PutBlock stages a block. A block of the same id that was staged before is replaced. ContainerNotFound; blob lease;
	// InvalidBlockID for an empty or too long id; InvalidBlobOrBlock when its length differs from that of the other
	// uncommitted blocks; BlockCountExceedsLimit over MaxUncommittedBlocks; MD5Mismatch, CRC64Mismatch,
	// io.ErrUnexpectedEOF as with PutBlob; RequestBodyTooLarge over MaxBlockSize or when the body is longer than
	// Size; InvalidHeaderValue for Size 0.
	PutBlock(ctx context.Context, name BlobName, id BlockID, body io.Reader, o PutBlockOptions) (PutResult, error)
	// PutBlockList makes the blob of the named blocks, in order, and drops all other uncommitted ones. It copies no
	// data. ContainerNotFound; InvalidBlockList when a block is not where the entry says; BlockListTooLong over
	// MaxCommittedBlocks; InvalidBlockID; UnauthorizedBlobOverwrite, conditions and blob lease as with PutBlob.
	PutBlockList(ctx context.Context, name BlobName, blocks []BlockEntry, o CommitOptions) (Change, error)
	// BlockList reports the blocks of a blob or snapshot. Uncommitted ones alone are enough for it to exist. Not found;
	// conditions (tags only); blob lease, when c carries an id. A snapshot has no uncommitted blocks.
	BlockList(ctx context.Context, ref BlobRef, kind BlockListKind, c AccessConditions) (BlockLists, error)

	// Open returns the blob's state at this moment for reading; the caller must close it. Later changes do not show in
	// it. Not found; conditions; blob lease, when c carries an id; BlobArchived in the archive tier.
	Open(ctx context.Context, ref BlobRef, c AccessConditions) (Reader, error)
	// BlobProperties returns all about a blob but its tags' values. Not found; conditions; blob lease, when c carries
	// an id.
	BlobProperties(ctx context.Context, ref BlobRef, c AccessConditions) (BlobProperties, error)
	// SetBlobMetadata replaces the metadata. Not found; conditions; blob lease.
	SetBlobMetadata(ctx context.Context, name BlobName, metadata map[string]string, c AccessConditions) (Change, error)
	// SetBlobHTTPHeaders replaces all headers, ContentMD5 too. Not found; conditions; blob lease.
	SetBlobHTTPHeaders(ctx context.Context, name BlobName, h HTTPHeaders, c AccessConditions) (Change, error)
	// BlobTags returns the tags. Not found; conditions (tags only); blob lease, when c carries an id.
	BlobTags(ctx context.Context, ref BlobRef, c AccessConditions) (map[string]string, error)
	// SetBlobTags replaces the tags; ETag and LastModified stay. Not found; conditions (tags only); blob lease.
	SetBlobTags(ctx context.Context, ref BlobRef, tags map[string]string, c AccessConditions) error
	// SetBlobTier changes the tier; ETag and LastModified stay. Not found; conditions (tags only); blob lease, when c
	// carries an id.
	SetBlobTier(ctx context.Context, ref BlobRef, tier AccessTier, c AccessConditions) error
	// LeaseBlob acquires, renews, changes, releases or breaks a lease. Not found; the codes of LeaseContainer.
	LeaseBlob(ctx context.Context, name BlobName, r LeaseRequest) (LeaseResult, error)
	// SnapshotBlob keeps the blob's present state under the returned name; no data is copied. Not found; conditions;
	// blob lease, when it carries an id.
	SnapshotBlob(ctx context.Context, name BlobName, o SnapshotOptions) (SnapshotResult, error)
	// DeleteBlob deletes a blob, its snapshots, or one snapshot, and drops uncommitted blocks; where the account's
	// policy says so they can be undeleted. Not found; conditions; blob lease; SnapshotsPresent when there are
	// snapshots and o does not say what to do about them; InvalidQueryParameterValue when ref names a snapshot and
	// o.Snapshots is set.
	DeleteBlob(ctx context.Context, ref BlobRef, o DeleteBlobOptions) error
	// UndeleteBlob brings back a soft-deleted blob and its soft-deleted snapshots; it does nothing to a blob that is
	// there and has none. ContainerNotFound; BlobNotFound when there is nothing of that name.
	UndeleteBlob(ctx context.Context, name BlobName) error
	// CopyBlob makes dst a copy of src within the store, sharing the data. ContainerNotFound for dst;
	// CannotVerifyCopySource when src is not found; SourceConditionNotMet; BlobArchived for an archived source;
	// UnauthorizedBlobOverwrite, conditions and blob lease as with PutBlob.
	CopyBlob(ctx context.Context, dst BlobName, src BlobRef, o CopyOptions) (CopyResult, error)

	// ListBlobs returns a page of a container's blobs. ContainerNotFound.
	ListBlobs(ctx context.Context, name ContainerName, o ListBlobsOptions) (BlobPage, error)
	// FindBlobsByTags returns a page of the committed base blobs that o.Where matches. ContainerNotFound, when
	// o.Container is set.
	FindBlobsByTags(ctx context.Context, account string, o FindBlobsOptions) (FoundPage, error)
}

// Reader is a blob as it was when opened.
type Reader interface {
	// Properties are those of the opened state.
	Properties() *BlobProperties
	// Range returns the bytes from offset on, length of them; both must lie within Properties().Size. Several ranges
	// may be read side by side. A *CorruptError comes from Range or from reading it; corrupt bytes never do.
	Range(offset, length int64) (RangeReader, error)
	// Close lets the store reclaim the data. Ranges must be closed before it.
	Close() error
}

// RangeReader reads one range. WriteTo hands large pieces to w's ReadFrom as *io.LimitedReader over *os.File, so that
// a TCP connection can take them with sendfile.
type RangeReader interface {
	io.ReadCloser
	io.WriterTo
}
