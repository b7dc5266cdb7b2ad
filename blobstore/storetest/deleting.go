package storetest

import (
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) delete(name string, snapshots blobstore.DeleteSnapshots) {
	e.Helper()
	e.ok(e.DeleteBlob(e.ctx, blob(name).At(""), blobstore.DeleteBlobOptions{Snapshots: snapshots}))
}

// retain turns soft delete on.
func (e *env) retain(days int) {
	e.Helper()
	e.ok(e.SetServiceProperties(e.ctx, pics.Account, blobstore.ServiceProperties{DeleteRetention: &blobstore.DeleteRetention{Enabled: true, Days: days, AllowPermanentDelete: true}}))
}

var deleteTests = []test{
	{"a deleted blob is gone, what was staged too", func(e *env) {
		e.put("b", "x")
		e.stage("b", "1", "x")
		e.delete("b", blobstore.DeleteBaseOnly)
		e.gone(blob("b").At(""))
		e.code2(bloberror.BlobNotFound)(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, no))
		e.code(bloberror.BlobNotFound, e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{}))
	}},
	{"staged blocks alone cannot be deleted", func(e *env) {
		e.stage("b", "1", "x")
		e.code(bloberror.BlobNotFound, e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{}))
	}},
	{"snapshots need a word", func(e *env) {
		e.put("b", "x")
		one, two := e.snapshot("b"), e.snapshot("b")
		e.code(bloberror.SnapshotsPresent, e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{}))
		e.code(bloberror.InvalidQueryParameterValue, e.DeleteBlob(e.ctx, one, blobstore.DeleteBlobOptions{Snapshots: blobstore.DeleteOnlySnapshots}))
		e.ok(e.DeleteBlob(e.ctx, one, blobstore.DeleteBlobOptions{}))
		e.gone(one)
		e.wants(two, "x")
		e.delete("b", blobstore.DeleteOnlySnapshots)
		e.gone(two)
		e.wants(blob("b").At(""), "x")
		three := e.snapshot("b")
		e.delete("b", blobstore.DeleteWithSnapshots)
		e.gone(three)
		e.gone(blob("b").At(""))
	}},
	{"without a policy nothing can be undeleted", func(e *env) {
		e.put("b", "x")
		e.ok(e.UndeleteBlob(e.ctx, blob("b"))) // which does nothing
		e.delete("b", blobstore.DeleteBaseOnly)
		e.code(bloberror.BlobNotFound, e.UndeleteBlob(e.ctx, blob("b")))
	}},
	{"with a policy a blob and its snapshots come back", func(e *env) {
		e.retain(3)
		res := e.putWith("b", "x", blobstore.PutBlobOptions{Tags: map[string]string{"k": "v"}})
		snapshot := e.snapshot("b")
		e.delete("b", blobstore.DeleteWithSnapshots)
		e.gone(blob("b").At(""))
		e.gone(snapshot)
		e.code2(bloberror.BlobNotFound)(e.Open(e.ctx, blob("b").At(""), no))
		e.code2(bloberror.BlobNotFound)(e.SetBlobMetadata(e.ctx, blob("b"), nil, no))
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Deleted: true})
		e.ok(err)
		if len(page.Entries) != 1 || !page.Entries[0].Properties.Deleted || page.Entries[0].Properties.RemainingDays != 3 ||
			!page.Entries[0].Properties.DeletedTime.Equal(e.time()) {
			e.Errorf("got %+v", page.Entries)
		}
		if got := e.found(`"k" = 'v'`); got != "" {
			e.Errorf("found %s", got)
		}
		e.advance(71 * time.Hour)
		e.collect()
		e.ok(e.UndeleteBlob(e.ctx, blob("b")))
		e.wants(blob("b").At(""), "x")
		e.wants(snapshot, "x")
		if p := e.props(blob("b").At("")); p.ETag != res.ETag || p.Deleted {
			e.Errorf("got %+v", p)
		}
		if got := e.found(`"k" = 'v'`); got != "pics/b" {
			e.Errorf("found %s", got)
		}
	}},
	{"an overwritten state comes back as a snapshot", func(e *env) {
		e.retain(1)
		e.put("b", "old")
		e.put("b", "new")
		e.wants(blob("b").At(""), "new")
		e.ok(e.UndeleteBlob(e.ctx, blob("b")))
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Snapshots: true})
		e.ok(err)
		if len(page.Entries) != 2 {
			e.Fatalf("got %+v", page.Entries)
		}
		e.wants(blob("b").At(page.Entries[0].Properties.Snapshot), "old")
		e.wants(blob("b").At(""), "new")
	}},
	{"a new blob in the place of a deleted one does not end its retention", func(e *env) {
		e.retain(1)
		e.put("b", "old")
		e.delete("b", blobstore.DeleteBaseOnly)
		e.putWith("b", "new", blobstore.PutBlobOptions{CreateOnly: true})
		e.wants(blob("b").At(""), "new")
		e.ok(e.UndeleteBlob(e.ctx, blob("b")))
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Snapshots: true})
		e.ok(err)
		if len(page.Entries) != 2 {
			e.Fatalf("got %+v", page.Entries)
		}
		e.wants(blob("b").At(page.Entries[0].Properties.Snapshot), "old")
	}},
	{"retention ends", func(e *env) {
		e.needCollector()
		e.retain(1)
		e.put("b", "x")
		e.delete("b", blobstore.DeleteBaseOnly)
		e.advance(24*time.Hour - time.Second)
		e.collect()
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Deleted: true})
		e.ok(err)
		if len(page.Entries) != 1 {
			e.Fatalf("too early: %+v", page.Entries)
		}
		e.advance(time.Second)
		e.collect()
		e.code(bloberror.BlobNotFound, e.UndeleteBlob(e.ctx, blob("b")))
	}},
	{"what was undeleted in time stays", func(e *env) {
		e.retain(1)
		e.put("b", "x")
		e.delete("b", blobstore.DeleteBaseOnly)
		e.ok(e.UndeleteBlob(e.ctx, blob("b")))
		e.advance(48 * time.Hour)
		e.collect()
		e.wants(blob("b").At(""), "x")
	}},
	{"a deleted snapshot can be deleted for good", func(e *env) {
		e.retain(1)
		e.put("b", "x")
		snapshot := e.snapshot("b")
		permanent := blobstore.DeleteBlobOptions{Permanent: true}
		e.code(bloberror.BlobNotFound, e.DeleteBlob(e.ctx, snapshot, permanent))
		e.ok(e.DeleteBlob(e.ctx, snapshot, blobstore.DeleteBlobOptions{}))
		e.ok(e.DeleteBlob(e.ctx, snapshot, permanent))
		e.ok(e.UndeleteBlob(e.ctx, blob("b")))
		e.gone(snapshot)
		e.code(bloberror.InvalidOperation, e.DeleteBlob(e.ctx, blob("b").At(""), permanent))
	}},
	{"uncommitted blocks expire a week after the last", func(e *env) {
		e.needCollector()
		e.stage("b", "1", "x")
		e.advance(6 * 24 * time.Hour)
		e.stage("b", "2", "x")
		e.advance(blobstore.UncommittedLifetime - time.Second)
		e.collect()
		if l := e.lists("b"); len(l.Uncommitted) != 2 {
			e.Fatalf("too early: %+v", l)
		}
		e.advance(time.Second)
		e.collect()
		e.code2(bloberror.BlobNotFound)(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, no))
	}},
}

func (e *env) needCollector() {
	if _, ok := e.Store.(collector); !ok {
		e.Skip("this store expires only when it sees fit")
	}
}
