// Package api is the JSON API that api/openapi.yaml describes.
package api

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/identity"
	"github.com/valetkey/valetkey/internal/photo"
)

// Options adjusts a [Handler]. The zero value is right for production.
type Options struct {
	// Origins are the origins besides its own whose pages may ask for credentials. Default none.
	Origins []string
	// TrustedProxies are the peers whose X-Forwarded-For is believed, for the rate limit. Default none.
	TrustedProxies []netip.Prefix
	// MaxBody is the most bytes a request's body may have. Default 16 KiB.
	MaxBody int64
	// Limiter bounds how often one caller may ask for a SAS. Default: [grant.NewLimiter] with its defaults.
	Limiter *grant.Limiter
	// CredentialsOff withdraws GET /api/credentials and the public gallery.
	CredentialsOff bool
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log takes a line for each request that was refused or failed (at debug, for every one), and the cause of each
	// internal error. Default: nothing is logged.
	Log *slog.Logger
}

// Handler answers the API's calls.
type Handler struct {
	photos  *photo.Service
	guests  *identity.Guests
	options Options
	routes  http.Handler

	requestIDs  requestIDs
	credentials credentialsCache
}

// New makes the API's handler. It answers everything below /api/ and /.auth/.
func New(photos *photo.Service, guests *identity.Guests, options *Options) *Handler {
	var o Options
	if options != nil {
		o = *options
	}
	o.MaxBody = cmp.Or(o.MaxBody, 16<<10)
	if o.Limiter == nil {
		o.Limiter = grant.NewLimiter(nil)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{photos: photos, guests: guests, options: o, requestIDs: requestIDs{prefix: rand.Text()[:12]}}
	mux, known := http.NewServeMux(), http.NewServeMux()
	fixed := map[string]http.Handler{} // whose path names nothing: found here in a tenth of the time that mux takes
	for pattern, handle := range map[string]call{
		"GET /api/credentials":            h.getCredentials,
		"POST /api/uploads":               h.beginUpload,
		"GET /api/uploads/{id}":           h.resumeUpload,
		"POST /api/uploads/{id}/complete": h.completeUpload,
		"DELETE /api/uploads/{id}":        h.abortUpload,
		"GET /api/photos":                 h.listPhotos,
		"GET /api/photos/{id}":            h.getPhoto,
		"PATCH /api/photos/{id}":          h.renamePhoto,
		"DELETE /api/photos/{id}":         h.deletePhoto,
		"GET /.auth/me":                   h.me,
	} {
		handler := h.adapt(handle)
		mux.Handle(pattern, handler)
		known.Handle(pattern, http.NotFoundHandler())
		if !strings.Contains(pattern, "{") {
			fixed[pattern] = handler
		}
	}
	mux.Handle("/", h.adapt(func(w http.ResponseWriter, r *http.Request, _ time.Time) error { return unknown(known, w, r) }))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(h.adapt(func(http.ResponseWriter, *http.Request, time.Time) error {
		return &Problem{Type: problemCrossOrigin, Status: http.StatusForbidden, Title: "Another site may not do this",
			Detail: "The request came from a page of another origin."}
	}))
	h.routes = guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler, ok := fixed[r.Method+" "+r.URL.Path]; ok {
			handler.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.routes.ServeHTTP(w, r) }

// call answers a request that came at a time, or returns why it doesn't.
type call func(w http.ResponseWriter, r *http.Request, now time.Time) error

// adapt makes an http.Handler of a call. What went well is seen in the ledger, and logged only for who asks for every
// request; an answer is named where the log tells of it.
func (h *Handler) adapt(handle call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := h.options.Now()
		header := w.Header()
		header["X-Content-Type-Options"] = nosniff
		header["Referrer-Policy"] = noReferrer
		header["Cache-Control"] = noStore
		if h.options.Log.Enabled(r.Context(), slog.LevelDebug) {
			h.answerAndLog(handle, w, r, now)
		} else if err := handle(w, r, now); err != nil {
			h.refuse(w, r, err, h.nameAnswer(header), now)
		}
	})
}

// answerAndLog logs the request, whatever comes of it.
func (h *Handler) answerAndLog(handle call, w http.ResponseWriter, r *http.Request, now time.Time) {
	requestID := h.nameAnswer(w.Header())
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	if err := handle(recorder, r, now); err != nil {
		h.refuse(w, r, err, requestID, now)
		return
	}
	h.log(r, slog.LevelDebug, requestID, recorder.status, now)
}

// refuse answers with the problem that an error is, and logs it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error, requestID string, now time.Time) {
	problem, internal := problemOf(err)
	if internal {
		h.options.Log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("requestId", requestID),
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
	}
	problem.write(w, requestID)
	h.log(r, slog.LevelInfo, requestID, problem.Status, now)
}

func (h *Handler) log(r *http.Request, level slog.Level, requestID string, status int, began time.Time) {
	h.options.Log.LogAttrs(r.Context(), level, "request", slog.String("requestId", requestID),
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status),
		slog.Int64("ms", h.options.Now().Sub(began).Milliseconds()))
}

// nameAnswer gives an answer the id that the log has for it.
func (h *Handler) nameAnswer(header http.Header) (requestID string) {
	requestID = h.requestIDs.next()
	header.Set("X-Request-Id", requestID)
	return requestID
}

// Values of headers that every answer has. Any may hold a SAS, so none is ever stored. Nobody changes the values.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	jsonType   = []string{"application/json"}
	varyOrigin = []string{"Origin"}
)

// requestIDs makes ids that are unique beyond this process: a random beginning and a count.
type requestIDs struct {
	prefix string
	count  atomic.Uint64
}

func (r *requestIDs) next() string {
	id := make([]byte, 0, 32)
	id = append(append(id, r.prefix...), '-')
	return string(strconv.AppendUint(id, r.count.Add(1), 36))
}

// statusRecorder remembers the status for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// unknown answers for calls that the API does not have, which known, a mux of those it has, would do in plain text.
func unknown(known *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	standard, _ := known.Handler(r)
	probe := &statusRecorder{ResponseWriter: discard{http.Header{}}}
	standard.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		allowed := probe.Header().Get("Allow")
		w.Header().Set("Allow", allowed)
		return &Problem{Type: problemMethod, Status: http.StatusMethodNotAllowed, Title: "Not this way",
			Detail: "The call takes " + allowed + "."}
	}
	return errUnknown
}

var errUnknown = &Problem{Type: problemNotFound, Status: http.StatusNotFound, Title: "Not found",
	Detail: "The API has no such call. api/openapi.yaml lists them."}

// discard is a ResponseWriter that only keeps the header.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// me answers who is calling, in the shape of Azure Static Web Apps, so that one frontend runs on both.
// https://learn.microsoft.com/azure/static-web-apps/user-information
func (h *Handler) me(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	type principal struct {
		IdentityProvider string   `json:"identityProvider"`
		UserID           string   `json:"userId"`
		UserDetails      string   `json:"userDetails"`
		UserRoles        []string `json:"userRoles"`
	}
	var answer struct {
		ClientPrincipal *principal `json:"clientPrincipal"`
	}
	if caller := h.guests.Caller(r); caller.Known() {
		answer.ClientPrincipal = &principal{IdentityProvider: "guest", UserID: caller.Owner, UserDetails: "Guest", UserRoles: []string{"anonymous"}}
	}
	return writeJSON(w, http.StatusOK, answer)
}

// allowOrigin lets a listed origin's page read the answer. Only answers that depend on no cookie may be shared so.
func (h *Handler) allowOrigin(w http.ResponseWriter, r *http.Request) {
	if len(h.options.Origins) == 0 {
		return
	}
	w.Header()["Vary"] = varyOrigin
	if origin := r.Header.Get("Origin"); slices.Contains(h.options.Origins, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}
