package sas

import "strings"

// Operation is one operation of the Blob service, as far as a SAS is concerned.
type Operation uint8

// The operations. Those that need more than one right at once (Put Blob with tags, a copy and its source) are two
// operations to authorize.
const (
	ListContainers Operation = iota + 1
	GetServiceProperties
	SetServiceProperties
	GetServiceStats
	GetAccountInformation
	GetUserDelegationKey
	FindBlobsByTags
	Batch

	CreateContainer
	DeleteContainer
	RestoreContainer
	GetContainerProperties
	SetContainerMetadata
	GetContainerACL
	SetContainerACL
	LeaseContainer
	BreakContainerLease
	ListBlobs
	FindBlobsInContainer
	BatchInContainer

	PutBlob
	PutBlobFromURL
	CopyBlob
	AbortCopy
	PutBlock
	PutBlockFromURL
	PutBlockList
	GetBlockList
	GetBlob
	GetBlobProperties
	SetBlobProperties
	SetBlobMetadata
	GetBlobTags
	SetBlobTags
	SetBlobTier
	SnapshotBlob
	LeaseBlob
	BreakBlobLease
	DeleteBlob
	DeleteBlobVersion
	PermanentlyDeleteBlob
	UndeleteBlob
	SetImmutability
	numOperations
)

// need is what an operation asks for: any one of the letters will do, and none means that this kind of SAS cannot.
type need struct {
	name    string
	level   ResourceTypes // the level of the request's URL, and the srt that an account SAS needs
	service string        // letters of a service or user delegation SAS
	account string        // letters of an account SAS
}

// The rights table. Source: "Create a service SAS" and "Create an account SAS", their tables of operations. Put Block,
// Put Block List and everything that changes a stored blob take w only: c opens nothing but a blob that is not there.
// The reference is silent about Batch and Get Account Information; any right does, as each part of a batch is authorized
// by itself. It names no level for Find Blobs by Tags; as it is a request to the service, it is taken as s.
var needs = [numOperations]need{
	ListContainers:        {"List Containers", ServiceLevel, "", "l"},
	GetServiceProperties:  {"Get Blob Service Properties", ServiceLevel, "", "r"},
	SetServiceProperties:  {"Set Blob Service Properties", ServiceLevel, "", "w"},
	GetServiceStats:       {"Get Blob Service Stats", ServiceLevel, "", "r"},
	GetAccountInformation: {"Get Account Information", ServiceLevel | ContainerLevel | ObjectLevel, "r", accountPermissionLetters},
	GetUserDelegationKey:  {"Get User Delegation Key", ServiceLevel, "", ""},
	FindBlobsByTags:       {"Find Blobs by Tags", ServiceLevel, "", "f"},
	Batch:                 {"Blob Batch", ServiceLevel, "", accountPermissionLetters},

	CreateContainer:        {"Create Container", ContainerLevel, "", "cw"},
	DeleteContainer:        {"Delete Container", ContainerLevel, "", "d"},
	RestoreContainer:       {"Restore Container", ContainerLevel, "", "w"},
	GetContainerProperties: {"Get Container Properties", ContainerLevel, "", "r"},
	SetContainerMetadata:   {"Set Container Metadata", ContainerLevel, "", "w"},
	GetContainerACL:        {"Get Container ACL", ContainerLevel, "", ""},
	SetContainerACL:        {"Set Container ACL", ContainerLevel, "", ""},
	LeaseContainer:         {"Lease Container", ContainerLevel, "", "w"},
	BreakContainerLease:    {"Lease Container (break)", ContainerLevel, "", "wd"},
	ListBlobs:              {"List Blobs", ContainerLevel, "l", "l"},
	FindBlobsInContainer:   {"Find Blobs by Tags in Container", ContainerLevel, "f", "f"},
	BatchInContainer:       {"Blob Batch in Container", ContainerLevel, permissionLetters, accountPermissionLetters},

	PutBlob:               {"Put Blob", ObjectLevel, "cw", "cw"},
	PutBlobFromURL:        {"Put Blob From URL", ObjectLevel, "cw", "cw"},
	CopyBlob:              {"Copy Blob", ObjectLevel, "cw", "cw"},
	AbortCopy:             {"Abort Copy Blob", ObjectLevel, "w", "w"},
	PutBlock:              {"Put Block", ObjectLevel, "w", "w"},
	PutBlockFromURL:       {"Put Block From URL", ObjectLevel, "w", "w"},
	PutBlockList:          {"Put Block List", ObjectLevel, "w", "w"},
	GetBlockList:          {"Get Block List", ObjectLevel, "r", "r"},
	GetBlob:               {"Get Blob", ObjectLevel, "r", "r"},
	GetBlobProperties:     {"Get Blob Properties", ObjectLevel, "r", "r"},
	SetBlobProperties:     {"Set Blob Properties", ObjectLevel, "w", "w"},
	SetBlobMetadata:       {"Set Blob Metadata", ObjectLevel, "w", "w"},
	GetBlobTags:           {"Get Blob Tags", ObjectLevel, "t", "t"},
	SetBlobTags:           {"Set Blob Tags", ObjectLevel, "t", "t"},
	SetBlobTier:           {"Set Blob Tier", ObjectLevel, "w", "w"},
	SnapshotBlob:          {"Snapshot Blob", ObjectLevel, "cw", "cw"},
	LeaseBlob:             {"Lease Blob", ObjectLevel, "w", "w"},
	BreakBlobLease:        {"Lease Blob (break)", ObjectLevel, "wd", "wd"},
	DeleteBlob:            {"Delete Blob", ObjectLevel, "d", "d"},
	DeleteBlobVersion:     {"Delete Blob Version", ObjectLevel, "x", "x"},
	PermanentlyDeleteBlob: {"Delete Blob (permanent)", ObjectLevel, "y", "y"},
	UndeleteBlob:          {"Undelete Blob", ObjectLevel, "w", "w"},
	SetImmutability:       {"Set Blob Immutability Policy", ObjectLevel, "i", "i"},
}

// String is the operation's name in the REST reference, such as "Put Block".
func (o Operation) String() string {
	if o == 0 || o >= numOperations {
		return "unknown operation"
	}
	return needs[o].name
}

// ParseOperation finds an operation by its name in the REST reference; case, spaces and punctuation do not matter:
// "Put Block", "put-block" and "PutBlock" are one.
func ParseOperation(name string) (Operation, bool) {
	wanted := letters(name)
	if wanted == "" {
		return 0, false
	}
	for o := Operation(1); o < numOperations; o++ {
		if letters(needs[o].name) == wanted {
			return o, true
		}
	}
	return 0, false
}

// Operations lists every operation.
func Operations() []Operation {
	all := make([]Operation, 0, numOperations-1)
	for o := Operation(1); o < numOperations; o++ {
		all = append(all, o)
	}
	return all
}

// Level is where the operation's URL points: to the service, a container, or a blob; it is the srt that an account SAS
// needs for it. Get Account Information goes to any of them.
func (o Operation) Level() ResourceTypes {
	if o >= numOperations {
		return 0
	}
	return needs[o].level
}

// Needs lists the permissions of a service or user delegation SAS of which the operation needs one; empty when no such
// SAS can do it.
func (o Operation) Needs() Permissions {
	if o >= numOperations {
		return 0
	}
	set, _ := parseLetters("sp", needs[o].service, permissionLetters, permissionLetters)
	return Permissions(set)
}

// AccountNeeds lists the permissions of an account SAS of which the operation needs one; empty when no account SAS can do
// it.
func (o Operation) AccountNeeds() AccountPermissions {
	if o >= numOperations {
		return 0
	}
	set, _ := parseLetters("sp", needs[o].account, accountPermissionLetters, accountPermissionLetters)
	return AccountPermissions(set)
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}
