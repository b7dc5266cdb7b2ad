package blobserver

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

const metadataPrefix = "X-Ms-Meta-" // as net/http spells it

// metadata reads the x-ms-meta-* headers. It is nil when there are none. Names keep the case that net/http gives them in
// lower form: HTTP has no case, and Azure compares without it.
func (r *request) metadata(limits *Limits) (map[string]string, error) {
	var m map[string]string
	size := 0
	for name, values := range r.Header {
		key, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok {
			// A name that net/http could not canonicalize stays as it was sent.
			if len(name) < len(metadataPrefix) || !strings.EqualFold(name[:len(metadataPrefix)], metadataPrefix) {
				continue
			}
			key = name[len(metadataPrefix):]
		}
		if key == "" {
			return nil, bloberror.New(bloberror.EmptyMetadataKey)
		}
		if key = strings.ToLower(key); !validIdentifier(key) {
			return nil, bloberror.New(bloberror.InvalidMetadata)
		}
		if m == nil {
			m = map[string]string{}
		}
		value := strings.Join(values, ",")
		m[key] = value
		size += len(key) + len(value)
	}
	if size > limits.MetadataBytes {
		return nil, bloberror.New(bloberror.MetadataTooLarge)
	}
	return m, nil
}

// validIdentifier holds a metadata name to C#'s rules for identifiers, of which HTTP leaves letters, digits and "_".
func validIdentifier(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		case c == '-' && i > 0: // strictly not an identifier, but Azurite and many tools take it
		default:
			return false
		}
	}
	return true
}

// blobHeaders reads the x-ms-blob-* headers that a blob is served with later.
func (r *request) blobHeaders() (blobstore.HTTPHeaders, error) {
	h := blobstore.HTTPHeaders{
		CacheControl:       r.Header.Get("X-Ms-Blob-Cache-Control"),
		ContentDisposition: r.Header.Get("X-Ms-Blob-Content-Disposition"),
		ContentEncoding:    r.Header.Get("X-Ms-Blob-Content-Encoding"),
		ContentLanguage:    r.Header.Get("X-Ms-Blob-Content-Language"),
		ContentType:        r.Header.Get("X-Ms-Blob-Content-Type"),
	}
	var err error
	h.ContentMD5, err = r.md5("X-Ms-Blob-Content-Md5")
	return h, err
}

// md5 reads a header that holds the base64 of an MD5, nil when it is absent.
func (r *request) md5(name string) ([]byte, error) {
	value := r.Header.Get(name)
	if value == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != 16 {
		return nil, bloberror.New(bloberror.InvalidMD5)
	}
	return sum, nil
}

// crc64 reads a header that holds the base64 of a CRC-64, nil when it is absent.
func (r *request) crc64(name string) ([]byte, error) {
	value := r.Header.Get(name)
	if value == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != 8 {
		return nil, invalidHeader(name, value)
	}
	return sum, nil
}

// length is the request's Content-Length, which every write of bytes must have.
func (r *request) length(limit int64) (int64, error) {
	switch {
	case r.ContentLength < 0:
		return 0, bloberror.New(bloberror.MissingContentLengthHeader)
	case r.ContentLength > limit:
		return 0, bloberror.New(bloberror.RequestBodyTooLarge, bloberror.WithDetail("MaxLimit", strconv.FormatInt(limit, 10)))
	}
	return r.ContentLength, nil
}

// tier reads x-ms-access-tier. Some clients send it empty, which means none.
func (r *request) tier() (blobstore.AccessTier, error) {
	value := r.Header.Get("X-Ms-Access-Tier")
	if value == "" {
		return "", nil
	}
	for _, tier := range []blobstore.AccessTier{blobstore.TierHot, blobstore.TierCool, blobstore.TierCold, blobstore.TierArchive} {
		if strings.EqualFold(value, string(tier)) {
			return tier, nil
		}
	}
	return "", invalidHeader("x-ms-access-tier", value)
}

// rejectCustomerKeys refuses what the service cannot do: encrypt with a key of the client's. Ignoring the headers would
// store in the clear what the client wants encrypted.
func (r *request) rejectCustomerKeys() error {
	for _, name := range []string{"x-ms-encryption-key", "x-ms-encryption-scope", "x-ms-structured-body", "x-ms-legal-hold",
		"x-ms-immutability-policy-until-date", "x-ms-source-encryption-key"} {
		if r.Header.Get(name) != "" {
			return bloberror.New(bloberror.UnsupportedHeader, bloberror.WithDetail("HeaderName", name), bloberror.WithDetail("HeaderValue", ""))
		}
	}
	return nil
}

// tagsHeader reads x-ms-tags, the tags in the form of a query string.
func (r *request) tagsHeader(limits *Limits) (map[string]string, error) {
	value := r.Header.Get("X-Ms-Tags")
	if value == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(value)
	if err != nil {
		return nil, bloberror.New(bloberror.InvalidTagsHeader)
	}
	var pairs []tag
	for key, values := range query {
		for _, v := range values {
			pairs = append(pairs, tag{key, v})
		}
	}
	return checkTags(pairs, limits)
}

// Headers that every answer has are written here as net/http spells them, which saves it the work of spelling them so.

func setChange(header http.Header, c blobstore.Change) {
	header.Set("Etag", c.ETag.Quoted())
	header.Set("Last-Modified", c.LastModified.UTC().Format(http.TimeFormat))
}

func setMetadata(header http.Header, metadata map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		header.Set("X-Ms-Meta-"+key, metadata[key])
	}
}

func setLease(header http.Header, lease blobstore.LeaseInfo) {
	header.Set("X-Ms-Lease-State", string(lease.State))
	header.Set("X-Ms-Lease-Status", leaseStatus(lease))
	if lease.State == blobstore.LeaseLeased {
		header.Set("X-Ms-Lease-Duration", leaseDuration(lease))
	}
}

func leaseStatus(lease blobstore.LeaseInfo) string {
	if lease.Locked() {
		return "locked"
	}
	return "unlocked"
}

func leaseDuration(lease blobstore.LeaseInfo) string {
	if lease.Infinite {
		return "infinite"
	}
	return "fixed"
}

// setBlobProperties sets what Get Blob and Get Blob Properties both answer with, Content-MD5 aside.
func setBlobProperties(header http.Header, p *blobstore.BlobProperties) {
	setChange(header, p.Change)
	setMetadata(header, p.Metadata)
	setNonEmpty(header, "Cache-Control", p.CacheControl)
	setNonEmpty(header, "Content-Disposition", p.ContentDisposition)
	setNonEmpty(header, "Content-Encoding", p.ContentEncoding)
	setNonEmpty(header, "Content-Language", p.ContentLanguage)
	contentType := p.ContentType
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	header.Set("Content-Type", contentType)
	header.Set("X-Ms-Blob-Type", "BlockBlob")
	header.Set("X-Ms-Creation-Time", p.Created.UTC().Format(http.TimeFormat))
	header.Set("X-Ms-Server-Encrypted", "false")
	header.Set("Accept-Ranges", "bytes")
	if p.Snapshot == "" {
		setLease(header, p.Lease)
	}
	if p.TagCount > 0 {
		header.Set("X-Ms-Tag-Count", strconv.Itoa(p.TagCount))
	}
	if c := p.Copy; c != nil {
		header.Set("X-Ms-Copy-Id", c.ID)
		header.Set("X-Ms-Copy-Source", c.Source)
		header.Set("X-Ms-Copy-Status", "success")
		header.Set("X-Ms-Copy-Progress", copyProgress(c))
		header.Set("X-Ms-Copy-Completion-Time", c.Completed.UTC().Format(http.TimeFormat))
	}
}

func setTier(header http.Header, p *blobstore.BlobProperties) {
	header.Set("X-Ms-Access-Tier", string(tierOf(p)))
	if p.TierInferred {
		header.Set("X-Ms-Access-Tier-Inferred", "true")
	} else if !p.TierChanged.IsZero() {
		header.Set("X-Ms-Access-Tier-Change-Time", p.TierChanged.UTC().Format(http.TimeFormat))
	}
}

func tierOf(p *blobstore.BlobProperties) blobstore.AccessTier {
	if p.Tier == "" {
		return blobstore.TierHot
	}
	return p.Tier
}

func copyProgress(c *blobstore.CopyInfo) string {
	n := strconv.FormatInt(c.Size, 10)
	return n + "/" + n
}

func setNonEmpty(header http.Header, name, value string) {
	if value != "" {
		header.Set(name, value)
	}
}

func setMD5(header http.Header, name string, sum []byte) {
	if len(sum) > 0 {
		header.Set(name, base64.StdEncoding.EncodeToString(sum))
	}
}

// crc64Bytes puts a CRC-64 into the byte order of x-ms-content-crc64.
func crc64Bytes(sum uint64) []byte { return binary.LittleEndian.AppendUint64(nil, sum) }

// created answers a write that made or changed something.
func created(w http.ResponseWriter, status int) error {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
	return nil
}

// seconds reads a header of whole seconds.
func seconds(value string) (time.Duration, bool) {
	n, err := strconv.ParseInt(value, 10, 32)
	return time.Duration(n) * time.Second, err == nil
}
