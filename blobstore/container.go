package blobstore

// PublicAccess says what may be read without credentials.
type PublicAccess string

// Public access levels, as x-ms-blob-public-access spells them.
const (
	PublicAccessNone      PublicAccess = ""
	PublicAccessBlob      PublicAccess = "blob"
	PublicAccessContainer PublicAccess = "container"
)

// MaxAccessPolicies is how many stored access policies a container may have.
const MaxAccessPolicies = 5

// AccessPolicy is a stored access policy: what a service SAS with si=ID inherits. Start, Expiry and Permissions keep
// the text that the client wrote, empty when absent: a SAS is checked against exactly that.
type AccessPolicy struct {
	ID                         string
	Start, Expiry, Permissions string
}

// ContainerProperties describe a container.
type ContainerProperties struct {
	Name ContainerName
	Change
	Metadata map[string]string
	Access   PublicAccess
	Policies []AccessPolicy
	Lease    LeaseInfo
}

// CreateContainerOptions are what a container starts with.
type CreateContainerOptions struct {
	Metadata map[string]string
	Access   PublicAccess
}

// ListContainersOptions select containers of an account.
type ListContainersOptions struct {
	// Prefix limits the list to names that begin with it.
	Prefix string
	// Marker is the NextMarker of the page before; empty for the first page.
	Marker string
	// Max is the page's length, 1 to 5,000; 0 means 5,000.
	Max int
}

// ContainerPage is one page of containers in the byte order of their names.
type ContainerPage struct {
	Containers []ContainerProperties
	// NextMarker is empty on the last page.
	NextMarker string
}

// SetContainerACLOptions replace the access level and all stored access policies.
type SetContainerACLOptions struct {
	Access     PublicAccess
	Policies   []AccessPolicy
	Conditions AccessConditions
}
