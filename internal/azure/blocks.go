package azure

import (
	"bytes"
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// Block is a staged block.
type Block struct {
	ID   string // base64, as staged
	Size int64  // bytes
}

// Staged lists the blocks that wait under a name to be committed, in no promised order. There are none, and no error,
// where nothing was staged.
func (c *Container) Staged(ctx context.Context, name string) ([]Block, error) {
	response, err := c.client.NewBlockBlobClient(name).GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	if err = wrap("listing the blocks of", c.name, name, err); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		return nil, err
	}
	blocks := make([]Block, 0, len(response.UncommittedBlocks))
	for _, b := range response.UncommittedBlocks {
		blocks = append(blocks, Block{ID: deref(b.Name), Size: deref(b.Size)})
	}
	return blocks, nil
}

// Stage uploads one block, which changes nothing that can be read until it is committed.
func (c *Container) Stage(ctx context.Context, name, id string, data []byte) error {
	_, err := c.client.NewBlockBlobClient(name).StageBlock(ctx, id, streaming.NopCloser(bytes.NewReader(data)), nil)
	return wrap("staging a block of", c.name, name, err)
}

// Commit makes a blob of staged blocks and returns its ETag. A blob that exists is left alone: [ErrExists]. A block
// that isn't staged is [ErrBlocks].
func (c *Container) Commit(ctx context.Context, name string, ids []string, contentType string) (etag string, err error) {
	response, err := c.client.NewBlockBlobClient(name).CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: &contentType},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: createOnly()},
	})
	if err != nil {
		return "", wrap("committing", c.name, name, err)
	}
	return string(deref(response.ETag)), nil
}

// Discard removes whatever stands under a name, staged blocks included: writing a blob drops the blocks that waited
// under its name, and then the blob goes too.
func (c *Container) Discard(ctx context.Context, name string) error {
	err := c.despiteLease(ctx, name, func() error { return c.Put(ctx, name, nil, PutOptions{Type: "application/octet-stream"}) })
	if err != nil {
		return err
	}
	return c.Delete(ctx, name)
}
