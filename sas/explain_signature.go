package sas

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"strings"
)

// attempt is one way in which a signature may have come about.
type attempt struct {
	key      Key
	layout   []field
	req      Request
	replaced map[field]string // values that were signed otherwise than they stand in the query
}

// matches reports whether the attempt gives the token's signature.
func (e *explainer) matches(a attempt) bool {
	if a.key.IsZero() || len(e.token.signature) == 0 {
		return false
	}
	headers, queries, _ := e.token.bound(&a.req)
	var text []byte
	for i, f := range a.layout {
		if i > 0 {
			text = append(text, '\n')
		}
		if v, ok := a.replaced[f]; ok {
			text = append(text, v...)
		} else {
			text = e.token.append(text, f, &a.req, headers, queries)
		}
	}
	return hmac.Equal(a.key.AppendHMAC(nil, text), e.token.signature)
}

// checkSignature recomputes the signature where a key is known and, if it is wrong, looks for the cause.
func (e *explainer) checkSignature() {
	t := e.token
	req := e.request()
	keys := e.q.Keys
	if t.kind == UserDelegationKind {
		keys = []Key{e.q.Delegation}
	}
	if e.out.Has(CodeSigMalformed) || len(t.signature) == 0 || t.Version() == "" || !e.target.known {
		return
	}
	if t.kind != AccountKind && e.target.fromURL && e.target.container == "" {
		return // what it was signed for is not said
	}
	if e.unknownBindings(&req) {
		return
	}
	e.out.StringToSign = t.StringToSign(req)
	for i := range e.out.StringToSign {
		e.out.StringToSign[i].Value = hideSignature(e.out.StringToSign[i].Value)
	}
	tried := false
	for _, key := range keys {
		if key.IsZero() {
			continue
		}
		tried = true
		if e.matches(attempt{key: key, layout: t.layout, req: req}) {
			e.out.Signature = SignatureRight
			return
		}
	}
	if !tried {
		if e.target.doubled {
			e.warn(CodeAccountDoubled, "", doubledMessage(e.target.account), doubledHint)
		}
		e.tryOtherKind(req)
		return
	}
	e.out.Signature = SignatureWrong
	for _, key := range keys {
		if !key.IsZero() && e.findCause(key, req) {
			return
		}
	}
	if e.tryOtherKind(req) {
		return
	}
	hint := "Either another key signed it (of another account, or rotated since), or it was made for another container or blob than the URL names, or a signed field was changed afterwards: compare the string-to-sign with the signer's, line by line."
	if names := slices.Concat(t.signedHeaders, t.signedQuery); len(names) > 0 {
		hint = "The value of what it binds, " + quote(strings.Join(names, ", ")) + ", must be the very one that was signed. " + hint
	}
	e.fail(CodeSignatureMismatch, "sig", "The signature is not that of this key for this string-to-sign.", hint)
}

const doubledHint = "A host-style URL (account.blob.core.windows.net) has it in the host only, a path-style one (127.0.0.1:10000/account) once, at the start of the path."

func doubledMessage(account string) string {
	return "The account's name " + quote(account) + " follows an account's name in the URL, where the container's name should be."
}

// unknownBindings reports whether signed headers are not known, without which there is no string-to-sign.
func (e *explainer) unknownBindings(req *Request) bool {
	if len(e.token.signedHeaders) > 0 && e.q.Headers == nil {
		return true
	}
	_, _, err := e.token.bound(req)
	return err != nil
}

// tryOtherKind looks whether the key of the other kind signed: an account key a user delegation SAS, or the reverse.
func (e *explainer) tryOtherKind(req Request) bool {
	others, name := []Key{e.q.Delegation}, "user delegation key"
	if e.token.kind == UserDelegationKind {
		others, name = e.q.Keys, "account key"
	}
	for _, key := range others {
		if e.matches(attempt{key: key, layout: e.token.layout, req: req}) {
			e.out.Signature = SignatureWrong
			e.fail(CodeWrongKeyKind, "sig", "It was signed with the "+name+", which does not sign a "+e.token.kind.String()+".",
				"A user delegation SAS is signed with the value of the user delegation key, the other kinds with an account key.")
			return true
		}
	}
	return false
}

// findCause tries what people get wrong.
func (e *explainer) findCause(key Key, req Request) bool {
	t := e.token
	if text := []byte(base64.StdEncoding.EncodeToString(key.state().secret)); e.matches(attempt{key: NewKey(text), layout: t.layout, req: req}) {
		e.fail(CodeKeyNotDecoded, "sig", "It was signed with the key's text; the key is the base64 decoding of it.", "Decode the key before signing.")
		return true
	}
	for _, l := range layouts[t.kind] {
		if len(l.fields) != len(t.layout) && e.matches(attempt{key: key, layout: l.fields, req: req}) {
			e.fail(CodeLayoutWrong, "sv", "It was signed in the layout of sv "+l.since+", while sv says "+t.Version()+".", "Sign the fields that sv "+t.Version()+" has, in its order; or say sv="+l.since+".")
			return true
		}
	}
	return e.findAccount(key, req) || e.findPath(key, req) || e.findRewritten(key, req)
}

// findAccount tries other account names.
func (e *explainer) findAccount(key Key, req Request) bool {
	if (e.target.pathStyle || e.target.doubled) && e.target.container != "" {
		other := req
		other.Account = e.target.container
		other.Container, other.Blob, _ = strings.Cut(e.target.blob, "/")
		if e.matches(attempt{key: key, layout: e.token.layout, req: other}) {
			e.fail(CodeAccountDoubled, "", doubledMessage(other.Account), doubledHint)
			return true
		}
	}
	doubled := req
	doubled.Container = req.Account + "/" + req.Container
	if e.matches(attempt{key: key, layout: e.token.layout, req: doubled}) {
		e.fail(CodeAccountDoubled, "", "It was signed with the account's name twice in the canonicalized resource.", "The resource is /blob/account/container/blob, for path-style URLs too; only Shared Key doubles the name there.")
		return true
	}
	bare := map[field]string{fieldResource: strings.TrimPrefix(string(e.token.append(nil, fieldResource, &req, nil, nil)), "/blob/"+req.Account)}
	if e.token.kind != AccountKind {
		for _, resource := range []string{"/blob" + bare[fieldResource], bare[fieldResource], "/" + req.Account + bare[fieldResource]} {
			if e.matches(attempt{key: key, layout: e.token.layout, req: req, replaced: map[field]string{fieldResource: resource}}) {
				e.fail(CodeAccountMissing, "", "It was signed for the resource "+quote(resource)+".", "The resource is /blob/account/container/blob: with /blob and with the account's name.")
				return true
			}
		}
	}
	return false
}

// findPath tries other resources than what sr and the URL say.
func (e *explainer) findPath(key Key, req Request) bool {
	if e.token.kind == AccountKind {
		return false
	}
	prefix := "/blob/" + req.Account + "/" + req.Container
	escaped := string(appendEscapedPath(nil, req.Blob))
	candidates := []string{
		prefix, prefix + "/", prefix + "/" + req.Blob, prefix + "/" + escaped, prefix + "//" + req.Blob,
		strings.ToLower(prefix + "/" + req.Blob), prefix + "/" + strings.ReplaceAll(req.Blob, "\\", "/"),
		prefix + "/" + strings.ReplaceAll(req.Blob, "+", " "),
	}
	for i := strings.LastIndexByte(req.Blob, '/'); i > 0; i = strings.LastIndexByte(req.Blob[:i], '/') {
		candidates = append(candidates, prefix+"/"+req.Blob[:i])
		if len(candidates) > 16 {
			break
		}
	}
	for _, resource := range candidates {
		for _, sr := range []Resource{e.token.resource, BlobResource, ContainerResource} {
			a := attempt{key: key, layout: e.token.layout, req: req, replaced: map[field]string{fieldResource: resource, fieldSR: string(sr)}}
			if e.matches(a) {
				e.fail(CodePathMismatch, "sr", "It was signed as a "+sr.String()+" SAS for the resource "+quote(resource)+".",
					"The signed resource must be what the URL names, URL-decoded, and sr must say its kind.")
				return true
			}
		}
	}
	return false
}

// findRewritten tries fields that were changed between signing and writing the query.
func (e *explainer) findRewritten(key Key, req Request) bool {
	t := e.token
	sp := t.values[fieldSP]
	canonical := t.permissions.String()
	if t.kind == AccountKind {
		canonical = t.accountPermissions.String()
	} else if set, err := parseLetters("sp", sp, permissionLetters, permissionLetters); err == nil {
		canonical = Permissions(set).String()
	}
	if canonical != sp && e.matches(attempt{key: key, layout: t.layout, req: req, replaced: map[field]string{fieldSP: canonical}}) {
		e.fail(CodePermissionsChanged, "sp", "It was signed with the permissions in the order "+quote(canonical)+", and the query has "+quote(sp)+".", "Put into the query what was signed.")
		return true
	}
	return false
}

// appendEscapedPath escapes a blob's name as URLs do, slashes kept.
func appendEscapedPath(dst []byte, path string) []byte {
	for part := range strings.SplitSeq(path, "/") {
		if len(dst) > 0 {
			dst = append(dst, '/')
		}
		dst = appendEscaped(dst, []byte(part))
	}
	return dst
}
