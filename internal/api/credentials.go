package api

import (
	"net/http"
	"sync/atomic"
	"time"
)

// getCredentials answers {"sasKey","url"} exactly as the tutorial's function does: leave to create blobs in the landing
// container, for pages that build their own blob URLs.
func (h *Handler) getCredentials(w http.ResponseWriter, r *http.Request, now time.Time) error {
	h.allowOrigin(w, r)
	if h.options.CredentialsOff {
		return errUnknown
	}
	if err := h.limit(r, "", now); err != nil {
		return err
	}
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
	h.photos.RecordCredentials(now)
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
