package blobserver

import (
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (r *request) blobName() blobstore.BlobName {
	return blobstore.BlobName{Account: r.account, Container: r.container, Blob: r.blob}
}

// blobRef is the blob or, with a snapshot parameter, the snapshot that the request is about.
func (r *request) blobRef() (blobstore.BlobRef, error) {
	snapshot := r.query.Get("snapshot")
	if snapshot != "" {
		at, err := time.Parse(time.RFC3339Nano, snapshot)
		if err != nil {
			return blobstore.BlobRef{}, invalidQuery("snapshot", snapshot)
		}
		snapshot = at.UTC().Format(blobstore.SnapshotFormat)
	}
	if version := r.query.Get("versionid"); version != "" {
		// There are no versions here, so none of that id; answering with the current one would be wrong.
		return blobstore.BlobRef{}, bloberror.New(bloberror.BlobNotFound)
	}
	return r.blobName().At(snapshot), nil
}

// baseOnly refuses a snapshot parameter where a snapshot cannot be changed.
func (r *request) baseOnly() error {
	if snapshot := r.query.Get("snapshot"); snapshot != "" {
		return bloberror.New(bloberror.UnsupportedQueryParameter, bloberror.WithDetail("QueryParameterName", "snapshot"),
			bloberror.WithDetail("QueryParameterValue", snapshot))
	}
	return nil
}

// target reads what every request about an existing blob has: which one, and on which conditions.
func (r *request) refAndConditions() (blobstore.BlobRef, blobstore.AccessConditions, error) {
	ref, err := r.blobRef()
	if err != nil {
		return ref, blobstore.AccessConditions{}, err
	}
	conditions, err := r.conditions()
	return ref, conditions, err
}

func (s *Server) setBlobProperties(w http.ResponseWriter, r *request) error {
	if err := r.baseOnly(); err != nil {
		return err
	}
	if r.Header.Get("x-ms-blob-content-length") != "" || r.Header.Get("x-ms-sequence-number-action") != "" {
		return bloberror.New(bloberror.InvalidBlobType) // only page blobs have these
	}
	headers, err := r.blobHeaders()
	if err != nil {
		return err
	}
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	change, err := s.store.SetBlobHTTPHeaders(r.Context(), r.blobName(), headers, conditions)
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	return created(w, http.StatusOK)
}

func (s *Server) getBlobMetadata(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	p, err := s.store.BlobProperties(r.Context(), ref, conditions)
	if err != nil {
		return err
	}
	setChange(w.Header(), p.Change)
	setMetadata(w.Header(), p.Metadata)
	return created(w, http.StatusOK)
}

func (s *Server) setBlobMetadata(w http.ResponseWriter, r *request) error {
	if err := r.baseOnly(); err != nil {
		return err
	}
	metadata, err := r.metadata(&s.limits)
	if err != nil {
		return err
	}
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	change, err := s.store.SetBlobMetadata(r.Context(), r.blobName(), metadata, conditions)
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	w.Header().Set("x-ms-request-server-encrypted", "false")
	return created(w, http.StatusOK)
}

func (s *Server) deleteBlob(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	o := blobstore.DeleteBlobOptions{Conditions: conditions, Permanent: strings.EqualFold(r.query.Get("deletetype"), "permanent")}
	switch value := r.Header.Get("x-ms-delete-snapshots"); strings.ToLower(value) {
	case "":
	case "include":
		o.Snapshots = blobstore.DeleteWithSnapshots
	case "only":
		o.Snapshots = blobstore.DeleteOnlySnapshots
	default:
		return invalidHeader("x-ms-delete-snapshots", value)
	}
	if err := s.store.DeleteBlob(r.Context(), ref, o); err != nil {
		return err
	}
	w.Header().Set("x-ms-delete-type-permanent", "true")
	if retention := s.deleteRetention(r); retention.Enabled && !o.Permanent {
		w.Header().Set("x-ms-delete-type-permanent", "false")
	}
	return created(w, http.StatusAccepted)
}

func (s *Server) deleteRetention(r *request) blobstore.DeleteRetention {
	p, err := s.store.ServiceProperties(r.Context(), r.account)
	if err != nil || p.DeleteRetention == nil {
		return blobstore.DeleteRetention{}
	}
	return *p.DeleteRetention
}

func (s *Server) undeleteBlob(w http.ResponseWriter, r *request) error {
	if err := s.store.UndeleteBlob(r.Context(), r.blobName()); err != nil {
		return err
	}
	return created(w, http.StatusOK)
}

func (s *Server) snapshotBlob(w http.ResponseWriter, r *request) error {
	if err := r.baseOnly(); err != nil {
		return err
	}
	metadata, err := r.metadata(&s.limits)
	if err != nil {
		return err
	}
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	result, err := s.store.SnapshotBlob(r.Context(), r.blobName(), blobstore.SnapshotOptions{Metadata: metadata, Conditions: conditions})
	if err != nil {
		return err
	}
	setChange(w.Header(), result.Change)
	w.Header().Set("x-ms-snapshot", result.Snapshot)
	w.Header().Set("x-ms-request-server-encrypted", "false")
	return created(w, http.StatusCreated)
}

func (s *Server) setBlobTier(w http.ResponseWriter, r *request) error {
	ref, conditions, err := r.refAndConditions()
	if err != nil {
		return err
	}
	tier, err := r.tier()
	if err != nil {
		return err
	}
	if tier == "" {
		return missingHeader("x-ms-access-tier")
	}
	if err := s.store.SetBlobTier(r.Context(), ref, tier, conditions); err != nil {
		return err
	}
	return created(w, http.StatusOK)
}

func (s *Server) leaseBlob(w http.ResponseWriter, r *request) error {
	if err := r.baseOnly(); err != nil {
		return err
	}
	return s.lease(w, r, func(lease blobstore.LeaseRequest) (blobstore.LeaseResult, error) {
		return s.store.LeaseBlob(r.Context(), r.blobName(), lease)
	})
}
