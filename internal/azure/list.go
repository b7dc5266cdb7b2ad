package azure

import (
	"context"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// PageLimit is the most blobs that one List Blobs call answers.
// https://learn.microsoft.com/rest/api/storageservices/list-blobs
const PageLimit = 5000

// ListOptions chooses what List answers.
type ListOptions struct {
	Prefix      string
	Marker      string // where an earlier page said to go on; empty for the first
	Limit       int    // blobs a page, 1 to [PageLimit]; 0 means PageLimit
	Metadata    bool
	Uncommitted bool // names under which only blocks were staged, too
}

// List answers one page of blobs in the order of their names, and the marker of the next; an empty marker ends the list.
// A marker that storage won't take is [ErrMarker].
func (c *Container) List(ctx context.Context, o ListOptions) (blobs []Blob, next string, err error) {
	limit := int32(PageLimit)
	if o.Limit > 0 && o.Limit < PageLimit {
		limit = int32(o.Limit)
	}
	options := &container.ListBlobsFlatOptions{
		Prefix: &o.Prefix, MaxResults: &limit,
		Include: container.ListBlobsInclude{Metadata: o.Metadata, UncommittedBlobs: o.Uncommitted},
	}
	if o.Marker != "" {
		options.Marker = &o.Marker
	}
	page, err := c.client.NewListBlobsFlatPager(options).NextPage(ctx)
	if o.Marker != "" && bloberror.HasCode(err, bloberror.InvalidQueryParameterValue, bloberror.OutOfRangeInput, bloberror.InvalidInput) {
		err = fmt.Errorf("%w: %w", ErrMarker, err) // nothing else in the query comes from outside
	}
	if err != nil {
		return nil, "", fmt.Errorf("listing %s/%s: %w", c.name, o.Prefix, classify(err))
	}
	blobs = make([]Blob, 0, len(page.Segment.BlobItems))
	for _, item := range page.Segment.BlobItems {
		b := Blob{Name: deref(item.Name), Metadata: values(item.Metadata)}
		if p := item.Properties; p != nil {
			b.ETag, b.Size, b.Type, b.Modified = string(deref(p.ETag)), deref(p.ContentLength), deref(p.ContentType), deref(p.LastModified)
		}
		blobs = append(blobs, b)
	}
	return blobs, deref(page.NextMarker), nil
}

// All goes through every page of a list. A failure is its last step.
func (c *Container) All(ctx context.Context, o ListOptions) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for {
			blobs, next, err := c.List(ctx, o)
			if err != nil {
				yield(Blob{}, err)
				return
			}
			for _, b := range blobs {
				if !yield(b, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			o.Marker = next
		}
	}
}
