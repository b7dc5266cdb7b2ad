package sas

import (
	"strconv"
	"strings"
)

// Problem says in which way a SAS, or the values for one, make no sense. The text is stable: programs may compare it.
type Problem string

// The problems of an Invalid.
const (
	Missing       Problem = "missing"       // a field that this kind of SAS needs is absent or empty
	Duplicate     Problem = "duplicate"     // a parameter that belongs to the SAS stands more than once
	Malformed     Problem = "malformed"     // a value is not of its field's form
	WrongOrder    Problem = "wrong-order"   // permissions are not in Azure's order
	Contradiction Problem = "contradiction" // fields exclude one another, or belong to different kinds of SAS
	TooOld        Problem = "too-old"       // sv is older than a field or a layout needs
	NotAllowed    Problem = "not-allowed"   // Azure does not grant this for that resource
)

// Invalid says what is wrong with a SAS that is being parsed, or with values that are to be signed. It never holds a
// signature or a key.
type Invalid struct {
	Problem Problem
	Field   string // the query parameter's name, such as "se"; or the struct field's, where no parameter bears it
	Detail  string // in words, for people
}

// Error says it in one line.
func (e *Invalid) Error() string {
	return "sas: " + e.Field + ": " + string(e.Problem) + ": " + e.Detail
}

func invalid(p Problem, field, detail string) *Invalid { return &Invalid{p, field, detail} }

// quote shows untrusted text on one line, cut short and without a signature.
func quote(s string) string {
	const most = 64
	s = hideSignature(s)
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// hideSignature cuts off what follows a "sig=" inside a value, which is what a query that was encoded or glued together
// wrongly leaves there.
func hideSignature(s string) string {
	lower := asciiLower(s)
	for _, mark := range []string{"sig=", "sig%3d", "sig%253d", "sig\\u003d"} {
		if i := strings.Index(lower, mark); i >= 0 {
			return s[:i] + "sig=…"
		}
	}
	return s
}

// asciiLower keeps the length of its text, so that positions in it are those of the original.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func itoa(n int) string { return strconv.Itoa(n) }
