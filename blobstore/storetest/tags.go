package storetest

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// found returns what an expression finds in the account, as container/blob words.
func (e *env) found(where string) string {
	e.Helper()
	return e.foundBy(where, blobstore.FindBlobsOptions{})
}

func (e *env) foundBy(where string, o blobstore.FindBlobsOptions) string {
	e.Helper()
	var err error
	o.Where, err = blobstore.ParseTagQuery(where)
	e.ok(err)
	var words []string
	for {
		page, err := e.FindBlobsByTags(e.ctx, pics.Account, o)
		e.ok(err)
		for _, b := range page.Blobs {
			words = append(words, b.Name.Container+"/"+b.Name.Blob)
		}
		if o.Marker = page.NextMarker; o.Marker == "" {
			return strings.Join(words, " ")
		}
	}
}

var tagTests = []test{
	{"expressions find blobs of all containers", func(e *env) {
		videos := blobstore.ContainerName{Account: "acc", Container: "videos"}
		e.must(e.CreateContainer(e.ctx, videos, blobstore.CreateContainerOptions{}))
		tag := func(name, k, v string) { e.putWith(name, "", blobstore.PutBlobOptions{Tags: map[string]string{k: v}}) }
		tag("a", "year", "2024")
		tag("b", "year", "2025")
		tag("c", "city", "Köln")
		tag("d/é", "year", "2026")
		e.put("untagged", "")
		_, err := e.PutBlob(e.ctx, blobstore.BlobName{Account: "acc", Container: "videos", Blob: "v"}, strings.NewReader(""), blobstore.PutBlobOptions{Tags: map[string]string{"year": "2025"}})
		e.ok(err)
		for where, want := range map[string]string{
			`"year" = '2025'`:                            "pics/b videos/v",
			`"year" > '2024'`:                            "pics/b pics/d/é videos/v",
			`"year" >= '2024' AND "year" < '2026'`:       "pics/a pics/b videos/v",
			`"city" = 'Köln'`:                            "pics/c",
			`"year" = '2025' AND "city" = 'Köln'`:        "",
			`@container = 'videos' AND "year" > '2000'`:  "videos/v",
			`@container = 'nowhere' AND "year" > '2000'`: "",
			`"year" > '2000' AND @container = 'pics'`:    "pics/a pics/b pics/d/é",
			`"nothing" = ''`:                             "",
			`"year" <= '9'`:                              "pics/a pics/b pics/d/é videos/v",
		} {
			for _, max := range []int{0, 1, 2} {
				if got := e.foundBy(where, blobstore.FindBlobsOptions{Max: max}); got != want {
					e.Errorf("%s in pages of %d: got %q, want %q", where, max, got, want)
				}
			}
		}
		if got := e.foundBy(`"year" > '2000'`, blobstore.FindBlobsOptions{Container: "pics", Max: 1}); got != "pics/a pics/b pics/d/é" {
			e.Errorf("in a container: %q", got)
		}
	}},
	{"the tags that the expression names are returned", func(e *env) {
		e.putWith("b", "", blobstore.PutBlobOptions{Tags: map[string]string{"a": "1", "b": "2", "c": "3"}})
		where, err := blobstore.ParseTagQuery(`"a" = '1' AND "b" > '0'`)
		e.ok(err)
		page, err := e.FindBlobsByTags(e.ctx, "acc", blobstore.FindBlobsOptions{Where: where})
		e.ok(err)
		want := blobstore.FoundPage{Blobs: []blobstore.FoundBlob{{Name: blob("b"), Tags: map[string]string{"a": "1", "b": "2"}}}}
		if diff := cmp.Diff(want, page); diff != "" {
			e.Error(diff)
		}
	}},
	{"what is found follows every change", func(e *env) {
		want := func(when, words string) {
			e.Helper()
			if got := e.found(`"k" = 'v'`); got != words {
				e.Errorf("%s: got %q, want %q", when, got, words)
			}
		}
		tags := map[string]string{"k": "v"}
		e.put("b", "")
		want("untagged", "")
		e.ok(e.SetBlobTags(e.ctx, blob("b").At(""), tags, no))
		want("tagged", "pics/b")
		snapshot := e.snapshot("b")
		want("snapshot", "pics/b")
		e.ok(e.SetBlobTags(e.ctx, blob("b").At(""), nil, no))
		want("tags removed", "")
		e.ok(e.SetBlobTags(e.ctx, snapshot, tags, no))
		want("snapshot tagged", "")
		e.putWith("b", "", blobstore.PutBlobOptions{Tags: tags})
		want("overwritten with tags", "pics/b")
		e.put("b", "")
		want("overwritten without", "")
		e.putWith("b", "", blobstore.PutBlobOptions{Tags: tags})
		e.delete("b", blobstore.DeleteWithSnapshots)
		want("deleted", "")
		e.must(e.PutBlockList(e.ctx, blob("b"), nil, blobstore.CommitOptions{Tags: tags}))
		want("committed", "pics/b")
		e.ok(e.DeleteContainer(e.ctx, pics, no))
		want("container deleted", "")
	}},
	{"a missing container is not found", func(e *env) {
		where, err := blobstore.ParseTagQuery(`"a" = '1'`)
		e.ok(err)
		e.code2(bloberror.ContainerNotFound)(e.FindBlobsByTags(e.ctx, "acc", blobstore.FindBlobsOptions{Where: where, Container: "none"}))
	}},
}
