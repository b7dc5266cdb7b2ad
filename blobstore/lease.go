package blobstore

import "time"

// LeaseState is where a lease is in its life.
type LeaseState string

// Lease states, as x-ms-lease-state spells them.
const (
	LeaseAvailable LeaseState = "available"
	LeaseLeased    LeaseState = "leased"
	LeaseExpired   LeaseState = "expired"
	LeaseBreaking  LeaseState = "breaking"
	LeaseBroken    LeaseState = "broken"
)

// LeaseInfo is what clients see of a lease. x-ms-lease-status is "locked" exactly when Locked reports true.
type LeaseInfo struct {
	State LeaseState
	// Infinite tells an endless lease from a fixed one; it means something only while State is LeaseLeased.
	Infinite bool
}

// Locked reports whether the lease keeps others from writing.
func (l LeaseInfo) Locked() bool { return l.State == LeaseLeased || l.State == LeaseBreaking }

// LeaseAction is what a lease request does.
type LeaseAction string

// Lease actions, as x-ms-lease-action spells them.
const (
	LeaseAcquire LeaseAction = "acquire"
	LeaseRenew   LeaseAction = "renew"
	LeaseChange  LeaseAction = "change"
	LeaseRelease LeaseAction = "release"
	LeaseBreak   LeaseAction = "break"
)

// LeaseInfinite as a LeaseRequest's Duration asks for a lease without an end.
const LeaseInfinite = time.Duration(-1)

// Bounds of lease requests, from the Lease Blob page of the REST reference.
const (
	MinLeaseDuration    = 15 * time.Second
	MaxLeaseDuration    = 60 * time.Second
	MaxLeaseBreakPeriod = 60 * time.Second
)

// LeaseRequest is a Lease Blob or Lease Container request.
type LeaseRequest struct {
	Action LeaseAction
	// LeaseID is the lease that is renewed, changed or released (x-ms-lease-id).
	LeaseID string
	// ProposedID is the id to acquire or change to; empty with LeaseAcquire lets the store choose one.
	ProposedID string
	// Duration of LeaseAcquire: 15 to 60 seconds, or LeaseInfinite.
	Duration time.Duration
	// BreakPeriod of LeaseBreak, 0 to 60 seconds; nil when the request had none.
	BreakPeriod *time.Duration
	// Conditions hold the conditional headers; their LeaseID is not looked at.
	Conditions AccessConditions
}

// LeaseResult is the answer to a lease request.
type LeaseResult struct {
	Change
	// LeaseID is the lease's id after acquire, renew and change.
	LeaseID string
	// Remaining is how long a break still takes, in whole seconds; zero for the other actions.
	Remaining time.Duration
}
