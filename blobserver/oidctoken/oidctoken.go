// Package oidctoken verifies the bearer tokens of one OpenID Connect issuer for the Blob service: signature against the
// issuer's published keys (JWKS), issuer, audience and times.
package oidctoken

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"

	"github.com/valetkey/valetkey/blobserver"
)

// StorageAudience is the audience of tokens for Azure Storage, with any account.
const StorageAudience = "https://storage.azure.com"

// Options are the verifier's settings; nil and zero fields mean the defaults named.
type Options struct {
	// Audiences are those of which a token must be for one; default StorageAudience. A final slash does not count.
	Audiences []string
	// Client fetches the issuer's configuration and keys; default one with a timeout of 10 seconds.
	Client *http.Client
	// Now is the clock for expiry; default time.Now.
	Now func() time.Time
}

// Verifier verifies tokens. It asks the issuer for its configuration when the first token comes, so that a service
// starts also while its issuer is down.
type Verifier struct {
	issuer    string
	audiences []string
	client    *http.Client
	now       func() time.Time

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier // nil until the issuer has answered
}

// New returns a verifier for an issuer, an https URL (or http on loopback) as it stands in the tokens' iss.
func New(issuer string, o *Options) (*Verifier, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("oidctoken: the issuer %q is no https URL", issuer)
	}
	if o == nil {
		o = &Options{}
	}
	v := &Verifier{issuer: issuer, audiences: o.Audiences, client: o.Client, now: o.Now}
	if len(v.audiences) == 0 {
		v.audiences = []string{StorageAudience}
	}
	if v.client == nil {
		v.client = &http.Client{Timeout: 10 * time.Second}
	}
	if v.now == nil {
		v.now = time.Now
	}
	return v, nil
}

func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// AuthorizationURI is the issuer, where clients begin to look for a token.
func (v *Verifier) AuthorizationURI() string { return v.issuer }

// VerifyToken checks a token and says whose it is: the claims oid and tid of Entra ID. For an issuer that has neither,
// both are derived from iss and sub, because a user delegation SAS carries GUIDs.
func (v *Verifier) VerifyToken(ctx context.Context, token string) (blobserver.Principal, error) {
	verifier, err := v.discover()
	if err != nil {
		return blobserver.Principal{}, err
	}
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return blobserver.Principal{}, err
	}
	if !slices.ContainsFunc(verified.Audience, v.accepts) {
		return blobserver.Principal{}, errors.New("oidctoken: the token is for another audience")
	}
	var claims struct {
		ObjectID  string `json:"oid"`
		TenantID  string `json:"tid"`
		NotBefore int64  `json:"nbf"`
	}
	if err := verified.Claims(&claims); err != nil {
		return blobserver.Principal{}, err
	}
	if claims.NotBefore != 0 && v.now().Add(leeway).Before(time.Unix(claims.NotBefore, 0)) {
		return blobserver.Principal{}, errors.New("oidctoken: the token is not valid yet")
	}
	if verified.Subject == "" && claims.ObjectID == "" {
		return blobserver.Principal{}, errors.New("oidctoken: the token names nobody")
	}
	return blobserver.Principal{
		ObjectID: guid(claims.ObjectID, verified.Issuer+"\n"+verified.Subject),
		TenantID: guid(claims.TenantID, verified.Issuer),
	}, nil
}

// leeway is how far the issuer's clock may be ahead of ours.
const leeway = 5 * time.Minute

func (v *Verifier) accepts(audience string) bool {
	return slices.ContainsFunc(v.audiences, func(a string) bool {
		return strings.TrimSuffix(a, "/") == strings.TrimSuffix(audience, "/")
	})
}

// guid returns a claim that is a GUID, or one made of other text.
func guid(claim, text string) string {
	if parsed, err := uuid.Parse(claim); err == nil {
		return parsed.String()
	}
	sum := sha256.Sum256([]byte(text + "\n" + claim))
	id, _ := uuid.FromBytes(sum[:16]) // 16 bytes are always enough
	return id.String()
}

// discover asks the issuer for its configuration, again after a failure.
func (v *Verifier) discover() (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.verifier != nil {
		return v.verifier, nil
	}
	// The keys are fetched for as long as the process runs, so no request's context may bound them; the client's
	// timeout does.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), v.client), v.issuer)
	if err != nil {
		return nil, fmt.Errorf("oidctoken: the issuer cannot be asked: %w", err)
	}
	v.verifier = provider.Verifier(&oidc.Config{SkipClientIDCheck: true, Now: v.now})
	return v.verifier, nil
}
