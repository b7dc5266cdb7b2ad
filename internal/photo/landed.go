package photo

import (
	"context"
	"errors"

	"github.com/valetkey/valetkey/internal/azure"
)

// PublishLanded goes through what landed through the container SAS of GET /api/credentials, publishes what is a photo
// under [PublicOwner] and removes the rest. Calling it again, or from several replicas, does no harm: a photo's id
// comes from what landed.
func (s *Service) PublishLanded(ctx context.Context) error {
	var failed error
	for blob, err := range s.landing.All(ctx, azure.ListOptions{}) {
		if err != nil {
			return errors.Join(failed, err)
		}
		if _, _, upload := parseLanding(blob.Name); upload {
			continue // its owner completes it, or the sweep removes it
		}
		if err := s.publishLanded(ctx, blob); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (s *Service) publishLanded(ctx context.Context, blob azure.Blob) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.ProcessTimeout)
	defer cancel()
	id := derivedID(blob.Modified, blob.Name, blob.ETag)
	if _, err := s.Get(ctx, PublicOwner, id); err == nil { // published before, but not yet removed
		return s.landing.Delete(ctx, blob.Name)
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	err := s.checkSize(ctx, blob.Name, blob.Size)
	if err == nil {
		var data []byte
		data, err = s.read(ctx, blob)
		if errors.Is(err, azure.ErrNotFound) || errors.Is(err, azure.ErrChanged) {
			return nil // another replica was faster, or the next look sees what it is now
		}
		if err == nil {
			_, err = s.publish(ctx, PublicOwner, id, About{Filename: blob.Name}, data, nil)
		}
	}
	if refused(err) {
		s.log.InfoContext(ctx, "refused what landed", "name", blob.Name, "bytes", blob.Size, "reason", err)
		return s.landing.Delete(ctx, blob.Name)
	}
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "published what landed", "name", blob.Name, "bytes", blob.Size, "photo", id)
	return s.landing.Delete(ctx, blob.Name)
}
