package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// list returns all pages' entries as words: name, "name@" for a snapshot, "name?" for uncommitted, "name!" for deleted,
// "[prefix]".
func (e *env) list(o blobstore.ListBlobsOptions) []string {
	e.Helper()
	words := []string{}
	for pages := 0; ; pages++ {
		page, err := e.ListBlobs(e.ctx, pics, o)
		e.ok(err)
		if o.Max > 0 && len(page.Entries) > o.Max || page.NextMarker != "" && len(page.Entries) == 0 || pages > 10_000 {
			e.Fatalf("page %d of %d entries, asked for %d", pages, len(page.Entries), o.Max)
		}
		for _, entry := range page.Entries {
			word := entry.Name
			switch {
			case entry.IsPrefix:
				word = "[" + word + "]"
			case entry.Uncommitted:
				word += "?"
			case entry.Properties.Snapshot != "":
				word += "@"
			}
			if entry.Properties.Deleted {
				word += "!"
			}
			words = append(words, word)
		}
		if o.Marker = page.NextMarker; o.Marker == "" {
			return words
		}
	}
}

// lists fails the test unless the listing, in pages of any length, is the words.
func (e *env) listed(o blobstore.ListBlobsOptions, want ...string) {
	e.Helper()
	for _, o.Max = range []int{0, 1, 2, 3, 7, 5000, 6000} {
		if got := e.list(o); !slices.Equal(got, want) {
			e.Errorf("%+v: got %q, want %q", o, got, want)
		}
	}
}

// expected is what a listing of names must be, written without any cleverness.
func expected(names []string, prefix, delimiter, marker string) []string {
	words := []string{}
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) || name < marker {
			continue
		}
		if rest := name[len(prefix):]; delimiter != "" && strings.Contains(rest, delimiter) {
			name = "[" + prefix + rest[:strings.Index(rest, delimiter)+len(delimiter)] + "]"
		}
		if len(words) == 0 || words[len(words)-1] != name {
			words = append(words, name)
		}
	}
	return words
}

var listTests = []test{
	{"an empty container has one empty page", func(e *env) { e.listed(blobstore.ListBlobsOptions{}) }},
	{"names of any kind, with any prefix, delimiter and marker", func(e *env) {
		names := []string{"a", "a/", "a/b", "a/b/c", "a/b/d", "a//b", "a0", "ab", "b/\x00", "b/\x00/c", "b/\x00\x00", "b\x00", "b\x00c", "é/1", "é/2",
			"e\u0301/1", "🎉", "🎉/x", "\xff", "\xff\xff", "\xff/\xff", "Z", "~", "a--b", "a--b--c", "a-"}
		for _, name := range names {
			e.put(name, "")
		}
		for _, prefix := range []string{"", "a", "a/", "a/b", "é", "🎉/", "b/\x00", "b\x00", "\xff", "zz"} {
			for _, delimiter := range []string{"", "/", "--", "\x00", "é", "b", "\xff"} {
				for _, marker := range []string{"", "a/b", "a/b/c", "b", "\x00", "é", "\xff\xff", "zzz", "1!", "1!YWJj"} {
					o := blobstore.ListBlobsOptions{Prefix: prefix, Delimiter: delimiter, Marker: marker}
					want := expected(names, prefix, delimiter, marker)
					for _, o.Max = range []int{0, 1, 3} {
						if got := e.list(o); !slices.Equal(got, want) {
							e.Fatalf("%+v: got %q, want %q", o, got, want)
						}
					}
				}
			}
		}
	}},
	{"random names", func(e *env) {
		r := rand.New(rand.NewPCG(1, 2))
		var names []string
		for len(names) < 150 {
			var b strings.Builder
			for range 1 + r.IntN(6) {
				b.WriteString([]string{"a", "b", "/", "ü", "\x00", "\xff"}[r.IntN(6)])
			}
			if name := b.String(); !slices.Contains(names, name) {
				names = append(names, name)
				e.put(name, "")
			}
		}
		for _, prefix := range []string{"", "a", "/", "a/", "ü", "\x00", "\xff"} {
			for _, delimiter := range []string{"", "/", "ab", "\x00", "\xff"} {
				o := blobstore.ListBlobsOptions{Prefix: prefix, Delimiter: delimiter, Max: 1 + r.IntN(9)}
				if diff := cmp.Diff(expected(names, prefix, delimiter, ""), e.list(o)); diff != "" {
					e.Fatalf("%+v: %s", o, diff)
				}
			}
		}
	}},
	{"uncommitted blobs when asked for", func(e *env) {
		e.stage("a/1", "1", "x")
		e.put("a/2", "x")
		e.stage("a/2", "1", "x")
		e.stage("b", "1", "x")
		e.put("c", "x")
		e.stage("d/1", "1", "x")
		e.listed(blobstore.ListBlobsOptions{}, "a/2", "c")
		e.listed(blobstore.ListBlobsOptions{Uncommitted: true}, "a/1?", "a/2", "b?", "c", "d/1?")
		e.listed(blobstore.ListBlobsOptions{Uncommitted: true, Delimiter: "/"}, "[a/]", "b?", "c", "[d/]")
		e.listed(blobstore.ListBlobsOptions{Delimiter: "/"}, "[a/]", "c")
		e.listed(blobstore.ListBlobsOptions{Uncommitted: true, Prefix: "a/", Marker: "a/2"}, "a/2")
	}},
	{"names from a given one on, whatever the page", func(e *env) {
		for _, name := range []string{"1!YQ", "a/1", "a/2", "b", "c/1", "c/2"} {
			e.put(name, "x")
		}
		e.listed(blobstore.ListBlobsOptions{StartFrom: "a/2"}, "a/2", "b", "c/1", "c/2")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "a/11"}, "a/2", "b", "c/1", "c/2")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "1!YQ"}, "1!YQ", "a/1", "a/2", "b", "c/1", "c/2")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "a/2", Delimiter: "/"}, "[a/]", "b", "[c/]")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "b", Prefix: "c/"}, "c/1", "c/2")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "c/2", Prefix: "c/"}, "c/2")
		e.listed(blobstore.ListBlobsOptions{StartFrom: "d"})
	}},
	{"snapshots when asked for, before their blob", func(e *env) {
		e.put("a", "x")
		e.put("b", "x")
		one := e.snapshot("b")
		two := e.snapshot("b")
		e.put("c", "x")
		e.listed(blobstore.ListBlobsOptions{}, "a", "b", "c")
		e.listed(blobstore.ListBlobsOptions{Snapshots: true}, "a", "b@", "b@", "b", "c")
		e.listed(blobstore.ListBlobsOptions{Snapshots: true, Marker: "b"}, "b@", "b@", "b", "c")
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Snapshots: true, Prefix: "b"})
		e.ok(err)
		if page.Entries[0].Properties.Snapshot != one.Snapshot || page.Entries[1].Properties.Snapshot != two.Snapshot {
			e.Error("not oldest first")
		}
	}},
	{"deleted blobs when asked for", func(e *env) {
		e.retain(1)
		for _, name := range []string{"a", "b", "c", "d/1"} {
			e.put(name, "x")
		}
		e.snapshot("b")
		e.delete("b", blobstore.DeleteWithSnapshots)
		e.delete("d/1", blobstore.DeleteBaseOnly)
		e.stage("b", "1", "x")
		e.stage("d/1", "1", "x")
		e.listed(blobstore.ListBlobsOptions{}, "a", "c")
		e.listed(blobstore.ListBlobsOptions{Delimiter: "/"}, "a", "c")
		e.listed(blobstore.ListBlobsOptions{Deleted: true}, "a", "b!", "c", "d/1!")
		e.listed(blobstore.ListBlobsOptions{Deleted: true, Snapshots: true}, "a", "b@!", "b!", "c", "d/1!")
		e.listed(blobstore.ListBlobsOptions{Uncommitted: true}, "a", "b?", "c", "d/1?")
		e.listed(blobstore.ListBlobsOptions{Uncommitted: true, Delimiter: "/"}, "a", "b?", "c", "[d/]")
		e.listed(blobstore.ListBlobsOptions{Deleted: true, Delimiter: "/"}, "a", "b!", "c", "[d/]")
	}},
	{"parts of properties when asked for", func(e *env) {
		o := blobstore.PutBlobOptions{Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}, Headers: blobstore.HTTPHeaders{ContentType: "x/y"}}
		e.putWith("src", "content", o)
		e.must(e.copy("b", blob("src").At(""), blobstore.CopyOptions{CopySourceTags: true, SourceURL: "u"}))
		want := e.props(blob("b").At(""))
		for i := range 8 {
			o := blobstore.ListBlobsOptions{Prefix: "b", Metadata: i&1 != 0, Tags: i&2 != 0, Copy: i&4 != 0}
			page, err := e.ListBlobs(e.ctx, pics, o)
			e.ok(err)
			p := want
			if !o.Metadata {
				p.Metadata = nil
			}
			if o.Tags {
				p.Tags = map[string]string{"t": "1"}
			}
			if !o.Copy {
				p.Copy = nil
			}
			if diff := cmp.Diff([]blobstore.ListEntry{{Name: "b", Properties: p}}, page.Entries); diff != "" {
				e.Errorf("%+v: %s", o, diff)
			}
		}
	}},
	{"paging goes on when blobs come and go", func(e *env) {
		for i := range 10 {
			e.put(fmt.Sprintf("b%d", i), "")
		}
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Max: 3})
		e.ok(err)
		e.delete("b3", blobstore.DeleteBaseOnly) // where the next page was to begin
		e.put("b1x", "")
		if got := strings.Join(e.list(blobstore.ListBlobsOptions{Marker: page.NextMarker, Max: 3}), " "); got != "b4 b5 b6 b7 b8 b9" {
			e.Errorf("got %s", got)
		}
	}},
	{"a page has at most five thousand entries", func(e *env) {
		for i := range blobstore.MaxListPage + 1 {
			e.commit(fmt.Sprintf("%05d", i))
		}
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{})
		e.ok(err)
		if len(page.Entries) != blobstore.MaxListPage || page.NextMarker == "" {
			e.Fatalf("%d entries, marker %q", len(page.Entries), page.NextMarker)
		}
		page, err = e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Marker: page.NextMarker})
		e.ok(err)
		if len(page.Entries) != 1 || page.NextMarker != "" {
			e.Errorf("%d entries, marker %q", len(page.Entries), page.NextMarker)
		}
	}},
	{"a missing container is not found", func(e *env) {
		e.code2(bloberror.ContainerNotFound)(e.ListBlobs(e.ctx, none, blobstore.ListBlobsOptions{}))
	}},
}
