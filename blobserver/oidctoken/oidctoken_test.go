package oidctoken_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/blobserver/oidctoken"
)

// issuer is an OpenID Connect issuer with one key.
type issuer struct {
	*httptest.Server
	t    *testing.T
	key  *ecdsa.PrivateKey
	down atomic.Bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case i.down.Load():
			http.Error(w, "down", http.StatusServiceUnavailable)
		case r.URL.Path == "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
		default:
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
		}
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) sign(key *ecdsa.PrivateKey, claims map[string]any) string {
	i.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

func (i *issuer) claims(change map[string]any) map[string]any {
	c := map[string]any{"iss": i.URL, "sub": "s", "aud": "https://storage.azure.com/", "exp": time.Now().Add(time.Hour).Unix(),
		"oid": "11111111-1111-1111-1111-111111111111", "tid": "22222222-2222-2222-2222-222222222222"}
	for k, v := range change {
		c[k] = v
	}
	return c
}

func TestVerifyToken(t *testing.T) {
	i := newIssuer(t)
	v, err := oidctoken.New(i.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good := i.sign(i.key, i.claims(nil))
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, tt := range map[string]struct {
		token string
		ok    bool
	}{
		"good":            {good, true},
		"expired":         {i.sign(i.key, i.claims(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), false},
		"not yet":         {i.sign(i.key, i.claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), false},
		"other audience":  {i.sign(i.key, i.claims(map[string]any{"aud": "https://graph.microsoft.com"})), false},
		"other issuer":    {i.sign(i.key, i.claims(map[string]any{"iss": "https://evil.example"})), false},
		"other key":       {i.sign(other, i.claims(nil)), false},
		"unsigned":        {header + "." + strings.Split(good, ".")[1] + ".", false},
		"no token at all": {"x", false},
	} {
		p, err := v.VerifyToken(context.Background(), tt.token)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if tt.ok && (p.ObjectID != "11111111-1111-1111-1111-111111111111" || p.TenantID != "22222222-2222-2222-2222-222222222222") {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestIssuersWithoutObjectIDsGetStableGUIDs(t *testing.T) {
	i := newIssuer(t)
	v, err := oidctoken.New(i.URL, &oidctoken.Options{Audiences: []string{"mine"}})
	if err != nil {
		t.Fatal(err)
	}
	who := func(sub string) string {
		t.Helper()
		c := i.claims(map[string]any{"aud": "mine", "sub": sub})
		delete(c, "oid")
		delete(c, "tid")
		p, err := v.VerifyToken(context.Background(), i.sign(i.key, c))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.ObjectID) != 36 || len(p.TenantID) != 36 || p.ObjectID == p.TenantID {
			t.Fatalf("%+v", p)
		}
		return p.ObjectID
	}
	if first, again, other := who("a"), who("a"), who("b"); first != again || first == other {
		t.Error("GUIDs are not one for each subject")
	}
}

func TestAnIssuerThatIsDownIsAskedAgain(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	v, err := oidctoken.New(i.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := i.sign(i.key, i.claims(nil))
	if _, err := v.VerifyToken(context.Background(), token); err == nil {
		t.Error("verified without the issuer's keys")
	}
	i.down.Store(false)
	if _, err := v.VerifyToken(context.Background(), token); err != nil {
		t.Error(err)
	}
}

func TestTheIssuerMustBeSecure(t *testing.T) {
	for _, issuer := range []string{"", "http://login.example", "login.example", "ftp://x"} {
		if _, err := oidctoken.New(issuer, nil); err == nil {
			t.Errorf("%q accepted", issuer)
		}
	}
}
