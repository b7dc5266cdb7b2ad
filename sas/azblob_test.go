package sas

import (
	"context"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azsas "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/go-cmp/cmp"
)

// transport answers Get User Delegation Key; azblob makes its credential in no other way.
type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

type noToken struct{}

func (noToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func azblobDelegation(tb testing.TB, key DelegationKey, value string) *service.UserDelegationCredential {
	tb.Helper()
	type answer struct {
		XMLName       xml.Name `xml:"UserDelegationKey"`
		SignedOid     string
		SignedTid     string
		SignedStart   string
		SignedExpiry  string
		SignedService string
		SignedVersion string
		SignedTenant  string `xml:"SignedDelegatedUserTid,omitempty"`
		Value         string
	}
	body, err := xml.Marshal(answer{
		SignedOid: key.ObjectID, SignedTid: key.TenantID, SignedStart: key.Start.String(), SignedExpiry: key.Expiry.String(),
		SignedService: key.Service, SignedVersion: key.Version, SignedTenant: key.DelegatedTenantID, Value: value,
	})
	if err != nil {
		tb.Fatal(err)
	}
	client, err := service.NewClient("https://"+testAccount+".blob.core.windows.net/", noToken{}, &service.ClientOptions{
		ClientOptions: policy.ClientOptions{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(string(body))),
				Header: http.Header{"Content-Type": {"application/xml"}},
			}, nil
		})},
	})
	if err != nil {
		tb.Fatal(err)
	}
	start, expiry := key.Start.String(), key.Expiry.String()
	cred, err := client.GetUserDelegationCredential(tb.Context(), service.KeyInfo{Start: &start, Expiry: &expiry}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return cred
}

// sameQuery compares two SAS by their parameters, as the two sides write them in different orders.
func sameQuery(t *testing.T, ours, theirs string) {
	t.Helper()
	a, errA := url.ParseQuery(ours)
	b, errB := url.ParseQuery(theirs)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("SAS differs from azblob's (-azblob +ours):\n%s", diff)
	}
}

// azblobValues turns values of ours into azblob's.
func azblobValues(v *Service) azsas.BlobSignatureValues {
	out := azsas.BlobSignatureValues{
		Version: v.Version, Protocol: azsas.Protocol(v.Protocol), StartTime: v.Start.Time(), ExpiryTime: v.Expiry.Time(),
		Permissions: v.Permissions.String(), Identifier: v.Identifier, ContainerName: v.Container, BlobName: v.Blob,
		BlobVersion: v.VersionID, EncryptionScope: v.EncryptionScope,
		CacheControl: v.Overrides.CacheControl, ContentDisposition: v.Overrides.ContentDisposition,
		ContentEncoding: v.Overrides.ContentEncoding, ContentLanguage: v.Overrides.ContentLanguage,
		ContentType: v.Overrides.ContentType,
	}
	if v.Resource == DirectoryResource {
		out.BlobName, out.Directory = "", v.Blob
	}
	if v.IP.Start.IsValid() {
		out.IPRange.Start = net.IP(v.IP.Start.AsSlice())
	}
	if v.IP.End.IsValid() {
		out.IPRange.End = net.IP(v.IP.End.AsSlice())
	}
	if v.Version == "" {
		out.Version = DefaultVersion
	}
	if v.Snapshot != "" {
		out.SnapshotTime, _ = time.Parse("2006-01-02T15:04:05.0000000Z07:00", v.Snapshot)
	}
	return out
}

func TestSignsAsAzblobDoes(t *testing.T) {
	key := mustKey(t, testKeyText)
	cred, err := azblob.NewSharedKeyCredential(testAccount, testKeyText)
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*Service){
		"blob":      func(*Service) {},
		"container": func(v *Service) { v.Blob = ""; v.Permissions |= List },
		"directory": func(v *Service) { v.Resource, v.Blob = DirectoryResource, "a/b" },
		"snapshot":  func(v *Service) { v.Snapshot, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read },
		"version":   func(v *Service) { v.VersionID, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read|DeleteVersion },
		"policy": func(v *Service) {
			v.Permissions, v.Start, v.Expiry, v.Identifier = 0, Time{}, Time{}, "readers"
		},
		"everything": func(v *Service) {
			v.IP, _ = ParseIPRange("1.2.3.4-1.2.3.9")
			v.EncryptionScope = "scope"
			v.Protocol = HTTPSAndHTTP
			v.Overrides = Overrides{"no-cache", `attachment; filename="a+b &c.jpg"`, "gzip", "de", "image/jpeg"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := testService()
			edit(v)
			ours, err := v.Sign(key)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := azblobValues(v).SignWithSharedKey(cred)
			if err != nil {
				t.Fatal(err)
			}
			sameQuery(t, ours, theirs.Encode())
		})
	}
}

func TestSignsAccountAsAzblobDoes(t *testing.T) {
	cred, err := azblob.NewSharedKeyCredential(testAccount, testKeyText)
	if err != nil {
		t.Fatal(err)
	}
	v := &Account{
		Account: testAccount, Services: Blob, ResourceTypes: ServiceLevel | ObjectLevel,
		Permissions: AccountRead | AccountWrite | AccountList | AccountTags | AccountDeleteVersion,
		Expiry:      TimeOf(testNow), Protocol: HTTPS,
	}
	ours, err := v.Sign(mustKey(t, testKeyText))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := azsas.AccountSignatureValues{
		Version: DefaultVersion, Protocol: azsas.ProtocolHTTPS, ExpiryTime: testNow, Permissions: v.Permissions.String(),
		ResourceTypes: "so",
	}.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	sameQuery(t, ours, theirs.Encode())
}

func TestSignsDelegationAsAzblobDoes(t *testing.T) {
	key := testDelegation(t)
	key.DelegatedTenantID = testUserID
	cred := azblobDelegation(t, key, testDelegationKey)
	v := testService()
	ud := &UserDelegation{
		Account: v.Account, Container: v.Container, Blob: v.Blob, Permissions: v.Permissions, Start: v.Start, Expiry: v.Expiry,
		Protocol: v.Protocol, CorrelationID: testUserID, AuthorizedObjectID: testUserID, DelegatedUserID: testUserID,
		SignedHeaders: []Field{{"x-ms-blob-type", "BlockBlob"}}, SignedQuery: []Field{{"comp", "block"}},
	}
	ours, err := ud.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	values := azblobValues(v)
	values.CorrelationID, values.AuthorizedObjectID, values.SignedDelegatedUserObjectID = testUserID, testUserID, testUserID
	values.SignedRequestHeaders = map[string]string{"x-ms-blob-type": "BlockBlob"}
	values.SignedRequestQueryParameters = map[string]string{"comp": "block"}
	theirs, err := values.SignWithUserDelegation(cred)
	if err != nil {
		t.Fatal(err)
	}
	sameQuery(t, ours, theirs.Encode())
}

// TestSeveralSignedNamesOfAzblob reads what azblob signs for several headers and query parameters, whose order it leaves to
// chance.
func TestSeveralSignedNamesOfAzblob(t *testing.T) {
	cred := azblobDelegation(t, testDelegation(t), testDelegationKey)
	values := azblobValues(testService())
	values.SignedRequestHeaders = map[string]string{"x-ms-blob-type": "BlockBlob", "content-type": "image/jpeg", "x-ms-meta-a": "b: c, d"}
	values.SignedRequestQueryParameters = map[string]string{"comp": "block", "blockid": "MDAw+/=", "timeout": "30"}
	request := testRequest()
	request.Header = func(name string) (string, bool) {
		value, ok := values.SignedRequestHeaders[strings.ToLower(name)]
		return value, ok
	}
	for range 20 {
		theirs, err := values.SignWithUserDelegation(cred)
		if err != nil {
			t.Fatal(err)
		}
		more := url.Values{}
		for name, value := range values.SignedRequestQueryParameters {
			more.Set(name, value)
		}
		token, err := Parse(theirs.Encode() + "&" + more.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Verify(request, PutBlock, testKeys(t), testNow); err != nil {
			t.Error(err)
		}
	}
}
