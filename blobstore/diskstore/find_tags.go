package diskstore

import (
	"bytes"
	"context"

	"github.com/valetkey/valetkey/blobstore"
)

// FindBlobsByTags implements blobstore.Store. It looks at every blob of the account that has tags.
func (s *Store) FindBlobsByTags(ctx context.Context, account string, o blobstore.FindBlobsOptions) (page blobstore.FoundPage, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return page, err
	}
	defer end()
	container := o.Container
	if container == "" {
		container = o.Where.Container()
	}
	// The marker is the key of the first container and blob of the next page.
	from, ok := decodeMarker(o.Marker)
	fromContainer, fromBlob, valid := cutName(from)
	if !ok || !valid {
		fromContainer, fromBlob = o.Marker, nil
	}
	err = s.view(func(v view) error {
		if o.Container != "" {
			if _, err := v.containerID(blobstore.ContainerName{Account: account, Container: o.Container}); err != nil {
				return err
			}
		}
		prefix := appendName(nil, account)
		first := fromContainer
		if container != "" {
			first = max(first, container)
		}
		c := v.cursor(bucketContainers)
		for k, value := c.Seek(appendEscaped(bytes.Clone(prefix), first)); bytes.HasPrefix(k, prefix); k, value = c.Next() {
			name, _, ok := cutName(k[len(prefix):])
			if !ok || len(value) < 8 {
				return errRecord
			}
			if container != "" && name != container {
				return nil
			}
			start := []byte(nil)
			if name == fromContainer {
				start = fromBlob
			}
			in := blobstore.ContainerName{Account: account, Container: name}
			full, err := v.findTagged(in, value[:8], start, o, &page)
			if full || err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return page, err
}

// findTagged adds the matching blobs of one container to the page; full says that there is at least one more.
func (v view) findTagged(in blobstore.ContainerName, id, start []byte, o blobstore.FindBlobsOptions, page *blobstore.FoundPage) (full bool, err error) {
	c := v.cursor(bucketTagged)
	for k, _ := c.Seek(append(bytes.Clone(id), start...)); bytes.HasPrefix(k, id); k, _ = c.Next() {
		r, err := v.liveBlob(versionKey(k, baseVersion))
		if err != nil {
			return false, err
		}
		if r == nil || !o.Where.Match(in.Container, r.tags) {
			continue
		}
		if len(page.Blobs) == pageLength(o.Max) {
			page.NextMarker = encodeMarker(append(appendName(nil, in.Container), k[8:]...))
			return true, nil
		}
		name, _, ok := cutName(k[8:])
		if !ok {
			return false, errRecord
		}
		tags := map[string]string{}
		for _, key := range o.Where.Keys() {
			if value, ok := r.tags[key]; ok {
				tags[key] = value
			}
		}
		page.Blobs = append(page.Blobs, blobstore.FoundBlob{Name: blobstore.BlobName{Account: in.Account, Container: in.Container, Blob: name}, Tags: tags})
	}
	return false, nil
}
