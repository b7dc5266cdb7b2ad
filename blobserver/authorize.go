package blobserver

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/sas"
)

// authKind is how a request was authorized.
type authKind byte

const (
	authNone authKind = iota
	authAnonymous
	authSharedKey
	authSAS
	authBearer
)

func (k authKind) String() string {
	return [...]string{"none", "anonymous", "SharedKey", "SAS", "Bearer"}[k]
}

// grant is what a request has been found to be allowed.
type grant struct {
	kind       authKind
	createOnly bool // a blob that is there may not be replaced
	overrides  sas.Overrides
	principal  Principal
}

// override puts the response headers that a SAS dictates in place of the blob's own.
func (g *grant) override(header http.Header) {
	setNonEmpty(header, "Cache-Control", g.overrides.CacheControl)
	setNonEmpty(header, "Content-Disposition", g.overrides.ContentDisposition)
	setNonEmpty(header, "Content-Encoding", g.overrides.ContentEncoding)
	setNonEmpty(header, "Content-Language", g.overrides.ContentLanguage)
	setNonEmpty(header, "Content-Type", g.overrides.ContentType)
}

// authorize decides whether the request may do what it asks for and fills r.grant.
func (s *Server) authorize(r *request) error {
	if r.op.open == openToAll {
		r.grant.kind = authAnonymous
		return nil
	}
	account, err := s.account(r)
	if err != nil {
		return err
	}
	if sas.HasSignature(r.URL.RawQuery) {
		return s.authorizeSAS(r, account)
	}
	header := r.Header.Get("Authorization")
	scheme, credentials, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return s.authorizeAnonymous(r)
	case strings.EqualFold(scheme, "SharedKey"), strings.EqualFold(scheme, "SharedKeyLite"):
		r.grant.kind = authSharedKey
		return s.verifySharedKey(r, scheme, strings.TrimSpace(credentials), account)
	case strings.EqualFold(scheme, "Bearer"):
		r.grant.kind = authBearer
		r.grant.principal, err = s.verifyBearer(r, strings.TrimSpace(credentials))
		return err
	}
	return bloberror.New(bloberror.InvalidAuthenticationInfo)
}

// account finds the account in the URL. The secondary endpoint of an account is the account itself, for reading.
func (s *Server) account(r *request) (Account, error) {
	if account, ok := s.accounts.Lookup(r.target.account); ok {
		return account, nil
	}
	if name, ok := strings.CutSuffix(r.target.account, "-secondary"); ok && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		if account, ok := s.accounts.Lookup(name); ok {
			r.target.account = name
			return account, nil
		}
	}
	return Account{}, bloberror.New(bloberror.ResourceNotFound, bloberror.WithMessage("The specified account does not exist."))
}

// authorizeSAS lets a shared access signature speak for the request.
func (s *Server) authorizeSAS(r *request, account Account) error {
	r.grant.kind = authSAS
	token, err := sas.Parse(r.URL.RawQuery)
	if err != nil {
		return denied(err)
	}
	query, err := s.sasRequest(r, token)
	if err != nil {
		return err
	}
	g, err := s.authenticate(r, token, query, account)
	if err != nil {
		return denied(err)
	}
	for _, need := range r.needs() {
		if err := g.Authorize(need); err != nil {
			return denied(err)
		}
	}
	r.grant.createOnly = !g.CanOverwrite()
	r.grant.overrides = token.Overrides()
	return nil
}

// authenticate checks the signature with the account's keys or, for a user delegation SAS, with the key that would have
// been issued under each of them.
func (s *Server) authenticate(r *request, token *sas.Token, query sas.Request, account Account) (g *sas.Grant, err error) {
	keys := sas.Keys{Account: account.Keys, Policy: func(id string) (sas.Policy, bool) { return s.policy(r, id) }}
	if token.Kind() != sas.UserDelegationKind {
		return token.Authenticate(query, keys, r.now)
	}
	for _, key := range account.Keys {
		keys.Delegation = func(d sas.DelegationKey) (sas.Key, bool) { return delegationKey(key, account.Name, d), true }
		g, err = token.Authenticate(query, keys, r.now)
		var why *sas.Denied
		if !errors.As(err, &why) || why.Reason != sas.SignatureMismatch {
			return g, err
		}
	}
	return g, err
}

// needs are the rights that the request asks for, all of them. Most requests need one.
func (r *request) needs() []sas.Operation {
	need := r.op.need
	switch {
	case need == sas.DeleteBlob && strings.EqualFold(r.query.Get("deletetype"), "permanent"):
		need = sas.PermanentlyDeleteBlob
	case need == sas.DeleteBlob && r.query.Has("versionid"):
		need = sas.DeleteBlobVersion
	case need == sas.LeaseBlob && strings.EqualFold(r.Header.Get("X-Ms-Lease-Action"), "break"):
		need = sas.BreakBlobLease
	case need == sas.LeaseContainer && strings.EqualFold(r.Header.Get("X-Ms-Lease-Action"), "break"):
		need = sas.BreakContainerLease
	}
	needs := append([]sas.Operation{need}, r.also...)
	if r.Header.Get("X-Ms-Tags") != "" && r.blob != "" && need != sas.SetBlobTags {
		needs = append(needs, sas.SetBlobTags) // "x-ms-tags requires the t permission" (Put Blob)
	}
	return needs
}

// sasRequest puts the request into the terms of package sas.
func (s *Server) sasRequest(r *request, token *sas.Token) (sas.Request, error) {
	q := sas.Request{
		Account: r.account, Container: r.container, Blob: r.blob, Prefix: r.query.Get("prefix"),
		Snapshot: r.query.Get("snapshot"), VersionID: r.query.Get("versionid"),
		RemoteIP: remoteIP(r.RemoteAddr), HTTPS: r.TLS != nil, Header: r.signedHeader,
	}
	if bound, ok := token.Parameter("sduoid"); ok && bound != "" {
		scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			principal, err := s.verifyBearer(r, strings.TrimSpace(credentials))
			if err != nil {
				return q, err
			}
			q.UserObjectID, q.UserTenantID = principal.ObjectID, principal.TenantID
		}
	}
	return q, nil
}

// signedHeader finds a header for srh, also those that net/http keeps outside the header map.
func (r *request) signedHeader(name string) (string, bool) {
	switch strings.ToLower(name) {
	case "host":
		return r.Host, true
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10), r.ContentLength >= 0
	}
	values := r.Header.Values(name)
	return strings.Join(values, ","), len(values) > 0
}

func remoteIP(addr string) netip.Addr {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	ip, _ := netip.ParseAddr(host) // an invalid address is in no range
	return ip.Unmap().WithZone("")
}

// policy finds a stored access policy of the request's container. One whose text makes no sense grants nothing.
func (s *Server) policy(r *request, id string) (sas.Policy, bool) {
	p, err := s.store.ContainerProperties(r.Context(), r.containerName(), blobstore.AccessConditions{})
	if err != nil {
		return sas.Policy{}, false
	}
	for _, stored := range p.Policies {
		if stored.ID == id {
			return readPolicy(stored)
		}
	}
	return sas.Policy{}, false
}

func readPolicy(stored blobstore.AccessPolicy) (p sas.Policy, ok bool) {
	var err error
	if stored.Start != "" {
		if p.Start, err = sas.ParseTime(stored.Start); err != nil {
			return sas.Policy{}, false
		}
	}
	if stored.Expiry != "" {
		if p.Expiry, err = sas.ParseTime(stored.Expiry); err != nil {
			return sas.Policy{}, false
		}
	}
	p.Permissions, ok = policyPermissions(stored.Permissions)
	return p, ok
}

// policyPermissions reads the permissions of a stored access policy. Their order is free: it is the policy's own text, and
// nothing is signed over it.
func policyPermissions(letters string) (set sas.Permissions, ok bool) {
	for _, letter := range letters {
		p, err := sas.ParsePermissions(string(letter))
		if err != nil {
			return 0, false
		}
		set |= p
	}
	return set, true
}

func validTime(text string) bool {
	_, err := sas.ParseTime(text)
	return err == nil
}

// denied turns a refusal of package sas into Azure's error.
func denied(err error) error {
	var coded interface{ ErrorCode() string }
	if !errors.As(err, &coded) {
		return err
	}
	detail := err.Error()
	var why *sas.Denied
	if errors.As(err, &why) {
		detail = why.Detail
	}
	return bloberror.New(bloberror.Code(coded.ErrorCode()), bloberror.WithDetail("AuthenticationErrorDetail", detail))
}

// authorizeAnonymous lets the public read what a container's access level opens, and nothing else.
func (s *Server) authorizeAnonymous(r *request) error {
	r.grant.kind = authAnonymous
	if r.op.open != openToNobody && r.container != "" {
		p, err := s.store.ContainerProperties(r.Context(), r.containerName(), blobstore.AccessConditions{})
		if err != nil && bloberror.CodeOf(err) != bloberror.ContainerNotFound {
			return err
		}
		if err == nil && (p.Access == blobstore.PublicAccessContainer || p.Access == blobstore.PublicAccessBlob && r.op.open == openInBlobs) {
			return nil
		}
	}
	// Old clients are told that there is nothing; those of 2019-12-12 and later, that they may sign in.
	if r.Header.Get("X-Ms-Version") >= "2019-12-12" {
		return bloberror.New(bloberror.NoAuthenticationInformation)
	}
	return bloberror.New(bloberror.ResourceNotFound)
}
