package oidctoken_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/blobserver/oidctoken"
)

// issuer is an OpenID Connect issuer with one key, which can be rotated.
type issuer struct {
	*httptest.Server
	t         *testing.T
	key       *ecdsa.PrivateKey
	published atomic.Pointer[jose.JSONWebKey]
	asked     atomic.Int32 // how often for the keys
	down      atomic.Bool
}

func (i *issuer) publish(key *ecdsa.PrivateKey, id string) {
	i.published.Store(&jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"})
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	i.publish(key, "k")
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case i.down.Load():
			http.Error(w, "down", http.StatusServiceUnavailable)
		case r.URL.Path == "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
		default:
			i.asked.Add(1)
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{*i.published.Load()}})
		}
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) sign(key *ecdsa.PrivateKey, claims map[string]any) string {
	i.t.Helper()
	return i.signAs(jose.ES256, key, "k", claims)
}

func (i *issuer) signAs(algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	i.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
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
	// What a verifier that believes alg would take the issuer's public key for: the secret of an HMAC.
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	parts := strings.Split(good, ".")
	payload := func(change map[string]any) string {
		b, _ := json.Marshal(i.claims(change))
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, tt := range map[string]struct {
		token string
		ok    bool
	}{
		"good":                                {good, true},
		"expired":                             {i.sign(i.key, i.claims(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), false},
		"not yet":                             {i.sign(i.key, i.claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), false},
		"other audience":                      {i.sign(i.key, i.claims(map[string]any{"aud": "https://graph.microsoft.com"})), false},
		"other issuer":                        {i.sign(i.key, i.claims(map[string]any{"iss": "https://evil.example"})), false},
		"other key":                           {i.sign(other, i.claims(nil)), false},
		"unsigned":                            {header + "." + strings.Split(good, ".")[1] + ".", false},
		"no token at all":                     {"x", false},
		"no signature":                        {parts[0] + "." + parts[1] + ".", false},
		"other claims":                        {parts[0] + "." + payload(map[string]any{"sub": "somebody else"}) + "." + parts[2], false},
		"HMAC with the public key":            {i.signAs(jose.HS256, public, "k", i.claims(nil)), false},
		"HMAC with the public key's text":     {i.signAs(jose.HS256, asPEM, "k", i.claims(nil)), false},
		"unknown key id":                      {i.signAs(jose.ES256, other, "elsewhere", i.claims(nil)), false},
		"no expiry":                           {i.sign(i.key, i.claims(map[string]any{"exp": 0})), false},
		"no issuer":                           {i.sign(i.key, i.claims(map[string]any{"iss": ""})), false},
		"no audience":                         {i.sign(i.key, i.claims(map[string]any{"aud": ""})), false},
		"an audience that begins as ours":     {i.sign(i.key, i.claims(map[string]any{"aud": "https://storage.azure.com.evil.example"})), false},
		"one of its audiences is ours":        {i.sign(i.key, i.claims(map[string]any{"aud": []string{"x", "https://storage.azure.com"}})), true},
		"nobody":                              {i.sign(i.key, i.claims(map[string]any{"sub": "", "oid": ""})), false},
		"begins within the clock's allowance": {i.sign(i.key, i.claims(map[string]any{"nbf": time.Now().Add(4 * time.Minute).Unix()})), true},
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

// TestTheIssuersKeysMayBeRotated finds a new key without a restart, and lets go of the old one.
func TestTheIssuersKeysMayBeRotated(t *testing.T) {
	i := newIssuer(t)
	v, err := oidctoken.New(i.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(token string) error { _, err := v.VerifyToken(context.Background(), token); return err }
	old := i.sign(i.key, i.claims(nil))
	for range 3 {
		if err := verify(old); err != nil {
			t.Fatal(err)
		}
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("asked for the keys %d times", n)
	}
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.publish(next, "k2")
	// go-oidc keeps what it fetched only after it has answered with it, so the very next call may still see the old keys.
	eventually := func(token string, good bool) bool {
		for range 200 {
			if (verify(token) == nil) == good {
				return true
			}
		}
		return false
	}
	if !eventually(i.signAs(jose.ES256, next, "k2", i.claims(nil)), true) {
		t.Error("the new key is not found")
	}
	if !eventually(old, false) {
		t.Error("the old key is taken after the new one is known")
	}
}

func TestTheIssuerMustBeSecure(t *testing.T) {
	for _, issuer := range []string{"", "http://login.example", "login.example", "ftp://x"} {
		if _, err := oidctoken.New(issuer, nil); err == nil {
			t.Errorf("%q accepted", issuer)
		}
	}
}
