package api

import (
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// getCredentials answers {"sasKey","url"} exactly as the tutorial's function does: leave to create blobs in the landing
// container, for pages that build their own blob URLs.
func (h *Handler) getCredentials(w http.ResponseWriter, r *http.Request) error {
	h.allowOrigin(w, r)
	if h.options.CredentialsOff {
		return errUnknown
	}
	if err := h.limit(r, ""); err != nil {
		return err
	}
	now := h.options.Now()
	text := h.credentials.of(now)
	if text == nil {
		endpoint, sasQuery, err := h.photos.Credentials(r.Context())
		if err != nil {
			return err
		}
		if text, err = marshal(credentialsAnswer{sasQuery, endpoint}); err != nil {
			return err
		}
		h.credentials.keep(now, text)
	}
	h.photos.RecordCredentials(r.Context())
	writeJSONText(w, http.StatusOK, text)
	return nil
}

type credentialsAnswer struct {
	SASKey string `json:"sasKey"`
	URL    string `json:"url"`
}

// credentialsCache keeps the answer of the second that it was made in: a SAS names its end to the second, so within one
// all are the same to the byte.
type credentialsCache struct {
	last atomic.Pointer[keptAnswer]
}

type keptAnswer struct {
	second int64
	text   []byte
}

func (c *credentialsCache) of(now time.Time) []byte {
	if kept := c.last.Load(); kept != nil && kept.second == now.Unix() {
		return kept.text
	}
	return nil
}

func (c *credentialsCache) keep(now time.Time, text []byte) {
	c.last.Store(&keptAnswer{now.Unix(), text})
}

// limit bounds how often one caller, and one address, may ask for a SAS.
func (h *Handler) limit(r *http.Request, owner string) error {
	// Addresses and owners cannot be taken for one another: only an address has a '.' or ':'.
	keys := [2]string{addressOf(r.RemoteAddr), owner}
	count := 1
	if owner != "" {
		count = 2
	}
	if wait := h.options.Limiter.Take(h.options.Now(), keys[:count]...); wait > 0 {
		return &Problem{Type: problemRate, Status: http.StatusTooManyRequests, Title: "Too many requests",
			Detail: "Wait " + wait.Round(time.Second).String() + " and try again.", retryAfter: wait}
	}
	return nil
}

// addressOf is what one household or host has: an IPv4 address, or an IPv6 network of 64 bits, within which anybody can
// have as many addresses as they like (RFC 4291, section 2.5.4). Headers such as X-Forwarded-For are not looked at: who
// sends them can write what they like.
func addressOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return address.String()
	}
	return network.String()
}
