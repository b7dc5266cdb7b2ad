package storetest

import (
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) acquire(name, id string, d time.Duration) blobstore.LeaseResult {
	e.Helper()
	res, err := e.LeaseBlob(e.ctx, blob(name), blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: id, Duration: d})
	e.ok(err)
	return res
}

func (e *env) leaseState(name string, want blobstore.LeaseState) {
	e.Helper()
	if got := e.props(blob(name).At("")).Lease.State; got != want {
		e.Errorf("lease is %s, want %s", got, want)
	}
}

var leaseTests = []test{
	{"a lease without a proposed id gets one", func(e *env) {
		e.put("b", "x")
		res := e.acquire("b", "", 15*time.Second)
		if len(res.LeaseID) != 36 || strings.Count(res.LeaseID, "-") != 4 {
			e.Errorf("id %q", res.LeaseID)
		}
	}},
	{"entity tags do not move", func(e *env) {
		put := e.put("b", "x")
		if res := e.acquire("b", "A", 15*time.Second); res.Change != put.Change {
			e.Errorf("got %v, want %v", res.Change, put.Change)
		}
	}},
	{"a leased blob is written with its lease id only", func(e *env) {
		e.put("source", "source")
		for name, write := range e.writes() {
			e.put("b", "old")
			e.acquire("b", "A", blobstore.LeaseInfinite)
			for id, want := range map[string]bloberror.Code{"": bloberror.LeaseIDMissing, "B": bloberror.LeaseIDMismatchWithBlobOperation} {
				if code := bloberror.CodeOf(write(blobstore.AccessConditions{LeaseID: id})); code != want {
					e.Errorf("%s with lease %q: %s, want %s", name, id, code, want)
				}
			}
			if err := write(blobstore.AccessConditions{LeaseID: "A"}); err != nil {
				e.Errorf("%s: %v", name, err)
			}
			if name == "DeleteBlob" {
				continue
			}
			e.leaseState("b", blobstore.LeaseLeased)
			e.must(e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseRelease, LeaseID: "A"}))
			if code := bloberror.CodeOf(write(blobstore.AccessConditions{LeaseID: "A"})); code != bloberror.LeaseNotPresentWithBlobOperation {
				e.Errorf("%s without a lease: %s", name, code)
			}
		}
	}},
	{"tags need the lease id, tier and snapshots only a right one", func(e *env) {
		e.put("b", "x")
		e.acquire("b", "A", blobstore.LeaseInfinite)
		ref, other := blob("b").At(""), blobstore.AccessConditions{LeaseID: "B"}
		e.code(bloberror.LeaseIDMissing, e.SetBlobTags(e.ctx, ref, nil, no))
		e.ok(e.SetBlobTags(e.ctx, ref, nil, blobstore.AccessConditions{LeaseID: "A"}))
		e.ok(e.SetBlobTier(e.ctx, ref, blobstore.TierCool, no))
		e.code(bloberror.LeaseIDMismatchWithBlobOperation, e.SetBlobTier(e.ctx, ref, blobstore.TierCool, other))
		e.must(e.SnapshotBlob(e.ctx, blob("b"), blobstore.SnapshotOptions{}))
		e.code2(bloberror.LeaseIDMismatchWithBlobOperation)(e.SnapshotBlob(e.ctx, blob("b"), blobstore.SnapshotOptions{Conditions: other}))
	}},
	{"reads need no lease id but a right one if any", func(e *env) {
		e.put("b", "x")
		e.acquire("b", "A", blobstore.LeaseInfinite)
		e.wants(blob("b").At(""), "x")
		other := blobstore.AccessConditions{LeaseID: "B"}
		e.code2(bloberror.LeaseIDMismatchWithBlobOperation)(e.Open(e.ctx, blob("b").At(""), other))
		e.code2(bloberror.LeaseIDMismatchWithBlobOperation)(e.BlobProperties(e.ctx, blob("b").At(""), other))
		e.code2(bloberror.LeaseIDMismatchWithBlobOperation)(e.BlobTags(e.ctx, blob("b").At(""), other))
	}},
	{"a lease expires, and can be renewed until the next write", func(e *env) {
		renew := blobstore.LeaseRequest{Action: blobstore.LeaseRenew, LeaseID: "A"}
		e.put("b", "x")
		e.acquire("b", "A", 15*time.Second)
		e.advance(14 * time.Second)
		e.leaseState("b", blobstore.LeaseLeased)
		e.advance(time.Second)
		e.leaseState("b", blobstore.LeaseExpired)
		e.code(bloberror.LeaseLost, e.tryPut("b", blobstore.PutBlobOptions{Conditions: blobstore.AccessConditions{LeaseID: "A"}}))
		e.must(e.LeaseBlob(e.ctx, blob("b"), renew))
		e.leaseState("b", blobstore.LeaseLeased)
		e.advance(15 * time.Second)
		e.put("b", "y")
		e.leaseState("b", blobstore.LeaseAvailable)
		e.code2(bloberror.LeaseIDMismatchWithLeaseOperation)(e.LeaseBlob(e.ctx, blob("b"), renew))
	}},
	{"breaking tells how long it takes", func(e *env) {
		e.put("b", "x")
		e.acquire("b", "A", 60*time.Second)
		e.advance(20 * time.Second)
		period := 30 * time.Second
		res, err := e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseBreak, BreakPeriod: &period})
		e.ok(err)
		if res.Remaining != period {
			e.Errorf("remaining %v", res.Remaining)
		}
		e.leaseState("b", blobstore.LeaseBreaking)
		e.code2(bloberror.LeaseIsBreakingAndCannotBeAcquired)(e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: "A", Duration: blobstore.LeaseInfinite}))
		e.advance(period)
		e.leaseState("b", blobstore.LeaseBroken)
		e.acquire("b", "B", blobstore.LeaseInfinite)
	}},
	{"another cannot acquire, the holder can change and release", func(e *env) {
		e.put("b", "x")
		e.acquire("b", "A", blobstore.LeaseInfinite)
		e.code2(bloberror.LeaseAlreadyPresent)(e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: "B", Duration: blobstore.LeaseInfinite}))
		res, err := e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseChange, LeaseID: "A", ProposedID: "B"})
		e.ok(err)
		if res.LeaseID != "B" {
			e.Errorf("id %s", res.LeaseID)
		}
		e.code2(bloberror.LeaseIDMismatchWithLeaseOperation)(e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseRelease, LeaseID: "A"}))
		e.must(e.LeaseBlob(e.ctx, blob("b"), blobstore.LeaseRequest{Action: blobstore.LeaseRelease, LeaseID: "B"}))
		e.leaseState("b", blobstore.LeaseAvailable)
	}},
	{"conditions guard leases", func(e *env) {
		e.put("b", "x")
		r := blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, Duration: blobstore.LeaseInfinite,
			Conditions: blobstore.AccessConditions{IfMatch: []blobstore.ETag{"0x1"}}}
		e.code2(bloberror.ConditionNotMet)(e.LeaseBlob(e.ctx, blob("b"), r))
		e.leaseState("b", blobstore.LeaseAvailable)
		r.Conditions, r.Duration = no, time.Second
		e.code2(bloberror.InvalidHeaderValue)(e.LeaseBlob(e.ctx, blob("b"), r))
	}},
	{"a container's lease runs like a blob's", func(e *env) {
		e.must(e.LeaseContainer(e.ctx, pics, blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: "A", Duration: 15 * time.Second}))
		e.code2(bloberror.LeaseAlreadyPresent)(e.LeaseContainer(e.ctx, pics, blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: "B", Duration: 15 * time.Second}))
		e.put("b", "a leased container takes blobs")
		e.advance(15 * time.Second)
		e.code(bloberror.LeaseLost, e.DeleteContainer(e.ctx, pics, blobstore.AccessConditions{LeaseID: "A"}))
		e.ok(e.DeleteContainer(e.ctx, pics, no))
	}},
}
