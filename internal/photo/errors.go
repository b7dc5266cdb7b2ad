package photo

import (
	"errors"
	"fmt"
)

// What a caller tells apart besides the typed errors below.
var (
	ErrNotFound = errors.New("no such photo or upload")
	ErrChanged  = errors.New("the upload changed while it was being checked")
	ErrCursor   = errors.New("not a cursor that a page gave")
	ErrExpired  = errors.New("the upload was begun too long ago; begin a new one")
)

// TooLarge says that an upload has more bytes than may be taken.
type TooLarge struct{ Size, Limit int64 }

func (e *TooLarge) Error() string {
	return fmt.Sprintf("%d bytes are more than the %d that may be uploaded", e.Size, e.Limit)
}

// WrongType says that an upload claims a type that isn't taken.
type WrongType struct{ Type string }

func (e *WrongType) Error() string {
	return fmt.Sprintf("%q is not a type of image that is taken", e.Type)
}

// OverQuota says that an owner has no room left.
type OverQuota struct {
	Bytes, BytesLimit   int64
	Photos, PhotosLimit int
}

func (e *OverQuota) Error() string {
	return fmt.Sprintf("the owner has %d of %d photos and %d of %d bytes", e.Photos, e.PhotosLimit, e.Bytes, e.BytesLimit)
}

// Incomplete says that an upload cannot be completed with the blocks that were staged.
type Incomplete struct {
	Missing    []string // ids of blocks that must still be sent, the first [MaxNamedBlocks] of them
	Unexpected []string // ids that belong to no block of the upload, likewise
	Staged     int64    // bytes
	Declared   int64    // bytes
}

// MaxNamedBlocks is how many blocks an [Incomplete] names.
const MaxNamedBlocks = 100

func (e *Incomplete) Error() string {
	switch {
	case len(e.Unexpected) > 0:
		return fmt.Sprintf("%d staged blocks have ids that are not the upload's", len(e.Unexpected))
	case len(e.Missing) > 0:
		return fmt.Sprintf("%d blocks are missing", len(e.Missing))
	}
	return fmt.Sprintf("%d bytes were staged where %d were declared", e.Staged, e.Declared)
}
