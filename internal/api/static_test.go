package api_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valetkey/valetkey/internal/api"
)

func staticFiles(t *testing.T) *api.Static {
	t.Helper()
	script := strings.Repeat("console.log('a');\n", 100)
	s, err := api.NewStatic(fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>Photos</title>")},
		"sas.html":             {Data: []byte("<!doctype html><title>SAS</title>")},
		"assets/app-1a2b3c.js": {Data: []byte(script)},
		"manifest.webmanifest": {Data: []byte("{}")},
	}, "https://photos.blob.core.windows.net")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStatic(t *testing.T) {
	s := staticFiles(t)
	for _, tt := range []struct {
		method, path string
		status       int
		contentType  string
		cache        string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "no-cache"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/sas", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/assets/app-1a2b3c.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"GET", "/manifest.webmanifest", 200, "application/manifest+json", "no-cache"},
		{"GET", "/nothing", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/assets", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/assets/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/../handler.go", 404, "text/plain; charset=utf-8", ""},
		{"POST", "/", 405, "text/plain; charset=utf-8", ""},
		{"GET", "/share", 404, "text/plain; charset=utf-8", ""},
		{"PUT", "/share", 405, "text/plain; charset=utf-8", ""},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, "/", nil)
			r.URL.Path = tt.path
			s.ServeHTTP(w, r)
			h := w.Header()
			if w.Code != tt.status || h.Get("Content-Type") != tt.contentType || h.Get("Cache-Control") != tt.cache {
				t.Errorf("%d %q %q", w.Code, h.Get("Content-Type"), h.Get("Cache-Control"))
			}
			policy := h.Get("Content-Security-Policy")
			if !strings.Contains(policy, "connect-src 'self' https://photos.blob.core.windows.net") || strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestAShareWithoutAServiceWorkerOpensTheApp(t *testing.T) {
	server := httptest.NewServer(staticFiles(t))
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	const most = 64 << 20
	for _, size := range []int64{0, 1, most, most + 1} {
		body := &io.LimitedReader{R: zeros{}, N: size}
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/share", body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = size
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		response, err := client.Do(r)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/?shared=failed" {
			t.Errorf("%d bytes: %s to %q", size, response.Status, response.Header.Get("Location"))
		}
	}
}

func TestAShareIsNotReadForEver(t *testing.T) {
	const most = 64 << 20
	body := &io.LimitedReader{R: zeros{}, N: most + 1<<20}
	w := httptest.NewRecorder()
	staticFiles(t).ServeHTTP(w, httptest.NewRequest("POST", "/share", body))
	if w.Code != http.StatusSeeOther || body.N != 1<<20 {
		t.Errorf("%d after %d bytes", w.Code, most+1<<20-body.N)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestStaticIsCompressedAndAskedForAgain(t *testing.T) {
	s := staticFiles(t)
	r := httptest.NewRequest("GET", "/assets/app-1a2b3c.js", nil)
	plain := httptest.NewRecorder()
	s.ServeHTTP(plain, r)
	r.Header.Set("Accept-Encoding", "gzip, br")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("ETag") == plain.Header().Get("ETag") {
		t.Fatalf("headers %v", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, plain.Body.Bytes()) {
		t.Errorf("unpacked to %d bytes, %v", len(body), err)
	}
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	s.ServeHTTP(again, r)
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again: %d", again.Code)
	}
}
