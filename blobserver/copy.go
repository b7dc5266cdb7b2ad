package blobserver

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/sas"
)

// copySource is the x-ms-copy-source of a request: a blob of this service, or a URL elsewhere.
type copySource struct {
	url   *url.URL
	local *request // a Get Blob of the source, authorized, when it is one of ours
}

// source reads x-ms-copy-source and makes sure that the request may read there. An error of the source is told as
// CannotVerifyCopySource with the source's own status, as Azure does.
func (s *Server) source(r *request) (*copySource, error) {
	value := r.Header.Get("x-ms-copy-source")
	if r.copiesTags() && r.Header.Get("x-ms-tags") != "" {
		return nil, invalidHeader("x-ms-copy-source-tag-option", "COPY")
	}
	u, err := url.Parse(value)
	if err != nil || len(value) > 2048 || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, invalidHeader("x-ms-copy-source", hideSource(value))
	}
	src := &copySource{url: u}
	local, err := s.localSource(r, u)
	if err != nil || local == nil {
		return src, err
	}
	src.local = local
	return src, nil
}

// hideSource keeps a SAS in a copy's source out of answers and logs.
func hideSource(value string) string {
	plain, _, _ := strings.Cut(value, "?")
	return plain
}

// localSource recognizes a source on this service, which it knows by its account and by the request's own host.
func (s *Server) localSource(r *request, u *url.URL) (*request, error) {
	t, err := parseTarget(u.Host, u.EscapedPath())
	if err != nil {
		return nil, invalidHeader("x-ms-copy-source", hideSource(u.String()))
	}
	if _, ours := s.accounts.Lookup(strings.TrimSuffix(t.account, "-secondary")); !ours || !sameService(r, u.Host, t) {
		return nil, nil
	}
	hr, err := http.NewRequestWithContext(r.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, invalidHeader("x-ms-copy-source", hideSource(u.String()))
	}
	hr.RemoteAddr, hr.TLS = r.RemoteAddr, r.TLS
	hr.Header.Set("x-ms-version", NewestVersion)
	if auth := r.Header.Get("x-ms-copy-source-authorization"); auth != "" {
		hr.Header.Set("Authorization", auth)
	}
	local := &request{Request: hr, target: t, id: r.id, now: r.now}
	if local.query, err = parseQuery(u.RawQuery); err != nil {
		return nil, cannotVerify(err)
	}
	if local.op, err = s.findOperation(local); err != nil {
		return nil, cannotVerify(err)
	}
	if local.op.name != "GetBlob" {
		return nil, invalidHeader("x-ms-copy-source", hideSource(u.String()))
	}
	if r.copiesTags() {
		local.also = []sas.Operation{sas.GetBlobTags}
	}
	if err := s.mayRead(r, local); err != nil {
		return nil, cannotVerify(err)
	}
	return local, nil
}

// sameService says whether a source's host is the one that the request came to.
func sameService(r *request, host string, source target) bool {
	if strings.EqualFold(host, r.Host) {
		return true
	}
	if source.accountInPath || r.accountInPath {
		return false
	}
	_, theirs, _ := strings.Cut(host, ".")
	_, ours, _ := strings.Cut(r.Host, ".")
	return strings.EqualFold(theirs, ours)
}

// mayRead checks the right to the source. Whoever holds the account's key, or a token for the service, needs no other
// credentials for a source in the same account.
func (s *Server) mayRead(r, local *request) error {
	err := s.authorize(local)
	if err != nil && local.grant.kind == authAnonymous && local.account == r.account &&
		(r.grant.kind == authSharedKey || r.grant.kind == authBearer) {
		local.grant = r.grant
		return nil
	}
	return err
}

// cannotVerify wraps what went wrong with a copy's source.
func cannotVerify(err error) error {
	var e *bloberror.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case bloberror.SourceConditionNotMet, bloberror.InvalidHeaderValue, bloberror.CannotVerifyCopySource:
		return err
	}
	return bloberror.New(bloberror.CannotVerifyCopySource, bloberror.WithStatus(e.Status()), bloberror.WithMessage(e.Message),
		bloberror.WithDetail("CopySourceErrorCode", string(e.Code)), bloberror.WithCause(err))
}

// copy is Copy Blob and Copy Blob From URL. Every copy ends before the answer, which Azure allows for the first and
// promises for the second.
func (s *Server) copy(w http.ResponseWriter, r *request) error {
	src, err := s.source(r)
	if err != nil {
		return err
	}
	put, err := s.putOptions(r)
	if err != nil {
		return err
	}
	var copied blobstore.CopyResult
	if src.local == nil {
		copied, err = s.copyFromElsewhere(r, src, put)
	} else {
		copied, err = s.copyWithin(r, src, put)
	}
	if err != nil {
		return err
	}
	setChange(w.Header(), copied.Change)
	w.Header().Set("x-ms-copy-id", copied.CopyID)
	w.Header().Set("x-ms-copy-status", "success")
	return created(w, http.StatusAccepted)
}

func (s *Server) copyWithin(r *request, src *copySource, put blobstore.PutBlobOptions) (blobstore.CopyResult, error) {
	ref, err := src.local.blobRef()
	if err != nil {
		return blobstore.CopyResult{}, cannotVerify(err)
	}
	conditions, err := r.sourceConditions()
	if err != nil {
		return blobstore.CopyResult{}, err
	}
	o := blobstore.CopyOptions{
		Metadata: put.Metadata, Tags: put.Tags, Tier: put.Tier, SourceURL: hideSource(src.url.String()),
		CopySourceTags:   r.copiesTags(),
		SourceConditions: conditions, CreateOnly: put.CreateOnly, Conditions: put.Conditions,
	}
	copied, err := s.store.CopyBlob(r.Context(), r.blobName(), ref, o)
	return copied, err
}

// copiesTags says whether the copy takes its source's tags instead of x-ms-tags.
func (r *request) copiesTags() bool {
	return strings.EqualFold(r.Header.Get("x-ms-copy-source-tag-option"), "COPY")
}

// abortCopy has nothing to abort: no copy is ever pending.
func (s *Server) abortCopy(_ http.ResponseWriter, r *request) error {
	if _, err := s.store.BlobProperties(r.Context(), r.blobName().At(""), blobstore.AccessConditions{}); err != nil {
		return err
	}
	return bloberror.New(bloberror.NoPendingCopyOperation)
}
