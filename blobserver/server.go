package blobserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/sas"
)

// NewestVersion is the newest x-ms-version whose semantics the service has. A newer one is served with these.
const NewestVersion = "2026-12-06"

// Options are the service's settings; nil and zero fields mean the defaults named.
type Options struct {
	Limits Limits
	// Log takes what went wrong on the server's side; default slog.Default().
	Log *slog.Logger
	// AccessLog takes a line for each request, without signatures; default none.
	AccessLog *slog.Logger
	// Now is the clock that signatures and expiry are checked with; default time.Now.
	Now func() time.Time
	// Client fetches the sources of copies that lie outside the service; default refuses them all, so that the
	// service cannot be made to call into its own network unless somebody wants that.
	Client *http.Client
	// Tokens verifies bearer tokens; default refuses them all.
	Tokens TokenVerifier
}

// TokenVerifier checks bearer tokens (OAuth 2.0) for the service.
type TokenVerifier interface {
	// VerifyToken checks signature, issuer, audience and times, and says whose the token is.
	VerifyToken(ctx context.Context, token string) (Principal, error)
	// AuthorizationURI is where clients get a token, for the WWW-Authenticate header.
	AuthorizationURI() string
}

// Principal is who a bearer token was issued to.
type Principal struct {
	ObjectID, TenantID string // the claims oid and tid
}

// Server answers Blob service requests. Make one with [New].
type Server struct {
	store      blobstore.Store
	accounts   *Accounts
	limits     Limits
	log        *slog.Logger
	accessLog  *slog.Logger
	now        func() time.Time
	client     *http.Client
	tokens     TokenVerifier
	operations operations
}

// New returns a service for the accounts, kept in store.
func New(store blobstore.Store, accounts *Accounts, o *Options) *Server {
	if o == nil {
		o = &Options{}
	}
	s := &Server{
		store: store, accounts: accounts, limits: o.Limits.withDefaults(), log: o.Log, accessLog: o.AccessLog, now: o.Now,
		client: o.Client, tokens: o.Tokens, operations: protocol(),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// HTTPServer returns an http.Server for the handler with time-outs that suit it: bodies of any length, but no client
// that sends its headers slowly or keeps an idle connection for ever.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// request is an HTTP request and what the service has found out about it.
type request struct {
	*http.Request
	target
	query url.Values
	id    string
	now   time.Time
	op    *operation
	grant grant

	also []sas.Operation // rights that are needed besides the operation's own
}

func (r *request) operationName() string {
	if r.op == nil {
		return "Unknown"
	}
	return r.op.name
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	aw := &answerWriter{ResponseWriter: w}
	r := &request{Request: hr, id: newRequestID(), now: s.now()}
	s.prepare(aw, r)
	if err := s.answer(aw, r); err != nil {
		var begun *sentError
		if errors.As(err, &begun) {
			s.log.LogAttrs(r.Context(), slog.LevelDebug, "answer broken off", slog.String("requestId", r.id), slog.Any("error", err))
			if aw.short() {
				s.logAccess(aw, r, err)
				panic(http.ErrAbortHandler) // the connection must not look as if the body were complete
			}
		} else {
			s.writeError(aw, r, err)
		}
		s.logAccess(aw, r, err)
		return
	}
	s.logAccess(aw, r, nil)
}

// prepare sets the headers that every answer carries and puts deadlines on the client's silence.
func (s *Server) prepare(w *answerWriter, r *request) {
	header := w.Header()
	header.Set("X-Ms-Request-Id", r.id)
	header.Set("X-Ms-Version", NewestVersion)
	header.Set("Server", "Valetkey-Blob/1.0")
	header.Set("X-Content-Type-Options", "nosniff") // Azure leaves that to browsers; what lands here may be anything
	header.Set("Date", r.now.UTC().Format(http.TimeFormat))
	if id := r.Header.Get("X-Ms-Client-Request-Id"); id != "" && len(id) <= 1024 {
		header.Set("X-Ms-Client-Request-Id", id)
	}
	control := http.NewResponseController(w.ResponseWriter)
	w.control, w.stall = control, s.limits.WriteStall
	w.extendDeadline() // the one of the request before on this connection may have passed
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &stallReader{body: r.Body, control: control, stall: s.limits.ReadStall, piece: s.limits.ReadPieceBytes}
	}
}

// answer takes a request from its URL to its handler.
func (s *Server) answer(w http.ResponseWriter, r *request) error {
	var err error
	if r.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if r.target, err = parseTarget(r.Host, r.URL.EscapedPath()); err != nil {
		return err
	}
	s.allowOrigin(w, r)
	if err := checkVersion(r, w.Header()); err != nil {
		return err
	}
	if r.op, err = s.findOperation(r); err != nil {
		return err
	}
	if err := s.authorize(r); err != nil {
		return err
	}
	if err := r.checkNames(&s.limits); err != nil {
		return err
	}
	return r.op.handle(s, w, r)
}

// parseQuery decodes a query. Names have no case, as in Azure, and stand once: were one read here and another by whoever
// checks the signature, a SAS could be stretched. Only include may be repeated, as a list.
func parseQuery(raw string) (url.Values, error) {
	query := make(url.Values, strings.Count(raw, "&")+1)
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		if strings.Contains(part, ";") { // as url.ParseQuery: servers disagree on what it separates
			return nil, bloberror.New(bloberror.InvalidURI)
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, bloberror.New(bloberror.InvalidURI, bloberror.WithCause(err))
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, bloberror.New(bloberror.InvalidURI, bloberror.WithCause(err))
		}
		name = strings.ToLower(name)
		if query[name] = append(query[name], value); len(query[name]) > 1 && name != "include" {
			if sas.HasSignature(raw) {
				return nil, bloberror.New(bloberror.AuthenticationFailed, bloberror.WithDetail("AuthenticationErrorDetail", name+" is given twice."))
			}
			return nil, invalidQuery(name, strings.Join(query[name], ","))
		}
	}
	return query, nil
}

// checkVersion accepts every version that looks like one and says which semantics it gets.
func checkVersion(r *request, header http.Header) error {
	version := r.Header.Get("X-Ms-Version")
	if version == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, version); err != nil {
		return invalidHeader("x-ms-version", version)
	}
	if version < NewestVersion {
		header.Set("X-Ms-Version", version)
	}
	return nil
}

// newRequestID returns 128 random bits in the form of a UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return uuidString(b)
}

func uuidString(b [16]byte) string {
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
