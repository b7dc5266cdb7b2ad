package azure

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/singleflight"

	"github.com/valetkey/valetkey/sas"
)

const (
	delegationKeyLife   = 6 * time.Hour // more where a SAS takes more; less is less to lose
	delegationKeyMax    = 7 * 24 * time.Hour
	delegationKeyRenew  = 3 * time.Hour // how long before its end a key is renewed
	delegationClockSkew = 15 * time.Minute
)

// delegationSigner signs with a user delegation key, which it fetches once and again before the key ends.
type delegationSigner struct {
	request  DelegationKeyRequest // but for its times
	now      func() time.Time
	fetching singleflight.Group

	mu  sync.Mutex
	key sas.DelegationKey
}

func newDelegationSigner(blobURL string, credential azcore.TokenCredential, o Options) *delegationSigner {
	request := DelegationKeyRequest{BlobURL: blobURL, Credential: credential, Client: o.client().ClientOptions}
	return &delegationSigner{request: request, now: o.Now}
}

func (s *delegationSigner) appendSigned(ctx context.Context, dst []byte, v sas.Service, d Delegated) ([]byte, error) {
	key, err := s.current(ctx, v.Expiry.Time())
	if err != nil {
		return dst, err
	}
	delegated := sas.UserDelegation{
		Account: v.Account, Container: v.Container, Blob: v.Blob, Permissions: v.Permissions, Start: v.Start,
		Expiry: v.Expiry, IP: v.IP, Protocol: v.Protocol, Overrides: v.Overrides, CorrelationID: d.CorrelationID, SignedQuery: d.SignedQuery,
	}
	return delegated.AppendSigned(dst, key)
}

func (*delegationSigner) kind() sas.Kind { return sas.UserDelegationKind }

// current returns a key that outlives until, renewed well before its end and once for all who wait.
func (s *delegationSigner) current(ctx context.Context, until time.Time) (sas.DelegationKey, error) {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	if !key.Expiry.Time().Before(until) {
		if key.Expiry.Time().Sub(s.now()) < delegationKeyRenew {
			s.fetching.DoChan("", s.fetch(context.WithoutCancel(ctx), key, until)) // nobody waits: the key at hand still serves
		}
		return key, nil
	}
	const attempts = 2 // the first may have been for somebody who needed less
	for range attempts {
		select {
		case result := <-s.fetching.DoChan("", s.fetch(context.WithoutCancel(ctx), key, until)):
			if result.Err != nil {
				return sas.DelegationKey{}, result.Err
			}
			key = result.Val.(sas.DelegationKey)
		case <-ctx.Done():
			return sas.DelegationKey{}, ctx.Err()
		}
		if !key.Expiry.Time().Before(until) {
			break
		}
	}
	return key, nil
}

// fetch gets a key that is newer than the one seen, unless somebody has got one since it was seen.
func (s *delegationSigner) fetch(ctx context.Context, seen sas.DelegationKey, until time.Time) func() (any, error) {
	return func() (any, error) {
		s.mu.Lock()
		latest := s.key
		s.mu.Unlock()
		if latest.Expiry.Time().After(seen.Expiry.Time()) {
			return latest, nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		now := s.now().UTC()
		request := s.request
		life := min(max(delegationKeyLife, until.Sub(now)+delegationKeyRenew), delegationKeyMax)
		request.Start, request.Expiry = now.Add(-delegationClockSkew), now.Add(life)
		key, err := request.Send(ctx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.key = key
		return key, nil
	}
}
