package diskstore

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/valetkey/valetkey/blobstore"
)

// propertiesCache keeps each account's service properties as they were last read: every request that a browser sends
// needs the CORS rules. There are as many accounts as somebody set properties for or asked for them, so it is cleared
// when it has grown beyond reason.
type propertiesCache struct {
	mu       sync.Mutex
	accounts map[string]blobstore.ServiceProperties
	changes  int // a reader that began before a change must not bring back what it saw
}

const maxCachedProperties = 1000

// get returns what is kept of an account, and what put needs to know.
func (c *propertiesCache) get(account string) (p blobstore.ServiceProperties, changes int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok = c.accounts[account]
	return p, c.changes, ok
}

func (c *propertiesCache) put(account string, p blobstore.ServiceProperties, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changes != c.changes {
		return
	}
	if c.accounts == nil || len(c.accounts) >= maxCachedProperties {
		c.accounts = map[string]blobstore.ServiceProperties{}
	}
	c.accounts[account] = p
}

func (c *propertiesCache) forget(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.accounts, account)
}

// ServiceProperties implements blobstore.Store.
func (s *Store) ServiceProperties(ctx context.Context, account string) (p blobstore.ServiceProperties, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return p, err
	}
	defer end()
	p, changes, ok := s.properties.get(account)
	if ok {
		return p, nil
	}
	err = s.view(func(v view) error {
		p, err = v.serviceProperties(account)
		return err
	})
	if err == nil {
		s.properties.put(account, p, changes)
	}
	return p, err
}

// SetServiceProperties implements blobstore.Store.
func (s *Store) SetServiceProperties(ctx context.Context, account string, p blobstore.ServiceProperties) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	defer s.properties.forget(account) // whatever came of it
	return s.update(func(t *txn) error {
		now, err := t.serviceProperties(account)
		if err != nil {
			return err
		}
		replace(&now.CORS, p.CORS)
		replace(&now.DeleteRetention, p.DeleteRetention)
		replace(&now.DefaultServiceVersion, p.DefaultServiceVersion)
		replace(&now.StaticWebsite, p.StaticWebsite)
		replace(&now.Logging, p.Logging)
		replace(&now.HourMetrics, p.HourMetrics)
		replace(&now.MinuteMetrics, p.MinuteMetrics)
		b, err := json.Marshal(now)
		if err != nil {
			return err
		}
		t.put(bucketServices, appendName(nil, account), b)
		return nil
	})
}

// replace overwrites a setting with one that was given.
func replace[T any](old **T, given *T) {
	if given != nil {
		*old = given
	}
}

func (v view) serviceProperties(account string) (blobstore.ServiceProperties, error) {
	version := ""
	p := blobstore.ServiceProperties{
		CORS:                  &[]blobstore.CORSRule{},
		DeleteRetention:       &blobstore.DeleteRetention{},
		DefaultServiceVersion: &version,
		StaticWebsite:         &blobstore.StaticWebsite{},
		Logging:               &blobstore.Logging{Version: "1.0"},
		HourMetrics:           &blobstore.Metrics{Version: "1.0"},
		MinuteMetrics:         &blobstore.Metrics{Version: "1.0"},
	}
	if b := v.get(bucketServices, appendName(nil, account)); b != nil {
		if err := json.Unmarshal(b, &p); err != nil {
			return p, err
		}
	}
	return p, nil
}

// retention is the account's soft-delete policy.
func (v view) retention(account string) (blobstore.DeleteRetention, error) {
	if v.get(bucketServices, appendName(nil, account)) == nil {
		return blobstore.DeleteRetention{}, nil
	}
	p, err := v.serviceProperties(account)
	if err != nil {
		return blobstore.DeleteRetention{}, err
	}
	return *p.DeleteRetention, nil
}
