// Package azuretest gives tests a storage account: the embedded Blob service over an empty folder, behind real HTTP.
package azuretest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/sas"
)

// Clock is a clock that stands until it is advanced.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts a clock at a round time.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 10, 5, 0, 0, time.UTC)} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const account = "photos"

// Open starts a Blob service that ends with the test, and opens its one account. What the service remembers, and the
// times of a SAS, follow the clock; but the SDK signs its own requests with the machine's time, so those are checked
// against that.
func Open(t testing.TB, clock *Clock) *azure.Account {
	t.Helper()
	return OpenThrough(t, clock, func(next http.RoundTripper) http.RoundTripper { return next })
}

// OpenThrough is [Open] with something between the account and the service.
func OpenThrough(t testing.TB, clock *Clock, between func(http.RoundTripper) http.RoundTripper) *azure.Account {
	t.Helper()
	s := newService(t, clock, &blobserver.Options{Now: clock.Now})
	forSDK := blobserver.New(s.store, s.accounts, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			forSDK.ServeHTTP(w, r)
		} else {
			s.handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	opened, err := azure.Open(fmt.Sprintf("AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%s", account, s.key, server.URL, account),
		&azure.Options{Now: clock.Now, Retries: -1, Transport: &http.Client{Transport: between(server.Client().Transport)}})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// service is a Blob service over an empty folder, with one account.
type service struct {
	store    blobstore.Store
	accounts *blobserver.Accounts
	handler  http.Handler
	key      string // base64
}

func newService(t testing.TB, clock *Clock, options *blobserver.Options) service {
	t.Helper()
	store, err := diskstore.Open(t.TempDir(), &diskstore.Options{NoSync: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	secret := make([]byte, 64)
	rand.Read(secret)
	accounts, err := blobserver.NewAccounts(blobserver.Account{Name: account, Keys: []sas.Key{sas.NewKey(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	return service{store, accounts, blobserver.New(store, accounts, options), base64.StdEncoding.EncodeToString(secret)}
}

// countKeys counts the requests for a user delegation key.
func countKeys(keys *atomic.Int32, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("comp") == "userdelegationkey" {
			keys.Add(1)
		}
		next.ServeHTTP(w, r)
	})
}

// BlockID is the id of an upload's nth block, as clients make it.
func BlockID(n int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%06d", n))
}
