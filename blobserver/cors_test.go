package blobserver_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

func (s *service) allowOrigins(rules ...blobstore.CORSRule) {
	s.t.Helper()
	if err := s.store.SetServiceProperties(s.t.Context(), account, blobstore.ServiceProperties{CORS: &rules}); err != nil {
		s.t.Fatal(err)
	}
}

func TestPreflight(t *testing.T) {
	s := newService(t)
	s.want(s.do("OPTIONS", "/photos/b", "", "Origin: https://app.example", "Access-Control-Request-Method: PUT"), 403, "CorsPreflightFailure")
	s.allowOrigins(
		blobstore.CORSRule{AllowedOrigins: []string{"https://app.example", "https://*.wild.example"}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"x-ms-*", "content-type"}, MaxAge: time.Minute},
		blobstore.CORSRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}},
	)
	for _, tt := range []struct {
		name, origin, method, headers string
		allowed                       string
	}{
		{"as allowed", "https://app.example", "PUT", "x-ms-blob-type, Content-Type", "https://app.example"},
		{"without headers", "https://app.example", "PUT", "", "https://app.example"},
		{"subdomain", "https://a.wild.example", "PUT", "", "https://a.wild.example"},
		{"other origin", "https://evil.example", "PUT", "", ""},
		{"origin that only begins alike", "https://app.example.evil", "PUT", "", ""},
		{"the wildcard's own domain", "https://wild.example", "PUT", "", ""},
		{"other method", "https://app.example", "DELETE", "", ""},
		{"other header", "https://app.example", "PUT", "authorization", ""},
		{"anyone may read", "https://evil.example", "GET", "", "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			headers := []string{"Origin: " + tt.origin, "Access-Control-Request-Method: " + tt.method}
			if tt.headers != "" {
				headers = append(headers, "Access-Control-Request-Headers: "+tt.headers)
			}
			a := s.do("OPTIONS", "/photos/b?comp=block", "", headers...)
			if tt.allowed == "" {
				s.want(a, 403, "CorsPreflightFailure")
				return
			}
			s.want(a, 200, "")
			if a.Header.Get("Access-Control-Allow-Origin") != tt.allowed || a.Header.Get("Access-Control-Allow-Methods") != tt.method || a.Header.Get("Access-Control-Allow-Headers") != tt.headers {
				t.Errorf("%v", a.Header)
			}
		})
	}
	s.want(s.do("OPTIONS", "/photos/b", ""), 400, "MissingRequiredHeader")
	s.want(s.do("OPTIONS", "/photos/b", "", "Origin: https://app.example"), 400, "MissingRequiredHeader")
}

func TestActualRequestsCarryCORSHeadersAlsoOnErrors(t *testing.T) {
	s := newService(t)
	s.container("cors")
	q := "?" + s.all("cors")
	s.want(s.do("PUT", "/cors/b"+q, "x", blockBlob), 201, "")
	if a := s.do("GET", "/cors/b"+q, "", "Origin: https://app.example"); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without a rule: %v", a.Header)
	}
	s.allowOrigins(blobstore.CORSRule{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: []string{"GET", "PUT"}, ExposedHeaders: []string{"x-ms-*", "ETag"}})
	for _, a := range []answer{
		s.want(s.do("GET", "/cors/b"+q, "", "Origin: https://app.example"), 200, ""),
		s.want(s.do("GET", "/cors/none"+q, "", "Origin: https://app.example"), 404, "BlobNotFound"),
		s.want(s.do("PUT", "/cors/b?sig=x", "", "Origin: https://app.example"), 403, "AuthenticationFailed"),
	} {
		exposed := strings.Split(a.Header.Get("Access-Control-Expose-Headers"), ",")
		if a.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || !slices.Contains(a.Header.Values("Vary"), "Origin") || !slices.Contains(exposed, "x-ms-request-id") {
			t.Errorf("%d: %v", a.StatusCode, a.Header)
		}
		if a.StatusCode == 404 && !slices.Contains(exposed, "x-ms-error-code") {
			t.Errorf("the error code is not exposed: %v", exposed)
		}
		if slices.Contains(exposed, "content-type") {
			t.Errorf("more is exposed than the rule says: %v", exposed)
		}
	}
	a := s.want(s.do("GET", "/cors/b"+q, "", "Origin: https://evil.example"), 200, "")
	if a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("Vary") != "Origin" {
		t.Errorf("another origin: %v", a.Header)
	}
	// Or a browser that has kept what an <img> asked for gives it to a fetch, which it then refuses the page.
	if a := s.want(s.do("GET", "/cors/b"+q, ""), 200, ""); a.Header.Get("Vary") != "Origin" || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("no origin: %v", a.Header)
	}
}
