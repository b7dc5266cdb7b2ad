package blobserver

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// listMax reads maxresults: at least 1; more than the limit means the limit.
func (s *Server) listMax(r *request) (int, error) {
	value := r.query.Get("maxresults")
	if value == "" {
		return s.limits.ListResults, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, invalidQuery("maxresults", value)
	}
	if n < 1 {
		return 0, bloberror.New(bloberror.OutOfRangeQueryParameterValue, bloberror.WithDetail("QueryParameterName", "maxresults"),
			bloberror.WithDetail("QueryParameterValue", value), bloberror.WithDetail("MinimumAllowed", "1"),
			bloberror.WithDetail("MaximumAllowed", "2147483647"))
	}
	return int(min(n, int64(s.limits.ListResults))), nil
}

// marker reads the marker of the page before, which goes out as URL-safe text so that any name survives XML.
func marker(r *request) (string, error) {
	value := r.query.Get("marker")
	if value == "" {
		return "", nil
	}
	encoded, ok := strings.CutPrefix(value, markerPrefix)
	if !ok {
		return value, nil // a name to begin with
	}
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", invalidQuery("marker", value)
	}
	return string(name), nil
}

// markerPrefix tells our own markers from plain names.
const markerPrefix = "2!v1!"

func encodeMarker(marker string) string {
	if marker == "" {
		return ""
	}
	return markerPrefix + base64.RawURLEncoding.EncodeToString([]byte(marker))
}

func (s *Server) listBlobs(w http.ResponseWriter, r *request) error {
	o, err := s.listOptions(r)
	if err != nil {
		return err
	}
	page, err := s.store.ListBlobs(r.Context(), r.containerName(), o)
	if err != nil {
		return err
	}
	buffer := listBuffers.Get().(*[]byte)
	defer listBuffers.Put(buffer)
	*buffer = s.appendBlobPage(slices.Grow((*buffer)[:0], 512+1024*len(page.Entries)), r, &page, &o)
	return writeXML(w, r, *buffer)
}

// listBuffers keep the memory of pages: a full one has several MB, which would cost more to get than to fill.
var listBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *Server) appendBlobPage(b []byte, r *request, page *blobstore.BlobPage, o *blobstore.ListBlobsOptions) []byte {
	b = append(b, xmlDeclaration+`<EnumerationResults ServiceEndpoint="`...)
	b = appendXMLText(b, r.endpoint())
	b = append(b, `" ContainerName="`...)
	b = appendXMLText(b, r.container)
	b = append(b, `">`...)
	b = s.appendListEcho(b, r)
	if o.Delimiter != "" {
		b = appendName(b, "Delimiter", o.Delimiter)
	}
	b = append(b, "<Blobs>"...)
	for i := range page.Entries {
		if e := &page.Entries[i]; e.IsPrefix {
			b = append(b, "<BlobPrefix>"...)
			b = appendName(b, "Name", e.Name)
			b = append(b, "</BlobPrefix>"...)
		} else {
			b = appendBlob(b, e, o)
		}
	}
	b = append(b, "</Blobs>"...)
	b = appendElement(b, "NextMarker", encodeMarker(page.NextMarker))
	return append(b, "</EnumerationResults>"...)
}

// appendListEcho repeats what was asked for, as every list does.
func (s *Server) appendListEcho(b []byte, r *request) []byte {
	if prefix := r.query.Get("prefix"); prefix != "" {
		b = appendName(b, "Prefix", prefix)
	}
	b = appendOptional(b, "Marker", r.query.Get("marker"))
	return appendOptional(b, "MaxResults", r.query.Get("maxresults"))
}

func (s *Server) listOptions(r *request) (o blobstore.ListBlobsOptions, err error) {
	o.Prefix, o.Delimiter, o.StartFrom = r.query.Get("prefix"), r.query.Get("delimiter"), r.query.Get("startfrom")
	if o.Marker, err = marker(r); err != nil {
		return o, err
	}
	if o.Max, err = s.listMax(r); err != nil {
		return o, err
	}
	for include := range strings.SplitSeq(strings.Join(r.query["include"], ","), ",") {
		switch strings.ToLower(strings.TrimSpace(include)) {
		case "":
		case "snapshots":
			o.Snapshots = true
		case "metadata":
			o.Metadata = true
		case "uncommittedblobs":
			o.Uncommitted = true
		case "copy":
			o.Copy = true
		case "deleted":
			o.Deleted = true
		case "tags":
			o.Tags = true
		case "versions", "deletedwithversions", "immutabilitypolicy", "legalhold", "permissions":
			// There are none of these here, so there is nothing to add.
		default:
			return o, invalidQuery("include", include)
		}
	}
	// "If the request specifies a delimiter, include=snapshots is refused" (List Blobs).
	if o.Delimiter != "" && o.Snapshots {
		return o, invalidQuery("include", "snapshots")
	}
	return o, nil
}

func appendBlob(b []byte, e *blobstore.ListEntry, o *blobstore.ListBlobsOptions) []byte {
	p := &e.Properties
	b = append(b, "<Blob>"...)
	b = appendName(b, "Name", e.Name)
	if p.Deleted {
		b = append(b, "<Deleted>true</Deleted>"...)
	}
	b = appendOptional(b, "Snapshot", p.Snapshot)
	b = append(b, "<Properties>"...)
	if e.Uncommitted {
		b = append(b, "<Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType>"...)
	} else {
		b = appendBlobProperties(b, p, o)
	}
	b = append(b, "</Properties>"...)
	if o.Metadata {
		b = appendMetadata(b, p.Metadata)
	}
	if o.Tags && len(p.Tags) > 0 {
		b = appendTags(b, p.Tags)
	}
	return append(b, "</Blob>"...)
}

func appendBlobProperties(b []byte, p *blobstore.BlobProperties, o *blobstore.ListBlobsOptions) []byte {
	b = appendDate(b, "Creation-Time", p.Created)
	b = appendDate(b, "Last-Modified", p.LastModified)
	b = append(b, "<Etag>"...)
	b = appendXMLText(b, string(p.ETag)) // a list has it without quotes
	b = append(b, "</Etag><Content-Length>"...)
	b = strconv.AppendInt(b, p.Size, 10)
	b = append(b, "</Content-Length>"...)
	contentType := p.ContentType
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	b = appendElement(b, "Content-Type", contentType)
	b = appendElement(b, "Content-Encoding", p.ContentEncoding)
	b = appendElement(b, "Content-Language", p.ContentLanguage)
	b = append(b, "<Content-CRC64 /><Content-MD5>"...)
	b = base64.StdEncoding.AppendEncode(b, p.ContentMD5)
	b = append(b, "</Content-MD5>"...)
	b = appendElement(b, "Cache-Control", p.CacheControl)
	b = appendElement(b, "Content-Disposition", p.ContentDisposition)
	b = append(b, "<BlobType>BlockBlob</BlobType>"...)
	if p.Snapshot == "" || p.Tier != "" {
		b = appendElement(b, "AccessTier", string(tierOf(p)))
	}
	if p.TierInferred {
		b = append(b, "<AccessTierInferred>true</AccessTierInferred>"...)
	} else if !p.TierChanged.IsZero() {
		b = appendDate(b, "AccessTierChangeTime", p.TierChanged)
	}
	if p.Snapshot == "" {
		b = appendLease(b, p.Lease)
	}
	if c := p.Copy; c != nil && o.Copy {
		b = appendElement(b, "CopyId", c.ID)
		b = appendElement(b, "CopySource", c.Source)
		b = append(b, "<CopyStatus>success</CopyStatus>"...)
		b = appendElement(b, "CopyProgress", copyProgress(c))
		b = appendDate(b, "CopyCompletionTime", c.Completed)
	}
	b = append(b, "<ServerEncrypted>false</ServerEncrypted>"...)
	if p.Deleted {
		b = appendDate(b, "DeletedTime", p.DeletedTime)
		b = appendElement(b, "RemainingRetentionDays", strconv.Itoa(p.RemainingDays))
	}
	if p.TagCount > 0 {
		b = appendElement(b, "TagCount", strconv.Itoa(p.TagCount))
	}
	return b
}

func appendLease(b []byte, lease blobstore.LeaseInfo) []byte {
	b = appendElement(b, "LeaseStatus", leaseStatus(lease))
	b = appendOptional(b, "LeaseState", string(lease.State))
	if lease.State == blobstore.LeaseLeased {
		b = appendElement(b, "LeaseDuration", leaseDuration(lease))
	}
	return b
}

func appendDate(b []byte, name string, t time.Time) []byte {
	b = append(b, '<')
	b = append(b, name...)
	b = append(b, '>')
	b = t.UTC().AppendFormat(b, http.TimeFormat)
	b = append(b, '<', '/')
	b = append(b, name...)
	return append(b, '>')
}

func appendMetadata(b []byte, metadata map[string]string) []byte {
	if len(metadata) == 0 {
		return append(b, "<Metadata />"...)
	}
	b = append(b, "<Metadata>"...)
	var room [16]string
	keys := room[:0]
	for key := range metadata {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		b = appendElement(b, key, metadata[key])
	}
	return append(b, "</Metadata>"...)
}

// appendName appends a blob's name or a prefix. What XML cannot hold is sent URL-encoded, marked so ("List Blobs",
// version 2021-02-12).
func appendName(b []byte, element, name string) []byte {
	if strings.IndexFunc(name, func(c rune) bool { return !xmlAllows(c) || c == '\r' }) >= 0 {
		b = append(b, '<')
		b = append(b, element...)
		b = append(b, ` Encoded="true">`...)
		b = appendXMLText(b, strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
		b = append(b, '<', '/')
		b = append(b, element...)
		return append(b, '>')
	}
	return appendElement(b, element, name)
}

// endpoint is the URL of the account as the client sees it.
func (r *request) endpoint() string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if r.accountInPath {
		return scheme + "://" + r.Host + "/" + r.account + "/"
	}
	return scheme + "://" + r.Host + "/"
}
