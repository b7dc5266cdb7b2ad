package blobserver

import (
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// conditions reads the conditional headers and the lease id of a request.
func (r *request) conditions() (blobstore.AccessConditions, error) {
	c, err := parseConditions(r.Header, "", "x-ms-if-tags")
	c.LeaseID = r.Header.Get("X-Ms-Lease-Id")
	if c.LeaseID != "" && !validLeaseID(c.LeaseID) {
		return c, invalidHeader("x-ms-lease-id", c.LeaseID)
	}
	return c, err
}

// sourceConditions reads the x-ms-source-if-* headers of a copy.
func (r *request) sourceConditions() (blobstore.AccessConditions, error) {
	return parseConditions(r.Header, "x-ms-source-", "x-ms-source-if-tags")
}

func parseConditions(header http.Header, prefix, tags string) (c blobstore.AccessConditions, err error) {
	if c.IfMatch, err = parseETags(header, prefix+"If-Match"); err != nil {
		return c, err
	}
	if c.IfNoneMatch, err = parseETags(header, prefix+"If-None-Match"); err != nil {
		return c, err
	}
	if c.IfModifiedSince, err = parseDate(header, prefix+"If-Modified-Since"); err != nil {
		return c, err
	}
	if c.IfUnmodifiedSince, err = parseDate(header, prefix+"If-Unmodified-Since"); err != nil {
		return c, err
	}
	if where := header.Get(tags); where != "" {
		if c.IfTags, err = blobstore.ParseTagCondition(where); err != nil {
			return c, invalidHeader(tags, where)
		}
	}
	return c, nil
}

// parseETags reads the entity tags of If-Match or If-None-Match. Weak ones are taken as strong, and unquoted ones, which
// some clients send, as if they were quoted.
func parseETags(header http.Header, name string) ([]blobstore.ETag, error) {
	value := strings.Join(header.Values(name), ",")
	if value == "" {
		return nil, nil
	}
	var tags []blobstore.ETag
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if unquoted, ok := strings.CutPrefix(part, `"`); ok {
			if part, ok = strings.CutSuffix(unquoted, `"`); !ok {
				return nil, invalidHeader(name, value)
			}
		}
		if part == "" || strings.ContainsAny(part, `" `) || len(tags) == maxETags {
			return nil, invalidHeader(name, value)
		}
		tags = append(tags, blobstore.ETag(part))
	}
	return tags, nil
}

// maxETags bounds the entity tags of one header.
const maxETags = 100

func parseDate(header http.Header, name string) (time.Time, error) {
	value := header.Get(name)
	if value == "" {
		return time.Time{}, nil
	}
	t, err := http.ParseTime(value)
	if err != nil {
		return time.Time{}, invalidHeader(name, value)
	}
	return t, nil
}

// validLeaseID accepts a GUID in any of the forms that Azure takes: with or without hyphens, braces or parentheses.
func validLeaseID(id string) bool {
	if len(id) == 38 && (id[0] == '{' && id[37] == '}' || id[0] == '(' && id[37] == ')') {
		id = id[1:37]
	}
	switch len(id) {
	case 32:
	case 36:
		for _, i := range []int{8, 13, 18, 23} {
			if id[i] != '-' {
				return false
			}
		}
		id = id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:]
	default:
		return false
	}
	for i := range len(id) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(id[i])) {
			return false
		}
	}
	return true
}

// rejectConditions answers an operation that takes no conditional headers but was sent some of those named.
func rejectConditions(r *request, names ...string) error {
	for _, name := range names {
		if r.Header.Get(name) != "" {
			return bloberror.New(bloberror.ConditionHeadersNotSupported)
		}
	}
	return nil
}
