package blobstore

import "time"

// Limits of block blobs.
// See https://learn.microsoft.com/azure/storage/blobs/scalability-targets
const (
	MaxBlobPutSize       = 5000 << 20 // bytes of one PutBlob
	MaxBlockSize         = 4000 << 20 // bytes of one PutBlock
	MaxCommittedBlocks   = 50_000
	MaxUncommittedBlocks = 100_000
	MaxBlockIDSize       = 64 // bytes, decoded
)

// UncommittedLifetime is how long uncommitted blocks live after the last PutBlock of their blob.
const UncommittedLifetime = 7 * 24 * time.Hour

// HTTPHeaders are the headers that a blob is served with.
type HTTPHeaders struct {
	CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType string
	// ContentMD5 is 16 bytes, or nil when unknown.
	ContentMD5 []byte
}

// AccessTier is a blob's storage tier. This service keeps and reports it; where the bytes are does not change.
type AccessTier string

// Access tiers of block blobs.
const (
	TierHot     AccessTier = "Hot"
	TierCool    AccessTier = "Cool"
	TierCold    AccessTier = "Cold"
	TierArchive AccessTier = "Archive"
)

// CopyInfo says which copy made a blob.
type CopyInfo struct {
	ID string
	// Source is the URL as the client wrote it, without its query.
	Source string
	// Completed is when the copy ended. Copies here are always whole: status "success", progress Size/Size.
	Completed time.Time
	Size      int64
}

// BlobProperties describe a blob or snapshot. Maps and slices belong to the receiver.
type BlobProperties struct {
	Change
	Created time.Time
	Size    int64
	HTTPHeaders
	Metadata map[string]string
	// Tags is nil where they were not asked for; TagCount always counts them.
	Tags     map[string]string
	TagCount int
	Tier     AccessTier
	// TierInferred says that nobody has set the tier; TierChanged is then zero.
	TierInferred bool
	TierChanged  time.Time
	Lease        LeaseInfo
	// Copy is nil when the blob was not made by a copy.
	Copy *CopyInfo
	// Snapshot is empty for the base blob.
	Snapshot string
	// Deleted, DeletedTime and RemainingDays describe a soft-deleted blob or snapshot.
	Deleted       bool
	DeletedTime   time.Time
	RemainingDays int
}

// PutBlobOptions say what a blob becomes.
type PutBlobOptions struct {
	// Size is the body's exact length in bytes. A shorter or longer body is an error.
	Size int64
	// Headers.ContentMD5 is not looked at: the store computes it.
	Headers  HTTPHeaders
	Metadata map[string]string
	Tags     map[string]string
	// Tier is empty for the account's default, Hot.
	Tier AccessTier
	// ExpectMD5 (16 bytes) and ExpectCRC64 (8 bytes, little-endian as on the wire) are compared with the body's; nil
	// means not sent.
	ExpectMD5, ExpectCRC64 []byte
	// Copy is given when the body is that of a blob elsewhere, of which this one becomes a copy: its ID and Source are
	// kept, and the store says when it was completed and how large it is.
	Copy *CopyInfo
	// CreateOnly refuses to overwrite a blob, as a SAS that has only the create permission does.
	CreateOnly bool
	Conditions AccessConditions
}

// PutResult is what a write of bytes returns.
type PutResult struct {
	Change
	// MD5 of the body, 16 bytes. After PutBlock it is nil unless ExpectMD5 was given.
	MD5 []byte
	// CRC64 of the body (CRC-64/NVME), 8 bytes, little-endian as on the wire.
	CRC64 []byte
}

// CommitOptions say what PutBlockList makes of the blob.
type CommitOptions struct {
	// Headers are kept as given, ContentMD5 too: it is not verified, as Azure does not.
	Headers    HTTPHeaders
	Metadata   map[string]string
	Tags       map[string]string
	Tier       AccessTier
	CreateOnly bool
	Conditions AccessConditions
}

// BlockID is a block's id, base64-decoded: 1 to MaxBlockIDSize bytes, of one length within a blob.
type BlockID string

// PutBlockOptions describe the block.
type PutBlockOptions struct {
	// Size is the body's exact length in bytes, at least 1.
	Size                   int64
	ExpectMD5, ExpectCRC64 []byte
	LeaseID                string
	// Conditions are not supported by Put Block; only the lease counts.
}

// BlockSource says where PutBlockList looks for a block.
type BlockSource int

// Block sources, the elements of a Put Block List body.
const (
	BlockLatest      BlockSource = iota // uncommitted if there is one, else committed
	BlockCommitted                      // only among the blob's present blocks
	BlockUncommitted                    // only among those staged since
)

// BlockEntry is one line of a block list.
type BlockEntry struct {
	ID   BlockID
	From BlockSource
}

// Block is a block as BlockList reports it.
type Block struct {
	ID   BlockID
	Size int64
}

// BlockListKind selects what BlockList reports.
type BlockListKind int

// Block list kinds; they can be or-ed.
const (
	CommittedBlocks   BlockListKind = 1
	UncommittedBlocks BlockListKind = 2
	AllBlocks                       = CommittedBlocks | UncommittedBlocks
)

// BlockLists are the blocks of a blob: committed ones in the blob's order, uncommitted ones in the order of their ids.
type BlockLists struct {
	// Exists says that there is a committed blob; Change and Size are zero without one.
	Exists bool
	Change
	Size                   int64
	Committed, Uncommitted []Block
}

// SnapshotOptions describe the snapshot.
type SnapshotOptions struct {
	// Metadata replaces the blob's in the snapshot unless nil.
	Metadata   map[string]string
	Conditions AccessConditions
}

// SnapshotResult names a new snapshot. Change is the base blob's, which stays as it was.
type SnapshotResult struct {
	Change
	Snapshot string
}

// DeleteSnapshots says what a delete does about snapshots.
type DeleteSnapshots int

// What a delete does about snapshots (x-ms-delete-snapshots).
const (
	DeleteBaseOnly      DeleteSnapshots = iota // refuse when there are snapshots
	DeleteWithSnapshots                        // include
	DeleteOnlySnapshots                        // only
)

// DeleteBlobOptions say what to delete.
type DeleteBlobOptions struct {
	Snapshots DeleteSnapshots
	// Permanent deletes a soft-deleted snapshot for good, where the account's policy allows it.
	Permanent  bool
	Conditions AccessConditions
}

// CopyOptions say what a copy becomes. A nil Metadata takes the source's; Tags are never taken from the source.
type CopyOptions struct {
	Metadata map[string]string
	Tags     map[string]string
	// CopySourceTags takes the source's tags instead of Tags.
	CopySourceTags bool
	Tier           AccessTier
	// SourceURL is kept in CopyInfo.
	SourceURL string
	// SourceConditions are the x-ms-source-if-* headers.
	SourceConditions AccessConditions
	CreateOnly       bool
	Conditions       AccessConditions
}

// CopyResult is the answer to a copy.
type CopyResult struct {
	Change
	CopyID string
}
