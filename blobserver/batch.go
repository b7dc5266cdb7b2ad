package blobserver

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/sas"
)

// batch carries out several Delete Blob or Set Blob Tier requests, each with an authorization of its own ("Blob Batch").
func (s *Server) batch(w http.ResponseWriter, r *request) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/mixed" || params["boundary"] == "" {
		return invalidHeader("Content-Type", r.Header.Get("Content-Type"))
	}
	if _, err := r.length(s.limits.BatchBytes); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.limits.BatchBytes))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	boundary := "batchresponse_" + newRequestID()
	var answers []byte
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			if n == 0 {
				return bloberror.New(bloberror.InvalidInput)
			}
			break
		}
		if err != nil {
			return bloberror.New(bloberror.InvalidInput, bloberror.WithCause(err))
		}
		if n == s.limits.BatchRequests {
			return bloberror.New(bloberror.InvalidInput, bloberror.WithMessage("The batch holds too many requests."))
		}
		inner, err := parseBatchPart(r, part)
		if err != nil {
			return err
		}
		answers = append(answers, "--"+boundary+"\r\nContent-Type: application/http\r\n"...)
		if id := part.Header.Get("Content-ID"); id != "" {
			answers = append(answers, "Content-ID: "+strings.Map(dropLineBreaks, id)+"\r\n"...)
		}
		answers = append(answers, "\r\n"...)
		answers = s.answerPart(r, inner).append(answers)
	}
	answers = append(answers, "--"+boundary+"--\r\n"...)
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+boundary)
	w.Header().Set("Content-Length", strconv.Itoa(len(answers)))
	w.WriteHeader(http.StatusAccepted)
	_, err = w.Write(answers)
	return sent(err)
}

func dropLineBreaks(c rune) rune {
	if c == '\r' || c == '\n' {
		return -1
	}
	return c
}

// parseBatchPart reads one request of a batch. Its connection, and so its client's address, is the batch's.
func parseBatchPart(outer *request, part *multipart.Part) (*http.Request, error) {
	lines := textproto.NewReader(bufio.NewReader(part))
	first, err := lines.ReadLine()
	if err != nil {
		return nil, bloberror.New(bloberror.InvalidInput, bloberror.WithCause(err))
	}
	method, rest, ok := strings.Cut(strings.TrimSpace(first), " ")
	uri, _, _ := strings.Cut(rest, " ")
	if !ok || !strings.HasPrefix(uri, "/") {
		return nil, bloberror.New(bloberror.InvalidInput, bloberror.WithMessage("A part of the batch is not a request."))
	}
	inner, err := http.NewRequestWithContext(outer.Context(), method, uri, http.NoBody)
	if err != nil {
		return nil, bloberror.New(bloberror.InvalidInput, bloberror.WithCause(err))
	}
	header, err := lines.ReadMIMEHeader()
	if err != nil && err != io.EOF {
		return nil, bloberror.New(bloberror.InvalidInput, bloberror.WithCause(err))
	}
	inner.Header = http.Header(header)
	if inner.Header == nil {
		inner.Header = http.Header{}
	}
	if inner.Header.Get("x-ms-version") == "" && outer.Header.Get("x-ms-version") != "" && inner.Header.Get("Authorization") == "" {
		inner.Header.Set("x-ms-version", outer.Header.Get("x-ms-version"))
	}
	inner.Host, inner.RemoteAddr, inner.TLS = outer.Host, outer.RemoteAddr, outer.TLS
	return inner, nil
}

// partAnswer is the answer to one request of a batch.
type partAnswer struct {
	header http.Header
	status int
	body   []byte
}

func (a *partAnswer) Header() http.Header { return a.header }

func (a *partAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *partAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

func (a *partAnswer) append(b []byte) []byte {
	b = append(b, "HTTP/1.1 "+strconv.Itoa(a.status)+" "+http.StatusText(a.status)+"\r\n"...)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		spelled := name
		if strings.HasPrefix(name, "X-Ms-") {
			spelled = strings.ToLower(name) // as Azure writes it; the JavaScript SDK compares these names with case
		}
		b = append(b, spelled+": "+strings.Map(dropLineBreaks, strings.Join(a.header[name], ","))+"\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, a.body...)
	return append(b, "\r\n"...)
}

func (s *Server) answerPart(outer *request, hr *http.Request) *partAnswer {
	a := &partAnswer{header: http.Header{}}
	r := &request{Request: hr, id: newRequestID(), now: outer.now}
	a.header.Set("x-ms-request-id", r.id)
	a.header.Set("x-ms-version", NewestVersion)
	if id := hr.Header.Get("x-ms-client-request-id"); id != "" {
		a.header.Set("x-ms-client-request-id", strings.Map(dropLineBreaks, id))
	}
	if err := s.carryOutPart(a, outer, r); err != nil {
		s.writeError(a, r, err)
	}
	return a
}

func (s *Server) carryOutPart(a *partAnswer, outer, r *request) error {
	var err error
	if r.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if r.target, err = parseTarget(r.Host, r.URL.EscapedPath()); err != nil {
		return err
	}
	if r.op, err = s.findOperation(r); err != nil {
		return err
	}
	if r.op.need != sas.DeleteBlob && r.op.need != sas.SetBlobTier {
		return bloberror.New(bloberror.InvalidInput, bloberror.WithMessage("A batch can delete blobs and set their tier."))
	}
	if r.account != outer.account || outer.container != "" && r.container != outer.container {
		return bloberror.New(bloberror.InvalidInput, bloberror.WithMessage("A batch reaches one account, or one container, only."))
	}
	if err := s.authorize(r); err != nil {
		return err
	}
	if err := r.checkNames(&s.limits); err != nil {
		return err
	}
	return r.op.handle(s, a, r)
}
