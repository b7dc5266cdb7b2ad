package sas

import (
	"encoding/base64"
	"strings"
)

// Token is a SAS that was read from a query. It is genuine only once Authenticate says so: until then everything in it is
// a claim. A Token is not changed after Parse and is safe for concurrent use.
type Token struct {
	kind    Kind
	layout  []field
	values  [numParams]string // exactly as in the query, URL-decoded
	present [numParams]bool
	other   []Field // the parameters that are not the SAS's, in order

	resource           Resource
	depth              int // sdd
	permissions        Permissions
	accountPermissions AccountPermissions
	services           Services
	resourceTypes      ResourceTypes
	start, expiry      Time
	keyStart, keyEnd   Time
	ip                 IPRange
	protocol           Protocol
	signedHeaders      []string // names in srh
	signedQuery        []string // names in srq
	signature          []byte   // 32 bytes
}

// Kind is the kind of SAS.
func (t *Token) Kind() Kind { return t.kind }

// Version is sv.
func (t *Token) Version() string { return t.values[fieldSV] }

// Resource is sr; empty for an account SAS.
func (t *Token) Resource() Resource { return t.resource }

// Permissions is sp of a service or user delegation SAS; empty when a stored access policy has them.
func (t *Token) Permissions() Permissions { return t.permissions }

// AccountPermissions is sp of an account SAS.
func (t *Token) AccountPermissions() AccountPermissions { return t.accountPermissions }

// Services is ss of an account SAS.
func (t *Token) Services() Services { return t.services }

// ResourceTypes is srt of an account SAS.
func (t *Token) ResourceTypes() ResourceTypes { return t.resourceTypes }

// Start is st; zero when absent.
func (t *Token) Start() Time { return t.start }

// Expiry is se; zero when a stored access policy has it.
func (t *Token) Expiry() Time { return t.expiry }

// IP is sip.
func (t *Token) IP() IPRange { return t.ip }

// Protocol is spr; empty when absent, which allows both.
func (t *Token) Protocol() Protocol { return t.protocol }

// Identifier is si: the id of the stored access policy.
func (t *Token) Identifier() string { return t.values[fieldSI] }

// CorrelationID is scid.
func (t *Token) CorrelationID() string { return t.values[fieldSCID] }

// EncryptionScope is ses.
func (t *Token) EncryptionScope() string { return t.values[fieldSES] }

// Overrides are the response headers that the SAS dictates.
func (t *Token) Overrides() Overrides {
	return Overrides{
		CacheControl:       t.values[fieldRSCC],
		ContentDisposition: t.values[fieldRSCD],
		ContentEncoding:    t.values[fieldRSCE],
		ContentLanguage:    t.values[fieldRSCL],
		ContentType:        t.values[fieldRSCT],
	}
}

// DelegationKey describes the key that a user delegation SAS was signed with; it holds no key value.
func (t *Token) DelegationKey() DelegationKey {
	return DelegationKey{
		ObjectID: t.values[fieldSKOID], TenantID: t.values[fieldSKTID],
		Start: t.keyStart, Expiry: t.keyEnd,
		Service: t.values[fieldSKS], Version: t.values[fieldSKV],
		DelegatedTenantID: t.values[fieldSKDUTID],
	}
}

// Parameter is the value of any parameter of the SAS by its name, such as "sip", exactly as it stands in the query after
// URL-decoding. It tells the signature to nobody: "sig" is always absent.
func (t *Token) Parameter(name string) (value string, ok bool) {
	f, known := fieldsByName[strings.ToLower(name)]
	if !known || f == fieldSIG || !t.present[f] {
		return "", false
	}
	return t.values[f], true
}

// Other lists the query's parameters that are not the SAS's own, decoded and in order.
func (t *Token) Other() []Field { return append([]Field(nil), t.other...) }

// String shows the SAS without its signature.
func (t *Token) String() string {
	var b []byte
	for f := range fieldSIG {
		if t.present[f] {
			if len(b) > 0 {
				b = append(b, '&')
			}
			b = appendEscaped(append(append(b, fieldNames[f]...), '='), []byte(t.values[f]))
		}
	}
	return string(append(b, "&sig=…"...))
}

// directoryOf is the directory that a directory SAS opens, cut from a blob's name or a listing's prefix below it. It is
// false when the path does not reach below a directory of that depth.
func (t *Token) directoryOf(path string) (string, bool) {
	if t.depth < 1 { // only of a token that did not parse, which is explained all the same
		return "", false
	}
	at := 0
	for range t.depth {
		i := strings.IndexByte(path[at:], '/')
		if i < 0 {
			return "", false
		}
		at += i + 1
	}
	return path[:at-1], true
}

// path is the last part of the canonicalized resource for a request, and false when the SAS cannot reach what the
// request names. The resource kind is taken from sr, which the signature covers from 2018-11-09 on; before that only b
// and c exist and the resource itself tells them apart.
func (t *Token) path(req *Request) (string, bool) {
	moment := req.Snapshot != "" || req.VersionID != ""
	switch t.resource {
	case ContainerResource:
		return "", req.Container != ""
	case DirectoryResource:
		path := req.Blob
		if path == "" {
			path = req.Prefix
		}
		return t.directoryOf(path)
	case BlobResource:
		// A blob SAS is taken to end at the base blob: the reference gives snapshots and versions an sr of their own.
		return req.Blob, req.Blob != "" && !moment
	case SnapshotResource:
		return req.Blob, req.Blob != "" && req.Snapshot != "" && req.VersionID == ""
	case VersionResource:
		return req.Blob, req.Blob != "" && req.VersionID != "" && req.Snapshot == ""
	}
	return "", false
}

// append appends one signed value. Request headers and query parameters must have been looked up before.
func (t *Token) append(dst []byte, f field, req *Request, headers, queries []Field) []byte {
	switch f {
	case fieldAccount:
		return append(dst, req.Account...)
	case fieldResource:
		path, ok := t.path(req)
		if !ok { // only for showing: what cannot be reached is never authenticated
			path = req.Blob
		}
		return appendResource(dst, req.Account, req.Container, path)
	case fieldMoment:
		switch t.resource {
		case SnapshotResource:
			return append(dst, req.Snapshot...)
		case VersionResource:
			return append(dst, req.VersionID...)
		}
		return dst
	case fieldHeaders:
		for _, h := range headers {
			dst = appendSignedHeader(dst, h.Name, h.Value)
		}
		return dst
	case fieldQueries:
		for _, q := range queries {
			dst = appendSignedQuery(dst, q.Name, q.Value)
		}
		return dst
	case fieldEnd:
		return dst
	}
	return append(dst, t.values[f]...)
}

// StringToSign is what the signature must have been made of for a request, field by field; joined by line feeds the
// values are the string-to-sign. Signed headers and query parameters that the request lacks are left out.
func (t *Token) StringToSign(req Request) []Field {
	headers, queries, _ := t.bound(&req)
	out := make([]Field, len(t.layout))
	for i, f := range t.layout {
		out[i] = Field{f.String(), string(t.append(nil, f, &req, headers, queries))}
	}
	return out
}

// bound looks up the headers and query parameters that the SAS binds. The error is the first that is missing, or that
// stands twice and so has no one value.
func (t *Token) bound(req *Request) (headers, queries []Field, err error) {
	for _, name := range t.signedHeaders {
		value, ok := "", false
		if req.Header != nil {
			value, ok = req.Header(name)
		}
		if !ok || checkValue(name, value) != nil {
			if err == nil {
				err = &Denied{SignedHeaderMismatch, name, "the SAS binds header " + quote(name) + ", which the request lacks"}
			}
			continue
		}
		headers = append(headers, Field{name, value})
	}
	for _, name := range t.signedQuery {
		value, times := "", 0
		for _, o := range t.other {
			if strings.EqualFold(o.Name, name) {
				value = o.Value
				times++
			}
		}
		if times != 1 || checkValue(name, value) != nil {
			if err == nil {
				err = &Denied{SignedQueryMismatch, name, "the SAS binds query parameter " + quote(name) + ", which must stand in the request once"}
			}
			continue
		}
		queries = append(queries, Field{name, value})
	}
	return headers, queries, err
}

// decodeSignature reads sig: the base64 of 32 bytes, in the one spelling that encoding gives.
func decodeSignature(s string) ([]byte, bool) {
	if len(s) != signatureLen {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) == 32
}
