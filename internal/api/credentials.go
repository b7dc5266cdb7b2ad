package api

import (
	"net"
	"net/http"
	"time"
)

// credentials answers {"sasKey","url"} exactly as the tutorial's function does: leave to create blobs in the landing
// container, for pages that build their own blob URLs.
func (h *Handler) credentials(w http.ResponseWriter, r *http.Request) error {
	h.allowOrigin(w, r)
	if h.options.CredentialsOff {
		return h.unknown(w, r)
	}
	if err := h.limit(r, ""); err != nil {
		return err
	}
	endpoint, sasQuery, err := h.photos.Credentials(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		SASKey string `json:"sasKey"`
		URL    string `json:"url"`
	}{sasQuery, endpoint})
}

// limit bounds how often one caller, and one address, may ask for a SAS.
func (h *Handler) limit(r *http.Request, owner string) error {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	keys := []string{"address " + address}
	if owner != "" {
		keys = append(keys, "owner "+owner)
	}
	if wait := h.options.Limiter.Take(h.options.Now(), keys...); wait > 0 {
		return &Problem{Type: problemRate, Status: http.StatusTooManyRequests, Title: "Too many requests",
			Detail: "Wait " + wait.Round(time.Second).String() + " and try again.", retryAfter: wait}
	}
	return nil
}
