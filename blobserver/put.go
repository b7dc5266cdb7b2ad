package blobserver

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// putBlob is Put Blob for block blobs.
func (s *Server) putBlob(w http.ResponseWriter, r *request) error {
	if err := r.blockBlobOnly(); err != nil {
		return err
	}
	o, err := s.putOptions(r)
	if err != nil {
		return err
	}
	if o.Size, err = r.length(s.limits.PutBlobBytes); err != nil {
		return err
	}
	if o.ExpectCRC64, err = r.crc64("x-ms-content-crc64"); err != nil {
		return err
	}
	if o.ExpectMD5, err = r.md5("Content-MD5"); err != nil {
		return err
	}
	if o.ExpectMD5 == nil {
		o.ExpectMD5 = o.Headers.ContentMD5
	}
	standardHeaders(r.Header, &o.Headers)
	result, err := s.store.PutBlob(r.Context(), r.blobName(), r.Body, o)
	if err != nil {
		return err
	}
	setPutResult(w.Header(), result)
	return created(w, http.StatusCreated)
}

// blockBlobOnly refuses the types of blob that the product does not have.
func (r *request) blockBlobOnly() error {
	switch kind := r.Header.Get("X-Ms-Blob-Type"); strings.ToLower(kind) {
	case "blockblob":
		return nil
	case "":
		return missingHeader("x-ms-blob-type")
	case "appendblob":
		return bloberror.New(bloberror.BlobTypeNotSupported, bloberror.WithMessage("Append blobs are not supported."))
	case "pageblob":
		return bloberror.New(bloberror.BlobTypeNotSupported, bloberror.WithMessage("Page blobs are not supported."))
	default:
		return invalidHeader("x-ms-blob-type", kind)
	}
}

// putOptions reads the headers that Put Blob and Put Blob From URL share.
func (s *Server) putOptions(r *request) (o blobstore.PutBlobOptions, err error) {
	if err = r.rejectCustomerKeys(); err != nil {
		return o, err
	}
	if o.Headers, err = r.blobHeaders(); err != nil {
		return o, err
	}
	if o.Metadata, err = r.metadata(&s.limits); err != nil {
		return o, err
	}
	if o.Tags, err = r.tagsHeader(&s.limits); err != nil {
		return o, err
	}
	if o.Tier, err = r.tier(); err != nil {
		return o, err
	}
	o.Conditions, err = r.conditions()
	o.CreateOnly = r.grant.createOnly
	return o, err
}

// standardHeaders fills what the x-ms-blob-* headers left open from the request's own, as Put Blob does.
func standardHeaders(header http.Header, h *blobstore.HTTPHeaders) {
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"Content-Type", &h.ContentType}, {"Content-Encoding", &h.ContentEncoding},
		{"Content-Language", &h.ContentLanguage}, {"Cache-Control", &h.CacheControl},
	} {
		if *f.to == "" {
			*f.to = header.Get(f.name)
		}
	}
	if h.ContentType == "" {
		h.ContentType = "application/octet-stream"
	}
}

func setPutResult(header http.Header, result blobstore.PutResult) {
	if result.ETag != "" {
		setChange(header, result.Change)
	}
	setMD5(header, "Content-MD5", result.MD5)
	setMD5(header, "X-Ms-Content-Crc64", result.CRC64)
	header.Set("X-Ms-Request-Server-Encrypted", "false")
}

// blockID reads and decodes the blockid parameter.
func (r *request) blockID() (blobstore.BlockID, error) {
	value := r.query.Get("blockid")
	if value == "" {
		return "", bloberror.New(bloberror.MissingRequiredQueryParameter, bloberror.WithDetail("QueryParameterName", "blockid"))
	}
	id, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", bloberror.New(bloberror.InvalidQueryParameterValue, bloberror.WithDetail("QueryParameterName", "blockid"),
			bloberror.WithDetail("QueryParameterValue", value), bloberror.WithDetail("Reason", "Not a valid base64 string."))
	}
	return blobstore.BlockID(id), nil
}

func (s *Server) putBlock(w http.ResponseWriter, r *request) error {
	id, o, err := s.blockOptions(r)
	if err != nil {
		return err
	}
	if o.Size, err = r.length(s.limits.BlockBytes); err != nil {
		return err
	}
	if o.ExpectMD5, err = r.md5("Content-MD5"); err != nil {
		return err
	}
	if o.ExpectCRC64, err = r.crc64("x-ms-content-crc64"); err != nil {
		return err
	}
	if o.Size == 0 {
		return invalidHeader("Content-Length", "0")
	}
	result, err := s.store.PutBlock(r.Context(), r.blobName(), id, r.Body, o)
	if err != nil {
		return err
	}
	setPutResult(w.Header(), result)
	return created(w, http.StatusCreated)
}

// blockOptions reads what Put Block and Put Block From URL share.
func (s *Server) blockOptions(r *request) (id blobstore.BlockID, o blobstore.PutBlockOptions, err error) {
	if err = r.rejectCustomerKeys(); err != nil {
		return id, o, err
	}
	if id, err = r.blockID(); err != nil {
		return id, o, err
	}
	conditions, err := r.conditions()
	o.LeaseID = conditions.LeaseID
	return id, o, err
}

// blockList is the body of Put Block List; the order of its elements counts, whatever their names.
type blockList struct {
	entries []blobstore.BlockEntry
	limit   int
}

// UnmarshalXML reads <BlockList>, one entry an element.
func (l *blockList) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if start.Name.Local != "BlockList" {
		return bloberror.New(bloberror.InvalidXMLDocument)
	}
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			if _, end := token.(xml.EndElement); end {
				return nil
			}
			continue
		}
		var entry blobstore.BlockEntry
		switch element.Name.Local {
		case "Latest":
			entry.From = blobstore.BlockLatest
		case "Committed":
			entry.From = blobstore.BlockCommitted
		case "Uncommitted":
			entry.From = blobstore.BlockUncommitted
		default:
			return bloberror.New(bloberror.InvalidXMLDocument)
		}
		var text string
		if err := d.DecodeElement(&text, &element); err != nil {
			return err
		}
		id, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(id) == 0 || len(id) > blobstore.MaxBlockIDSize {
			return bloberror.New(bloberror.InvalidBlockID)
		}
		if len(l.entries) == l.limit {
			return bloberror.New(bloberror.BlockListTooLong)
		}
		entry.ID = blobstore.BlockID(id)
		l.entries = append(l.entries, entry)
	}
}

func (s *Server) putBlockList(w http.ResponseWriter, r *request) error {
	put, err := s.putOptions(r)
	if err != nil {
		return err
	}
	if _, err := r.length(s.limits.BlockListBytes); err != nil {
		return err
	}
	list := blockList{limit: s.limits.CommittedBlocks}
	if err := r.readXML(w, s.limits.BlockListBytes, &list); err != nil {
		return err
	}
	if put.Headers.ContentType == "" {
		put.Headers.ContentType = "application/octet-stream"
	}
	change, err := s.store.PutBlockList(r.Context(), r.blobName(), list.entries, blobstore.CommitOptions{
		Headers: put.Headers, Metadata: put.Metadata, Tags: put.Tags, Tier: put.Tier, CreateOnly: put.CreateOnly, Conditions: put.Conditions,
	})
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	w.Header().Set("X-Ms-Request-Server-Encrypted", "false")
	return created(w, http.StatusCreated)
}

func (s *Server) getBlockList(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	kind := blobstore.CommittedBlocks
	switch value := r.query.Get("blocklisttype"); strings.ToLower(value) {
	case "", "committed":
	case "uncommitted":
		kind = blobstore.UncommittedBlocks
	case "all":
		kind = blobstore.AllBlocks
	default:
		return invalidQuery("blocklisttype", value)
	}
	lists, err := s.store.BlockList(r.Context(), ref, kind, conditions)
	if err != nil {
		return err
	}
	if lists.Exists {
		setChange(w.Header(), lists.Change)
	}
	w.Header().Set("X-Ms-Blob-Content-Length", strconv.FormatInt(lists.Size, 10))
	b := make([]byte, 0, 128+80*(len(lists.Committed)+len(lists.Uncommitted)))
	b = append(b, xmlDeclaration+"<BlockList>"...)
	if kind&blobstore.CommittedBlocks != 0 {
		b = appendBlocks(b, "CommittedBlocks", lists.Committed)
	}
	if kind&blobstore.UncommittedBlocks != 0 {
		b = appendBlocks(b, "UncommittedBlocks", lists.Uncommitted)
	}
	return writeXML(w, r, append(b, "</BlockList>"...))
}

func appendBlocks(b []byte, element string, blocks []blobstore.Block) []byte {
	b = append(b, "<"+element+">"...)
	for _, block := range blocks {
		b = append(b, "<Block><Name>"...)
		b = base64.StdEncoding.AppendEncode(b, []byte(block.ID))
		b = append(b, "</Name><Size>"...)
		b = strconv.AppendInt(b, block.Size, 10)
		b = append(b, "</Size></Block>"...)
	}
	return append(b, "</"+element+">"...)
}
