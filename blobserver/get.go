package blobserver

import (
	"bytes"
	"crypto/md5"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/crc64nvme"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// checksum is Azure's CRC-64 (the NVME polynomial).
func checksum(data []byte) uint64 { return crc64nvme.Checksum(data) }

func (s *Server) getBlobProperties(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	p, err := s.store.BlobProperties(r.Context(), ref, conditions)
	if err != nil {
		return s.describeNotModified(w, r, ref, err)
	}
	header := w.Header()
	setBlobProperties(header, &p)
	setTier(header, &p)
	setMD5(header, "Content-Md5", p.ContentMD5)
	header.Set("Content-Length", strconv.FormatInt(p.Size, 10))
	r.grant.override(header)
	w.WriteHeader(http.StatusOK)
	return nil
}

// describeNotModified puts the blob's ETag on a 304, as RFC 9110 (15.4.5) asks.
func (s *Server) describeNotModified(w http.ResponseWriter, r *request, ref blobstore.BlobRef, err error) error {
	if isNotModified(err) {
		if p, err := s.store.BlobProperties(r.Context(), ref, blobstore.AccessConditions{}); err == nil {
			setChange(w.Header(), p.Change)
			setNonEmpty(w.Header(), "Cache-Control", p.CacheControl)
			r.grant.override(w.Header())
		}
	}
	return err
}

func (s *Server) getBlob(w http.ResponseWriter, r *request) error {
	if value := r.Header.Get("x-ms-structured-body"); value != "" { // a client that asks for it reads nothing else
		return bloberror.New(bloberror.UnsupportedHeader, bloberror.WithDetail("HeaderName", "x-ms-structured-body"), bloberror.WithDetail("HeaderValue", value))
	}
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	blob, err := s.store.Open(r.Context(), ref, conditions)
	if err != nil {
		return s.describeNotModified(w, r, ref, err)
	}
	defer blob.Close()
	p := blob.Properties()
	offset, length, partial, err := r.part(p.Size)
	if err != nil {
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(p.Size, 10))
		return err
	}
	wantMD5, wantCRC, err := r.rangeChecksums(partial, length, s.limits.RangeChecksumBytes)
	if err != nil {
		return err
	}
	part, err := blob.Range(offset, length)
	if err != nil {
		return err
	}
	defer part.Close()
	header := w.Header()
	var body io.WriterTo = part
	if wantMD5 || wantCRC {
		content, err := readSummed(header, part, length, wantMD5, wantCRC)
		if err != nil {
			return err
		}
		body = bytes.NewReader(content)
	}
	setBlobProperties(header, p)
	header.Set("Content-Length", strconv.FormatInt(length, 10))
	r.grant.override(header)
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		header.Set("Content-Range", "bytes "+strconv.FormatInt(offset, 10)+"-"+strconv.FormatInt(offset+length-1, 10)+"/"+strconv.FormatInt(p.Size, 10))
		setMD5(header, "X-Ms-Blob-Content-Md5", p.ContentMD5)
	} else {
		setMD5(header, "Content-Md5", p.ContentMD5)
	}
	w.WriteHeader(status)
	_, err = body.WriteTo(w)
	return sent(err)
}

// part says which bytes to send. x-ms-range goes before Range, and what is no range at all means the whole blob.
func (r *request) part(size int64) (offset, length int64, partial bool, err error) {
	value := r.Header.Get("X-Ms-Range")
	if value == "" {
		value = r.Header.Get("Range")
	}
	asked, ok := parseRange(value)
	if !ok {
		return 0, size, false, nil
	}
	offset, length, err = asked.within(size)
	return offset, length, true, err
}

// rangeChecksums reads x-ms-range-get-content-md5 and -crc64, which need a range and bound it.
func (r *request) rangeChecksums(partial bool, length, limit int64) (wantMD5, wantCRC bool, err error) {
	for _, f := range []struct {
		name, header string
		want         *bool
	}{{"x-ms-range-get-content-md5", "X-Ms-Range-Get-Content-Md5", &wantMD5}, {"x-ms-range-get-content-crc64", "X-Ms-Range-Get-Content-Crc64", &wantCRC}} {
		value := r.Header.Get(f.header)
		if *f.want = strings.EqualFold(value, "true"); !*f.want {
			if value != "" && !strings.EqualFold(value, "false") {
				return false, false, invalidHeader(f.name, value)
			}
			continue
		}
		if !partial {
			return false, false, invalidHeader(f.name, value)
		}
		if length > limit {
			return false, false, bloberror.New(bloberror.OutOfRangeInput, bloberror.WithDetail("HeaderName", f.name))
		}
	}
	if wantMD5 && wantCRC {
		return false, false, invalidHeader("x-ms-range-get-content-crc64", "true")
	}
	return wantMD5, wantCRC, nil
}

// readSummed reads a range into memory and sets the header with its checksum. A client that asks for one wants to know
// what left the disk, so it is computed from these very bytes.
func readSummed(header http.Header, part io.Reader, length int64, wantMD5, wantCRC bool) ([]byte, error) {
	content := make([]byte, length)
	if _, err := io.ReadFull(part, content); err != nil {
		return nil, err
	}
	if wantMD5 {
		sum := md5.Sum(content)
		setMD5(header, "Content-MD5", sum[:])
	}
	if wantCRC {
		setMD5(header, "X-Ms-Content-Crc64", crc64Bytes(checksum(content)))
	}
	return content, nil
}
