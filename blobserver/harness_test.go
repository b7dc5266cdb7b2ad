package blobserver_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/sas"
)

const account = "testaccount"

// Two keys of an account, as rotation has them.
var (
	firstKey  = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 64))
	secondKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 64))
)

// service is a Blob service over a store on disk, reached over a real connection.
type service struct {
	t        *testing.T
	URL      string // of the account
	http     *httptest.Server
	store    blobstore.Store
	accounts *blobserver.Accounts
	clock    *clock
	log      *lines // what the service logged, access log included
}

// clock is the time that the service and its store see.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newService(t *testing.T, change ...func(*blobserver.Options)) *service {
	t.Helper()
	s := prepareService(t, change...)
	s.http.Start()
	s.URL = s.http.URL + "/" + account
	return s
}

// newTLSService is newService over HTTPS, HTTP/2 included.
func newTLSService(t *testing.T, change ...func(*blobserver.Options)) *service {
	t.Helper()
	s := prepareService(t, change...)
	s.http.EnableHTTP2 = true
	s.http.StartTLS()
	s.URL = s.http.URL + "/" + account
	return s
}

// prepareService makes all but the listener's protocol.
func prepareService(t *testing.T, change ...func(*blobserver.Options)) *service {
	t.Helper()
	s := &service{t: t, clock: &clock{}, log: &lines{}}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	store, err := diskstore.Open(t.TempDir(), &diskstore.Options{NoSync: true, Now: s.clock.now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	acct, err := blobserver.ParseAccount(account, firstKey, secondKey)
	if err != nil {
		t.Fatal(err)
	}
	if s.accounts, err = blobserver.NewAccounts(acct); err != nil {
		t.Fatal(err)
	}
	o := &blobserver.Options{Log: log, AccessLog: log, Now: s.clock.now}
	for _, f := range change {
		f(o)
	}
	s.http = httptest.NewUnstartedServer(nil)
	s.http.Config = blobserver.New(store, s.accounts, o).HTTPServer()
	t.Cleanup(func() {
		s.http.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func noRetry() azcore.ClientOptions {
	return azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
}

// client is the Azure SDK's client with the account's first key.
func (s *service) client() *azblob.Client {
	s.t.Helper()
	return s.clientWith(firstKey)
}

func (s *service) clientWith(key string) *azblob.Client {
	s.t.Helper()
	credential, err := azblob.NewSharedKeyCredential(account, key)
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := azblob.NewClientWithSharedKeyCredential(s.URL, credential, &azblob.ClientOptions{ClientOptions: noRetry()})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// container makes a container through the SDK.
func (s *service) container(name string) *container.Client {
	s.t.Helper()
	c := s.client().ServiceClient().NewContainerClient(name)
	if _, err := c.Create(context.Background(), nil); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// sas signs a service SAS for a container (blob empty) or a blob and returns the query.
func (s *service) sas(containerName, blob string, p sas.Permissions) string {
	s.t.Helper()
	return s.signed(&sas.Service{Account: account, Container: containerName, Blob: blob, Permissions: p, Expiry: sas.TimeOf(s.clock.now().Add(time.Hour))})
}

func (s *service) signed(values *sas.Service) string {
	s.t.Helper()
	key, err := sas.ParseKey(firstKey)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := values.Sign(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// all is a container SAS with every right, for requests that are not about authorization.
func (s *service) all(containerName string) string {
	p, err := sas.ParsePermissions("racwdxyltf")
	if err != nil {
		s.t.Fatal(err)
	}
	return s.sas(containerName, "", p)
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// do sends a request: headers as "Name: value".
func (s *service) do(method, pathAndQuery, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.URL+pathAndQuery, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("x-ms-version", "2026-12-06")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return s.send(r)
}

func (s *service) send(r *http.Request) answer {
	s.t.Helper()
	resp, err := s.http.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp, string(content)}
}

// want checks an answer's status and, for an error, its code in header and body.
func (s *service) want(a answer, status int, code string) answer {
	s.t.Helper()
	if a.StatusCode != status || a.Header.Get("x-ms-error-code") != code {
		s.t.Errorf("%s %s: %d %s, want %d %s\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.Header.Get("x-ms-error-code"), status, code, a.body)
	}
	if code != "" && a.Request.Method != http.MethodHead && status != http.StatusNotModified && !strings.Contains(a.body, "<Code>"+code+"</Code>") {
		s.t.Errorf("the body does not name %s: %s", code, a.body)
	}
	return a
}
