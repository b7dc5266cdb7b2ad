package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/internal/grant"
)

// sink is a ResponseWriter that keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

// BenchmarkGrant measures what handing out a SAS costs besides HTTP itself.
func BenchmarkGrant(b *testing.B) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h := start(b, &settings{api: api.Options{Log: log}, grant: grant.Options{Ledger: grant.NewLedger(io.Discard, false)},
		limiter: grant.LimiterOptions{PerSecond: 1e9, Burst: 1e9}})
	const upload = `{"name":"photo.jpg","type":"image/jpeg","size":4000000}`
	v := h.visitor()
	v.begin(10)
	for _, bm := range []struct{ name, method, path, body string }{
		{"credentials", "GET", "/api/credentials", ""},
		{"upload", "POST", "/api/uploads", upload},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			r, err := http.NewRequestWithContext(b.Context(), bm.method, h.url+bm.path, http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			r.RemoteAddr = "192.0.2.1:1234"
			for _, c := range v.client.Jar.Cookies(r.URL) {
				r.AddCookie(c)
			}
			body := strings.NewReader(bm.body)
			r.Body = io.NopCloser(body)
			for b.Loop() {
				body.Reset(bm.body)
				h.handler.ServeHTTP(sink{http.Header{}}, r)
			}
		})
	}
}
