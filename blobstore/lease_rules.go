package blobstore

import (
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

// Lease is the stored form of a lease. Its state follows from it and the time, so that nothing has to run when a
// lease expires. The zero value is "available".
//
// The rules are the tables "Outcomes of lease operations" and "Outcomes of use attempts" of the Lease Blob and Lease
// Container pages of the REST reference.
type Lease struct {
	ID string
	// Duration is what acquire asked for, which renew starts anew.
	Duration time.Duration
	// Expiry is zero for an infinite lease.
	Expiry time.Time
	// BreakTime is when a broken lease ends; zero when nobody broke it.
	BreakTime time.Time
}

// Info is what clients see of the lease at the time now.
func (l Lease) Info(now time.Time) LeaseInfo {
	return LeaseInfo{State: l.state(now), Infinite: l.Duration == LeaseInfinite}
}

func (l Lease) state(now time.Time) LeaseState {
	switch {
	case l.ID == "":
		return LeaseAvailable
	case !l.BreakTime.IsZero() && now.Before(l.BreakTime):
		return LeaseBreaking
	case !l.BreakTime.IsZero():
		return LeaseBroken
	case l.Duration == LeaseInfinite || now.Before(l.Expiry):
		return LeaseLeased
	}
	return LeaseExpired
}

// AfterWrite is the lease once its blob or container was changed: one that has ended cannot be renewed any more.
func (l Lease) AfterWrite(now time.Time) Lease {
	if l.Info(now).Locked() {
		return l
	}
	return Lease{}
}

// LeaseScope names the error codes for the kind of thing that is leased.
type LeaseScope struct{ mismatch, notPresent bloberror.Code }

// The two kinds of things that can be leased.
var (
	BlobScope      = LeaseScope{bloberror.LeaseIDMismatchWithBlobOperation, bloberror.LeaseNotPresentWithBlobOperation}
	ContainerScope = LeaseScope{bloberror.LeaseIDMismatchWithContainerOperation, bloberror.LeaseNotPresentWithContainerOperation}
)

// CheckUse reports whether a request with the lease id may read, or with needed also write, what the lease is on.
func (l Lease) CheckUse(now time.Time, id string, scope LeaseScope, needed bool) error {
	locked := l.Info(now).Locked()
	switch {
	case id == "" && locked && needed:
		return bloberror.New(bloberror.LeaseIDMissing)
	case id == "":
		return nil
	case locked && id != l.ID:
		return bloberror.New(scope.mismatch)
	case locked:
		return nil
	case l.ID == id:
		return bloberror.New(bloberror.LeaseLost)
	}
	return bloberror.New(scope.notPresent)
}

// Apply performs a lease request at the time now. newID makes an id where the request proposes none. It returns the
// lease that is to be stored and how long a break still takes.
func (l Lease) Apply(now time.Time, r LeaseRequest, newID func() string) (next Lease, remaining time.Duration, err error) {
	switch r.Action {
	case LeaseAcquire:
		next, err = l.acquire(now, r, newID)
	case LeaseRenew:
		next, err = l.renew(now, r)
	case LeaseChange:
		next, err = l.change(now, r)
	case LeaseRelease:
		if l.ID == "" || l.ID != r.LeaseID {
			err = bloberror.New(bloberror.LeaseIDMismatchWithLeaseOperation)
		}
	case LeaseBreak:
		return l.breakUp(now, r)
	default:
		err = invalidLeaseHeader("x-ms-lease-action", string(r.Action))
	}
	if err != nil {
		return l, 0, err
	}
	return next, 0, nil
}

func (l Lease) acquire(now time.Time, r LeaseRequest, newID func() string) (Lease, error) {
	if r.Duration != LeaseInfinite && (r.Duration < MinLeaseDuration || r.Duration > MaxLeaseDuration) {
		return l, invalidLeaseHeader("x-ms-lease-duration", r.Duration.String())
	}
	switch state := l.state(now); {
	case state == LeaseBreaking && r.ProposedID == l.ID:
		return l, bloberror.New(bloberror.LeaseIsBreakingAndCannotBeAcquired)
	case state == LeaseBreaking, state == LeaseLeased && r.ProposedID != l.ID:
		return l, bloberror.New(bloberror.LeaseAlreadyPresent)
	}
	id := r.ProposedID
	if id == "" {
		id = newID()
	}
	return Lease{ID: id, Duration: r.Duration}.started(now), nil
}

// started sets the expiry of a lease that begins now.
func (l Lease) started(now time.Time) Lease {
	l.Expiry = time.Time{}
	if l.Duration != LeaseInfinite {
		l.Expiry = now.Add(l.Duration)
	}
	return l
}

func (l Lease) renew(now time.Time, r LeaseRequest) (Lease, error) {
	if l.ID == "" || l.ID != r.LeaseID {
		return l, bloberror.New(bloberror.LeaseIDMismatchWithLeaseOperation)
	}
	if !l.BreakTime.IsZero() {
		return l, bloberror.New(bloberror.LeaseIsBrokenAndCannotBeRenewed)
	}
	return l.started(now), nil
}

func (l Lease) change(now time.Time, r LeaseRequest) (Lease, error) {
	if r.ProposedID == "" {
		return l, bloberror.New(bloberror.MissingRequiredHeader, bloberror.WithDetail("HeaderName", "x-ms-proposed-lease-id"))
	}
	// A change that was made already is answered like the first time, so that a retry succeeds.
	match := r.LeaseID == l.ID || r.ProposedID == l.ID
	switch l.state(now) {
	case LeaseLeased:
		if !match {
			return l, bloberror.New(bloberror.LeaseIDMismatchWithLeaseOperation)
		}
	case LeaseBreaking:
		if !match {
			return l, bloberror.New(bloberror.LeaseIDMismatchWithLeaseOperation)
		}
		return l, bloberror.New(bloberror.LeaseIsBreakingAndCannotBeChanged)
	default:
		return l, bloberror.New(bloberror.LeaseNotPresentWithLeaseOperation)
	}
	l.ID = r.ProposedID
	return l, nil
}

func (l Lease) breakUp(now time.Time, r LeaseRequest) (Lease, time.Duration, error) {
	if r.BreakPeriod != nil && (*r.BreakPeriod < 0 || *r.BreakPeriod > MaxLeaseBreakPeriod) {
		return l, 0, invalidLeaseHeader("x-ms-lease-break-period", r.BreakPeriod.String())
	}
	var left time.Duration // what the lease would last without a break period
	switch l.state(now) {
	case LeaseAvailable:
		return l, 0, bloberror.New(bloberror.LeaseNotPresentWithLeaseOperation)
	case LeaseBroken:
		return l, 0, nil
	case LeaseBreaking:
		left = l.BreakTime.Sub(now)
	case LeaseLeased:
		if l.Duration != LeaseInfinite {
			left = l.Expiry.Sub(now)
		} else if r.BreakPeriod != nil {
			left = *r.BreakPeriod
		}
	}
	if r.BreakPeriod != nil {
		left = min(left, *r.BreakPeriod)
	}
	l.BreakTime = now.Add(left)
	return l, (left + time.Second - 1).Truncate(time.Second), nil
}

func invalidLeaseHeader(name, value string) error {
	return bloberror.New(bloberror.InvalidHeaderValue, bloberror.WithDetail("HeaderName", name),
		bloberror.WithDetail("HeaderValue", value))
}
