package sas

import (
	"crypto/hmac"
	"net/netip"
	"strings"
	"time"
)

// Request is what a SAS is checked against: the request that carries it. Names are decoded; whether the URL was
// path-style or host-style does not matter.
type Request struct {
	Account   string
	Container string // empty for a request to the service
	Blob      string // empty for a request to the service or a container
	Prefix    string // of a listing; a directory SAS lists only below its directory
	Snapshot  string // the snapshot parameter as it stands in the query, decoded
	VersionID string // the versionid parameter as it stands in the query, decoded

	RemoteIP netip.Addr // of the client
	HTTPS    bool       // whether the client came over TLS

	// Header finds a request header by its name, without case, for signed headers (srh). Several lines of one name are
	// one value joined by commas. Nil finds none.
	Header func(name string) (value string, ok bool)

	// The caller that a bearer token in the same request proves, for a SAS that is bound to one user (sduoid).
	UserObjectID string
	UserTenantID string
}

// Policy is a stored access policy: what a SAS with si leaves out. Zero fields are not set in it.
type Policy struct {
	Start       Time
	Expiry      Time
	Permissions Permissions
}

// Keys are what a verifier knows. A nil function knows nothing.
type Keys struct {
	// Account are the account's keys, usually two; any of them may have signed.
	Account []Key
	// Delegation finds the value of the delegation key that a user delegation SAS describes.
	Delegation func(DelegationKey) (Key, bool)
	// Policy finds a stored access policy of the request's container by its id.
	Policy func(identifier string) (Policy, bool)
}

// Grant is what a genuine SAS allows for the request it came with, stored access policy included.
type Grant struct {
	Token       *Token
	Start       Time               // zero: at once
	Expiry      Time               // never zero
	Permissions Permissions        // of a service or user delegation SAS
	Account     AccountPermissions // of an account SAS

	request Request
}

// Verify authenticates and authorizes in one step.
func (t *Token) Verify(req Request, op Operation, keys Keys, now time.Time) error {
	grant, err := t.Authenticate(req, keys, now)
	if err != nil {
		return err
	}
	return grant.Authorize(op)
}

// Authenticate checks everything but the operation: the signature first, so that nothing in the SAS is acted upon before
// it is known to be genuine; then the time, the protocol, the address, the delegation key and the user. A SAS is good
// from its start, that instant included, until its expiry, that instant excluded, by the verifier's clock and without
// leeway: Azure gives none either, and advises a start a quarter of an hour ago, or none, against clocks that differ.
// The error is a *Denied.
func (t *Token) Authenticate(req Request, keys Keys, now time.Time) (*Grant, error) {
	if err := t.checkSignature(&req, keys); err != nil {
		return nil, err
	}
	g := &Grant{Token: t, Start: t.start, Expiry: t.expiry, Permissions: t.permissions, Account: t.accountPermissions, request: req}
	if err := g.applyPolicy(keys); err != nil {
		return nil, err
	}
	if err := g.checkTime(now); err != nil {
		return nil, err
	}
	if t.protocol == HTTPS && !req.HTTPS {
		return nil, &Denied{ProtocolMismatch, "spr", "the SAS is for https only"}
	}
	if !t.ip.Contains(req.RemoteIP) {
		return nil, &Denied{SourceIPMismatch, "sip", "the SAS is not for the address " + req.RemoteIP.Unmap().String()}
	}
	if err := t.checkUser(&req); err != nil {
		return nil, err
	}
	return g, nil
}

// checkSignature recomputes the signature with each key and compares in constant time.
func (t *Token) checkSignature(req *Request, keys Keys) error {
	if t.kind != AccountKind {
		if _, ok := t.path(req); !ok {
			return &Denied{ResourceMismatch, "sr", "a " + t.resource.String() + " SAS does not reach what the request names"}
		}
	}
	headers, queries, err := t.bound(req)
	if err != nil {
		return err
	}
	candidates := keys.Account
	if t.kind == UserDelegationKind {
		candidates = nil
		if keys.Delegation != nil {
			if key, ok := keys.Delegation(t.DelegationKey()); ok {
				candidates = []Key{key}
			}
		}
		if candidates == nil {
			return &Denied{DelegationKeyUnknown, "skoid", "no such user delegation key was issued"}
		}
	}
	genuine := false
	for _, key := range candidates {
		if !key.IsZero() && t.signedBy(key, req, headers, queries) {
			genuine = true
		}
	}
	if !genuine {
		return &Denied{SignatureMismatch, "sig", "Signature did not match. String to sign used was " + t.joined(req, headers, queries)}
	}
	return nil
}

func (t *Token) signedBy(key Key, req *Request, headers, queries []Field) bool {
	s := key.get()
	defer key.put(s)
	s.text = t.appendStringToSign(s.text[:0], req, headers, queries)
	s.mac.Reset()
	s.mac.Write(s.text)
	s.sum = s.mac.Sum(s.sum[:0])
	return hmac.Equal(s.sum, t.signature)
}

func (t *Token) appendStringToSign(dst []byte, req *Request, headers, queries []Field) []byte {
	for i, f := range t.layout {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = t.append(dst, f, req, headers, queries)
	}
	return dst
}

func (t *Token) joined(req *Request, headers, queries []Field) string {
	return string(t.appendStringToSign(nil, req, headers, queries))
}

// applyPolicy merges the stored access policy: each field is in the SAS or in the policy, never in both.
func (g *Grant) applyPolicy(keys Keys) error {
	id := g.Token.values[fieldSI]
	if id == "" {
		return nil
	}
	var policy Policy
	ok := false
	if keys.Policy != nil {
		policy, ok = keys.Policy(id)
	}
	if !ok {
		return &Denied{PolicyUnknown, "si", "the container has no stored access policy " + quote(id)}
	}
	switch {
	case !policy.Start.IsZero() && !g.Start.IsZero():
		return &Denied{PolicyConflict, "st", "the start stands in the SAS and in its stored access policy"}
	case !policy.Expiry.IsZero() && !g.Expiry.IsZero():
		return &Denied{PolicyConflict, "se", "the expiry stands in the SAS and in its stored access policy"}
	case policy.Permissions != 0 && g.Permissions != 0:
		return &Denied{PolicyConflict, "sp", "permissions stand in the SAS and in its stored access policy"}
	}
	if !policy.Start.IsZero() {
		g.Start = policy.Start
	}
	if !policy.Expiry.IsZero() {
		g.Expiry = policy.Expiry
	}
	g.Permissions |= policy.Permissions
	switch {
	case g.Expiry.IsZero():
		return &Denied{FieldMissing, "se", "neither the SAS nor its stored access policy has an expiry"}
	case g.Permissions == 0:
		return &Denied{FieldMissing, "sp", "neither the SAS nor its stored access policy has permissions"}
	}
	return nil
}

func (g *Grant) checkTime(now time.Time) error {
	t := g.Token
	switch {
	case now.Before(g.Start.at): // a zero start is before everything
		return &Denied{NotYetValid, "st", timeFrame(g.Start, g.Expiry, now)}
	case !now.Before(g.Expiry.at):
		return &Denied{Expired, "se", timeFrame(g.Start, g.Expiry, now)}
	case t.kind != UserDelegationKind:
		return nil
	case now.Before(t.keyStart.at):
		return &Denied{DelegationKeyNotYetValid, "skt", timeFrame(t.keyStart, t.keyEnd, now)}
	case !now.Before(t.keyEnd.at):
		return &Denied{DelegationKeyExpired, "ske", timeFrame(t.keyStart, t.keyEnd, now)}
	}
	return nil
}

// checkUser demands the user that a user-bound SAS names. Without skdutid the user is of the tenant that asked for the
// key.
func (t *Token) checkUser(req *Request) error {
	user := t.values[fieldSDUOID]
	if user == "" {
		return nil
	}
	tenant := t.values[fieldSKDUTID]
	if tenant == "" {
		tenant = t.values[fieldSKTID]
	}
	if !strings.EqualFold(user, req.UserObjectID) || !strings.EqualFold(tenant, req.UserTenantID) {
		return &Denied{UserMismatch, "sduoid", "the SAS is bound to a user, and the request carries no token of that user"}
	}
	return nil
}

// Authorize checks that the SAS is good for an operation on what its request names. The error is a *Denied.
func (g *Grant) Authorize(op Operation) error {
	if op == 0 || op >= numOperations {
		return &Denied{PermissionMismatch, "sp", "unknown operation"}
	}
	level := g.request.level()
	if op.Level()&level == 0 {
		return &Denied{ResourceMismatch, "sr", op.String() + " does not go to what the request names"}
	}
	if g.Token.kind == AccountKind {
		return g.authorizeAccount(op, level)
	}
	if needs := op.Needs(); g.Permissions&needs == 0 {
		return lacks(op, needs.String(), g.Permissions.String())
	}
	// A directory SAS authenticates container requests by their prefix, and only a listing keeps to it.
	if g.Token.resource == DirectoryResource && level == ContainerLevel && op != ListBlobs {
		return &Denied{ResourceMismatch, "sr", "a directory SAS does not reach the container"}
	}
	return nil
}

func (g *Grant) authorizeAccount(op Operation, level ResourceTypes) error {
	t := g.Token
	switch {
	case t.services&Blob == 0:
		return &Denied{ServiceMismatch, "ss", "the SAS is not for the Blob service"}
	case t.resourceTypes&level == 0:
		return &Denied{ResourceTypeMismatch, "srt", op.String() + " needs " + quote(level.String()) + " in srt, which is " + quote(t.resourceTypes.String())}
	}
	if needs := op.AccountNeeds(); g.Account&needs == 0 {
		return lacks(op, needs.String(), g.Account.String())
	}
	return nil
}

// CanOverwrite reports whether the SAS may replace a blob that is there. Create (c) alone may not: the server makes
// the write conditional on the blob's absence, and answers OverwriteDenied when it is there.
func (g *Grant) CanOverwrite() bool {
	if g.Token.kind == AccountKind {
		return g.Account.Has(AccountWrite)
	}
	return g.Permissions.Has(Write)
}

// OverwriteDenied is the answer to a write that CanOverwrite does not cover.
func OverwriteDenied() *Denied {
	return &Denied{OverwriteNeedsWrite, "sp", "the blob exists, and c without w only creates"}
}

func (r *Request) level() ResourceTypes {
	switch {
	case r.Container == "":
		return ServiceLevel
	case r.Blob == "":
		return ContainerLevel
	}
	return ObjectLevel
}

func lacks(op Operation, needs, has string) *Denied {
	if needs == "" {
		return &Denied{PermissionMismatch, "sp", "no such SAS can do " + op.String()}
	}
	return &Denied{PermissionMismatch, "sp", op.String() + " needs one of " + quote(needs) + ", and the SAS has " + quote(has)}
}
