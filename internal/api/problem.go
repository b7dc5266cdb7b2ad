package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
)

// Problem is an error as RFC 9457 writes it. Its type is one of the problem… constants; clients may rely on it, and on
// the extension members, which are there where the type says so.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"` // for the user
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"` // for the user, about this one case
	RequestID string `json:"requestId"`

	Field      string   `json:"field,omitempty"`      // the JSON member or parameter that is wrong
	Limit      int64    `json:"limit,omitempty"`      // bytes (too-large, quota)
	Missing    []string `json:"missing,omitempty"`    // ids of blocks to send again (incomplete)
	Unexpected []string `json:"unexpected,omitempty"` // ids of blocks that don't belong (incomplete)
	Reason     string   `json:"reason,omitempty"`     // why an image is refused (not-an-image)

	retryAfter time.Duration
}

// The stable types of problems.
const (
	problemBadRequest  = "urn:valetkey:problem:bad-request"
	problemBodyTooBig  = "urn:valetkey:problem:body-too-large"
	problemCrossOrigin = "urn:valetkey:problem:cross-origin"
	problemNotFound    = "urn:valetkey:problem:not-found"
	problemMethod      = "urn:valetkey:problem:method-not-allowed"
	problemTooLarge    = "urn:valetkey:problem:too-large"
	problemWrongType   = "urn:valetkey:problem:unsupported-type"
	problemQuota       = "urn:valetkey:problem:quota"
	problemRate        = "urn:valetkey:problem:rate-limited"
	problemExpired     = "urn:valetkey:problem:expired"
	problemIncomplete  = "urn:valetkey:problem:incomplete"
	problemChanged     = "urn:valetkey:problem:changed"
	problemNotAnImage  = "urn:valetkey:problem:not-an-image"
	problemUnavailable = "urn:valetkey:problem:storage-unavailable"
	problemInternal    = "urn:valetkey:problem:internal"
)

const wrongCursor = `"cursor" must be one that an earlier page gave.`

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

func badRequest(field, detail string) *Problem {
	return &Problem{Type: problemBadRequest, Status: http.StatusBadRequest, Title: "The request makes no sense",
		Detail: detail, Field: field}
}

// problemOf is the one place where an error becomes an answer. What it does not know is internal: the client gets a
// request id, and the cause goes to the log under it.
func problemOf(err error) (p *Problem, internal bool) {
	var (
		tooLarge   *photo.TooLarge
		wrongType  *photo.WrongType
		quota      *photo.OverQuota
		incomplete *photo.Incomplete
		refusal    *imaging.Refusal
		network    net.Error
	)
	switch {
	case errors.As(err, &p):
		return p, false
	case errors.As(err, &tooLarge):
		return &Problem{Type: problemTooLarge, Status: http.StatusRequestEntityTooLarge, Title: "The file is too large",
			Detail: fmt.Sprintf("It has %s; %s is the most that can be uploaded.", size(tooLarge.Size), size(tooLarge.Limit)),
			Limit:  tooLarge.Limit}, false
	case errors.As(err, &wrongType):
		return &Problem{Type: problemWrongType, Status: http.StatusUnsupportedMediaType, Title: "This kind of file is not accepted",
			Detail: wrongType.Error() + ".", Field: "type"}, false
	case errors.As(err, &quota):
		return &Problem{Type: problemQuota, Status: http.StatusForbidden, Title: "There is no room left",
			Detail: fmt.Sprintf("You have %d photos, %s in all. Delete some to make room.", quota.Photos, size(quota.Bytes)),
			Limit:  max(quota.BytesLimit, 0)}, false
	case errors.As(err, &incomplete):
		return &Problem{Type: problemIncomplete, Status: http.StatusConflict, Title: "The upload is not complete",
			Detail: incomplete.Error() + ".", Missing: incomplete.Missing, Unexpected: incomplete.Unexpected}, false
	case errors.As(err, &refusal):
		return &Problem{Type: problemNotAnImage, Status: http.StatusUnprocessableEntity, Title: "The file cannot be used as a photo",
			Detail: refusal.Message, Reason: string(refusal.Reason)}, false
	case errors.Is(err, photo.ErrNotFound):
		return &Problem{Type: problemNotFound, Status: http.StatusNotFound, Title: "Not found",
			Detail: "There is no such photo or upload, or it is not yours."}, false
	case errors.Is(err, photo.ErrCursor):
		return badRequest("cursor", wrongCursor), false
	case errors.Is(err, photo.ErrExpired):
		return &Problem{Type: problemExpired, Status: http.StatusGone, Title: "The upload has expired",
			Detail: "It was begun too long ago. Upload the file again."}, false
	case errors.Is(err, photo.ErrChanged):
		return &Problem{Type: problemChanged, Status: http.StatusConflict, Title: "The upload changed meanwhile",
			Detail: "Something else wrote to it while it was being checked. Try again."}, false
	case errors.As(err, &network):
		return &Problem{Type: problemUnavailable, Status: http.StatusServiceUnavailable, Title: "The storage does not answer",
			Detail: "Try again in a moment.", retryAfter: 5 * time.Second}, true
	}
	return &Problem{Type: problemInternal, Status: http.StatusInternalServerError, Title: "Something went wrong here",
		Detail: "It has been logged under the request id."}, true
}

// size is a number of bytes for people.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, units := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && value >= unit {
		value, units = value/unit, units[1:]
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[0]
}

func (p *Problem) write(w http.ResponseWriter, requestID string) {
	answer := *p
	answer.RequestID = requestID
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.retryAfter > 0 {
		seconds := int64((p.retryAfter + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone; there is nobody else to tell
}
