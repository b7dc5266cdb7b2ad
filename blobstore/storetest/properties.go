package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

var propertyTests = []test{
	{"metadata is replaced", func(e *env) {
		first := e.putWith("b", "x", blobstore.PutBlobOptions{Metadata: map[string]string{"a": "1"}})
		e.advance(time.Second)
		c, err := e.SetBlobMetadata(e.ctx, blob("b"), map[string]string{"B": "2"}, no)
		e.ok(err)
		p := e.props(blob("b").At(""))
		if c == first.Change || p.Change != c || !cmp.Equal(p.Metadata, map[string]string{"B": "2"}) {
			e.Errorf("got %+v", p)
		}
		e.must(e.SetBlobMetadata(e.ctx, blob("b"), nil, no))
		if p := e.props(blob("b").At("")); len(p.Metadata) != 0 {
			e.Errorf("got %v", p.Metadata)
		}
	}},
	{"headers are replaced, the md5 too", func(e *env) {
		first := e.put("b", "x")
		h := blobstore.HTTPHeaders{ContentType: "text/plain", CacheControl: "max-age=1"}
		c, err := e.SetBlobHTTPHeaders(e.ctx, blob("b"), h, no)
		e.ok(err)
		p := e.props(blob("b").At(""))
		if c.ETag == first.ETag || p.Change != c {
			e.Errorf("got %v", p.Change)
		}
		if diff := cmp.Diff(h, p.HTTPHeaders); diff != "" {
			e.Error(diff)
		}
	}},
	{"tags are replaced without a new entity tag", func(e *env) {
		res := e.putWith("b", "x", blobstore.PutBlobOptions{Tags: map[string]string{"a": "1"}})
		e.advance(time.Hour)
		e.ok(e.SetBlobTags(e.ctx, blob("b").At(""), map[string]string{"b": "2", "c": "3"}, no))
		tags, err := e.BlobTags(e.ctx, blob("b").At(""), no)
		e.ok(err)
		if diff := cmp.Diff(map[string]string{"b": "2", "c": "3"}, tags); diff != "" {
			e.Error(diff)
		}
		if p := e.props(blob("b").At("")); p.Change != res.Change || p.TagCount != 2 {
			e.Errorf("got %+v", p)
		}
	}},
	{"the tier is replaced without a new entity tag", func(e *env) {
		res := e.put("b", "x")
		e.advance(time.Hour)
		e.ok(e.SetBlobTier(e.ctx, blob("b").At(""), blobstore.TierCool, no))
		p := e.props(blob("b").At(""))
		if p.Change != res.Change || p.Tier != blobstore.TierCool || p.TierInferred || !p.TierChanged.Equal(e.time()) {
			e.Errorf("got %+v", p)
		}
	}},
	{"what is missing is not found", func(e *env) {
		for name, want := range map[blobstore.BlobName]bloberror.Code{missing: bloberror.ContainerNotFound, blob("none"): bloberror.BlobNotFound} {
			e.code2(want)(e.SetBlobMetadata(e.ctx, name, nil, no))
			e.code2(want)(e.SetBlobHTTPHeaders(e.ctx, name, blobstore.HTTPHeaders{}, no))
			e.code(want, e.SetBlobTags(e.ctx, name.At(""), nil, no))
			e.code(want, e.SetBlobTier(e.ctx, name.At(""), blobstore.TierHot, no))
			e.code2(want)(e.LeaseBlob(e.ctx, name, blobstore.LeaseRequest{Action: blobstore.LeaseBreak}))
			e.code2(want)(e.SnapshotBlob(e.ctx, name, blobstore.SnapshotOptions{}))
			e.code(want, e.DeleteBlob(e.ctx, name.At(""), blobstore.DeleteBlobOptions{}))
			e.code(want, e.UndeleteBlob(e.ctx, name))
		}
	}},
}
