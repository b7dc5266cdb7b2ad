package blobstore

import "time"

// EventType is what happened to a blob.
type EventType string

// Event types, as Event Grid spells them without their prefix.
const (
	BlobCreated EventType = "BlobCreated"
	BlobDeleted EventType = "BlobDeleted"
)

// Event tells of a committed change. See https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage
type Event struct {
	Type EventType
	// API is the operation, for example PutBlob, PutBlockList, CopyBlob or DeleteBlob.
	API  string
	Name BlobName
	ETag ETag
	// Size in bytes and ContentType of the blob (of the deleted one for BlobDeleted).
	Size        int64
	ContentType string
	Time        time.Time
	// Sequencer grows with every event of a store, also across restarts.
	Sequencer uint64
}
