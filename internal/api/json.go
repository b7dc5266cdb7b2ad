package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// quickly is a body that can read itself from ordinary JSON; it reports whether it did.
type quickly interface{ readOrdinary(text []byte) bool }

// readJSON decodes a request's body into v: one value, known members only, at most limit bytes.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	text := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(text)
	text.Reset()
	body := r.Body
	if r.ContentLength < 0 || r.ContentLength > limit { // the server itself reads no more than a body is said to have
		body = http.MaxBytesReader(w, body, limit)
	}
	if _, err := text.ReadFrom(body); err != nil {
		return jsonProblem(err)
	}
	if q, ok := v.(quickly); ok && q.readOrdinary(text.Bytes()) {
		return nil
	}
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, trailing := decoder.Token(); trailing != io.EOF {
			err = errTrailing
		}
	}
	return jsonProblem(err)
}

// bodies, of requests and answers, are kept to be filled again. None grows past the limit, which is small.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var errTrailing = errors.New("there is more after the JSON value")

func jsonProblem(err error) error {
	var (
		tooBig    *http.MaxBytesError
		wrongType *json.UnmarshalTypeError
		syntax    *json.SyntaxError
	)
	const unknown = `json: unknown field "`
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooBig):
		return &Problem{Type: problemBodyTooBig, Status: http.StatusRequestEntityTooLarge, Title: "The request is too large",
			Detail: fmt.Sprintf("Its body may have %d bytes.", tooBig.Limit), Limit: tooBig.Limit}
	case errors.As(err, &wrongType):
		return badRequest(wrongType.Field, wrongKind(wrongType))
	case errors.As(err, &syntax):
		return badRequest("", fmt.Sprintf("The body is not JSON: %v, at byte %d.", syntax, syntax.Offset))
	case strings.HasPrefix(err.Error(), unknown): // encoding/json has no type for it
		field := strings.TrimSuffix(strings.TrimPrefix(err.Error(), unknown), `"`)
		return badRequest(field, fmt.Sprintf("%q is not a member that this call knows.", field))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("", "The body is not JSON: it ends too early.")
	case errors.Is(err, errTrailing):
		return badRequest("", "The body must be one JSON value and nothing after it.")
	}
	return badRequest("", "The body could not be read.")
}

// wrongKind says what a member, or the body, must be, in JSON's words and not in Go's.
func wrongKind(e *json.UnmarshalTypeError) string {
	what, kind := "The body", "an object"
	if e.Field != "" {
		what = strconv.Quote(e.Field)
	}
	switch e.Type.Kind() {
	case reflect.String:
		kind = "a string"
	case reflect.Bool:
		kind = "true or false"
	case reflect.Int64:
		kind = "a whole number"
	}
	return fmt.Sprintf("%s must be %s; it is of another type (%s).", what, kind, e.Value)
}

// writeJSON answers v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	text, err := marshal(v)
	if err != nil {
		return err
	}
	writeJSONText(w, status, text)
	return nil
}

// marshal leaves '&' as it is, which a SAS is full of: nobody reads JSON as HTML here.
func marshal(v any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return body.Bytes(), err
}

func writeJSONText(w http.ResponseWriter, status int, text []byte) {
	w.Header()["Content-Type"] = jsonType
	if status != http.StatusOK { // which Write says by itself, without copying the header
		w.WriteHeader(status)
	}
	_, _ = w.Write(text) // the client may be gone; there is nobody else to tell
}
