package identity

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func newGuests(t *testing.T, now *time.Time, change ...func(*GuestOptions)) *Guests {
	t.Helper()
	o := &GuestOptions{Now: func() time.Time { return *now }}
	for _, f := range change {
		f(o)
	}
	g, err := NewGuests(bytes.Repeat([]byte{1}, MinSecret), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// admit sends a request with the cookie, if there is one, and returns who came and the cookie that was set, if any.
func admit(t *testing.T, g *Guests, cookie *http.Cookie) (Caller, *http.Cookie) {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	caller, err := g.Admit(w, g.Caller(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		return caller, c
	}
	return caller, nil
}

func TestGuestIsKnownAgain(t *testing.T) {
	now := epoch
	g := newGuests(t, &now)
	first, cookie := admit(t, g, nil)
	if !first.Known() || cookie == nil {
		t.Fatalf("caller %+v, cookie %v", first, cookie)
	}
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Name != "__Host-valetkey_guest" || cookie.Domain != "" || cookie.MaxAge != 400*86400 {
		t.Errorf("cookie %v", cookie)
	}
	again, renewed := admit(t, g, cookie)
	if again != first || renewed != nil {
		t.Errorf("came back as %+v with cookie %v", again, renewed)
	}
	other, _ := admit(t, g, nil)
	if other == first {
		t.Error("two visitors are one owner")
	}
}

func TestCookieIsRenewedAndEnds(t *testing.T) {
	now := epoch
	g := newGuests(t, &now)
	first, cookie := admit(t, g, nil)
	now = epoch.Add(30 * 24 * time.Hour)
	same, renewed := admit(t, g, cookie)
	if same != first || renewed == nil {
		t.Errorf("after 30 days: %+v, %v", same, renewed)
	}
	now = epoch.Add(400*24*time.Hour + time.Second)
	if stranger, _ := admit(t, g, cookie); stranger == first {
		t.Error("a cookie that ended still opens")
	}
}

func TestForgedCookies(t *testing.T) {
	now := epoch
	g := newGuests(t, &now)
	_, cookie := admit(t, g, nil)
	parts := strings.Split(cookie.Value, ".")
	foreign, err := NewGuests(bytes.Repeat([]byte{2}, MinSecret), &GuestOptions{Now: g.options.Now})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"another owner":  "g-" + strings.Repeat("a", 26) + "." + parts[1] + "." + parts[2],
		"another time":   parts[0] + ".1." + parts[2],
		"no mac":         parts[0] + "." + parts[1] + ".",
		"no parts":       "g-x",
		"empty":          "",
		"another secret": foreign.sign(parts[0], now),
		"no guest":       g.sign("public", now),
		"bad time":       strings.Replace(g.sign("g-a.x", now), ".x.", ".x.", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
			if c := g.Caller(r); c.Known() {
				t.Errorf("taken for %+v", c)
			}
		})
	}
}

func TestOwnCookieAmongOthers(t *testing.T) {
	now := epoch
	g := newGuests(t, &now)
	owner, cookie := admit(t, g, nil)
	own := cookie.Name + "=" + cookie.Value
	for name, lines := range map[string][]string{
		"first":            {own + "; theme=dark"},
		"last":             {"theme=dark; lang=ar; " + own},
		"without spaces":   {"theme=dark;" + own + ";lang=ar"},
		"in a second line": {"theme=dark", own},
		"among broken":     {";; =; novalue; " + own + ";"},
	} {
		if c := g.Caller(&http.Request{Header: http.Header{"Cookie": lines}}); c.Owner != owner.Owner {
			t.Errorf("%s: %+v, want %s", name, c, owner.Owner)
		}
	}
	for name, line := range map[string]string{"a longer name": "x" + own, "another": cookie.Name + "x=" + cookie.Value, "only the first counts": cookie.Name + "=; " + own} {
		if c := g.Caller(&http.Request{Header: http.Header{"Cookie": {line}}}); c.Known() {
			t.Errorf("%s: taken for %+v", name, c)
		}
	}
}

func TestShortSecretStopsTheStart(t *testing.T) {
	if _, err := NewGuests(make([]byte, MinSecret-1), nil); err == nil {
		t.Error("a short secret was taken")
	}
	if _, err := NewGuests(make([]byte, MinSecret), nil); err != nil {
		t.Error(err)
	}
}

func FuzzCookie(f *testing.F) {
	f.Add("g-abc.1.AAAA")
	f.Fuzz(func(t *testing.T, value string) {
		now := epoch
		g := newGuests(t, &now)
		r := &http.Request{Header: http.Header{"Cookie": {"__Host-valetkey_guest=" + value}}}
		if c := g.Caller(r); c.Known() {
			t.Errorf("%q is taken for %+v", value, c)
		}
	})
}
