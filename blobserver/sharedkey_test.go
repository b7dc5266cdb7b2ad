package blobserver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestSharedKeyStringToSign(t *testing.T) {
	// The example of "Authorize with Shared Key" in the REST reference, Get Container Metadata.
	r := httptest.NewRequest("GET", "http://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20", nil)
	r.Header.Set("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT")
	r.Header.Set("x-ms-version", "2015-02-21")
	query, _ := url.ParseQuery(r.URL.RawQuery)
	want := "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n" +
		"/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
	if got := sharedKeyString(r, "myaccount", query, compareLikeDotNet); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestSharedKeyStringOfAPathStyleURLNamesTheAccountTwice(t *testing.T) {
	r := httptest.NewRequest("PUT", "http://127.0.0.1:10000/acct/c12/a%2Fb%20c?comp=block&blockid=QUE%3D", strings.NewReader("body"))
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("X-Ms-Meta-B", "2")
	r.Header.Set("X-Ms-Meta-A", " 1 ")
	r.Header.Set("Date", "Fri, 26 Jun 2015 23:39:12 GMT")
	query, _ := url.ParseQuery(r.URL.RawQuery)
	want := "PUT\n\n\n4\n\ntext/plain\nFri, 26 Jun 2015 23:39:12 GMT\n\n\n\n\n\nx-ms-meta-a:1\nx-ms-meta-b:2\n" +
		"/acct/acct/c12/a%2Fb%20c\nblockid:QUE=\ncomp:block"
	if got := sharedKeyString(r, "acct", query, compareLikeDotNet); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	lite := "PUT\n\ntext/plain\nFri, 26 Jun 2015 23:39:12 GMT\nx-ms-meta-a:1\nx-ms-meta-b:2\n/acct/acct/c12/a%2Fb%20c?comp=block"
	if got := sharedKeyLiteString(r, "acct", query, compareLikeDotNet); got != lite {
		t.Errorf("got\n%q\nwant\n%q", got, lite)
	}
}

func TestHeaderOrderIsThatOfDotNet(t *testing.T) {
	names := []string{"x-ms-meta-ab", "x-ms-meta-a-b", "x-ms-meta-a_b", "x-ms-meta-a1", "x-ms-date", "x-ms-version"}
	slices.SortFunc(names, compareLikeDotNet)
	// "_" sorts before digits, digits before letters, and a hyphen counts only when nothing else differs.
	want := []string{"x-ms-date", "x-ms-meta-a_b", "x-ms-meta-a1", "x-ms-meta-ab", "x-ms-meta-a-b", "x-ms-version"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func FuzzCanonicalization(f *testing.F) {
	f.Add("x-ms-meta-a", "x-ms-meta-b", "comp=list&a=1&A=2")
	f.Add("x-ms-meta-a-b", "x-ms-meta-ab", "prefix=%C3%A4&marker=")
	f.Add("X-Ms-'-", "x-ms--'", "a;b&%zz")
	f.Fuzz(func(t *testing.T, a, b, rawQuery string) {
		la, lb := strings.ToLower(a), strings.ToLower(b)
		if ab, ba := compareLikeDotNet(la, lb), compareLikeDotNet(lb, la); (ab < 0) != (ba > 0) || (ab == 0) != (ba == 0) {
			t.Fatalf("%q and %q compare %d and %d", a, b, ab, ba)
		}
		query, err := parseQuery(rawQuery)
		if err != nil {
			return
		}
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/acct"}, Header: http.Header{a: {"1"}, b: {"2"}}}
		first := sharedKeyString(r, "acct", query, compareLikeDotNet)
		if again := sharedKeyString(r, "acct", query, compareLikeDotNet); again != first && la != lb && compareLikeDotNet(la, lb) != 0 {
			t.Fatalf("not the same twice: %q and %q", first, again)
		}
	})
}
