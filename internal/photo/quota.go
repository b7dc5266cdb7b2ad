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
	photos  int
	bytes   int64
	counted time.Time
}

// usageCache remembers each owner's usage for a short time, because counting lists the owner's whole index.
type usageCache struct {
	count func(ctx context.Context, owner string) (usage, error)
	now   func() time.Time

	mu     sync.Mutex
	owners map[string]usage
}

func newUsageCache(count func(context.Context, string) (usage, error), now func() time.Time) *usageCache {
	return &usageCache{count: count, now: now, owners: map[string]usage{}}
}

func (c *usageCache) of(ctx context.Context, owner string) (usage, error) {
	c.mu.Lock()
	u, ok := c.owners[owner]
	c.mu.Unlock()
	if ok && c.now().Sub(u.counted) < usageFresh {
		return u, nil
	}
	u, err := c.count(ctx, owner)
	if err != nil {
		return usage{}, err
	}
	u.counted = c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for other := range c.owners { // any will do: a count is cheap to make again
		if len(c.owners) < usageOwners {
			break
		}
		delete(c.owners, other)
	}
	c.owners[owner] = u
	return u, nil
}

// add keeps a remembered count right between counts.
func (c *usageCache) add(owner string, photos int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u, ok := c.owners[owner]; ok {
		u.photos += photos
		u.bytes += bytes
		c.owners[owner] = u
	}
}

func (s *Service) countUsage(ctx context.Context, owner string) (u usage, err error) {
	for blob, err := range s.index.All(ctx, azure.ListOptions{Prefix: indexPrefix(owner), Metadata: true}) {
		if err != nil {
			return usage{}, err
		}
		if e, err := parseEntry(blob.Metadata); err == nil {
			u.photos++
			u.bytes += e.total
		}
	}
	return u, nil
}

// checkQuota answers *[OverQuota] where one more photo of so many bytes is more than the owner may have.
func (s *Service) checkQuota(ctx context.Context, owner string, more int64) error {
	if s.options.QuotaBytes < 0 && s.options.QuotaPhotos < 0 {
		return nil
	}
	u, err := s.usage.of(ctx, owner)
	if err != nil {
		return err
	}
	overBytes := s.options.QuotaBytes >= 0 && u.bytes+more > s.options.QuotaBytes
	overPhotos := s.options.QuotaPhotos >= 0 && u.photos+1 > s.options.QuotaPhotos
	if overBytes || overPhotos {
		return &OverQuota{Bytes: u.bytes, BytesLimit: s.options.QuotaBytes, Photos: u.photos, PhotosLimit: s.options.QuotaPhotos}
	}
	return nil
}
