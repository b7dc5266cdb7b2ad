package azuretest

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/internal/azure"
)

// token is the one bearer token that the test's service takes.
const token = "a token of the test's own"

// Delegated is an account that was opened without its key.
type Delegated struct {
	*azure.Account
	// Keys counts the user delegation keys that were asked for.
	Keys *atomic.Int32
	// Server is the service, which speaks TLS, as bearer tokens demand.
	Server *httptest.Server
}

// OpenDelegated is [Open] for an account that is reached with an identity instead of a key.
func OpenDelegated(t testing.TB, clock *Clock) *Delegated {
	t.Helper()
	d := &Delegated{Keys: new(atomic.Int32)}
	d.Server = httptest.NewTLSServer(countKeys(d.Keys, newService(t, clock, &blobserver.Options{Now: clock.Now, Tokens: tokens{}}).handler))
	t.Cleanup(d.Server.Close)
	opened, err := azure.Open(d.Server.URL+"/"+account, &azure.Options{
		Now: clock.Now, Retries: -1, Transport: d.Server.Client(), Credential: credential{},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Account = opened
	return d
}

type credential struct{}

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

type tokens struct{}

func (tokens) VerifyToken(_ context.Context, t string) (blobserver.Principal, error) {
	if t != token {
		return blobserver.Principal{}, errors.New("not the test's token")
	}
	return blobserver.Principal{ObjectID: "0a3ff4f2-2b32-4a26-8e0a-3f6c1f2b3c4d", TenantID: "5b0c8d1e-7f5a-4b5c-9d8e-1a2b3c4d5e6f"}, nil
}

func (tokens) AuthorizationURI() string { return "https://login.example" }
