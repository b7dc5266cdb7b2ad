package blobstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

func seconds(n int) *time.Duration {
	d := time.Duration(n) * time.Second
	return &d
}

// leasesByState are leases of id A that are in each state at t1.
func leasesByState() map[LeaseState]Lease {
	return map[LeaseState]Lease{
		LeaseAvailable: {},
		LeaseLeased:    {ID: "A", Duration: 30 * time.Second, Expiry: t1.Add(10 * time.Second)},
		LeaseExpired:   {ID: "A", Duration: 30 * time.Second, Expiry: t1},
		LeaseBreaking:  {ID: "A", Duration: LeaseInfinite, BreakTime: t1.Add(5 * time.Second)},
		LeaseBroken:    {ID: "A", Duration: LeaseInfinite, BreakTime: t1},
	}
}

func TestLeaseStateFollowsFromTime(t *testing.T) {
	for want, l := range leasesByState() {
		if got := l.Info(t1).State; got != want {
			t.Errorf("%+v is %s, want %s", l, got, want)
		}
	}
}

// The tables "Outcomes of lease operations on blobs by lease state" of the Lease Blob page. "" is success.
func TestLeaseOperationsByState(t *testing.T) {
	acquire := func(id string) LeaseRequest {
		return LeaseRequest{Action: LeaseAcquire, ProposedID: id, Duration: 15 * time.Second}
	}
	request := func(a LeaseAction, id, proposed string) LeaseRequest {
		return LeaseRequest{Action: a, LeaseID: id, ProposedID: proposed}
	}
	const (
		ok       = ""
		present  = bloberror.LeaseAlreadyPresent
		mismatch = bloberror.LeaseIDMismatchWithLeaseOperation
		absent   = bloberror.LeaseNotPresentWithLeaseOperation
		broken   = bloberror.LeaseIsBrokenAndCannotBeRenewed
	)
	states := []LeaseState{LeaseAvailable, LeaseLeased, LeaseBreaking, LeaseBroken, LeaseExpired}
	for _, tc := range []struct {
		r    LeaseRequest
		want [5]bloberror.Code
	}{
		{acquire(""), [5]bloberror.Code{ok, present, present, ok, ok}},
		{acquire("A"), [5]bloberror.Code{ok, ok, bloberror.LeaseIsBreakingAndCannotBeAcquired, ok, ok}},
		{acquire("B"), [5]bloberror.Code{ok, present, present, ok, ok}},
		{request(LeaseBreak, "", ""), [5]bloberror.Code{absent, ok, ok, ok, ok}},
		{request(LeaseChange, "A", "B"), [5]bloberror.Code{absent, ok, bloberror.LeaseIsBreakingAndCannotBeChanged, absent, absent}},
		{request(LeaseChange, "B", "A"), [5]bloberror.Code{absent, ok, bloberror.LeaseIsBreakingAndCannotBeChanged, absent, absent}},
		{request(LeaseChange, "B", "C"), [5]bloberror.Code{absent, mismatch, mismatch, absent, absent}},
		{request(LeaseRenew, "A", ""), [5]bloberror.Code{mismatch, ok, broken, broken, ok}},
		{request(LeaseRenew, "B", ""), [5]bloberror.Code{mismatch, mismatch, mismatch, mismatch, mismatch}},
		{request(LeaseRelease, "A", ""), [5]bloberror.Code{mismatch, ok, ok, ok, ok}},
		{request(LeaseRelease, "B", ""), [5]bloberror.Code{mismatch, mismatch, mismatch, mismatch, mismatch}},
		{request("steal", "A", ""), [5]bloberror.Code{"InvalidHeaderValue", "InvalidHeaderValue", "InvalidHeaderValue", "InvalidHeaderValue", "InvalidHeaderValue"}},
	} {
		for i, state := range states {
			t.Run(fmt.Sprintf("%s %s %s when %s", tc.r.Action, tc.r.LeaseID, tc.r.ProposedID, state), func(t *testing.T) {
				l := leasesByState()[state]
				next, _, err := l.Apply(t1, tc.r, func() string { return "new" })
				if got := bloberror.CodeOf(err); got != tc.want[i] {
					t.Fatalf("got %q, want %q", got, tc.want[i])
				}
				if err != nil && next != l {
					t.Errorf("a refused request changed the lease to %+v", next)
				}
			})
		}
	}
}

func TestLeaseUseByState(t *testing.T) {
	for _, tc := range []struct {
		state         LeaseState
		id            string
		read, written bloberror.Code
	}{
		{LeaseAvailable, "", "", ""},
		{LeaseAvailable, "A", bloberror.LeaseNotPresentWithBlobOperation, bloberror.LeaseNotPresentWithBlobOperation},
		{LeaseLeased, "", "", bloberror.LeaseIDMissing},
		{LeaseLeased, "A", "", ""},
		{LeaseLeased, "B", bloberror.LeaseIDMismatchWithBlobOperation, bloberror.LeaseIDMismatchWithBlobOperation},
		{LeaseBreaking, "", "", bloberror.LeaseIDMissing},
		{LeaseBreaking, "A", "", ""},
		{LeaseBroken, "", "", ""},
		{LeaseBroken, "A", bloberror.LeaseLost, bloberror.LeaseLost},
		{LeaseExpired, "", "", ""},
		{LeaseExpired, "A", bloberror.LeaseLost, bloberror.LeaseLost},
		{LeaseExpired, "B", bloberror.LeaseNotPresentWithBlobOperation, bloberror.LeaseNotPresentWithBlobOperation},
	} {
		l := leasesByState()[tc.state]
		if got := bloberror.CodeOf(l.CheckUse(t1, tc.id, BlobScope, false)); got != tc.read {
			t.Errorf("read of %s with %q: got %q, want %q", tc.state, tc.id, got, tc.read)
		}
		if got := bloberror.CodeOf(l.CheckUse(t1, tc.id, BlobScope, true)); got != tc.written {
			t.Errorf("write of %s with %q: got %q, want %q", tc.state, tc.id, got, tc.written)
		}
	}
	if got := bloberror.CodeOf(leasesByState()[LeaseLeased].CheckUse(t1, "B", ContainerScope, false)); got != bloberror.LeaseIDMismatchWithContainerOperation {
		t.Errorf("container: got %q", got)
	}
}

func TestBreakTakesTheShorterOfPeriodAndRest(t *testing.T) {
	fixed, endless := leasesByState()[LeaseLeased], Lease{ID: "A", Duration: LeaseInfinite}
	for _, tc := range []struct {
		name   string
		l      Lease
		period *time.Duration
		want   time.Duration
	}{
		{"fixed, no period", fixed, nil, 10 * time.Second},
		{"fixed, shorter", fixed, seconds(3), 3 * time.Second},
		{"fixed, longer", fixed, seconds(60), 10 * time.Second},
		{"infinite, no period", endless, nil, 0},
		{"infinite, period", endless, seconds(60), 60 * time.Second},
		{"breaking, longer", leasesByState()[LeaseBreaking], seconds(60), 5 * time.Second},
		{"breaking, at once", leasesByState()[LeaseBreaking], seconds(0), 0},
		{"expired", leasesByState()[LeaseExpired], nil, 0},
	} {
		next, left, err := tc.l.Apply(t1, LeaseRequest{Action: LeaseBreak, BreakPeriod: tc.period}, nil)
		if err != nil || left != tc.want {
			t.Errorf("%s: got %v, %v; want %v", tc.name, left, err, tc.want)
		}
		if next.Info(t1.Add(tc.want)).State != LeaseBroken {
			t.Errorf("%s: not broken afterwards", tc.name)
		}
	}
}

func TestLeaseBounds(t *testing.T) {
	for d, ok := range map[time.Duration]bool{14 * time.Second: false, 15 * time.Second: true, 60 * time.Second: true,
		61 * time.Second: false, 0: false, LeaseInfinite: true} {
		if _, _, err := (Lease{}).Apply(t1, LeaseRequest{Action: LeaseAcquire, ProposedID: "A", Duration: d}, nil); (err == nil) != ok {
			t.Errorf("duration %v: %v", d, err)
		}
	}
	for n, ok := range map[int]bool{-1: false, 0: true, 60: true, 61: false} {
		l := leasesByState()[LeaseLeased]
		if _, _, err := l.Apply(t1, LeaseRequest{Action: LeaseBreak, BreakPeriod: seconds(n)}, nil); (err == nil) != ok {
			t.Errorf("break period %d: %v", n, err)
		}
	}
}

func TestAWriteEndsTheRenewalOfAnEndedLease(t *testing.T) {
	for state, l := range leasesByState() {
		if got := l.AfterWrite(t1); (got == Lease{}) != (state != LeaseLeased && state != LeaseBreaking) {
			t.Errorf("%s became %+v", state, got)
		}
	}
}
