// Package bloberror is the one table of Azure Storage error codes: what each is called on the wire, which HTTP status
// carries it and what it says. A storage engine returns these errors, a server writes them, a client compares them.
//
// The codes and statuses are those of "Common REST API error codes" and "Blob Storage error codes" in the REST
// reference for Azure Storage.
package bloberror

import (
	"errors"
	"net/http"
)

// Code is an Azure Storage error code exactly as it stands in the x-ms-error-code header.
type Code string

// Status is the HTTP status that carries the code, or 500 for a code that is not in the table.
func (c Code) Status() int {
	if e, ok := table[c]; ok {
		return e.status
	}
	return http.StatusInternalServerError
}

// Message is the sentence that Azure answers with the code, or a general one for a code that is not in the table.
func (c Code) Message() string {
	if e, ok := table[c]; ok {
		return e.message
	}
	return table[InternalError].message
}

// Known reports whether the code is in the table.
func (c Code) Known() bool {
	_, ok := table[c]
	return ok
}

// Detail is one further element of the error's XML body, such as AuthenticationErrorDetail or QueryParameterName.
type Detail struct{ Name, Value string }

// Error is an answer of Azure's that says why a request was refused.
//
// Match one with errors.As, or its code with [CodeOf] or errors.Is(err, bloberror.New(code)).
type Error struct {
	Code    Code
	Message string   // for the client: never holds a key, a signature or a cause from inside the server
	Details []Detail // in the order they are written
	status  int      // 0: the code's own
	cause   error    // for the log only
}

// Option says more about an error made by [New].
type Option func(*Error)

// WithMessage replaces the code's own message.
func WithMessage(message string) Option { return func(e *Error) { e.Message = message } }

// WithStatus answers with another HTTP status than the code's own, for the few codes that Azure sends with several:
// CannotVerifyCopySource has that of the source's answer, InvalidAuthenticationInfo is 401 for a bearer token.
func WithStatus(status int) Option { return func(e *Error) { e.status = status } }

// WithDetail adds an element to the error's XML body.
func WithDetail(name, value string) Option {
	return func(e *Error) { e.Details = append(e.Details, Detail{name, value}) }
}

// WithCause keeps the error that led to this one. It is found by errors.Is and errors.As, and never sent to a client.
func WithCause(cause error) Option { return func(e *Error) { e.cause = cause } }

// New returns an error of the given code with the code's message, changed as the options say.
func New(code Code, opts ...Option) *Error {
	e := &Error{Code: code, Message: code.Message()}
	for _, opt := range opts {
		opt(e)
	}
	return e
}

// Error gives the code, the message and, for the log, the cause.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.cause != nil {
		s += " (" + e.cause.Error() + ")"
	}
	return s
}

// Unwrap gives the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// Status is the HTTP status of the error's code, or what WithStatus said.
func (e *Error) Status() int {
	if e.status != 0 {
		return e.status
	}
	return e.Code.Status()
}

// Is reports whether target is an *Error of the same code, so that errors.Is(err, New(BlobNotFound)) matches by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf is the code of the first *Error in err's chain; [InternalError] for any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return InternalError
}
