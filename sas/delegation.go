package sas

// DelegationKey is a user delegation key as Get User Delegation Key answers it: who asked, for how long it is good, and
// its value. Azure lets a key live for at most seven days.
type DelegationKey struct {
	ObjectID string // skoid: the security principal that asked for the key, a GUID
	TenantID string // sktid: its tenant, a GUID
	Start    Time   // skt
	Expiry   Time   // ske
	Service  string // sks: "b"
	Version  string // skv: the service version that made the key

	DelegatedTenantID string // skdutid: the tenant of the user that the SAS is bound to; optional, sv 2025-07-05

	Key Key // the value; zero where only the description is passed about
}

// UserDelegation are the values of a user delegation SAS, signed with a user delegation key. It has no stored access
// policy. Source: "Create a user delegation SAS".
type UserDelegation struct {
	Version   string   // sv; DefaultVersion when empty
	Account   string   // the account's name
	Container string   // the container's name
	Blob      string   // the blob's name, not URL-escaped; the directory's path for DirectoryResource
	Resource  Resource // sr; when empty it follows from what is set: snapshot, version, blob, container
	Snapshot  string   // the snapshot's time as Azure gave it, for SnapshotResource
	VersionID string   // the version's id as Azure gave it, for VersionResource

	Permissions Permissions // sp
	Start       Time        // st; optional
	Expiry      Time        // se

	AuthorizedObjectID   string // saoid: who acts, access lists unchecked; a GUID, optional, sv 2020-02-10
	UnauthorizedObjectID string // suoid: who acts, access lists checked; a GUID, optional, excludes the one above
	CorrelationID        string // scid: a GUID that storage logs repeat; optional, sv 2020-02-10
	DelegatedUserID      string // sduoid: the only user who may use the SAS, with a bearer token; a GUID, sv 2025-07-05

	// SignedHeaders and SignedQuery must stand in the request with just these values; sv 2026-04-06. Names keep the order
	// and case they have here.
	SignedHeaders []Field // srh
	SignedQuery   []Field // srq

	IP              IPRange  // sip; optional
	Protocol        Protocol // spr; optional, but HTTPS is wise
	EncryptionScope string   // ses; optional, sv 2020-12-06
	Overrides       Overrides
}

// Sign returns the SAS as a query string; see Service.Sign. A SAS that outlives its key is refused.
func (v *UserDelegation) Sign(key DelegationKey) (string, error) {
	r := v.record(&key)
	return r.token(key.Key)
}

// AppendSigned is Sign without an allocation: it appends the query string to dst.
func (v *UserDelegation) AppendSigned(dst []byte, key DelegationKey) ([]byte, error) {
	r := v.record(&key)
	return r.appendToken(dst, key.Key)
}

// StringToSign returns what Sign signs, field by field; joined by line feeds they are the string-to-sign.
func (v *UserDelegation) StringToSign(key DelegationKey) ([]Field, error) {
	r := v.record(&key)
	return r.fields()
}

func (v *UserDelegation) record(key *DelegationKey) record {
	return record{
		kind: UserDelegationKind, version: v.Version, account: v.Account, container: v.Container, path: v.Blob,
		resource: v.Resource, snapshot: v.Snapshot, versionID: v.VersionID,
		permissions: v.Permissions, start: v.Start, expiry: v.Expiry,
		delegation:           *key,
		authorizedObjectID:   v.AuthorizedObjectID,
		unauthorizedObjectID: v.UnauthorizedObjectID,
		correlationID:        v.CorrelationID, delegatedUserID: v.DelegatedUserID,
		signedHeaders: v.SignedHeaders, signedQuery: v.SignedQuery,
		ip: v.IP, protocol: v.Protocol, scope: v.EncryptionScope, overrides: v.Overrides,
	}
}
