package photo

import (
	"context"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
)

const (
	usageFresh  = time.Minute // how long a count is believed; other replicas add to it unseen
	usageOwners = 10_000      // how many owners' counts are kept
)

// usage is what an owner has published.
type usage struct {
	photos int
	bytes  int64
}

func (u usage) plus(v usage) usage { return usage{u.photos + v.photos, u.bytes + v.bytes} }

func (u usage) minus(v usage) usage { return usage{u.photos - v.photos, u.bytes - v.bytes} }

// usageCache remembers each owner's usage for a short time, because counting lists the owner's whole index. What is being
// published just now is reserved in it, so that many at once stay within the quota too.
type usageCache struct {
	count func(ctx context.Context, owner string) (usage, error)
	now   func() time.Time

	mu     sync.Mutex
	owners map[string]*ownerUsage
}

// ownerUsage is what is known of one owner.
type ownerUsage struct {
	counted  usage
	at       time.Time // when it was counted; zero: never, or not any more
	changes  int       // of what is published, to tell whether a count still holds when it is done
	reserved usage     // being published
}

func newUsageCache(count func(context.Context, string) (usage, error), now func() time.Time) *usageCache {
	return &usageCache{count: count, now: now, owners: map[string]*ownerUsage{}}
}

// check calls allow with what an owner has and is about to have. Where allow has no objection and hold is not zero, hold
// is reserved until settle is called, which says whether it has been published.
func (c *usageCache) check(ctx context.Context, owner string, hold usage, allow func(usage) error) (settle func(published bool), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.of(owner)
	if c.now().Sub(u.at) >= usageFresh {
		before := u.changes
		c.mu.Unlock()
		counted, err := c.count(ctx, owner)
		c.mu.Lock()
		if err != nil {
			return nil, err
		}
		u = c.of(owner) // it may have been forgotten meanwhile
		if u.counted = counted; u.changes == before {
			u.at = c.now()
		}
	}
	if err := allow(u.counted.plus(u.reserved)); err != nil {
		return nil, err
	}
	if hold == (usage{}) {
		return func(bool) {}, nil
	}
	u.reserved = u.reserved.plus(hold)
	return func(published bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		u.reserved = u.reserved.minus(hold)
		if published {
			u.counted = u.counted.plus(hold)
			u.changes++
		}
	}, nil
}

// of finds an owner's usage, or makes room for it. c.mu is held.
func (c *usageCache) of(owner string) *ownerUsage {
	if u, ok := c.owners[owner]; ok {
		return u
	}
	for other, u := range c.owners { // any will do: a count is cheap to make again
		if len(c.owners) < usageOwners {
			break
		}
		if u.reserved == (usage{}) {
			delete(c.owners, other)
		}
	}
	u := &ownerUsage{}
	c.owners[owner] = u
	return u
}

// removed tells that something of an owner's has been deleted. How much may be told twice, so it is counted again.
func (c *usageCache) removed(owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u, ok := c.owners[owner]; ok {
		u.at = time.Time{}
		u.changes++
	}
}

func (s *Service) countUsage(ctx context.Context, owner string) (u usage, err error) {
	for blob, err := range s.index.All(ctx, azure.ListOptions{Prefix: indexPrefix(owner), Metadata: true}) {
		if err != nil {
			return usage{}, err
		}
		if e, err := parseEntry(blob.Metadata); err == nil {
			u = u.plus(usage{1, e.total})
		}
	}
	return u, nil
}

// checkQuota answers *[OverQuota] where one more photo of so many bytes is more than the owner may have.
func (s *Service) checkQuota(ctx context.Context, owner string, more int64) error {
	_, err := s.reserve(ctx, owner, more, usage{})
	return err
}

// reserveQuota is [Service.checkQuota] for a photo that is about to be published; settle says whether it has been.
func (s *Service) reserveQuota(ctx context.Context, owner string, more int64) (settle func(published bool), err error) {
	return s.reserve(ctx, owner, more, usage{1, more})
}

func (s *Service) reserve(ctx context.Context, owner string, more int64, hold usage) (settle func(published bool), err error) {
	if s.options.QuotaBytes < 0 && s.options.QuotaPhotos < 0 {
		return func(bool) {}, nil
	}
	return s.usage.check(ctx, owner, hold, func(u usage) error {
		overBytes := s.options.QuotaBytes >= 0 && u.bytes+more > s.options.QuotaBytes
		overPhotos := s.options.QuotaPhotos >= 0 && u.photos+1 > s.options.QuotaPhotos
		if overBytes || overPhotos {
			return &OverQuota{Bytes: u.bytes, BytesLimit: s.options.QuotaBytes, Photos: u.photos, PhotosLimit: s.options.QuotaPhotos}
		}
		return nil
	})
}
