package azure

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/valetkey/valetkey/sas"
)

const (
	storageScope = "https://storage.azure.com/.default"
	// The x-ms-version of the request, and so the key's skv. Only the newer one knows delegated users' tenants.
	delegationVersion       = "2022-11-02"
	delegationTenantVersion = "2025-07-05"
)

// DelegationKeyRequest asks for a user delegation key. The SDK's own client keeps a key's value to itself, so the one
// request is made here, on the SDK's pipeline.
//
// https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
type DelegationKeyRequest struct {
	BlobURL       string // the Blob endpoint, without a trailing slash
	Start, Expiry time.Time
	Tenant        string // of the user that the SAS is to be bound to; empty for none
	Credential    azcore.TokenCredential
	Client        policy.ClientOptions
}

// Send asks for the key. The identity needs the role Storage Blob Delegator, or one that includes it.
func (d DelegationKeyRequest) Send(ctx context.Context) (key sas.DelegationKey, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("user delegation key: %w", err)
		}
	}()
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"KeyInfo"`
		Start   string   `xml:"Start"`
		Expiry  string   `xml:"Expiry"`
		Tenant  string   `xml:"DelegatedUserTid,omitempty"`
	}{Start: sas.TimeOf(d.Start).String(), Expiry: sas.TimeOf(d.Expiry).String(), Tenant: d.Tenant})
	if err != nil {
		return key, err
	}
	request, err := runtime.NewRequest(ctx, http.MethodPost, d.BlobURL+"/?restype=service&comp=userdelegationkey")
	if err != nil {
		return key, err
	}
	version := delegationVersion
	if d.Tenant != "" {
		version = delegationTenantVersion
	}
	request.Raw().Header.Set("x-ms-version", version)
	if err := request.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/xml"); err != nil {
		return key, err
	}
	pipeline := runtime.NewPipeline("valetkey", "", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(d.Credential, []string{storageScope}, nil)},
	}, &d.Client)
	response, err := pipeline.Do(request)
	if err != nil {
		return key, err
	}
	defer response.Body.Close()
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return key, fmt.Errorf("the identity needs the role Storage Blob Delegator: %w", runtime.NewResponseError(response))
	}
	return parseDelegationKey(response)
}

func parseDelegationKey(response *http.Response) (key sas.DelegationKey, err error) {
	var answer struct {
		SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, SignedDelegatedUserTid, Value string
	}
	if err := runtime.UnmarshalAsXML(response, &answer); err != nil {
		return key, err
	}
	key = sas.DelegationKey{ObjectID: answer.SignedOid, TenantID: answer.SignedTid, Service: answer.SignedService,
		Version: answer.SignedVersion, DelegatedTenantID: answer.SignedDelegatedUserTid}
	if key.Start, err = sas.ParseTime(answer.SignedStart); err != nil {
		return key, err
	}
	if key.Expiry, err = sas.ParseTime(answer.SignedExpiry); err != nil {
		return key, err
	}
	key.Key, err = sas.ParseKey(answer.Value)
	return key, err
}
