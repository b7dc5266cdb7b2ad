package blobserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// lease reads a Lease Container or Lease Blob request, lets do carry it out and answers.
func (s *Server) lease(w http.ResponseWriter, r *request, do func(blobstore.LeaseRequest) (blobstore.LeaseResult, error)) error {
	request, err := r.leaseRequest()
	if err != nil {
		return err
	}
	result, err := do(request)
	if err != nil {
		return err
	}
	header := w.Header()
	setChange(header, result.Change)
	setNonEmpty(header, "x-ms-lease-id", result.LeaseID)
	switch request.Action {
	case blobstore.LeaseAcquire:
		return created(w, http.StatusCreated)
	case blobstore.LeaseBreak:
		header.Set("x-ms-lease-time", strconv.Itoa(int(result.Remaining/time.Second)))
		return created(w, http.StatusAccepted)
	}
	return created(w, http.StatusOK)
}

func (r *request) leaseRequest() (lease blobstore.LeaseRequest, err error) {
	action := r.Header.Get("x-ms-lease-action")
	lease.Action = blobstore.LeaseAction(strings.ToLower(action))
	if lease.Conditions, err = r.conditions(); err != nil {
		return lease, err
	}
	lease.LeaseID, lease.ProposedID = r.Header.Get("x-ms-lease-id"), r.Header.Get("x-ms-proposed-lease-id")
	if lease.ProposedID != "" && !validLeaseID(lease.ProposedID) {
		return lease, invalidHeader("x-ms-proposed-lease-id", lease.ProposedID)
	}
	switch lease.Action {
	case blobstore.LeaseAcquire:
		lease.Duration, err = r.leaseDuration()
	case blobstore.LeaseRenew, blobstore.LeaseRelease:
		err = r.needHeader("x-ms-lease-id")
	case blobstore.LeaseChange:
		if err = r.needHeader("x-ms-lease-id"); err == nil {
			err = r.needHeader("x-ms-proposed-lease-id")
		}
	case blobstore.LeaseBreak:
		lease.BreakPeriod, err = r.breakPeriod()
	case "":
		err = missingHeader("x-ms-lease-action")
	default:
		err = invalidHeader("x-ms-lease-action", action)
	}
	return lease, err
}

// leaseDuration reads x-ms-lease-duration: 15 to 60 seconds, or -1 for ever.
func (r *request) leaseDuration() (time.Duration, error) {
	value := r.Header.Get("x-ms-lease-duration")
	if value == "" {
		return 0, missingHeader("x-ms-lease-duration")
	}
	if value == "-1" {
		return blobstore.LeaseInfinite, nil
	}
	d, ok := seconds(value)
	if !ok || d < 15*time.Second || d > 60*time.Second {
		return 0, invalidHeader("x-ms-lease-duration", value)
	}
	return d, nil
}

// breakPeriod reads x-ms-lease-break-period: 0 to 60 seconds, nil when absent.
func (r *request) breakPeriod() (*time.Duration, error) {
	value := r.Header.Get("x-ms-lease-break-period")
	if value == "" {
		return nil, nil
	}
	d, ok := seconds(value)
	if !ok || d < 0 || d > 60*time.Second {
		return nil, invalidHeader("x-ms-lease-break-period", value)
	}
	return &d, nil
}

func (r *request) needHeader(name string) error {
	if r.Header.Get(name) == "" {
		return missingHeader(name)
	}
	return nil
}
