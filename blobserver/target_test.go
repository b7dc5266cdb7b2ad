package blobserver

import (
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/bloberror"
)

func TestParseTarget(t *testing.T) {
	for _, tt := range []struct {
		name, host, path         string
		account, container, blob string
	}{
		{"service, path-style", "127.0.0.1:10000", "/acct", "acct", "", ""},
		{"service with a slash", "127.0.0.1:10000", "/acct/", "acct", "", ""},
		{"container", "localhost", "/acct/photos", "acct", "photos", ""},
		{"blob", "localhost", "/acct/photos/a.jpg", "acct", "photos", "a.jpg"},
		{"folders", "localhost", "/acct/photos/a/b/c", "acct", "photos", "a/b/c"},
		{"double slash stays", "localhost", "/acct/photos//a//b", "acct", "photos", "/a//b"},
		{"dots stay", "localhost", "/acct/photos/../../etc/passwd", "acct", "photos", "../../etc/passwd"},
		{"escaped slash is part of the name", "localhost", "/acct/photos/a%2Fb", "acct", "photos", "a/b"},
		{"escaped dots", "localhost", "/acct/photos/%2e%2e/x", "acct", "photos", "../x"},
		{"plus is a plus", "localhost", "/acct/photos/a+b", "acct", "photos", "a+b"},
		{"unicode", "localhost", "/acct/photos/%E5%86%99%E7%9C%9F", "acct", "photos", "写真"},
		{"trailing slash", "localhost", "/acct/photos/a/", "acct", "photos", "a/"},
		{"host-style blob", "acct.blob.core.windows.net", "/photos/a/b", "acct", "photos", "a/b"},
		{"host-style with a port", "Acct.blob.localhost:10000", "/photos", "acct", "photos", ""},
		{"host-style service", "acct.blob.localhost", "/", "acct", "", ""},
		{"an address is no account", "10.0.0.1", "/acct/c12", "acct", "c12", ""},
		{"a host named blob is no account", "blob.example.org", "/acct", "acct", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseTarget(tt.host, tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if got.account != tt.account || got.container != tt.container || got.blob != tt.blob {
				t.Errorf("got %q %q %q", got.account, got.container, got.blob)
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, path := range []string{"/acct/photos/%zz", "/acct/photos/%ff", "/acct//blob", "/%"} {
		if got, err := parseTarget("localhost", path); bloberror.CodeOf(err) != bloberror.InvalidURI {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
}

func TestContainerNames(t *testing.T) {
	for _, name := range []string{"abc", "a-b", "123", "a1-b2-c3", strings.Repeat("a", 63), "$root", "$web", "$logs"} {
		if !validContainerName(name) {
			t.Errorf("%q refused", name)
		}
	}
	for _, name := range []string{"", "ab", "-ab", "ab-", "a--b", "Abc", "a_b", "a.b", "äbc", "$other", strings.Repeat("a", 64)} {
		if validContainerName(name) {
			t.Errorf("%q accepted", name)
		}
	}
}

func TestBlobNameLengthIsCountedInCharacters(t *testing.T) {
	limits := Limits{}.withDefaults()
	if err := (target{container: "abc", blob: strings.Repeat("ä", 1024)}).checkNames(&limits); err != nil {
		t.Errorf("1,024 characters: %v", err)
	}
	if err := (target{container: "abc", blob: strings.Repeat("a", 1025)}).checkNames(&limits); bloberror.CodeOf(err) != bloberror.InvalidResourceName {
		t.Errorf("1,025 characters: %v", err)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, path := range []string{"/a/b/c", "/a//b", "/a/b/%2f%2F", "/a/b/..", "//", "/%00", "/a/b/%E5%86%99"} {
		f.Add("localhost", path)
		f.Add("acct.blob.localhost", path)
	}
	f.Fuzz(func(t *testing.T, host, path string) {
		got, err := parseTarget(host, path)
		if err != nil {
			return
		}
		// The same names, escaped again, must be found again: nothing is lost or moved between the three.
		again := "/" + url.PathEscape(got.container) + "/" + url.PathEscape(got.blob)
		if got.accountInPath {
			again = "/" + url.PathEscape(got.account) + again
		}
		back, err := parseTarget(host, again)
		if err != nil || back != got {
			t.Fatalf("%q %q: %+v, then %+v, %v", host, path, got, back, err)
		}
	})
}
