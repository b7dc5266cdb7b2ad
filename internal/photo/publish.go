package photo

import (
	"context"
	"errors"
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

// About is what the one who uploads says of a photo.
type About struct {
	Filename  string // without its ending it becomes the title
	KeepPlace bool   // where it was taken goes into the owner's details
}

// publish checks data, rebuilds it and writes what may be served, the index entry last: a photo is there wholly or not
// at all. Just before that it asks wanted, if there is one, whether the photo still is; where not, it removes what it
// wrote. A photo that another replica has published meanwhile stays as it is.
func (s *Service) publish(ctx context.Context, owner string, id ID, about About, data []byte, wanted func(context.Context) error) (e entry, err error) {
	result, err := s.pipeline.Process(ctx, data)
	if err != nil {
		return entry{}, err
	}
	e = entry{title: titleOf(about.Filename), color: result.Color, details: detailsOf(result.Details, about.KeepPlace),
		width: result.Width, height: result.Height, thumbhash: result.Thumbhash,
		content: HashContent(data)}
	if result.Original.Data != nil {
		e.original = storedOf(result.Original)
	}
	for _, v := range result.Variants {
		e.variants = append(e.variants, storedOf(v))
		e.total += int64(len(v.Data))
	}
	e.total += e.original.bytes
	if s.options.KeepOriginals {
		e.total += int64(len(data))
	}
	settle, err := s.reserveQuota(ctx, owner, e.total)
	if err != nil {
		return entry{}, err
	}
	published := false
	defer func() { settle(published) }()
	if err := s.putImages(ctx, owner, id, data, result); err != nil {
		return entry{}, fmt.Errorf("publishing: %w", err)
	}
	if wanted != nil {
		if err := wanted(ctx); err != nil {
			return entry{}, s.unpublish(ctx, owner, id, err)
		}
	}
	err = s.index.Put(ctx, indexName(owner, id), nil, azure.PutOptions{
		Type: "application/octet-stream", CacheControl: "no-store", Metadata: e.metadata(), CreateOnly: true,
	})
	if errors.Is(err, azure.ErrExists) {
		e, _, err = s.entry(ctx, owner, id)
		return e, err
	}
	if err != nil {
		return entry{}, fmt.Errorf("publishing: %w", err)
	}
	published = true
	return e, nil
}

// unpublish removes what was written of a photo that nobody wants any more, and returns why.
func (s *Service) unpublish(ctx context.Context, owner string, id ID, why error) error {
	if _, _, err := s.entry(ctx, owner, id); !errors.Is(err, ErrNotFound) {
		return why // another replica was faster, or whether it was cannot be told: the sweep can tell later
	}
	return errors.Join(why, s.deletePublished(ctx, owner, id))
}

// putImages writes a photo's images, and data as it came in where that is kept.
func (s *Service) putImages(ctx context.Context, owner string, id ID, data []byte, result *imaging.Photo) error {
	puts, putCtx := errgroup.WithContext(ctx)
	puts.SetLimit(parallelPuts)
	put := func(name string, image imaging.Image) {
		puts.Go(func() error {
			return s.published.Put(putCtx, name, image.Data, azure.PutOptions{Type: image.Type, CacheControl: immutable})
		})
	}
	if result.Original.Data != nil {
		put(originalName(owner, id, result.Original.Ext), result.Original)
	}
	if s.options.KeepOriginals {
		puts.Go(func() error {
			return s.private.Put(putCtx, privateName(owner, id), data, azure.PutOptions{Type: "application/octet-stream", CacheControl: "no-store"})
		})
	}
	for _, v := range result.Variants {
		put(variantName(owner, id, v.Width, v.Ext), v)
	}
	return puts.Wait()
}

func storedOf(i imaging.Image) stored {
	return stored{width: i.Width, height: i.Height, contentType: i.Type, ext: i.Ext, bytes: int64(len(i.Data))}
}
