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
	delegationKeyLife   = 6 * time.Hour // Azure allows seven days; less is less to lose
	delegationKeyRenew  = 3 * time.Hour // how much a key must outlive the SAS's making: the longest life a SAS is given
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

func (s *delegationSigner) sign(ctx context.Context, v sas.Service, d Delegated) (string, error) {
	key, err := s.current(ctx, v.Expiry.Time())
	if err != nil {
		return "", err
	}
	delegated := sas.UserDelegation{
		Account: v.Account, Container: v.Container, Blob: v.Blob, Permissions: v.Permissions, Start: v.Start,
		Expiry: v.Expiry, IP: v.IP, Protocol: v.Protocol, Overrides: v.Overrides, CorrelationID: d.CorrelationID, SignedQuery: d.SignedQuery,
	}
	return delegated.Sign(key)
}

func (*delegationSigner) kind() sas.Kind { return sas.UserDelegationKind }

// current returns a key that outlives until, renewed well before its end and once for all who wait.
func (s *delegationSigner) current(ctx context.Context, until time.Time) (sas.DelegationKey, error) {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	if !key.Expiry.Time().Before(until) {
		if key.Expiry.Time().Sub(s.now()) < delegationKeyRenew {
			s.fetching.DoChan("", s.fetch(context.WithoutCancel(ctx))) // nobody waits: the key at hand still serves
		}
		return key, nil
	}
	select {
	case result := <-s.fetching.DoChan("", s.fetch(context.WithoutCancel(ctx))):
		if result.Err != nil {
			return sas.DelegationKey{}, result.Err
		}
		return result.Val.(sas.DelegationKey), nil
	case <-ctx.Done():
		return sas.DelegationKey{}, ctx.Err()
	}
}

func (s *delegationSigner) fetch(ctx context.Context) func() (any, error) {
	return func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		now := s.now().UTC()
		request := s.request
		request.Start, request.Expiry = now.Add(-delegationClockSkew), now.Add(delegationKeyLife)
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
