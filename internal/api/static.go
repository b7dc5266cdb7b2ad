package api

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// Static serves the web app's files, each read and compressed once, when it is asked for: a page may name its path without ".html", what
// stands in assets/ has its content's hash in its name and is kept for good, everything else is asked for again.
type Static struct {
	files  map[string]func() (file, error)
	policy string
}

type file struct {
	body         []byte
	gzipped      func() []byte // nil where it saves nothing
	contentType  string
	etag         string
	cacheControl string
}

// NewStatic finds every file of app. The pages may load images from, and send to, blobOrigin besides their own origin.
func NewStatic(app fs.FS, blobOrigin string) (*Static, error) {
	s := &Static{files: map[string]func() (file, error){}, policy: contentSecurityPolicy(blobOrigin)}
	err := fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		s.files["/"+name] = sync.OnceValues(func() (file, error) {
			body, err := fs.ReadFile(app, name)
			return newFile(name, body), err
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finding the web app's files: %w", err)
	}
	return s, nil
}

// contentTypes are those of the app's files. The mime package would ask the system, which takes time and may know better.
var contentTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	f := file{
		body: body, gzipped: sync.OnceValue(func() []byte { return compress(body) }), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		contentType: cmp.Or(contentTypes[path.Ext(name)], "application/octet-stream"), cacheControl: "no-cache",
	}
	if strings.HasPrefix(name, "assets/") {
		f.cacheControl = "public, max-age=31536000, immutable"
	}
	return f
}

// compress takes some milliseconds for a script, so a file is compressed when somebody asks for it, not at the start: a
// serverless host counts the time to the first answer.
func compress(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a known one
	_, _ = z.Write(body)                                  // a buffer takes everything
	_ = z.Close()
	if b.Len() >= len(body)*9/10 {
		return nil
	}
	return b.Bytes()
}

// contentSecurityPolicy lets the app run its own files only. Neither inline script nor inline style is allowed.
func contentSecurityPolicy(blobOrigin string) string {
	return strings.Join([]string{
		"default-src 'self'",
		"img-src 'self' blob: data: " + blobOrigin,
		"connect-src 'self' " + blobOrigin,
		"object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}

func (s *Static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if r.Method == http.MethodPost && r.URL.Path == "/share" {
		answerShare(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
		return
	}
	read, ok := s.find(r.URL.Path)
	if !ok {
		http.Error(w, "404 not found", http.StatusNotFound)
		return
	}
	f, err := read()
	if err != nil { // what is embedded can always be read
		http.Error(w, "500 the file cannot be read", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.body, f.etag
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if gzipped := f.gzipped(); gzipped != nil {
			body, etag = gzipped, strings.TrimSuffix(f.etag, `"`)+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// maxShareBytes is how much of a share is read, so that a browser that sends it all before it listens hears the answer.
const maxShareBytes = 64 << 20

// answerShare is for what another app shares before the service worker is there, which takes it otherwise (web/src/sw.ts).
// Photos don't pass through here: the app opens instead, and asks for them to be chosen again.
func answerShare(w http.ResponseWriter, r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, maxShareBytes) // whatever came of it, the answer is the same
	http.Redirect(w, r, "/?shared=failed", http.StatusSeeOther)
}

func (s *Static) find(urlPath string) (read func() (file, error), ok bool) {
	candidates := []string{urlPath, urlPath + ".html"}
	if strings.HasSuffix(urlPath, "/") {
		candidates = []string{urlPath + "index.html", urlPath + "placeholder.html"} // see package web
	}
	for _, name := range candidates {
		if read, ok = s.files[name]; ok {
			return read, true
		}
	}
	return nil, false
}
