package blobserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// sourceBytes are the bytes of a copy's source and what it was served with.
type sourceBytes struct {
	io.Reader
	size     int64
	headers  blobstore.HTTPHeaders
	metadata map[string]string
	tags     map[string]string // where the copy asks for them
	close    func() error
}

// open gets at the bytes of a source, or of one range of it, wherever it is.
func (s *Server) open(ctx context.Context, r *request, src *copySource, part string, limit int64) (*sourceBytes, error) {
	bytes, err := s.openAnywhere(ctx, r, src, part)
	if err != nil {
		return nil, err
	}
	if bytes.size > limit {
		_ = bytes.close()
		return nil, bloberror.New(bloberror.RequestBodyTooLarge, bloberror.WithDetail("MaxLimit", strconv.FormatInt(limit, 10)))
	}
	return bytes, nil
}

func (s *Server) openAnywhere(ctx context.Context, r *request, src *copySource, part string) (*sourceBytes, error) {
	if src.local == nil {
		return s.fetch(ctx, r, src, part)
	}
	ref, err := src.local.blobRef()
	if err != nil {
		return nil, cannotVerify(err)
	}
	conditions, err := r.sourceConditions()
	if err != nil {
		return nil, err
	}
	blob, err := s.store.Open(ctx, ref, conditions)
	if isNotModified(err) || bloberror.CodeOf(err) == bloberror.ConditionNotMet {
		return nil, bloberror.New(bloberror.SourceConditionNotMet)
	}
	if err != nil {
		return nil, cannotVerify(err)
	}
	p := blob.Properties()
	offset, length := int64(0), p.Size
	if asked, ok := parseRange(part); ok {
		if offset, length, err = asked.within(p.Size); err != nil {
			_ = blob.Close()
			return nil, err
		}
	}
	data, err := blob.Range(offset, length)
	if err != nil {
		_ = blob.Close()
		return nil, err
	}
	var tags map[string]string
	if r.copiesTags() {
		if tags, err = s.store.BlobTags(ctx, ref, blobstore.AccessConditions{}); err != nil {
			return nil, errors.Join(cannotVerify(err), data.Close(), blob.Close())
		}
	}
	closeBoth := func() error { _ = data.Close(); return blob.Close() }
	return &sourceBytes{Reader: data, size: length, headers: p.HTTPHeaders, metadata: p.Metadata, tags: tags, close: closeBoth}, nil
}

// fetch asks another server for the source.
func (s *Server) fetch(ctx context.Context, r *request, src *copySource, part string) (*sourceBytes, error) {
	if s.client == nil {
		return nil, bloberror.New(bloberror.CannotVerifyCopySource, bloberror.WithStatus(http.StatusForbidden),
			bloberror.WithMessage("This service copies from its own accounts only."))
	}
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, src.url.String(), nil)
	if err != nil {
		return nil, invalidHeader("x-ms-copy-source", hideSource(src.url.String()))
	}
	for to, from := range map[string]string{
		"Authorization": "x-ms-copy-source-authorization", "If-Match": "x-ms-source-if-match", "If-None-Match": "x-ms-source-if-none-match",
		"If-Modified-Since": "x-ms-source-if-modified-since", "If-Unmodified-Since": "x-ms-source-if-unmodified-since",
	} {
		setNonEmpty(out.Header, to, r.Header.Get(from))
	}
	setNonEmpty(out.Header, "Range", part)
	out.Header.Set("Accept-Encoding", "identity")
	out.Header.Set("x-ms-version", NewestVersion)
	in, err := s.client.Do(out)
	if err != nil {
		return nil, bloberror.New(bloberror.CannotVerifyCopySource, bloberror.WithCause(err))
	}
	if err := checkSource(in, part); err != nil {
		_ = in.Body.Close()
		return nil, err
	}
	got := &sourceBytes{Reader: in.Body, size: in.ContentLength, close: in.Body.Close, metadata: map[string]string{}, headers: blobstore.HTTPHeaders{
		CacheControl: in.Header.Get("Cache-Control"), ContentDisposition: in.Header.Get("Content-Disposition"),
		ContentEncoding: in.Header.Get("Content-Encoding"), ContentLanguage: in.Header.Get("Content-Language"),
		ContentType: in.Header.Get("Content-Type"),
	}}
	for name, values := range in.Header {
		if key, ok := strings.CutPrefix(name, metadataPrefix); ok {
			got.metadata[strings.ToLower(key)] = strings.Join(values, ",")
		}
	}
	return got, nil
}

// checkSource accepts an answer that holds exactly what was asked for, of a known length.
func checkSource(in *http.Response, part string) error {
	want := http.StatusOK
	if part != "" {
		want = http.StatusPartialContent
	}
	switch {
	case in.StatusCode == http.StatusPreconditionFailed || in.StatusCode == http.StatusNotModified:
		return bloberror.New(bloberror.SourceConditionNotMet)
	case in.StatusCode >= 400:
		return bloberror.New(bloberror.CannotVerifyCopySource, bloberror.WithStatus(in.StatusCode),
			bloberror.WithDetail("CopySourceStatusCode", strconv.Itoa(in.StatusCode)),
			bloberror.WithDetail("CopySourceErrorCode", in.Header.Get("x-ms-error-code")))
	case in.StatusCode != want || in.ContentLength < 0:
		return bloberror.New(bloberror.CannotVerifyCopySource,
			bloberror.WithCause(fmt.Errorf("the source answered %s with Content-Length %d", in.Status, in.ContentLength)))
	}
	return nil
}

// copyFromElsewhere is Copy Blob of a source that another server has.
func (s *Server) copyFromElsewhere(r *request, src *copySource, put blobstore.PutBlobOptions) (copied blobstore.CopyResult, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.CopyTime)
	defer cancel()
	bytes, err := s.open(ctx, r, src, "", s.limits.CopySourceBytes)
	if err != nil {
		return copied, err
	}
	defer bytes.close()
	put.Size, put.Headers = bytes.size, bytes.headers
	if put.Metadata == nil {
		put.Metadata = bytes.metadata
	}
	put.Copy = &blobstore.CopyInfo{ID: newRequestID(), Source: hideSource(src.url.String())}
	result, err := s.store.PutBlob(ctx, r.blobName(), bytes, put)
	return blobstore.CopyResult{Change: result.Change, CopyID: put.Copy.ID}, err
}

// putBlobFromURL is Put Blob From URL: a new blob with the source's bytes and, unless told otherwise, its properties.
func (s *Server) putBlobFromURL(w http.ResponseWriter, r *request) error {
	if err := r.blockBlobOnly(); err != nil {
		return err
	}
	if r.ContentLength > 0 {
		return invalidHeader("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	put, err := s.putOptions(r)
	if err != nil {
		return err
	}
	src, err := s.source(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.CopyTime)
	defer cancel()
	bytes, err := s.open(ctx, r, src, "", s.limits.PutBlobBytes)
	if err != nil {
		return err
	}
	defer bytes.close()
	put.Size = bytes.size
	if r.copiesTags() {
		put.Tags = bytes.tags
	}
	if put.ExpectMD5, err = r.md5("x-ms-source-content-md5"); err != nil {
		return err
	}
	if !strings.EqualFold(r.Header.Get("x-ms-copy-source-blob-properties"), "false") {
		put.Headers = mergeHeaders(put.Headers, bytes.headers)
		if put.Metadata == nil {
			put.Metadata = bytes.metadata
		}
	}
	if put.Headers.ContentType == "" {
		put.Headers.ContentType = "application/octet-stream"
	}
	result, err := s.store.PutBlob(ctx, r.blobName(), bytes, put)
	if err != nil {
		return err
	}
	setPutResult(w.Header(), result)
	return created(w, http.StatusCreated)
}

// mergeHeaders fills what h leaves open.
func mergeHeaders(h, from blobstore.HTTPHeaders) blobstore.HTTPHeaders {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&h.CacheControl, from.CacheControl}, {&h.ContentDisposition, from.ContentDisposition}, {&h.ContentEncoding, from.ContentEncoding},
		{&h.ContentLanguage, from.ContentLanguage}, {&h.ContentType, from.ContentType},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	return h
}

// putBlockFromURL is Put Block From URL: a block with the bytes of a source, or of one range of it.
func (s *Server) putBlockFromURL(w http.ResponseWriter, r *request) error {
	id, o, err := s.blockOptions(r)
	if err != nil {
		return err
	}
	if r.ContentLength > 0 {
		return invalidHeader("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if o.ExpectMD5, err = r.md5("x-ms-source-content-md5"); err != nil {
		return err
	}
	if o.ExpectCRC64, err = r.crc64("x-ms-source-content-crc64"); err != nil {
		return err
	}
	part := r.Header.Get("x-ms-source-range")
	if _, ok := parseRange(part); !ok && part != "" {
		return invalidHeader("x-ms-source-range", part)
	}
	src, err := s.source(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.CopyTime)
	defer cancel()
	bytes, err := s.open(ctx, r, src, part, s.limits.BlockBytes)
	if err != nil {
		return err
	}
	defer bytes.close()
	if o.Size = bytes.size; o.Size == 0 {
		return bloberror.New(bloberror.InvalidRange)
	}
	result, err := s.store.PutBlock(ctx, r.blobName(), id, bytes, o)
	if err != nil {
		return err
	}
	setPutResult(w.Header(), result)
	return created(w, http.StatusCreated)
}
