package photo

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/valetkey/valetkey/internal/azure"
)

// Photo is a published photo with leave to read it for a while.
type Photo struct {
	ID            ID
	Title         string
	Width, Height int // upright
	Thumbhash     []byte
	Color         string // the colour that most of it has, "#rrggbb", or empty
	CreatedAt     time.Time
	Variants      []Rendition // narrowest first
	Original      Rendition   // to be downloaded; the widest variant where originals aren't published
	Details       Details     // for the owner alone
}

// Rendition is one image of a photo.
type Rendition struct {
	Width, Height int
	Type          string
	Bytes         int64
	URL           string // with a SAS
}

// Page is a part of a gallery.
type Page struct {
	Photos []Photo
	Cursor string // of the next page; empty on the last
}

// MaxPage is the most photos a page holds.
const MaxPage = 200

// List answers an owner's photos, newest first, limit at most (1 to [MaxPage]) from where cursor says. A cursor that
// storage did not give is [ErrCursor].
func (s *Service) List(ctx context.Context, owner string, limit int, cursor string) (Page, error) {
	// Azure may answer a page with nothing but the marker of the next. Clients should not have to know that; but a list
	// of nothing but what is no entry must not hold a request for ever.
	const attempts = 10
	page, err := s.list(ctx, owner, limit, cursor)
	for n := 1; err == nil && len(page.Photos) == 0 && page.Cursor != "" && n < attempts; n++ {
		page, err = s.list(ctx, owner, limit, page.Cursor)
	}
	return page, err
}

func (s *Service) list(ctx context.Context, owner string, limit int, cursor string) (Page, error) {
	blobs, next, err := s.index.List(ctx, azure.ListOptions{
		Prefix: indexPrefix(owner), Marker: cursor, Limit: limit, Metadata: true,
	})
	if errors.Is(err, azure.ErrMarker) {
		return Page{}, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	if err != nil {
		return Page{}, err
	}
	page := Page{Photos: make([]Photo, 0, len(blobs)), Cursor: next}
	for _, b := range blobs {
		id, err := ParseID(b.Name[len(indexPrefix(owner)):])
		if err != nil {
			continue // not an entry: somebody put it there by hand
		}
		e, err := parseEntry(b.Metadata)
		if err != nil {
			s.log.WarnContext(ctx, "skipping an index entry", "name", b.Name, "error", err)
			continue
		}
		photo, err := s.view(ctx, owner, id, e)
		if err != nil {
			return Page{}, err
		}
		page.Photos = append(page.Photos, photo)
	}
	return page, nil
}

// Get answers one photo, or [ErrNotFound].
func (s *Service) Get(ctx context.Context, owner string, id ID) (Photo, error) {
	e, _, err := s.entry(ctx, owner, id)
	if err != nil {
		return Photo{}, err
	}
	return s.view(ctx, owner, id, e)
}

// Rename gives a photo another title, cleaned by [CleanTitle].
func (s *Service) Rename(ctx context.Context, owner string, id ID, title string) (Photo, error) {
	const attempts = 3 // against others who rename the same photo at the same time
	for attempt := 1; ; attempt++ {
		e, etag, err := s.entry(ctx, owner, id)
		if err != nil {
			return Photo{}, err
		}
		e.title = CleanTitle(title)
		err = s.index.SetMetadata(ctx, indexName(owner, id), etag, e.metadata())
		switch {
		case err == nil:
			return s.view(ctx, owner, id, e)
		case errors.Is(err, azure.ErrChanged) && attempt < attempts:
			continue
		}
		return Photo{}, asOurs(err)
	}
}

// Delete removes a photo and all its variants, the index entry first, so that no list names what is half gone. Where an
// earlier attempt got no further than that, it removes the rest.
func (s *Service) Delete(ctx context.Context, owner string, id ID) error {
	_, _, err := s.entry(ctx, owner, id)
	if errors.Is(err, ErrNotFound) {
		return s.deleteRest(ctx, owner, id)
	}
	if err != nil {
		return err
	}
	if err := s.index.Delete(ctx, indexName(owner, id)); err != nil {
		return err
	}
	s.usage.removed(owner)
	return s.deletePublished(ctx, owner, id)
}

// deleteRest removes the images of a photo without an index entry. They may as well be of one that is being published:
// then what it comes of goes first, which whoever publishes it takes for an abort.
func (s *Service) deleteRest(ctx context.Context, owner string, id ID) error {
	blobs, _, err := s.published.List(ctx, azure.ListOptions{Prefix: publishedPrefix(owner, id), Limit: 1})
	if err != nil {
		return err
	}
	if len(blobs) == 0 {
		return ErrNotFound
	}
	if err := s.landing.Delete(ctx, landingName(owner, id)); err != nil {
		return err
	}
	return s.deletePublished(ctx, owner, id)
}

// deletePublished removes all images of a photo. One that cannot be removed keeps none of the others.
func (s *Service) deletePublished(ctx context.Context, owner string, id ID) error {
	if err := s.private.Delete(ctx, privateName(owner, id)); err != nil {
		return err
	}
	var deletes errgroup.Group
	deletes.SetLimit(parallelPuts)
	for blob, err := range s.published.All(ctx, azure.ListOptions{Prefix: publishedPrefix(owner, id)}) {
		if err != nil {
			return errors.Join(err, deletes.Wait())
		}
		deletes.Go(func() error { return s.published.Delete(ctx, blob.Name) })
	}
	return deletes.Wait()
}

func (s *Service) entry(ctx context.Context, owner string, id ID) (e entry, etag string, err error) {
	blob, err := s.index.Stat(ctx, indexName(owner, id))
	if err != nil {
		return e, "", asOurs(err)
	}
	e, err = parseEntry(blob.Metadata)
	return e, blob.ETag, err
}

// view makes what a client sees of an entry: the facts, and a SAS for each image.
func (s *Service) view(ctx context.Context, owner string, id ID, e entry) (Photo, error) {
	p := Photo{
		ID: id, Title: e.title, Width: e.width, Height: e.height, Thumbhash: e.thumbhash, Color: e.color, Details: e.details, CreatedAt: id.Time(),
		Variants: make([]Rendition, len(e.variants)),
	}
	now := s.options.Now()
	rendition := func(name string, of stored, disposition string) (Rendition, error) {
		g := s.policy.Read(PublishedContainer, name, disposition, now)
		url, err := s.sign(ctx, g)
		return Rendition{Width: of.width, Height: of.height, Type: of.contentType, Bytes: of.bytes, URL: url}, err
	}
	var err error
	for i, v := range e.variants {
		if p.Variants[i], err = rendition(variantName(owner, id, v.width, v.ext), v, ""); err != nil {
			return Photo{}, err
		}
	}
	download, name := e.original, originalName(owner, id, e.original.ext)
	if download.ext == "" {
		download = e.variants[len(e.variants)-1]
		name = variantName(owner, id, download.width, download.ext)
	}
	p.Original, err = rendition(name, download, attachment(e.title, download.ext, id))
	return p, err
}

// attachment names the file that a download of the original becomes (RFC 6266, RFC 8187). Browsers drop folders from it,
// but not every program does.
func attachment(title, ext string, id ID) string {
	name := strings.Trim(strings.NewReplacer("/", "_", `\`, "_").Replace(title), ". ")
	if name == "" {
		name = string(id)
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + ext})
}
