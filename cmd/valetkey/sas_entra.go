package main

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

// delegationRequest asks for one user delegation key, for a SAS made by hand: with just the life and the tenant that the
// SAS needs. The server's own keys are cached elsewhere.
type delegationRequest struct {
	endpoint   string // of the Blob service, without a trailing slash
	start      time.Time
	expiry     time.Time
	tenant     string // of the user that the SAS is bound to; empty for none
	credential azcore.TokenCredential
	transport  policy.Transporter // nil for the SDK's
}

// delegationVersion is the x-ms-version of the request; the first that knows delegated users' tenants is 2025-07-05.
const delegationVersion = "2025-07-05"

// fetch calls Get User Delegation Key. The identity needs the role Storage Blob Delegator, or one that includes it.
//
// https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
func (d delegationRequest) fetch(ctx context.Context) (key sas.DelegationKey, err error) {
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"KeyInfo"`
		Start   string   `xml:"Start"`
		Expiry  string   `xml:"Expiry"`
		Tenant  string   `xml:"DelegatedUserTid,omitempty"`
	}{Start: sas.TimeOf(d.start).String(), Expiry: sas.TimeOf(d.expiry).String(), Tenant: d.tenant})
	if err != nil {
		return key, err
	}
	pipeline := runtime.NewPipeline("valetkey", version, runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(d.credential, []string{"https://storage.azure.com/.default"}, nil)},
	}, &policy.ClientOptions{Transport: d.transport})
	request, err := runtime.NewRequest(ctx, http.MethodPost, d.endpoint+"/?restype=service&comp=userdelegationkey")
	if err != nil {
		return key, err
	}
	request.Raw().Header.Set("x-ms-version", delegationVersion)
	if err := request.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/xml"); err != nil {
		return key, err
	}
	response, err := pipeline.Do(request)
	if err != nil {
		return key, fmt.Errorf("user delegation key: %w", err)
	}
	defer response.Body.Close()
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return key, fmt.Errorf("user delegation key (the identity needs the role Storage Blob Delegator): %w", runtime.NewResponseError(response))
	}
	return readDelegationKey(response)
}

func readDelegationKey(response *http.Response) (key sas.DelegationKey, err error) {
	var answer struct {
		SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, SignedDelegatedUserTid, Value string
	}
	if err := runtime.UnmarshalAsXML(response, &answer); err != nil {
		return key, fmt.Errorf("user delegation key: %w", err)
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
