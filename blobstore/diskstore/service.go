package diskstore

import (
	"context"
	"encoding/json"

	"github.com/valetkey/valetkey/blobstore"
)

// ServiceProperties implements blobstore.Store.
func (s *Store) ServiceProperties(ctx context.Context, account string) (p blobstore.ServiceProperties, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return p, err
	}
	defer end()
	err = s.view(func(v view) error {
		p, err = v.serviceProperties(account)
		return err
	})
	return p, err
}

// SetServiceProperties implements blobstore.Store.
func (s *Store) SetServiceProperties(ctx context.Context, account string, p blobstore.ServiceProperties) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
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
