package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) copy(dst string, src blobstore.BlobRef, o blobstore.CopyOptions) (blobstore.CopyResult, error) {
	return e.CopyBlob(e.ctx, blob(dst), src, o)
}

var copyTests = []test{
	{"a copy has the source's state and outlives it", func(e *env) {
		h := blobstore.HTTPHeaders{ContentType: "image/png", CacheControl: "x"}
		src := e.putWith("src", "content", blobstore.PutBlobOptions{Headers: h, Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}, Tier: blobstore.TierCool})
		h.ContentMD5 = src.MD5
		e.advance(time.Second)
		e.stage("dst", "1", "dropped")
		res, err := e.copy("dst", blob("src").At(""), blobstore.CopyOptions{SourceURL: "http://h/acc/pics/src"})
		e.ok(err)
		want := blobstore.BlobProperties{Change: res.Change, Created: e.time(), Size: 7, HTTPHeaders: h, Metadata: map[string]string{"k": "v"},
			Tier: blobstore.TierHot, TierInferred: true, Lease: blobstore.LeaseInfo{State: blobstore.LeaseAvailable},
			Copy: &blobstore.CopyInfo{ID: res.CopyID, Source: "http://h/acc/pics/src", Completed: e.time(), Size: 7}}
		if diff := cmp.Diff(want, e.props(blob("dst").At(""))); diff != "" || res.CopyID == "" {
			e.Error(diff, res.CopyID)
		}
		if l := e.lists("dst"); len(l.Uncommitted) != 0 {
			e.Errorf("got %+v", l)
		}
		e.put("src", "other")
		e.delete("src", blobstore.DeleteBaseOnly)
		e.collect()
		e.wants(blob("dst").At(""), "content")
	}},
	{"a blob that was fetched for a copy says so", func(e *env) {
		e.putWith("b", "content", blobstore.PutBlobOptions{Copy: &blobstore.CopyInfo{ID: "id", Source: "http://elsewhere/c/b"}})
		want := &blobstore.CopyInfo{ID: "id", Source: "http://elsewhere/c/b", Completed: e.time(), Size: 7}
		if diff := cmp.Diff(want, e.props(blob("b").At("")).Copy); diff != "" {
			e.Error(diff)
		}
		e.put("b", "other")
		if c := e.props(blob("b").At("")).Copy; c != nil {
			e.Errorf("an overwritten copy still says %+v", c)
		}
	}},
	{"metadata, tags and tier may be new", func(e *env) {
		e.putWith("src", "x", blobstore.PutBlobOptions{Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}})
		e.must(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{Metadata: map[string]string{}, Tags: map[string]string{"u": "2"}, Tier: blobstore.TierCold}))
		p := e.props(blob("dst").At(""))
		if len(p.Metadata) != 0 || p.TagCount != 1 || p.Tier != blobstore.TierCold || p.TierInferred {
			e.Errorf("got %+v", p)
		}
		e.must(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{CopySourceTags: true}))
		if got := e.found(`"t" = '1'`); got != "pics/dst pics/src" {
			e.Errorf("found %s", got)
		}
	}},
	{"a blob of blocks shares them", func(e *env) {
		e.stage("src", "1", "one")
		e.stage("src", "2", "two")
		e.commit("src", "1", "2")
		e.must(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{}))
		e.stage("dst", "3", "three")
		e.commit("dst", "2", "3")
		e.delete("src", blobstore.DeleteBaseOnly)
		e.collect()
		e.wants(blob("dst").At(""), "twothree")
	}},
	{"a snapshot is promoted by copying it over its blob", func(e *env) {
		e.put("b", "old")
		snapshot := e.snapshot("b")
		e.put("b", "new")
		e.must(e.copy("b", snapshot, blobstore.CopyOptions{}))
		e.delete("b", blobstore.DeleteOnlySnapshots)
		e.collect()
		e.wants(blob("b").At(""), "old")
	}},
	{"a blob may be copied onto itself", func(e *env) {
		e.put("b", "x")
		e.must(e.copy("b", blob("b").At(""), blobstore.CopyOptions{Metadata: map[string]string{"k": "v"}}))
		e.collect()
		e.wants(blob("b").At(""), "x")
		if p := e.props(blob("b").At("")); p.Metadata["k"] != "v" {
			e.Errorf("got %v", p.Metadata)
		}
	}},
	{"from another account of the store", func(e *env) {
		other := blobstore.BlobName{Account: "other", Container: "c", Blob: "b"}
		e.must(e.CreateContainer(e.ctx, other.ContainerName(), blobstore.CreateContainerOptions{}))
		e.put("b", "x")
		e.must(e.CopyBlob(e.ctx, other, blob("b").At(""), blobstore.CopyOptions{}))
		e.wants(other.At(""), "x")
	}},
	{"refusals", func(e *env) {
		e.put("src", "x")
		e.put("dst", "old")
		e.putWith("cold", "x", blobstore.PutBlobOptions{Tier: blobstore.TierArchive})
		none := []blobstore.ETag{"0x1"}
		e.code2(bloberror.CannotVerifyCopySource)(e.copy("dst", blob("none").At(""), blobstore.CopyOptions{}))
		e.code2(bloberror.CannotVerifyCopySource)(e.copy("dst", missing.At(""), blobstore.CopyOptions{}))
		e.code2(bloberror.ContainerNotFound)(e.CopyBlob(e.ctx, missing, blob("src").At(""), blobstore.CopyOptions{}))
		e.code2(bloberror.BlobArchived)(e.copy("dst", blob("cold").At(""), blobstore.CopyOptions{}))
		e.code2(bloberror.SourceConditionNotMet)(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{SourceConditions: blobstore.AccessConditions{IfMatch: none}}))
		e.code2(bloberror.ConditionNotMet)(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{Conditions: blobstore.AccessConditions{IfMatch: none}}))
		e.code2(bloberror.UnauthorizedBlobOverwrite)(e.copy("dst", blob("src").At(""), blobstore.CopyOptions{CreateOnly: true}))
		e.wants(blob("dst").At(""), "old")
	}},
}
