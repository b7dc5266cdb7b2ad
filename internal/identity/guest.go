// Package identity tells who is calling.
package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Caller is who sends a request.
type Caller struct {
	Owner string // stands in blob names: a-z, 0-9 and '-'; empty for who was never seen
	old   bool   // the cookie is to be renewed
}

// Known tells whether the caller owns anything.
func (c Caller) Known() bool { return c.Owner != "" }

const (
	// MinSecret is the fewest bytes that a guest cookie's signing secret may have.
	MinSecret = 32
	// guestPrefix keeps guests apart from the owners that other kinds of sign-in will name.
	guestPrefix = "g-"
	// maxAge is the longest that browsers keep a cookie (RFC 6265bis, section 5.5).
	maxAge = 400 * 24 * time.Hour
)

// GuestOptions adjusts [Guests]. The zero value is right for production behind HTTPS.
type GuestOptions struct {
	// Cookie is the cookie's name. Default "__Host-valetkey_guest", whose prefix makes browsers take it from this very
	// host over HTTPS only, so that no neighbour can plant one of its own (RFC 6265bis, section 4.1.3.2); "valetkey_guest"
	// with Insecure, which the prefix forbids.
	Cookie string
	// Insecure lets the cookie travel over plain HTTP, for loopback only.
	Insecure bool
	// RenewAfter is how old a cookie may be before it is set anew. Default 30 days.
	RenewAfter time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Random is where new guests' names come from. Default crypto/rand.
	Random io.Reader
}

// Guests tells visitors apart by a signed cookie: each owns what they uploaded, without having signed in.
type Guests struct {
	macs    sync.Pool // of *cookieMAC, keyed: every request needs one
	options GuestOptions
}

// NewGuests makes guests whose cookies are signed with secret, at least [MinSecret] bytes. All replicas share it; who
// changes it makes every guest a stranger.
func NewGuests(secret []byte, options *GuestOptions) (*Guests, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("guest secret: %d bytes are too few, %d are the least", len(secret), MinSecret)
	}
	var o GuestOptions
	if options != nil {
		o = *options
	}
	if o.Cookie == "" {
		o.Cookie = "__Host-valetkey_guest"
		if o.Insecure {
			o.Cookie = "valetkey_guest"
		}
	}
	o.RenewAfter = cmp.Or(o.RenewAfter, 30*24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("valetkey guest cookie v1")) // a key of its own for this purpose
	key := mac.Sum(nil)
	return &Guests{options: o, macs: sync.Pool{New: func() any { return &cookieMAC{hash: hmac.New(sha256.New, key)} }}}, nil
}

// Caller reads who sends r. A visitor without a cookie, or with one that isn't ours, is an unknown caller.
func (g *Guests) Caller(r *http.Request) Caller {
	owner, issued, err := g.read(r)
	if err != nil {
		return Caller{}
	}
	age := g.options.Now().Sub(issued)
	if age > maxAge {
		return Caller{}
	}
	return Caller{Owner: owner, old: age >= g.options.RenewAfter}
}

// Admit is for requests that make something: it gives an unknown caller a name and a cookie that proves it, and renews an
// old cookie. It must come before the answer's header is written.
func (g *Guests) Admit(w http.ResponseWriter, caller Caller) (Caller, error) {
	if caller.Known() && !caller.old {
		return caller, nil
	}
	if !caller.Known() {
		var name [16]byte
		if _, err := io.ReadFull(g.options.Random, name[:]); err != nil {
			return Caller{}, fmt.Errorf("no randomness for a guest's name: %w", err)
		}
		caller.Owner = guestPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(name[:]))
	}
	http.SetCookie(w, &http.Cookie{
		Name: g.options.Cookie, Value: g.sign(caller.Owner, g.options.Now()), Path: "/", MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: !g.options.Insecure, SameSite: http.SameSiteLaxMode,
	})
	caller.old = false
	return caller, nil
}

var errCookie = errors.New("not a guest cookie of ours")

// sign makes "owner.issued.mac", issued in seconds since 1970.
func (g *Guests) sign(owner string, issued time.Time) string {
	payload := owner + "." + strconv.FormatInt(issued.Unix(), 10)
	mac := g.macs.Get().(*cookieMAC)
	defer g.macs.Put(mac)
	return payload + "." + string(mac.of(payload))
}

// signed tells whether what is given is the MAC of payload.
func (g *Guests) signed(payload, given string) bool {
	mac := g.macs.Get().(*cookieMAC)
	defer g.macs.Put(mac)
	mac.given = append(mac.given[:0], given...)
	return hmac.Equal(mac.given, mac.of(payload))
}

// cookieMAC signs cookies, with room for what that takes.
type cookieMAC struct {
	hash                      hash.Hash
	payload, sum, text, given []byte
}

// of is a payload's MAC in URL-safe base64, good until the next call.
func (m *cookieMAC) of(payload string) []byte {
	m.payload = append(m.payload[:0], payload...)
	m.hash.Reset()
	_, _ = m.hash.Write(m.payload) // a hash takes everything
	m.sum = m.hash.Sum(m.sum[:0])
	m.text = base64.RawURLEncoding.AppendEncode(m.text[:0], m.sum)
	return m.text
}

// cookieValue finds the first cookie of a name (RFC 6265, section 5.4), or nothing. [http.Request.Cookie] does so too, and
// makes a list of all on the way.
func cookieValue(lines []string, name string) string {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if n, value, _ := strings.Cut(strings.TrimSpace(pair), "="); n == name {
				return value
			}
		}
	}
	return ""
}

// read finds who a cookie of ours names, and when it was issued.
func (g *Guests) read(r *http.Request) (owner string, issued time.Time, err error) {
	cookie := cookieValue(r.Header["Cookie"], g.options.Cookie)
	dot := strings.LastIndexByte(cookie, '.')
	if dot < 0 {
		return "", time.Time{}, errCookie
	}
	payload := cookie[:dot]
	if !g.signed(payload, cookie[dot+1:]) {
		return "", time.Time{}, errCookie
	}
	owner, seconds, _ := strings.Cut(payload, ".")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !strings.HasPrefix(owner, guestPrefix) {
		return "", time.Time{}, errCookie
	}
	return owner, time.Unix(unix, 0), nil
}
