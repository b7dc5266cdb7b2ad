package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// limit bounds how often one caller, and one address, may ask for a SAS.
func (h *Handler) limit(r *http.Request, owner string, now time.Time) error {
	// Addresses and owners cannot be taken for one another: only an address has a '.' or ':'.
	keys := [2]string{network(h.remote(r)), owner}
	count := 1
	if owner != "" {
		count = 2
	}
	if wait := h.options.Limiter.Take(now, keys[:count]...); wait > 0 {
		return &Problem{Type: problemRate, Status: http.StatusTooManyRequests, Title: "Too many requests",
			Detail: "Wait " + wait.Round(time.Second).String() + " and try again.", retryAfter: wait}
	}
	return nil
}

// remote is the client's address: who sent the request or, where that is a trusted proxy, who the proxy says did. Each
// proxy adds the one it saw at the end of X-Forwarded-For, so what a client writes there itself stands before the last
// address that is no proxy's, and is not looked at.
func (h *Handler) remote(r *http.Request) string {
	if len(h.options.TrustedProxies) == 0 || !h.trusted(r.RemoteAddr) {
		return r.RemoteAddr
	}
	remote := r.RemoteAddr
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, ok := parseAddress(hop); !ok {
			break
		}
		if remote = hop; !h.trusted(hop) {
			break
		}
	}
	return remote
}

func (h *Handler) trusted(remote string) bool {
	address, ok := parseAddress(remote)
	return ok && slices.ContainsFunc(h.options.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// network is what one household or host has: an IPv4 address, or an IPv6 network of 64 bits, within which anybody can
// have as many addresses as they like (RFC 4291, section 2.5.4).
func network(remote string) string {
	// Of an IPv4 address and a port, which most are, it is a part; the rest has to be written anew.
	if host, _, found := strings.Cut(remote, ":"); found {
		if address, err := netip.ParseAddr(host); err == nil && address.Is4() {
			return host
		}
	}
	address, ok := parseAddress(remote)
	if !ok {
		return remote
	}
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return address.String()
	}
	return network.String()
}

// parseAddress reads an address with or without a port.
func parseAddress(s string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	address, err := netip.ParseAddr(s)
	return address.Unmap().WithZone(""), err == nil
}
