package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) snapshot(name string) blobstore.BlobRef {
	e.Helper()
	res, err := e.SnapshotBlob(e.ctx, blob(name), blobstore.SnapshotOptions{})
	e.ok(err)
	return blob(name).At(res.Snapshot)
}

var snapshotTests = []test{
	{"a snapshot keeps the state", func(e *env) {
		e.putWith("b", "old", blobstore.PutBlobOptions{Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}})
		e.acquire("b", "A", blobstore.LeaseInfinite)
		before := e.props(blob("b").At(""))
		e.advance(time.Second)
		res, err := e.SnapshotBlob(e.ctx, blob("b"), blobstore.SnapshotOptions{})
		e.ok(err)
		if res.Change != before.Change {
			e.Errorf("the blob changed: %v", res.Change)
		}
		if _, err := time.Parse(blobstore.SnapshotFormat, res.Snapshot); err != nil {
			e.Error(err)
		}
		e.must(e.SetBlobMetadata(e.ctx, blob("b"), nil, blobstore.AccessConditions{LeaseID: "A"}))
		ref := blob("b").At(res.Snapshot)
		before.Snapshot, before.Lease = res.Snapshot, blobstore.LeaseInfo{State: blobstore.LeaseAvailable}
		if diff := cmp.Diff(before, e.props(ref)); diff != "" {
			e.Error(diff)
		}
		e.wants(ref, "old")
		tags, err := e.BlobTags(e.ctx, ref, no)
		e.ok(err)
		if tags["t"] != "1" {
			e.Errorf("tags %v", tags)
		}
	}},
	{"snapshots of one moment differ", func(e *env) {
		e.put("b", "x")
		if a, b := e.snapshot("b"), e.snapshot("b"); a == b {
			e.Errorf("both are %v", a)
		}
	}},
	{"metadata may be replaced in the snapshot", func(e *env) {
		e.putWith("b", "x", blobstore.PutBlobOptions{Metadata: map[string]string{"k": "old"}})
		res, err := e.SnapshotBlob(e.ctx, blob("b"), blobstore.SnapshotOptions{Metadata: map[string]string{"k": "new"}})
		e.ok(err)
		if p := e.props(blob("b").At(res.Snapshot)); p.Metadata["k"] != "new" {
			e.Errorf("got %v", p.Metadata)
		}
		if p := e.props(blob("b").At("")); p.Metadata["k"] != "old" {
			e.Errorf("got %v", p.Metadata)
		}
	}},
	{"conditions guard", func(e *env) {
		e.put("b", "x")
		e.code2(bloberror.ConditionNotMet)(e.SnapshotBlob(e.ctx, blob("b"), blobstore.SnapshotOptions{Conditions: blobstore.AccessConditions{IfMatch: []blobstore.ETag{"0x1"}}}))
	}},
	{"an overwrite leaves snapshots", func(e *env) {
		e.put("b", "one")
		one := e.snapshot("b")
		e.put("b", "two")
		two := e.snapshot("b")
		e.put("b", "three")
		e.collect()
		e.wants(one, "one")
		e.wants(two, "two")
		e.wants(blob("b").At(""), "three")
	}},
}
