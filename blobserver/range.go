package blobserver

import (
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
)

// byteRange is a range as a client asks for it: from first to last, both counted from 0 and included; last is -1 for an
// open end, and first is -1 for the last suffix bytes.
type byteRange struct{ first, last, suffix int64 }

// parseRange reads the value of x-ms-range or Range. ok is false for a value that Azure ignores: an empty one, another
// unit than bytes, several ranges ("Specifying the range header for Blob service operations").
func parseRange(value string) (r byteRange, ok bool) {
	spec, found := strings.CutPrefix(strings.TrimSpace(value), "bytes=")
	if !found {
		return byteRange{}, false
	}
	from, to, found := strings.Cut(spec, "-")
	if !found {
		return byteRange{}, false
	}
	if from == "" {
		n, ok := parseOffset(to)
		return byteRange{first: -1, last: -1, suffix: n}, ok
	}
	first, ok := parseOffset(from)
	if !ok {
		return byteRange{}, false
	}
	if to == "" {
		return byteRange{first: first, last: -1}, true
	}
	last, ok := parseOffset(to)
	if !ok || last < first {
		return byteRange{}, false
	}
	return byteRange{first: first, last: last}, true
}

func parseOffset(s string) (int64, bool) {
	if s == "" || s[0] == '+' || s[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// within turns the range into an offset and a length within size bytes, or answers InvalidRange (416).
func (r byteRange) within(size int64) (offset, length int64, err error) {
	if r.first < 0 {
		length = min(r.suffix, size)
		if length == 0 {
			return 0, 0, bloberror.New(bloberror.InvalidRange)
		}
		return size - length, length, nil
	}
	if r.first >= size {
		return 0, 0, bloberror.New(bloberror.InvalidRange)
	}
	last := size - 1
	if r.last >= 0 {
		last = min(last, r.last)
	}
	return r.first, last - r.first + 1, nil
}
