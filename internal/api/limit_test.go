package api

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestWhoTheLimitIsFor(t *testing.T) {
	h := &Handler{options: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for name, tt := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                {"192.0.2.1:1234", nil, "192.0.2.1"},
		"a stranger's header":     {"192.0.2.1:1234", []string{"198.51.100.7"}, "192.0.2.1"},
		"a proxy":                 {"10.1.2.3:1234", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy says nothing":    {"10.1.2.3:1234", nil, "10.1.2.3"},
		"a client lies":           {"10.1.2.3:1234", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"a client sends nonsense": {"10.1.2.3:1234", []string{"nonsense, 198.51.100.7"}, "198.51.100.7"},
		"nonsense at the end":     {"10.1.2.3:1234", []string{"198.51.100.7, nonsense"}, "10.1.2.3"},
		"two proxies":             {"10.1.2.3:1234", []string{"198.51.100.7, 10.9.9.9"}, "198.51.100.7"},
		"two headers":             {"10.1.2.3:1234", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		"with a port":             {"10.1.2.3:1234", []string{"198.51.100.7:555"}, "198.51.100.7"},
		"IPv6":                    {"[::1]:1234", []string{"2001:db8:1:2:3::4"}, "2001:db8:1:2::/64"},
		"IPv4 in IPv6":            {"[::ffff:10.1.2.3]:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			r.Header["X-Forwarded-For"] = tt.forwarded
			if got := network(h.remote(r)); got != tt.want {
				t.Errorf("the limit is for %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("198.51.100.7, 10.9.9.9")
	f.Add(" , ,,::1")
	h := &Handler{options: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header["X-Forwarded-For"] = []string{header}
		if _, ok := parseAddress(h.remote(r)); !ok {
			t.Errorf("%q is for no address", header)
		}
	})
}
