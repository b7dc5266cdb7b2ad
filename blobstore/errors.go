package blobstore

import (
	"errors"
	"fmt"
)

var (
	// ErrNotModified is returned by reads whose If-None-Match or If-Modified-Since says that the client has the
	// newest state: HTTP 304 with error code ConditionNotMet.
	ErrNotModified = errors.New("blobstore: not modified")
	// ErrNoSpace is the cause of the ServerBusy error of a write that failed because the disk or its quota is full.
	// Nothing was changed; once there is room again, writes succeed without a restart.
	ErrNoSpace = errors.New("blobstore: no space left")
	// ErrClosed is returned by every method after the store was closed.
	ErrClosed = errors.New("blobstore: closed")
)

// CorruptError says that stored bytes do not have the checksum that they were stored with. They are never returned.
type CorruptError struct {
	Blob BlobName
	// File and Offset say where in the store's folder the damage is; Length is how much the failed checksum covers.
	File           string
	Offset, Length int64
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("blobstore: corrupt data in %s at %d+%d", e.File, e.Offset, e.Length)
}
