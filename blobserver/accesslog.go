package blobserver

import (
	"log/slog"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
)

// logAccess writes a request's line in the access log.
func (s *Server) logAccess(w *answerWriter, r *request, err error) {
	if s.accessLog == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", r.id),
		slog.String("operation", r.operationName()),
		slog.String("method", r.Method),
		slog.String("url", hideSignature(r.URL)),
		slog.Int("status", w.status),
		slog.Int64("sent", w.written),
		slog.Duration("took", s.now().Sub(r.now)),
		slog.String("auth", r.grant.kind.String()),
		slog.String("remote", r.RemoteAddr),
	}
	if err != nil {
		attrs = append(attrs, slog.String("code", string(bloberror.CodeOf(err))))
	}
	if id := r.query.Get("scid"); id != "" {
		attrs = append(attrs, slog.String("correlationId", id))
	}
	s.accessLog.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

// hideSignature gives a URL's path and query without the value of sig. What cannot be parsed is not shown at all.
func hideSignature(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	parts := strings.Split(u.RawQuery, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(name); err != nil || strings.EqualFold(name, "sig") || strings.Contains(part, ";") {
			parts[i] = "sig=REDACTED"
		}
	}
	return u.EscapedPath() + "?" + strings.Join(parts, "&")
}
