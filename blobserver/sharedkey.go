package blobserver

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

// verifySharedKey checks "Authorization: SharedKey account:signature" (or SharedKeyLite) against both keys of the
// account, as "Authorize with Shared Key" in the REST reference describes it.
func (s *Server) verifySharedKey(r *request, scheme, credentials string, account Account) error {
	name, signature, ok := strings.Cut(credentials, ":")
	if !ok {
		return bloberror.New(bloberror.InvalidAuthenticationInfo)
	}
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || name != account.Name {
		return bloberror.New(bloberror.AuthenticationFailed)
	}
	if err := s.checkDate(r); err != nil {
		return err
	}
	sign := sharedKeyString
	if strings.EqualFold(scheme, "SharedKeyLite") {
		sign = sharedKeyLiteString
	}
	// Azure sorts header names as .NET compares text, the newer SDKs follow it, and other clients sort by bytes. The
	// orders differ only for names with unusual characters; both are the client's own headers, so both may be right.
	for _, order := range []func(a, b string) int{compareLikeDotNet, cmp.Compare[string]} {
		text := sign(r.Request, account.Name, r.query, order)
		for _, key := range account.Keys {
			if hmac.Equal(given, key.AppendHMAC(nil, []byte(text))) {
				return nil
			}
		}
	}
	return bloberror.New(bloberror.AuthenticationFailed, bloberror.WithDetail("AuthenticationErrorDetail",
		"The MAC signature found in the HTTP request is not the same as any computed signature. Server used following string to sign: '"+
			sign(r.Request, account.Name, withoutSignature(r.query), compareLikeDotNet)+"'."))
}

// checkDate refuses a signed request that was made too long ago, or has no date at all.
func (s *Server) checkDate(r *request) error {
	value := r.Header.Get("x-ms-date")
	if value == "" {
		value = r.Header.Get("Date")
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return bloberror.New(bloberror.AuthenticationFailed, bloberror.WithDetail("AuthenticationErrorDetail", "The Date header in the request is missing or incorrect."))
	}
	if skew := r.now.Sub(at); skew > s.limits.ClockSkew || skew < -s.limits.ClockSkew {
		return bloberror.New(bloberror.AuthenticationFailed, bloberror.WithDetail("AuthenticationErrorDetail",
			"Request date header too old: '"+at.UTC().Format(time.RFC1123)+"'"))
	}
	return nil
}

func sharedKeyString(r *http.Request, account string, query url.Values, order func(a, b string) int) string {
	length, date := "", r.Header.Get("Date")
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	if r.Header.Get("x-ms-date") != "" {
		date = ""
	}
	var b strings.Builder
	for _, field := range []string{
		r.Method, r.Header.Get("Content-Encoding"), r.Header.Get("Content-Language"), length, r.Header.Get("Content-MD5"),
		r.Header.Get("Content-Type"), date, r.Header.Get("If-Modified-Since"), r.Header.Get("If-Match"),
		r.Header.Get("If-None-Match"), r.Header.Get("If-Unmodified-Since"), r.Header.Get("Range"),
	} {
		b.WriteString(field)
		b.WriteByte('\n')
	}
	writeCanonicalHeaders(&b, r.Header, order)
	b.WriteString("/" + account + pathOrSlash(r.URL))
	writeCanonicalQuery(&b, query)
	return b.String()
}

func sharedKeyLiteString(r *http.Request, account string, query url.Values, order func(a, b string) int) string {
	date := r.Header.Get("Date")
	if r.Header.Get("x-ms-date") != "" {
		date = ""
	}
	var b strings.Builder
	for _, field := range []string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), date} {
		b.WriteString(field)
		b.WriteByte('\n')
	}
	writeCanonicalHeaders(&b, r.Header, order)
	b.WriteString("/" + account + pathOrSlash(r.URL))
	if query.Has("comp") {
		b.WriteString("?comp=" + query.Get("comp"))
	}
	return b.String()
}

func pathOrSlash(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// writeCanonicalHeaders writes each x-ms-* header as "name:value\n".
func writeCanonicalHeaders(b *strings.Builder, header http.Header, order func(a, b string) int) {
	values := map[string]string{}
	var names []string
	for name, v := range header {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "x-ms-") {
			continue
		}
		if _, seen := values[lower]; seen {
			continue // cannot happen behind net/http, which canonicalizes names
		}
		values[lower] = strings.Join(v, ",")
		names = append(names, lower)
	}
	slices.SortFunc(names, order)
	for _, name := range names {
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(strings.TrimSpace(values[name]))
		b.WriteByte('\n')
	}
}

// writeCanonicalQuery writes each query parameter, decoded, as "\nname:value,value".
func writeCanonicalQuery(b *strings.Builder, query url.Values) {
	lower := map[string][]string{}
	for name, values := range query {
		name = strings.ToLower(name)
		lower[name] = append(lower[name], values...)
	}
	names := make([]string, 0, len(lower))
	for name := range lower {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(lower[name])
		b.WriteString("\n" + name + ":" + strings.Join(lower[name], ","))
	}
}

// withoutSignature drops the value of sig, which must not be echoed.
func withoutSignature(query url.Values) url.Values {
	if !query.Has("sig") {
		return query
	}
	copied := url.Values{}
	for name, values := range query {
		copied[name] = values
	}
	copied.Set("sig", "REDACTED")
	return copied
}

// headerRank is the order in which .NET's invariant culture sorts the characters that a header name may hold; hyphens
// and apostrophes count only when all else is equal.
const headerRank = "!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz"

// compareLikeDotNet compares two lower-case header names as the service sorts them for Shared Key.
func compareLikeDotNet(a, b string) int {
	if c := slices.Compare(headerRanks(a), headerRanks(b)); c != 0 {
		return c
	}
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if rank := func(c byte) int { return strings.IndexByte("'-", c) }; rank(a[i]) != rank(b[i]) {
			return cmp.Compare(rank(a[i]), rank(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}

func headerRanks(name string) []int {
	ranks := make([]int, 0, len(name))
	for i := range len(name) {
		if name[i] != '-' && name[i] != '\'' {
			ranks = append(ranks, strings.IndexByte(headerRank, name[i]))
		}
	}
	return ranks
}
