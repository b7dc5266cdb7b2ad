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
func (s *Service) Complete(ctx context.Context, owner string, id ID, about About, size int64) (Photo, error) {
	result, err, _ := s.inFlight.Do(landingName(owner, id), func() (any, error) {
		// A client that hangs up must not waste the work that is nearly done, nor fail those who wait for the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.ProcessTimeout)
		defer cancel()
		return s.complete(ctx, owner, id, about, size)
	})
	if err != nil {
		return Photo{}, err
	}
	return result.(Photo), nil
}

func (s *Service) complete(ctx context.Context, owner string, id ID, about About, size int64) (Photo, error) {
	name := landingName(owner, id)
	photo, err := s.Get(ctx, owner, id)
	if err == nil { // an earlier attempt may have ended before this, and a client may have gone on staging
		return photo, s.landing.Discard(ctx, name)
	}
	if !errors.Is(err, ErrNotFound) {
		return Photo{}, err
	}
	if err := s.checkWindow(id); err != nil {
		return Photo{}, err
	}
	landed, err := s.commit(ctx, name, size)
	if err != nil {
		return Photo{}, err
	}
	entry, err := s.publishUpload(ctx, owner, id, about, landed)
	if refused(err) {
		return Photo{}, errors.Join(err, s.landing.Delete(ctx, name))
	}
	if errors.Is(err, azure.ErrNotFound) { // another replica was faster, or the upload was aborted
		return s.Get(ctx, owner, id)
	}
	if err != nil {
		return Photo{}, asOurs(err)
	}
	if err := s.landing.Delete(ctx, name); err != nil {
		return Photo{}, err
	}
	return s.view(ctx, owner, id, entry)
}

// publishUpload reads what was committed, checks and publishes it, while it still is what was committed.
func (s *Service) publishUpload(ctx context.Context, owner string, id ID, about About, landed azure.Blob) (entry, error) {
	memory := min(landed.Size, s.options.ReadBudget)
	if err := s.reading.Acquire(ctx, memory); err != nil {
		return entry{}, err
	}
	defer s.reading.Release(memory)
	data, err := s.read(ctx, landed)
	if err != nil {
		return entry{}, err
	}
	return s.publish(ctx, owner, id, about, data, func(ctx context.Context) error {
		now, err := s.landing.Stat(ctx, landed.Name)
		if err == nil && now.ETag != landed.ETag {
			err = ErrChanged
		}
		return err
	})
}

// read returns the bytes of what landed. That it is too large, or stored so that nobody can read it, is the fault of
// whoever wrote it.
func (s *Service) read(ctx context.Context, landed azure.Blob) ([]byte, error) {
	data, err := s.landing.Read(ctx, landed.Name, landed.ETag, s.options.MaxUpload)
	var long *azure.TooLong
	switch {
	case errors.As(err, &long):
		return nil, &TooLarge{Size: long.Size, Limit: long.Limit}
	case errors.Is(err, azure.ErrUnreadable):
		return nil, &imaging.Refusal{Reason: imaging.UnsupportedFormat, Message: "The file is stored in a way in which it cannot be read."}
	}
	return data, err
}

// commit makes a blob of an upload's blocks and returns it with its ETag, which ties what is read to what was committed.
func (s *Service) commit(ctx context.Context, name string, size int64) (landed azure.Blob, err error) {
	staged, err := s.landing.Staged(ctx, name)
	if err != nil {
		return landed, err
	}
	landed, err = s.landing.Stat(ctx, name)
	switch {
	case err == nil: // committed by an earlier attempt, or written whole by the client: what counts is what is there
		return landed, s.checkSize(ctx, name, landed.Size)
	case !errors.Is(err, azure.ErrNotFound):
		return landed, err
	}
	var total int64
	for _, b := range staged {
		total += b.Size
	}
	if err := s.checkSize(ctx, name, max(total, size)); err != nil {
		return landed, err
	}
	ids, err := assemble(staged, size, s.blockSize)
	if err != nil {
		return landed, err
	}
	etag, err := s.landing.Commit(ctx, name, ids, "application/octet-stream")
	return azure.Blob{Name: name, ETag: etag, Size: size}, asOurs(err)
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
	var large *TooLarge
	return errors.As(err, &refusal) || errors.As(err, &quota) || errors.As(err, &large)
}
