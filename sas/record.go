package sas

import (
	"encoding/binary"
	"slices"
)

// record holds the values of any kind of SAS while it is being signed. It lives on the stack: nothing here may keep a
// reference to it.
type record struct {
	kind                     Kind
	layout                   []field // set by complete
	version                  string
	account, container, path string
	resource                 Resource
	snapshot, versionID      string
	services                 Services
	resourceTypes            ResourceTypes
	accountPermissions       AccountPermissions
	permissions              Permissions
	start, expiry            Time
	identifier               string
	delegation               DelegationKey
	authorizedObjectID       string
	unauthorizedObjectID     string
	correlationID            string
	delegatedUserID          string
	signedHeaders            []Field
	signedQuery              []Field
	ip                       IPRange
	protocol                 Protocol
	scope                    string
	overrides                Overrides
}

// signatureLen is the length of a base64-encoded HMAC-SHA256.
const signatureLen = 44

func (r *record) token(key Key) (string, error) {
	if key.IsZero() {
		return "", ErrKey
	}
	s := key.get()
	out, err := r.write(s.out[:0], s)
	s.out = out
	token := string(out)
	key.put(s)
	return token, err
}

func (r *record) appendToken(dst []byte, key Key) ([]byte, error) {
	if key.IsZero() {
		return dst, ErrKey
	}
	s := key.get()
	defer key.put(s)
	return r.write(dst, s)
}

// write checks the values, signs them and appends the query string to dst.
func (r *record) write(dst []byte, s *signer) ([]byte, error) {
	if err := r.complete(); err != nil {
		return dst, err
	}
	// Each value is written once, into the string-to-sign or behind it, and copied to the query from there.
	var at [numFields]struct{ from, to int32 }
	text := s.text[:0]
	for i, f := range r.layout {
		if i > 0 {
			text = append(text, '\n')
		}
		at[f].from = int32(len(text))
		text = r.append(text, f)
		at[f].to = int32(len(text))
	}
	signed := len(text)
	for _, f := range unsignedFields {
		if at[f].to == 0 {
			at[f].from = int32(len(text))
			text = r.append(text, f)
			at[f].to = int32(len(text))
		}
	}
	s.text = text
	for f := range fieldSIG {
		if at[f].from == at[f].to {
			continue
		}
		dst = append(append(dst, fieldNames[f]...), '=')
		dst = append(appendEscaped(dst, text[at[f].from:at[f].to]), '&')
	}
	return appendEscaped(append(dst, "sig="...), s.sign(text[:signed])), nil
}

// unsignedFields are the parameters that not every string-to-sign holds: sr only since 2018-11-09, sdd and the names in
// srh and srq never; the resource, and "name:value", stand for them.
var unsignedFields = [...]field{fieldSR, fieldSDD, fieldSRH, fieldSRQ}

// fields is the string-to-sign by field.
func (r *record) fields() ([]Field, error) {
	if err := r.complete(); err != nil {
		return nil, err
	}
	out := make([]Field, len(r.layout))
	for i, f := range r.layout {
		out[i] = Field{f.String(), string(r.append(nil, f))}
	}
	return out, nil
}

// append appends one field's value as it is signed, not escaped; nothing when it is absent.
func (r *record) append(dst []byte, f field) []byte {
	switch f {
	case fieldSV:
		return append(dst, r.version...)
	case fieldSS:
		return r.services.append(dst)
	case fieldSRT:
		return r.resourceTypes.append(dst)
	case fieldST:
		return r.start.append(dst)
	case fieldSE:
		return r.expiry.append(dst)
	case fieldSR:
		return append(dst, r.resource...)
	case fieldSDD:
		if r.resource == DirectoryResource {
			return append(dst, itoa(depth(r.path))...)
		}
	case fieldSI:
		return append(dst, r.identifier...)
	case fieldSP:
		if r.kind == AccountKind {
			return r.accountPermissions.append(dst)
		}
		return r.permissions.append(dst)
	case fieldSIP:
		return r.ip.append(dst)
	case fieldSPR:
		return append(dst, r.protocol...)
	case fieldSES:
		return append(dst, r.scope...)
	case fieldRSCC:
		return append(dst, r.overrides.CacheControl...)
	case fieldRSCD:
		return append(dst, r.overrides.ContentDisposition...)
	case fieldRSCE:
		return append(dst, r.overrides.ContentEncoding...)
	case fieldRSCL:
		return append(dst, r.overrides.ContentLanguage...)
	case fieldRSCT:
		return append(dst, r.overrides.ContentType...)
	case fieldAccount:
		return append(dst, r.account...)
	case fieldResource:
		return appendResource(dst, r.account, r.container, r.path)
	case fieldMoment:
		return append(append(dst, r.snapshot...), r.versionID...)
	default:
		if r.kind == UserDelegationKind {
			return r.appendDelegation(dst, f)
		}
	}
	return dst
}

// appendDelegation appends the fields that only a user delegation SAS has.
func (r *record) appendDelegation(dst []byte, f field) []byte {
	switch f {
	case fieldSKOID:
		return append(dst, r.delegation.ObjectID...)
	case fieldSKTID:
		return append(dst, r.delegation.TenantID...)
	case fieldSKT:
		return r.delegation.Start.append(dst)
	case fieldSKE:
		return r.delegation.Expiry.append(dst)
	case fieldSKS:
		return append(dst, r.delegation.Service...)
	case fieldSKV:
		return append(dst, r.delegation.Version...)
	case fieldSAOID:
		return append(dst, r.authorizedObjectID...)
	case fieldSUOID:
		return append(dst, r.unauthorizedObjectID...)
	case fieldSCID:
		return append(dst, r.correlationID...)
	case fieldSKDUTID:
		return append(dst, r.delegation.DelegatedTenantID...)
	case fieldSDUOID:
		return append(dst, r.delegatedUserID...)
	case fieldSRH:
		return appendNames(dst, r.signedHeaders)
	case fieldSRQ:
		return appendNames(dst, r.signedQuery)
	case fieldHeaders:
		for _, h := range r.signedHeaders {
			dst = appendSignedHeader(dst, h.Name, h.Value)
		}
	case fieldQueries:
		for _, q := range r.signedQuery {
			dst = appendSignedQuery(dst, q.Name, q.Value)
		}
	}
	return dst
}

func appendNames(dst []byte, pairs []Field) []byte {
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, p.Name...)
	}
	return dst
}

func appendSignedHeader(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ':')
	return append(append(dst, value...), '\n')
}

func appendSignedQuery(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, '\n'), name...), ':')
	return append(dst, value...)
}

// appendResource appends the canonicalized resource. A backslash in a blob's name stays one, as JavaScript's SDK signs
// it; Go's turns it into a slash.
func appendResource(dst []byte, account, container, path string) []byte {
	dst = append(append(dst, "/blob/"...), account...)
	dst = append(append(dst, '/'), container...)
	if path != "" {
		dst = append(append(dst, '/'), path...)
	}
	return dst
}

// depth is the number of directories in a path such as "a/b": its sdd.
func depth(path string) int {
	n := 1
	for i := range len(path) {
		if path[i] == '/' {
			n++
		}
	}
	return n
}

// isUnreserved are RFC 3986's unreserved characters.
var isUnreserved = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		is[c] = true
	}
	return is
}()

func unreserved(text string) bool {
	for i := range len(text) {
		if !isUnreserved[text[i]] {
			return false
		}
	}
	return true
}

// escapes has, for each byte, what stands for it in a query, first character lowest, and above that its length: 1 or 3.
var escapes = func() (of [256]uint32) {
	const hex = "0123456789ABCDEF"
	for c := range of {
		if of[c] = 1<<24 | uint32(c); !isUnreserved[c] {
			of[c] = 3<<24 | uint32(hex[c&15])<<16 | uint32(hex[c>>4])<<8 | '%'
		}
	}
	return of
}()

// appendEscaped appends text percent-encoded for a query: everything but the unreserved characters, so that no reader can
// take a plus sign for a space. What needs escaping in a signature nobody can predict, so nothing here depends on it.
func appendEscaped(dst, text []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, 3*len(text)+1) // the last escape's length is written, too
	out := dst[:cap(dst)]
	for _, c := range text {
		escape := escapes[c]
		binary.LittleEndian.PutUint32(out[n:], escape)
		n += int(escape >> 24)
	}
	return out[:n]
}
