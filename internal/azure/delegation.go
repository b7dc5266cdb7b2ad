package azure

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"golang.org/x/sync/singleflight"

	"github.com/valetkey/valetkey/sas"
)

const (
	delegationKeyLife   = 6 * time.Hour // Azure allows seven days; less is less to lose
	delegationKeyRenew  = 3 * time.Hour // how much a key must outlive the SAS's making: the longest life a SAS is given
	delegationClockSkew = 15 * time.Minute
	delegationVersion   = "2022-11-02" // x-ms-version of the request, and so skv
	storageScope        = "https://storage.azure.com/.default"
)

// delegationSigner signs with a user delegation key, which it fetches once and again before the key ends.
//
// https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
type delegationSigner struct {
	pipeline runtime.Pipeline
	blobURL  string
	now      func() time.Time
	fetching singleflight.Group

	mu  sync.Mutex
	key sas.DelegationKey
}

func newDelegationSigner(blobURL string, credential azcore.TokenCredential, o Options) *delegationSigner {
	client := o.client().ClientOptions
	// The SDK's own client keeps the key's value to itself, so the one request is made here, on the SDK's pipeline.
	pipeline := runtime.NewPipeline("valetkey", "", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(credential, []string{storageScope}, nil)},
	}, &client)
	return &delegationSigner{pipeline: pipeline, blobURL: blobURL, now: o.Now}
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
		key, err := s.request(ctx)
		if err != nil {
			return nil, fmt.Errorf("user delegation key (the identity needs the role Storage Blob Delegator): %w", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.key = key
		return key, nil
	}
}

func (s *delegationSigner) request(ctx context.Context) (sas.DelegationKey, error) {
	now := s.now().UTC()
	start, expiry := now.Add(-delegationClockSkew), now.Add(delegationKeyLife)
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"KeyInfo"`
		Start   string
		Expiry  string
	}{Start: start.Format(time.RFC3339), Expiry: expiry.Format(time.RFC3339)})
	if err != nil {
		return sas.DelegationKey{}, err
	}
	request, err := runtime.NewRequest(ctx, http.MethodPost, s.blobURL+"/?restype=service&comp=userdelegationkey")
	if err != nil {
		return sas.DelegationKey{}, err
	}
	request.Raw().Header.Set("x-ms-version", delegationVersion)
	if err := request.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/xml"); err != nil {
		return sas.DelegationKey{}, err
	}
	response, err := s.pipeline.Do(request)
	if err != nil {
		return sas.DelegationKey{}, err
	}
	defer response.Body.Close()
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return sas.DelegationKey{}, runtime.NewResponseError(response)
	}
	return parseDelegationKey(response)
}

func parseDelegationKey(response *http.Response) (key sas.DelegationKey, err error) {
	var answer struct {
		SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, Value string
	}
	if err := runtime.UnmarshalAsXML(response, &answer); err != nil {
		return key, err
	}
	key = sas.DelegationKey{ObjectID: answer.SignedOid, TenantID: answer.SignedTid,
		Service: answer.SignedService, Version: answer.SignedVersion}
	if key.Start, err = sas.ParseTime(answer.SignedStart); err != nil {
		return key, err
	}
	if key.Expiry, err = sas.ParseTime(answer.SignedExpiry); err != nil {
		return key, err
	}
	key.Key, err = sas.ParseKey(answer.Value)
	return key, err
}
