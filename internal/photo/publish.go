package photo

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/imaging"
)

const (
	// immutable: what is published under a name never changes, and only who holds a SAS may keep a copy.
	immutable    = "private, max-age=31536000, immutable"
	parallelPuts = 4
)

// publish checks data, rebuilds it and writes what may be served, the index entry last: a photo is there wholly or not
// at all.
func (s *Service) publish(ctx context.Context, owner string, id ID, title string, data []byte) (entry, error) {
	result, err := s.pipeline.Process(ctx, data)
	if err != nil {
		return entry{}, err
	}
	e := entry{title: title, width: result.Width, height: result.Height, thumbhash: result.Thumbhash,
		content: HashContent(data)}
	e.original = storedOf(result.Original)
	for _, v := range result.Variants {
		e.variants = append(e.variants, storedOf(v))
		e.total += int64(len(v.Data))
	}
	e.total += e.original.bytes
	if err := s.checkQuota(ctx, owner, e.total); err != nil {
		return entry{}, err
	}
	puts, putCtx := errgroup.WithContext(ctx)
	puts.SetLimit(parallelPuts)
	put := func(name string, image imaging.Image) {
		puts.Go(func() error {
			return s.published.Put(putCtx, name, image.Data, azure.PutOptions{Type: image.Type, CacheControl: immutable})
		})
	}
	put(originalName(owner, id, result.Original.Ext), result.Original)
	for _, v := range result.Variants {
		put(variantName(owner, id, v.Width, v.Ext), v)
	}
	if err := puts.Wait(); err != nil {
		return entry{}, fmt.Errorf("publishing: %w", err)
	}
	err = s.index.Put(ctx, indexName(owner, id), nil, azure.PutOptions{
		Type: "application/octet-stream", CacheControl: "no-store", Metadata: e.metadata(),
	})
	if err != nil {
		return entry{}, fmt.Errorf("publishing: %w", err)
	}
	s.usage.add(owner, 1, e.total)
	return e, nil
}

func storedOf(i imaging.Image) stored {
	return stored{width: i.Width, height: i.Height, contentType: i.Type, ext: i.Ext, bytes: int64(len(i.Data))}
}
