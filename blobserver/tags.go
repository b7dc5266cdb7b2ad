package blobserver

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

type tag struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

// tagList is the body of Set Blob Tags.
type tagList struct {
	Tags []tag `xml:"TagSet>Tag"`
}

// checkTags holds tags to the rules of "Set Blob Tags": at most ten, keys of 1 to 128 and values of 0 to 256 characters,
// letters, digits, space and + - . / : = _.
func checkTags(pairs []tag, limits *Limits) (map[string]string, error) {
	if len(pairs) > limits.Tags {
		return nil, bloberror.New(bloberror.BlobTagsLimitExceeded)
	}
	tags := make(map[string]string, len(pairs))
	for _, t := range pairs {
		if t.Key == "" {
			return nil, bloberror.New(bloberror.EmptyTagName)
		}
		if utf8.RuneCountInString(t.Key) > 128 || utf8.RuneCountInString(t.Value) > 256 || !validTagText(t.Key) || !validTagText(t.Value) {
			return nil, bloberror.New(bloberror.InvalidTagSet)
		}
		if _, dup := tags[t.Key]; dup {
			return nil, bloberror.New(bloberror.DuplicateTagNames)
		}
		tags[t.Key] = t.Value
	}
	return tags, nil
}

func validTagText(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(" +-./:=_", c) < 0 {
			return false
		}
	}
	return true
}

func appendTags(b []byte, tags map[string]string) []byte {
	b = append(b, "<Tags><TagSet>"...)
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		b = append(b, "<Tag>"...)
		b = appendElement(b, "Key", key)
		b = appendElement(b, "Value", tags[key])
		b = append(b, "</Tag>"...)
	}
	return append(b, "</TagSet></Tags>"...)
}

func (s *Server) getBlobTags(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	tags, err := s.store.BlobTags(r.Context(), ref, conditions)
	if err != nil {
		return err
	}
	return writeXML(w, r, appendTags([]byte(xmlDeclaration), tags))
}

func (s *Server) setBlobTags(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	var body tagList
	if err := r.readXML(w, s.limits.XMLBytes, &body); err != nil {
		return err
	}
	tags, err := checkTags(body.Tags, &s.limits)
	if err != nil {
		return err
	}
	if err := s.store.SetBlobTags(r.Context(), ref, tags, conditions); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// findBlobs is Find Blobs by Tags, over the account or a container.
func (s *Server) findBlobs(w http.ResponseWriter, r *request) error {
	where := r.query.Get("where")
	if where == "" {
		return bloberror.New(bloberror.MissingRequiredQueryParameter, bloberror.WithDetail("QueryParameterName", "where"))
	}
	o := blobstore.FindBlobsOptions{Container: r.container}
	var err error
	if o.Where, err = blobstore.ParseTagQuery(where); err != nil {
		return invalidQuery("where", where)
	}
	if o.Marker, err = marker(r); err != nil {
		return err
	}
	if o.Max, err = s.listMax(r); err != nil {
		return err
	}
	page, err := s.store.FindBlobsByTags(r.Context(), r.account, o)
	if err != nil {
		return err
	}
	b := append([]byte(nil), xmlDeclaration+`<EnumerationResults ServiceEndpoint="`...)
	b = appendXMLText(b, r.endpoint())
	b = append(b, `">`...)
	b = appendElement(b, "Where", where)
	b = append(b, "<Blobs>"...)
	for _, found := range page.Blobs {
		b = append(b, "<Blob>"...)
		b = appendName(b, "Name", found.Name.Blob)
		b = appendElement(b, "ContainerName", found.Name.Container)
		b = appendTags(b, found.Tags)
		b = append(b, "</Blob>"...)
	}
	b = append(b, "</Blobs>"...)
	b = appendElement(b, "NextMarker", encodeMarker(page.NextMarker))
	return writeXML(w, r, append(b, "</EnumerationResults>"...))
}
