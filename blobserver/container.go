package blobserver

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (r *request) containerName() blobstore.ContainerName {
	return blobstore.ContainerName{Account: r.account, Container: r.container}
}

func (s *Server) createContainer(w http.ResponseWriter, r *request) error {
	metadata, err := r.metadata(&s.limits)
	if err != nil {
		return err
	}
	access, err := r.publicAccess()
	if err != nil {
		return err
	}
	change, err := s.store.CreateContainer(r.Context(), r.containerName(), blobstore.CreateContainerOptions{Metadata: metadata, Access: access})
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	return created(w, http.StatusCreated)
}

func (r *request) publicAccess() (blobstore.PublicAccess, error) {
	switch value := r.Header.Get("x-ms-blob-public-access"); strings.ToLower(value) {
	case "":
		return blobstore.PublicAccessNone, nil
	case "container", "true":
		return blobstore.PublicAccessContainer, nil
	case "blob":
		return blobstore.PublicAccessBlob, nil
	default:
		return "", invalidHeader("x-ms-blob-public-access", value)
	}
}

func (s *Server) deleteContainer(w http.ResponseWriter, r *request) error {
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	if err := rejectConditions(r, "If-Match", "If-None-Match"); err != nil {
		return err
	}
	if err := s.store.DeleteContainer(r.Context(), r.containerName(), conditions); err != nil {
		return err
	}
	return created(w, http.StatusAccepted)
}

func (s *Server) containerProperties(r *request) (blobstore.ContainerProperties, error) {
	conditions, err := r.conditions()
	if err != nil {
		return blobstore.ContainerProperties{}, err
	}
	// Only the lease counts: Azure documents no conditional headers for reading a container.
	return s.store.ContainerProperties(r.Context(), r.containerName(), blobstore.AccessConditions{LeaseID: conditions.LeaseID})
}

func (s *Server) getContainerProperties(w http.ResponseWriter, r *request) error {
	p, err := s.containerProperties(r)
	if err != nil {
		return err
	}
	header := w.Header()
	setChange(header, p.Change)
	setMetadata(header, p.Metadata)
	setLease(header, p.Lease)
	setNonEmpty(header, "x-ms-blob-public-access", string(p.Access))
	header.Set("x-ms-has-immutability-policy", "false")
	header.Set("x-ms-has-legal-hold", "false")
	header.Set("x-ms-immutable-storage-with-versioning-enabled", "false")
	header.Set("x-ms-default-encryption-scope", "$account-encryption-key")
	header.Set("x-ms-deny-encryption-scope-override", "false")
	return created(w, http.StatusOK)
}

func (s *Server) getContainerMetadata(w http.ResponseWriter, r *request) error {
	p, err := s.containerProperties(r)
	if err != nil {
		return err
	}
	setChange(w.Header(), p.Change)
	setMetadata(w.Header(), p.Metadata)
	return created(w, http.StatusOK)
}

func (s *Server) setContainerMetadata(w http.ResponseWriter, r *request) error {
	metadata, err := r.metadata(&s.limits)
	if err != nil {
		return err
	}
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	if err := rejectConditions(r, "If-Match", "If-None-Match", "If-Unmodified-Since"); err != nil {
		return err
	}
	change, err := s.store.SetContainerMetadata(r.Context(), r.containerName(), metadata, conditions)
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	return created(w, http.StatusOK)
}

func (s *Server) getContainerACL(w http.ResponseWriter, r *request) error {
	p, err := s.containerProperties(r)
	if err != nil {
		return err
	}
	setChange(w.Header(), p.Change)
	setNonEmpty(w.Header(), "x-ms-blob-public-access", string(p.Access))
	b := append([]byte(nil), xmlDeclaration+"<SignedIdentifiers>"...)
	for _, policy := range p.Policies {
		b = append(b, "<SignedIdentifier>"...)
		b = appendElement(b, "Id", policy.ID)
		b = append(b, "<AccessPolicy>"...)
		b = appendOptional(b, "Start", policy.Start)
		b = appendOptional(b, "Expiry", policy.Expiry)
		b = appendOptional(b, "Permission", policy.Permissions)
		b = append(b, "</AccessPolicy></SignedIdentifier>"...)
	}
	return writeXML(w, r, append(b, "</SignedIdentifiers>"...))
}

// signedIdentifiers is the body of Set Container ACL.
type signedIdentifiers struct {
	Identifiers []struct {
		ID     string `xml:"Id"`
		Policy struct {
			Start      string `xml:"Start"`
			Expiry     string `xml:"Expiry"`
			Permission string `xml:"Permission"`
		} `xml:"AccessPolicy"`
	} `xml:"SignedIdentifier"`
}

func (s *Server) setContainerACL(w http.ResponseWriter, r *request) error {
	access, err := r.publicAccess()
	if err != nil {
		return err
	}
	conditions, err := r.conditions()
	if err != nil {
		return err
	}
	if err := rejectConditions(r, "If-Match", "If-None-Match"); err != nil {
		return err
	}
	var body signedIdentifiers
	if err := r.readXML(w, s.limits.XMLBytes, &body); err != nil {
		return err
	}
	policies, err := body.policies(s.limits.AccessPolicies)
	if err != nil {
		return err
	}
	change, err := s.store.SetContainerACL(r.Context(), r.containerName(),
		blobstore.SetContainerACLOptions{Access: access, Policies: policies, Conditions: conditions})
	if err != nil {
		return err
	}
	setChange(w.Header(), change)
	return created(w, http.StatusOK)
}

// policies checks the stored access policies: an id of 1 to 64 characters that stands once, and at most limit of them.
func (body *signedIdentifiers) policies(limit int) ([]blobstore.AccessPolicy, error) {
	if len(body.Identifiers) > limit {
		return nil, bloberror.New(bloberror.InvalidXMLDocument, bloberror.WithMessage("A container has at most five stored access policies."))
	}
	var policies []blobstore.AccessPolicy
	seen := map[string]bool{}
	for _, id := range body.Identifiers {
		p := blobstore.AccessPolicy{ID: id.ID, Start: strings.TrimSpace(id.Policy.Start), Expiry: strings.TrimSpace(id.Policy.Expiry), Permissions: id.Policy.Permission}
		if p.ID == "" || len([]rune(p.ID)) > 64 || seen[p.ID] {
			return nil, bloberror.New(bloberror.InvalidXMLNodeValue, bloberror.WithDetail("XmlNodeName", "Id"), bloberror.WithDetail("XmlNodeValue", p.ID))
		}
		for name, at := range map[string]string{"Start": p.Start, "Expiry": p.Expiry} {
			if at != "" && !validTime(at) {
				return nil, bloberror.New(bloberror.InvalidXMLNodeValue, bloberror.WithDetail("XmlNodeName", name), bloberror.WithDetail("XmlNodeValue", at))
			}
		}
		if _, ok := policyPermissions(p.Permissions); !ok {
			return nil, bloberror.New(bloberror.InvalidXMLNodeValue, bloberror.WithDetail("XmlNodeName", "Permission"), bloberror.WithDetail("XmlNodeValue", p.Permissions))
		}
		seen[p.ID] = true
		policies = append(policies, p)
	}
	return policies, nil
}

func (s *Server) leaseContainer(w http.ResponseWriter, r *request) error {
	return s.lease(w, r, func(lease blobstore.LeaseRequest) (blobstore.LeaseResult, error) {
		if err := rejectConditions(r, "If-Match", "If-None-Match"); err != nil {
			return blobstore.LeaseResult{}, err
		}
		return s.store.LeaseContainer(r.Context(), r.containerName(), lease)
	})
}

// appendOptional appends an element unless its value is empty.
func appendOptional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendElement(b, name, value)
}
