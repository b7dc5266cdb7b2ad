package blobserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// writeError answers a request with an error, in Azure's form: the status of its code, x-ms-error-code, and an XML body
// except to HEAD. What is not an *bloberror.Error is a fault of ours; the client learns only the request id.
func (s *Server) writeError(w http.ResponseWriter, r *request, err error) {
	var e *bloberror.Error
	if !errors.As(err, &e) {
		e = asBlobError(err)
	}
	if e.Status() >= http.StatusInternalServerError && e.Code != bloberror.NotImplemented {
		s.log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("requestId", r.id),
			slog.String("operation", r.operationName()), slog.Any("error", err))
	}
	header := w.Header()
	header.Set("x-ms-error-code", string(e.Code))
	if e.Code == bloberror.NoAuthenticationInformation && s.tokens != nil {
		header.Set("WWW-Authenticate", "Bearer authorization_uri="+s.tokens.AuthorizationURI()+" resource_id=https://storage.azure.com")
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-MD5", "Content-Disposition", "Content-Language", "Cache-Control", "x-ms-content-crc64"} {
		header.Del(name)
	}
	if r.Method == http.MethodHead || e.Status() == http.StatusNotModified {
		header.Del("Content-Type")
		w.WriteHeader(e.Status())
		return
	}
	body := appendError(nil, e, r)
	header.Set("Content-Type", "application/xml")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status())
	_, _ = w.Write(body) // the client has gone; nobody is left to tell
}

// asBlobError finds the code for an error that came from outside the engine.
func asBlobError(err error) *bloberror.Error {
	var tooLarge *http.MaxBytesError
	var corrupt *blobstore.CorruptError
	switch {
	case isNotModified(err):
		return bloberror.New(bloberror.ConditionNotMet, bloberror.WithStatus(http.StatusNotModified))
	case errors.Is(err, blobstore.ErrNoSpace):
		return bloberror.New(bloberror.ServerBusy, bloberror.WithMessage("The storage has no space left."), bloberror.WithCause(err))
	case errors.Is(err, blobstore.ErrClosed):
		return bloberror.New(bloberror.ServerBusy, bloberror.WithMessage("The service is shutting down."), bloberror.WithCause(err))
	case errors.As(err, &corrupt):
		return bloberror.New(bloberror.InternalError, bloberror.WithMessage("The stored data is damaged."), bloberror.WithCause(err))
	case errors.As(err, &tooLarge):
		return bloberror.New(bloberror.RequestBodyTooLarge, bloberror.WithDetail("MaxLimit", strconv.FormatInt(tooLarge.Limit, 10)))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, errStalled):
		return bloberror.New(bloberror.OperationTimedOut, bloberror.WithCause(err))
	case errors.Is(err, errBrokenBody), errors.Is(err, io.ErrUnexpectedEOF):
		return bloberror.New(bloberror.InvalidInput, bloberror.WithMessage("The request body ended before its Content-Length."), bloberror.WithCause(err))
	}
	return bloberror.New(bloberror.InternalError, bloberror.WithCause(err))
}

// isNotModified reports whether a read's condition says that the client has the newest state.
func isNotModified(err error) bool { return errors.Is(err, blobstore.ErrNotModified) }

func appendError(b []byte, e *bloberror.Error, r *request) []byte {
	b = append(b, xmlDeclaration+"<Error><Code>"...)
	b = append(b, e.Code...)
	b = append(b, "</Code><Message>"...)
	b = appendXMLText(b, e.Message)
	b = append(b, "\nRequestId:"...)
	b = append(b, r.id...)
	b = append(b, "\nTime:"...)
	b = r.now.UTC().AppendFormat(b, "2006-01-02T15:04:05.0000000Z")
	b = append(b, "</Message>"...)
	for _, d := range e.Details {
		b = appendElement(b, d.Name, d.Value)
	}
	return append(b, "</Error>"...)
}

const xmlDeclaration = `<?xml version="1.0" encoding="utf-8"?>`

// appendElement appends <name>value</name>, with value escaped.
func appendElement(b []byte, name, value string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	b = append(b, '>')
	b = appendXMLText(b, value)
	b = append(b, '<', '/')
	b = append(b, name...)
	return append(b, '>')
}

// appendXMLText appends text with markup escaped; what XML 1.0 cannot hold at all becomes U+FFFD.
func appendXMLText(b []byte, text string) []byte {
	plain := 0
	for i, c := range text {
		var escape string
		switch {
		case c == '&':
			escape = "&amp;"
		case c == '<':
			escape = "&lt;"
		case c == '>':
			escape = "&gt;"
		case c == '"':
			escape = "&quot;"
		case c == '\r':
			escape = "&#xD;"
		case xmlAllows(c):
			continue
		default:
			escape = "\uFFFD"
		}
		b = append(b, text[plain:i]...)
		b = append(b, escape...)
		plain = i + len(string(c))
		if c == '\uFFFD' && !strings.HasPrefix(text[i:], "\uFFFD") {
			plain = i + 1 // one byte that is not UTF-8
		}
	}
	return append(b, text[plain:]...)
}

// xmlAllows says whether XML 1.0 can hold the character (its production "Char").
func xmlAllows(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' || c >= 0x20 && c <= 0xD7FF || c >= 0xE000 && c < 0xFFFD || c >= 0x10000
}

// writeXML answers 200 with an XML body.
func writeXML(w http.ResponseWriter, r *request, body []byte) error {
	header := w.Header()
	header.Set("Content-Type", "application/xml")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return sent(err)
}

// sent marks an error of an answer that has already begun, so that no second one is written after it.
func sent(err error) error {
	if err == nil {
		return nil
	}
	return &sentError{err}
}

type sentError struct{ error }

func (e *sentError) Unwrap() error { return e.error }
