package blobserver

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/sas"
)

// FuzzRequest sends signed requests of any shape through the whole service: whatever comes, it answers, never with a
// fault of its own, and an error has its code in header and body.
func FuzzRequest(f *testing.F) {
	store, err := diskstore.OpenTemp(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	key := sas.NewKey([]byte("key"))
	accounts, err := NewAccounts(Account{Name: "acct", Keys: []sas.Key{key}})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := store.CreateContainer(f.Context(), blobstore.ContainerName{Account: "acct", Container: "photos"}, blobstore.CreateContainerOptions{}); err != nil {
		f.Fatal(err)
	}
	s := New(store, accounts, &Options{Log: slog.New(slog.DiscardHandler)})
	for _, seed := range [][5]string{
		{"PUT", "/acct/photos/b", "", "x-ms-blob-type: BlockBlob\nx-ms-meta-a: b", "hello"},
		{"PUT", "/acct/photos/b", "comp=block&blockid=YQ==", "Content-MD5: x", "hello"},
		{"PUT", "/acct/photos/b", "comp=blocklist", "x-ms-tags: a=b", "<BlockList><Latest>YQ==</Latest></BlockList>"},
		{"GET", "/acct/photos/b", "snapshot=2020-01-01T00:00:00Z", "Range: bytes=1-2\nx-ms-range-get-content-md5: true", ""},
		{"GET", "/acct/photos", "restype=container&comp=list&include=metadata,tags&marker=2!v1!AA&delimiter=/", "", ""},
		{"PUT", "/acct/photos", "restype=container&comp=acl", "", "<SignedIdentifiers><SignedIdentifier><Id>x</Id></SignedIdentifier></SignedIdentifiers>"},
		{"PUT", "/acct", "restype=service&comp=properties", "", "<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET</AllowedMethods></CorsRule></Cors></StorageServiceProperties>"},
		{"POST", "/acct", "comp=batch", "Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nDELETE /acct/photos/b HTTP/1.1\r\n\r\n--b--\r\n"},
		{"PUT", "/acct/photos/c", "", "x-ms-copy-source: http://example.com/acct/photos/b?sig=x", ""},
		{"PUT", "/acct/photos/b", "comp=lease", "x-ms-lease-action: acquire\nx-ms-lease-duration: -1", ""},
		{"GET", "/acct", "comp=blobs&where=%22a%22%3D%27b%27", "x-ms-if-tags: a = 'b'", ""},
		{"OPTIONS", "/acct/photos/b", "", "Origin: https://x\nAccess-Control-Request-Method: PUT", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, method, path, rawQuery, headers, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || strings.ContainsAny(rawQuery, " #\r\n\x00") {
			return
		}
		u.RawQuery = rawQuery
		r := &http.Request{Method: method, URL: u, Host: "example.com", Header: http.Header{}, Body: http.NoBody, RemoteAddr: "127.0.0.1:1"}
		for line := range strings.SplitSeq(headers, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Add(name, value)
			}
		}
		if body != "" {
			r.Body, r.ContentLength = nopCloser{strings.NewReader(body)}, int64(len(body))
		}
		r.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
		if query, err := parseQuery(rawQuery); err == nil {
			text := sharedKeyString(r, "acct", query, compareLikeDotNet)
			r.Header.Set("Authorization", "SharedKey acct:"+base64.StdEncoding.EncodeToString(key.AppendHMAC(nil, []byte(text))))
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		code := w.Header().Get("x-ms-error-code")
		if w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Fatalf("%s %s?%s: %d %s", method, path, rawQuery, w.Code, w.Body)
		}
		if (w.Code >= 400) != (code != "") && w.Code != http.StatusNotModified {
			t.Fatalf("%s %s?%s: status %d with code %q", method, path, rawQuery, w.Code, code)
		}
	})
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
