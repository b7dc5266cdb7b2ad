package azure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// Container is one container of an account.
type Container struct {
	name    string
	client  *container.Client
	account *Account
}

// Blob is what storage says of a blob.
type Blob struct {
	Name     string
	ETag     string
	Size     int64  // bytes
	Type     string // Content-Type, as whoever wrote the blob said it
	Modified time.Time
	Metadata map[string]string // names in lower case
}

// Name is the container's name.
func (c *Container) Name() string { return c.name }

// Create makes the container, private; one that exists is left as it is.
func (c *Container) Create(ctx context.Context) error {
	_, err := c.client.Create(ctx, nil)
	if err = classify(err); err != nil && !errors.Is(err, ErrExists) {
		return fmt.Errorf("creating container %s: %w", c.name, err)
	}
	return nil
}

// PutOptions says how a blob is kept.
type PutOptions struct {
	Type         string // Content-Type
	CacheControl string
	Metadata     map[string]string // names and values in ASCII
	CreateOnly   bool              // [ErrExists] rather than overwrite
}

// Put writes a whole blob.
func (c *Container) Put(ctx context.Context, name string, data []byte, o PutOptions) error {
	upload := &blockblob.UploadOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: &o.Type, BlobCacheControl: &o.CacheControl},
		Metadata:    pointers(o.Metadata),
	}
	if o.CreateOnly {
		upload.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: createOnly()}
	}
	_, err := c.client.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(data)), upload)
	return wrap("writing", c.name, name, err)
}

// Stat reads a blob's properties and metadata, or answers [ErrNotFound].
func (c *Container) Stat(ctx context.Context, name string) (Blob, error) {
	p, err := c.client.NewBlobClient(name).GetProperties(ctx, nil)
	if err != nil {
		return Blob{}, wrap("looking up", c.name, name, err)
	}
	return Blob{
		Name: name, ETag: string(deref(p.ETag)), Size: deref(p.ContentLength), Type: deref(p.ContentType),
		Modified: deref(p.LastModified), Metadata: values(p.Metadata),
	}, nil
}

// Read returns the bytes of the blob while it still is what etag says, else [ErrChanged]. More than limit bytes are
// never read: they are *[TooLong]. What nobody can read is [ErrUnreadable].
func (c *Container) Read(ctx context.Context, name, etag string, limit int64) ([]byte, error) {
	tag := azcore.ETag(etag)
	response, err := c.client.NewBlobClient(name).DownloadStream(ctx, &blob.DownloadStreamOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &tag}},
	})
	if err != nil {
		return nil, wrap("reading", c.name, name, err)
	}
	body := response.NewRetryReader(ctx, nil)
	defer body.Close()
	size := deref(response.ContentLength)
	if size > limit {
		return nil, wrap("reading", c.name, name, &TooLong{Size: size, Limit: limit})
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(body, data); err != nil {
		return nil, wrap("reading", c.name, name, err)
	}
	return data, nil
}

// SetMetadata replaces a blob's metadata while it still is what etag says, else [ErrChanged].
func (c *Container) SetMetadata(ctx context.Context, name, etag string, metadata map[string]string) error {
	tag := azcore.ETag(etag)
	_, err := c.client.NewBlobClient(name).SetMetadata(ctx, pointers(metadata), &blob.SetMetadataOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &tag}},
	})
	return wrap("updating", c.name, name, err)
}

// Delete removes a blob with its snapshots, also one that somebody leased; one that isn't there is no error.
func (c *Container) Delete(ctx context.Context, name string) error {
	snapshots := blob.DeleteSnapshotsOptionTypeInclude
	err := c.despiteLease(ctx, name, func() error {
		_, err := c.client.NewBlobClient(name).Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: &snapshots})
		return err
	})
	if err = wrap("deleting", c.name, name, err); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// despiteLease does what a lease can hold up, and breaks the lease where it does: the right to stage blocks is the right
// to lease, and nobody may keep the account's owner from removing what they left.
//
// https://learn.microsoft.com/rest/api/storageservices/lease-blob
func (c *Container) despiteLease(ctx context.Context, name string, do func() error) error {
	err := do()
	if !bloberror.HasCode(err, bloberror.LeaseIDMissing) {
		return err
	}
	client, err := lease.NewBlobClient(c.client.NewBlobClient(name), nil)
	if err != nil {
		return err
	}
	at := int32(0)
	if _, err := client.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: &at}); err != nil {
		return err
	}
	return do()
}

func createOnly() *blob.ModifiedAccessConditions {
	any := azcore.ETagAny
	return &blob.ModifiedAccessConditions{IfNoneMatch: &any}
}

func wrap(doing, container, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s/%s: %w", doing, container, name, classify(err))
}

func pointers(m map[string]string) map[string]*string {
	out := make(map[string]*string, len(m))
	for k, v := range m {
		out[k] = &v
	}
	return out
}

// values copies metadata with its names in lower case: HTTP canonicalizes them on the way.
func values(m map[string]*string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = deref(v)
	}
	return out
}
