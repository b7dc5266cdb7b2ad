package photo

import (
	"context"
	"errors"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/imaging"
)

// Complete commits what was staged, checks it and publishes the photo. It may be called again, also at the same time:
// the answer is the same photo. Nothing but the photo is left behind, and nothing at all where it answers *[TooLarge],
// *[OverQuota] or *[imaging.Refusal]; after *[Incomplete] or [ErrChanged] the client may go on.
func (s *Service) Complete(ctx context.Context, owner string, id ID, filename string, size int64) (Photo, error) {
	result, err, _ := s.inFlight.Do(landingName(owner, id), func() (any, error) {
		// A client that hangs up must not waste the work that is nearly done, nor fail those who wait for the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.ProcessTimeout)
		defer cancel()
		return s.complete(ctx, owner, id, filename, size)
	})
	if err != nil {
		return Photo{}, err
	}
	return result.(Photo), nil
}

func (s *Service) complete(ctx context.Context, owner string, id ID, filename string, size int64) (Photo, error) {
	photo, err := s.Get(ctx, owner, id)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return photo, err
	}
	if err := s.checkWindow(id); err != nil {
		return Photo{}, err
	}
	name := landingName(owner, id)
	etag, err := s.commit(ctx, name, size)
	if err != nil {
		return Photo{}, err
	}
	data, err := s.landing.Read(ctx, name, etag, s.options.MaxUpload)
	if errors.Is(err, azure.ErrNotFound) { // another replica was faster
		return s.Get(ctx, owner, id)
	}
	if err != nil {
		return Photo{}, asOurs(err)
	}
	entry, err := s.publish(ctx, owner, id, titleOf(filename), data)
	if refused(err) {
		return Photo{}, errors.Join(err, s.landing.Delete(ctx, name))
	}
	if err != nil {
		return Photo{}, err
	}
	if err := s.landing.Delete(ctx, name); err != nil {
		return Photo{}, err
	}
	return s.view(ctx, owner, id, entry)
}

// commit makes a blob of an upload's blocks and returns its ETag, which ties what is read to what was committed.
func (s *Service) commit(ctx context.Context, name string, size int64) (etag string, err error) {
	staged, err := s.landing.Staged(ctx, name)
	if err != nil {
		return "", err
	}
	landed, err := s.landing.Stat(ctx, name)
	switch {
	case err == nil: // committed by an earlier attempt, or written whole by the client: what counts is what is there
		return landed.ETag, s.checkSize(ctx, name, landed.Size)
	case !errors.Is(err, azure.ErrNotFound):
		return "", err
	}
	var total int64
	for _, b := range staged {
		total += b.Size
	}
	if err := s.checkSize(ctx, name, max(total, size)); err != nil {
		return "", err
	}
	ids, err := assemble(staged, size, s.blockSize)
	if err != nil {
		return "", err
	}
	etag, err = s.landing.Commit(ctx, name, ids, "application/octet-stream")
	return etag, asOurs(err)
}

// checkSize removes what landed or was staged under name where it is more than may be uploaded.
func (s *Service) checkSize(ctx context.Context, name string, size int64) error {
	if size <= s.options.MaxUpload {
		return nil
	}
	return errors.Join(&TooLarge{Size: size, Limit: s.options.MaxUpload}, s.landing.Discard(ctx, name))
}

// refused tells the input's faults, after which its bytes are of no use, from our own, after which one may try again.
func refused(err error) bool {
	var refusal *imaging.Refusal
	var quota *OverQuota
	return errors.As(err, &refusal) || errors.As(err, &quota)
}
