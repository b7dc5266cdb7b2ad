package photo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/imaging"
)

// Upload is leave to stage one photo's blocks for a few minutes.
type Upload struct {
	ID        ID
	URL       string // of one blob, with a SAS
	BlockSize int64  // bytes of every block but the last
	ExpiresAt time.Time
	Blocks    []azure.Block // staged already
	Arrived   bool          // in whole: there is nothing left to stage, and only ID is set beside this
}

// Begin lets an owner upload a photo that is said to be of this type and size. It answers *[TooLarge], *[WrongType] or
// *[OverQuota] where that can be told beforehand; what is said now is checked again when the bytes are there.
func (s *Service) Begin(ctx context.Context, owner, contentType string, size int64) (Upload, error) {
	if size > s.options.MaxUpload {
		return Upload{}, &TooLarge{Size: size, Limit: s.options.MaxUpload}
	}
	// Browsers leave the type empty where they don't know the file's ending; then the bytes decide alone.
	if contentType != "" && !imaging.Accepts(contentType) {
		return Upload{}, &WrongType{Type: contentType}
	}
	if err := s.checkQuota(ctx, owner, size); err != nil {
		return Upload{}, err
	}
	now := s.options.Now()
	id, err := NewID(now, s.options.Random)
	if err != nil {
		return Upload{}, fmt.Errorf("no randomness for an id: %w", err)
	}
	return s.offer(ctx, owner, id, nil, now)
}

// Resume renews an upload's SAS and tells what was staged. An upload that was committed gets no SAS any more: it has
// arrived, also when its window has ended since and its photo is published.
func (s *Service) Resume(ctx context.Context, owner string, id ID) (Upload, error) {
	expired := s.checkWindow(id)
	var blocks []azure.Block
	if expired == nil {
		var err error
		if blocks, err = s.landing.Staged(ctx, landingName(owner, id)); err != nil {
			return Upload{}, err
		}
	}
	if len(blocks) == 0 {
		arrived, err := s.arrived(ctx, owner, id, expired)
		if err != nil {
			return Upload{}, err
		}
		if arrived {
			return Upload{ID: id, Arrived: true}, nil
		}
	}
	if expired != nil {
		return Upload{}, expired
	}
	slices.SortFunc(blocks, func(a, b azure.Block) int { return strings.Compare(a.ID, b.ID) })
	return s.offer(ctx, owner, id, blocks, s.options.Now())
}

// arrived tells whether completing an upload needs none of its bytes any more. What landed is looked for first: by the
// time it is gone, its index entry is there. What landed and is not published counts only until its window has ended.
func (s *Service) arrived(ctx context.Context, owner string, id ID, expired error) (bool, error) {
	if expired == nil {
		_, err := s.landing.Stat(ctx, landingName(owner, id))
		if !errors.Is(err, azure.ErrNotFound) {
			return err == nil, err
		}
	}
	_, _, err := s.entry(ctx, owner, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Abort removes an upload's staged and landed bytes. A photo that came of it already stays.
func (s *Service) Abort(ctx context.Context, owner string, id ID) error {
	return s.landing.Discard(ctx, landingName(owner, id))
}

func (s *Service) offer(ctx context.Context, owner string, id ID, blocks []azure.Block, now time.Time) (Upload, error) {
	g := s.policy.Stage(LandingContainer, landingName(owner, id), id.GUID(), now)
	url, err := s.sign(ctx, g)
	if err != nil {
		return Upload{}, err
	}
	s.policy.Record(owner, g, now)
	return Upload{ID: id, URL: url, BlockSize: s.blockSize, ExpiresAt: g.Expiry, Blocks: blocks}, nil
}

// Credentials lets anybody create blobs in the landing container for a while: the account's Blob endpoint, and the SAS
// to put behind the URL of a blob there. What lands so is published under [PublicOwner] if it passes the checks. Within a
// second the answer is the same, so it may be given to several; [Service.RecordCredentials] is for each of them.
func (s *Service) Credentials(ctx context.Context) (endpoint, sasQuery string, err error) {
	g := s.policy.Create(LandingContainer, s.options.Now())
	url, err := s.sign(ctx, g)
	if err != nil {
		return "", "", err
	}
	_, sasQuery, _ = strings.Cut(url, "?")
	return s.account.BlobURL(), sasQuery, nil
}

// RecordCredentials writes the ledger's line for credentials that are given to somebody now.
func (s *Service) RecordCredentials(now time.Time) {
	s.policy.Record(PublicOwner, s.policy.Create(LandingContainer, now), now)
}

// clockSkew is how far the clocks of replicas may be apart.
const clockSkew = time.Minute

// checkWindow refuses ids from another time: an id is all there is to tell when an upload began.
func (s *Service) checkWindow(id ID) error {
	age := s.options.Now().Sub(id.Time())
	switch {
	case age < -clockSkew:
		return ErrNotFound
	case age > s.options.UploadWindow:
		return ErrExpired
	}
	return nil
}

// asOurs translates what storage says of an upload.
func asOurs(err error) error {
	switch {
	case errors.Is(err, azure.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, azure.ErrChanged), errors.Is(err, azure.ErrBlocks), errors.Is(err, azure.ErrExists):
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}
