package storetest

import (
	"errors"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) condition(s string) *blobstore.TagExpr {
	e.Helper()
	expr, err := blobstore.ParseTagCondition(s)
	e.ok(err)
	return expr
}

// writes are all changes of the blob b that conditions guard.
func (e *env) writes() map[string]func(c blobstore.AccessConditions) error {
	return map[string]func(c blobstore.AccessConditions) error{
		"PutBlob": func(c blobstore.AccessConditions) error {
			return e.tryPut("b", blobstore.PutBlobOptions{Conditions: c})
		},
		"PutBlockList": func(c blobstore.AccessConditions) error {
			_, err := e.PutBlockList(e.ctx, blob("b"), nil, blobstore.CommitOptions{Conditions: c})
			return err
		},
		"SetBlobMetadata": func(c blobstore.AccessConditions) error {
			_, err := e.SetBlobMetadata(e.ctx, blob("b"), nil, c)
			return err
		},
		"SetBlobHTTPHeaders": func(c blobstore.AccessConditions) error {
			_, err := e.SetBlobHTTPHeaders(e.ctx, blob("b"), blobstore.HTTPHeaders{}, c)
			return err
		},
		"CopyBlob": func(c blobstore.AccessConditions) error {
			_, err := e.CopyBlob(e.ctx, blob("b"), blob("source").At(""), blobstore.CopyOptions{Conditions: c})
			return err
		},
		"DeleteBlob": func(c blobstore.AccessConditions) error {
			return e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{Conditions: c})
		},
	}
}

var conditionTests = []test{
	{"every write is made only if its conditions hold", func(e *env) {
		for name, write := range e.writes() {
			e.put("source", "source")
			res := e.putWith("b", "old", blobstore.PutBlobOptions{Tags: map[string]string{"k": "v"}})
			for _, c := range []blobstore.AccessConditions{
				{IfMatch: []blobstore.ETag{"0x1"}},
				{IfNoneMatch: []blobstore.ETag{res.ETag}},
				{IfModifiedSince: e.time()},
				{IfUnmodifiedSince: e.time().Add(-1e9)},
				{IfTags: e.condition(`"k" = 'w'`)},
			} {
				if code := bloberror.CodeOf(write(c)); code != bloberror.ConditionNotMet {
					e.Errorf("%s with %+v: %s", name, c, code)
				}
			}
			e.wants(blob("b").At(""), "old")
			if err := write(blobstore.AccessConditions{IfMatch: []blobstore.ETag{res.ETag}, IfTags: e.condition(`"k" = 'v'`)}); err != nil {
				e.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"creating needs the blob to be absent when asked", func(e *env) {
		any := []blobstore.ETag{blobstore.AnyETag}
		e.put("source", "source")
		for _, name := range []string{"PutBlob", "PutBlockList", "CopyBlob"} {
			write := e.writes()[name]
			if code := bloberror.CodeOf(write(blobstore.AccessConditions{IfMatch: any})); code != bloberror.ConditionNotMet {
				e.Errorf("%s of an absent blob with If-Match: %s", name, code)
			}
			if err := write(blobstore.AccessConditions{IfNoneMatch: any}); err != nil {
				e.Errorf("%s: %v", name, err)
			}
			if code := bloberror.CodeOf(write(blobstore.AccessConditions{IfNoneMatch: any})); code != bloberror.BlobAlreadyExists {
				e.Errorf("%s over a blob: %s", name, code)
			}
			e.ok(e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{}))
		}
	}},
	{"reads", func(e *env) {
		res := e.putWith("b", "x", blobstore.PutBlobOptions{Tags: map[string]string{"k": "v"}})
		for name, read := range map[string]func(c blobstore.AccessConditions) error{
			"Open": func(c blobstore.AccessConditions) error {
				r, err := e.Open(e.ctx, blob("b").At(""), c)
				if err == nil {
					e.ok(r.Close())
				}
				return err
			},
			"BlobProperties": func(c blobstore.AccessConditions) error {
				_, err := e.BlobProperties(e.ctx, blob("b").At(""), c)
				return err
			},
		} {
			for _, c := range []blobstore.AccessConditions{{IfNoneMatch: []blobstore.ETag{res.ETag}}, {IfModifiedSince: e.time()}} {
				if err := read(c); !errors.Is(err, blobstore.ErrNotModified) {
					e.Errorf("%s with %+v: %v", name, c, err)
				}
			}
			for _, c := range []blobstore.AccessConditions{{IfMatch: []blobstore.ETag{"0x1"}}, {IfUnmodifiedSince: e.time().Add(-1e9)}, {IfTags: e.condition(`"k" = 'w'`)}} {
				e.code(bloberror.ConditionNotMet, read(c))
			}
			e.code(bloberror.UnsatisfiableCondition, read(blobstore.AccessConditions{IfNoneMatch: []blobstore.ETag{blobstore.AnyETag}}))
			e.ok(read(blobstore.AccessConditions{IfMatch: []blobstore.ETag{blobstore.AnyETag}, IfTags: e.condition(`"k" = 'v'`)}))
		}
	}},
	{"tags and tier look at tag conditions only", func(e *env) {
		e.putWith("b", "x", blobstore.PutBlobOptions{Tags: map[string]string{"k": "v"}})
		ref := blob("b").At("")
		wrong := blobstore.AccessConditions{IfMatch: []blobstore.ETag{"0x1"}, IfTags: e.condition(`"k" = 'w'`)}
		e.code(bloberror.ConditionNotMet, e.SetBlobTags(e.ctx, ref, nil, wrong))
		e.code(bloberror.ConditionNotMet, e.SetBlobTier(e.ctx, ref, blobstore.TierCool, wrong))
		e.code2(bloberror.ConditionNotMet)(e.BlobTags(e.ctx, ref, wrong))
		right := blobstore.AccessConditions{IfMatch: []blobstore.ETag{"0x1"}, IfTags: e.condition(`"k" = 'v'`)}
		e.must(e.BlobTags(e.ctx, ref, right))
		e.ok(e.SetBlobTier(e.ctx, ref, blobstore.TierCool, right))
		e.ok(e.SetBlobTags(e.ctx, ref, nil, right))
	}},
}
