// Package jsontext writes and reads the little JSON that every grant needs, several times faster than encoding/json and
// with the same result. What is out of the ordinary it leaves to that.
package jsontext

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// AppendString appends s as a JSON string. As in the rest of Valetkey's JSON, '&', '<' and '>' stand as they are.
func AppendString(dst []byte, s string) []byte {
	if !IsPlain(s) {
		return appendAny(dst, s)
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendAny(dst []byte, s string) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always has a JSON form
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}

// IsPlain tells whether a text stands for itself between quotes, in JSON as in Go.
func IsPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

// plain are ASCII's printable bytes but for '"' and '\\'.
var plain = func() (is [256]bool) {
	for c := ' '; c <= '~'; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

// Fields reads an object whose values are strings without escapes and whole numbers of at most 18 digits, and calls text or
// number with each member. It reports whether the whole of data was such an object and each call returned true.
// Otherwise, encoding/json has to say what data holds, or what is wrong with it. A value is valid during the call only.
func Fields(data []byte, text func(name, value []byte) bool, number func(name []byte, value int64) bool) bool {
	s := scanner{data}
	if !s.take('{') {
		return false
	}
	for more := !s.take('}'); more; {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		if value, isText := s.text(); isText {
			ok = text(name, value)
		} else if value, isNumber := s.number(); isNumber {
			ok = number(name, value)
		} else {
			return false
		}
		if more = s.take(','); !ok || !more && !s.take('}') {
			return false
		}
	}
	s.space()
	return len(s.rest) == 0
}

// scanner takes what it knows from the beginning of rest, and leaves what it doesn't.
type scanner struct{ rest []byte }

func (s *scanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\r' || s.rest[0] == '\t') {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) text() ([]byte, bool) {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != '"' {
		return nil, false
	}
	end := bytes.IndexByte(s.rest[1:], '"')
	if end < 0 {
		return nil, false
	}
	value := s.rest[1 : end+1]
	if !IsPlain(value) && !isUnescaped(value) {
		return nil, false
	}
	s.rest = s.rest[end+2:]
	return value, true
}

// isUnescaped tells whether a string stands for itself: it is UTF-8 and has neither escapes nor control characters.
func isUnescaped(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c == '\\' {
			return false
		}
	}
	return utf8.Valid(value)
}

func (s *scanner) number() (n int64, ok bool) {
	const longest = 18 // digits, that int64 always holds
	digits := 0
	for ; digits < len(s.rest) && s.rest[digits] >= '0' && s.rest[digits] <= '9'; digits++ {
		if digits == longest {
			return 0, false
		}
		n = n*10 + int64(s.rest[digits]-'0')
	}
	if digits == 0 || digits > 1 && s.rest[0] == '0' {
		return 0, false
	}
	s.rest = s.rest[digits:] // a fraction or an exponent is left, and so is no end of the member
	return n, true
}
