package blobserver

import (
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/valetkey/valetkey/bloberror"
)

// readXML reads a body of at most limit bytes, checks it against Content-MD5 and parses it into v. An empty body leaves
// v as it is.
func (r *request) readXML(w http.ResponseWriter, limit int64, v any) error {
	if r.ContentLength > limit {
		_, err := r.length(limit)
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return err
	}
	if err := r.checkSmallBody(body); err != nil {
		return err
	}
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.Strict = true
	if err := decoder.Decode(v); err != nil {
		var blobErr *bloberror.Error
		if errors.As(err, &blobErr) {
			return blobErr
		}
		return bloberror.New(bloberror.InvalidXMLDocument, bloberror.WithCause(err))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return bloberror.New(bloberror.InvalidXMLDocument)
	}
	return nil
}

// checkSmallBody compares a body that is in memory with Content-MD5 and x-ms-content-crc64.
func (r *request) checkSmallBody(body []byte) error {
	want, err := r.md5("Content-MD5")
	if err != nil {
		return err
	}
	if got := md5.Sum(body); want != nil && !bytes.Equal(want, got[:]) {
		return bloberror.New(bloberror.MD5Mismatch)
	}
	crc, err := r.crc64("x-ms-content-crc64")
	if err != nil {
		return err
	}
	if crc != nil && !bytes.Equal(crc, crc64Bytes(checksum(body))) {
		return bloberror.New(bloberror.CRC64Mismatch)
	}
	return nil
}
