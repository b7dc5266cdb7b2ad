package photo

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
)

// Sweep removes what nobody will come back for: uploads whose window is over, or that hold more than may be uploaded, and
// published images without an index entry that are as old. What is younger may still be on its way.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepLanding(ctx), s.sweepPublished(ctx))
}

func (s *Service) sweepLanding(ctx context.Context) error {
	var failed error
	for blob, err := range s.landing.All(ctx, azure.ListOptions{Uncommitted: true}) {
		if err != nil {
			return errors.Join(failed, err)
		}
		_, id, upload := parseLanding(blob.Name)
		if !upload {
			continue // see PublishLanded
		}
		hopeless, err := s.hopeless(ctx, id, blob)
		if err == nil && hopeless {
			err = s.landing.Discard(ctx, blob.Name)
		}
		if err != nil {
			failed = errors.Join(failed, err)
		} else if hopeless {
			s.log.InfoContext(ctx, "swept an abandoned upload", "name", blob.Name)
		}
	}
	return failed
}

// hopeless tells whether an upload can never be completed. Only a name that the API did not give has a time to come:
// whoever may create blobs may name them so.
func (s *Service) hopeless(ctx context.Context, id ID, blob azure.Blob) (bool, error) {
	began := id.Time()
	if s.outdated(began) || began.Sub(s.options.Now()) > clockSkew || blob.Size > s.options.MaxUpload {
		return true, nil
	}
	blocks, err := s.landing.Staged(ctx, blob.Name)
	var staged int64
	for _, b := range blocks {
		staged += b.Size
	}
	return staged > s.options.MaxUpload, err
}

func (s *Service) sweepPublished(ctx context.Context) error {
	var failed error
	var owner string
	var id ID
	for blob, err := range s.published.All(ctx, azure.ListOptions{}) {
		if err != nil {
			return errors.Join(failed, err)
		}
		folder := blob.Name[:strings.LastIndexByte(blob.Name, '/')+1]
		if folder == publishedPrefix(owner, id) { // looked at with the blob before
			continue
		}
		var ok bool
		if owner, id, ok = parseLanding(strings.TrimSuffix(folder, "/")); !ok || !s.outdated(blob.Modified) {
			continue
		}
		if _, _, err := s.entry(ctx, owner, id); !errors.Is(err, ErrNotFound) {
			continue // it has its entry, or whether it has cannot be told now
		}
		if err := s.deletePublished(ctx, owner, id); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		s.log.InfoContext(ctx, "swept images without an index entry", "owner", owner, "photo", id)
	}
	return failed
}

func (s *Service) outdated(since time.Time) bool {
	return s.options.Now().Sub(since) > s.options.UploadWindow+s.options.ProcessTimeout
}
