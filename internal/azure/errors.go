package azure

import (
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// What callers tell apart; every other failure is the storage's trouble.
var (
	ErrNotFound = errors.New("not found in storage")
	ErrExists   = errors.New("exists in storage already")
	ErrChanged  = errors.New("changed in storage meanwhile")
	ErrBlocks   = errors.New("a block of the list is not there")
	ErrMarker   = errors.New("not a marker that a list gave")
	// ErrUnreadable says that storage has the blob but gives it to nobody as it is: archived, or encrypted with a key
	// that only its writer has.
	ErrUnreadable = errors.New("cannot be read in storage")
)

// TooLong says that a blob has more bytes than the reader wants.
type TooLong struct{ Size, Limit int64 }

func (e *TooLong) Error() string {
	return fmt.Sprintf("%d bytes are more than %d", e.Size, e.Limit)
}

// classify gives the SDK's error one of this package's meanings, where it has one. The cause stays in the chain.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ContainerNotFound, bloberror.ResourceNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ContainerAlreadyExists):
		return fmt.Errorf("%w: %w", ErrExists, err)
	case bloberror.HasCode(err, bloberror.ConditionNotMet):
		return fmt.Errorf("%w: %w", ErrChanged, err)
	case bloberror.HasCode(err, bloberror.InvalidBlockList, bloberror.InvalidBlobOrBlock):
		return fmt.Errorf("%w: %w", ErrBlocks, err)
	case bloberror.HasCode(err, bloberror.BlobArchived, bloberror.BlobUsesCustomerSpecifiedEncryption):
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	// A HEAD's answer has no body and, from some services, no code.
	var response *azcore.ResponseError
	if errors.As(err, &response) && response.ErrorCode == "" && response.StatusCode == 404 {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
