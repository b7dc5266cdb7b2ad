package blobserver

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func TestHideSignature(t *testing.T) {
	for raw, want := range map[string]string{
		"/a/b?sp=r&sig=secret&se=1": "/a/b?sp=r&sig=REDACTED&se=1",
		"/a/b?SIG=secret":           "/a/b?sig=REDACTED",
		"/a/b?s%69g=secret":         "/a/b?sig=REDACTED",
		"/a/b?%zz=1;sig=secret":     "/a/b?sig=REDACTED",
		"/a/b?x=1;sig=secret":       "/a/b?sig=REDACTED",
		"/a/b":                      "/a/b",
	} {
		path, query, _ := strings.Cut(raw, "?")
		if got := hideSignature(&url.URL{Path: path, RawQuery: query}); got != want {
			t.Errorf("%s: %s", raw, got)
		}
	}
}

func FuzzXMLText(f *testing.F) {
	for _, s := range []string{"a<b>&\"c\"", "\x00\x1f", "\xff\xfe", "\r\n\t", "写真", "\uFFFE\uFFFF\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got struct {
			Name struct {
				Text    string `xml:",chardata"`
				Encoded bool   `xml:"Encoded,attr"`
			}
		}
		doc := append(appendName([]byte("<X>"), "Name", s), "</X>"...)
		if !utf8.Valid(doc) {
			t.Fatalf("%q gives invalid UTF-8 %q", s, doc)
		}
		if err := xml.Unmarshal(doc, &got); err != nil {
			t.Fatalf("%q gives %q: %v", s, doc, err)
		}
		text := got.Name.Text
		if got.Name.Encoded {
			text, _ = url.QueryUnescape(text)
		}
		if utf8.ValidString(s) && text != s {
			t.Fatalf("%q comes back as %q", s, text)
		}
	})
}

func TestBlockListKeepsTheOrderOfItsElements(t *testing.T) {
	list := blockList{limit: 3}
	err := xml.Unmarshal([]byte(`<?xml version="1.0" encoding="utf-8"?><BlockList>
		<Latest>YWE=</Latest><Committed>YmI=</Committed> <Uncommitted>Y2M=</Uncommitted></BlockList>`), &list)
	want := []blobstore.BlockEntry{{ID: "aa"}, {ID: "bb", From: blobstore.BlockCommitted}, {ID: "cc", From: blobstore.BlockUncommitted}}
	if err != nil || !cmp.Equal(list.entries, want) {
		t.Errorf("%v, %v", list.entries, err)
	}
}

func TestBlockListRefuses(t *testing.T) {
	for text, want := range map[string]bloberror.Code{
		`<Blocks/>`: bloberror.InvalidXMLDocument,
		`<BlockList><Other>YQ==</Other></BlockList>`:                                 bloberror.InvalidXMLDocument,
		`<BlockList><Latest>?</Latest></BlockList>`:                                  bloberror.InvalidBlockID,
		`<BlockList><Latest></Latest></BlockList>`:                                   bloberror.InvalidBlockID,
		`<BlockList>` + strings.Repeat(`<Latest>YQ==</Latest>`, 3) + `</BlockList>`:  bloberror.BlockListTooLong,
		`<BlockList><Latest>` + strings.Repeat("YWFh", 22) + `</Latest></BlockList>`: bloberror.InvalidBlockID,
	} {
		list := blockList{limit: 2}
		if err := xml.Unmarshal([]byte(text), &list); bloberror.CodeOf(err) != want {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

func FuzzBlockList(f *testing.F) {
	f.Add(`<BlockList><Latest>YWE=</Latest><Committed>YmI=</Committed></BlockList>`)
	f.Add(`<BlockList><Latest>YWE=<x/></Latest>`)
	f.Add(`<!DOCTYPE x [<!ENTITY y "z">]><BlockList>&y;</BlockList>`)
	f.Fuzz(func(t *testing.T, text string) {
		list := blockList{limit: 4}
		if err := xml.Unmarshal([]byte(text), &list); err == nil && len(list.entries) > 4 {
			t.Fatalf("%d entries", len(list.entries))
		}
		for _, e := range list.entries {
			if len(e.ID) == 0 || len(e.ID) > blobstore.MaxBlockIDSize {
				t.Fatalf("id of %d bytes", len(e.ID))
			}
		}
	})
}

func FuzzParseConditions(f *testing.F) {
	f.Add(`"0x1"`, "*", "Fri, 26 Jun 2015 23:39:12 GMT", `"k"='v'`)
	f.Add(`W/"a", "b"`, `"`, "yesterday", `a = 'b' OR (c <> 'd')`)
	f.Fuzz(func(t *testing.T, match, noneMatch, since, tags string) {
		h := http.Header{"If-Match": {match}, "If-None-Match": {noneMatch}, "If-Modified-Since": {since}, "X-Ms-If-Tags": {tags}}
		c, err := parseConditions(h, "", "x-ms-if-tags")
		if err != nil && bloberror.CodeOf(err) != bloberror.InvalidHeaderValue {
			t.Fatal(err)
		}
		for _, tag := range append(c.IfMatch, c.IfNoneMatch...) {
			if tag == "" || strings.ContainsAny(string(tag), `" `) {
				t.Fatalf("entity tag %q", tag)
			}
		}
	})
}

func TestLeaseIDs(t *testing.T) {
	for _, id := range []string{"1f812371-a41d-49e6-b123-f4b542e851c5", "{1f812371-a41d-49e6-b123-f4b542e851c5}", "1f812371a41d49e6b123f4b542e851c5"} {
		if !validLeaseID(id) {
			t.Errorf("%q refused", id)
		}
	}
	for _, id := range []string{"", "x", "1f812371-a41d-49e6-b123-f4b542e851cg", "1f812371+a41d-49e6-b123-f4b542e851c5"} {
		if validLeaseID(id) {
			t.Errorf("%q accepted", id)
		}
	}
}

func TestTagsAreCheckedAtTheirEdges(t *testing.T) {
	limits := Limits{}.withDefaults()
	ten := []tag{}
	for i := range 10 {
		ten = append(ten, tag{Key: string(rune('a' + i)), Value: "v"})
	}
	for name, tt := range map[string]struct {
		tags []tag
		want bloberror.Code
	}{
		"ten":             {ten, ""},
		"eleven":          {append(ten, tag{"z", ""}), bloberror.BlobTagsLimitExceeded},
		"longest":         {[]tag{{strings.Repeat("k", 128), strings.Repeat("v", 256)}}, ""},
		"key too long":    {[]tag{{strings.Repeat("k", 129), ""}}, bloberror.InvalidTagSet},
		"value too long":  {[]tag{{"k", strings.Repeat("v", 257)}}, bloberror.InvalidTagSet},
		"empty key":       {[]tag{{"", "v"}}, bloberror.EmptyTagName},
		"twice":           {[]tag{{"k", "1"}, {"k", "2"}}, bloberror.DuplicateTagNames},
		"other character": {[]tag{{"k", "a'b"}}, bloberror.InvalidTagSet},
		"all characters":  {[]tag{{"aZ0 +-./:=_", "aZ0 +-./:=_"}}, ""},
	} {
		if _, err := checkTags(tt.tags, &limits); bloberror.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
