package sas

// Overrides are response headers that a service or user delegation SAS dictates when its blob is read. Empty ones are
// left as the blob has them.
type Overrides struct {
	CacheControl       string // rscc
	ContentDisposition string // rscd
	ContentEncoding    string // rsce
	ContentLanguage    string // rscl
	ContentType        string // rsct
}

// Service are the values of a service SAS, signed with an account key. Source: "Create a service SAS".
type Service struct {
	Version   string   // sv; DefaultVersion when empty
	Account   string   // the account's name
	Container string   // the container's name
	Blob      string   // the blob's name, not URL-escaped; the directory's path for DirectoryResource
	Resource  Resource // sr; when empty it follows from what is set: snapshot, version, blob, container
	Snapshot  string   // the snapshot's time as Azure gave it, for SnapshotResource
	VersionID string   // the version's id as Azure gave it, for VersionResource

	Permissions Permissions // sp; may be empty when the stored access policy has them
	Start       Time        // st; optional
	Expiry      Time        // se; may be absent when the stored access policy has it
	Identifier  string      // si: the id of a stored access policy of the container, at most 64 characters

	IP              IPRange  // sip; optional
	Protocol        Protocol // spr; optional, but HTTPS is wise
	EncryptionScope string   // ses; optional, sv 2020-12-06
	Overrides       Overrides
}

// Sign returns the SAS as a query string without "?", its parameters always in the same order and the signature last.
// Values that Azure would refuse give an *Invalid, and the zero Key gives ErrKey.
func (v *Service) Sign(key Key) (string, error) {
	r := v.record()
	return r.token(key)
}

// AppendSigned is Sign without an allocation: it appends the query string to dst.
func (v *Service) AppendSigned(dst []byte, key Key) ([]byte, error) {
	r := v.record()
	return r.appendToken(dst, key)
}

// StringToSign returns what Sign signs, field by field; joined by line feeds they are the string-to-sign.
func (v *Service) StringToSign() ([]Field, error) {
	r := v.record()
	return r.fields()
}

func (v *Service) record() record {
	return record{
		kind: ServiceKind, version: v.Version, account: v.Account, container: v.Container, path: v.Blob,
		resource: v.Resource, snapshot: v.Snapshot, versionID: v.VersionID,
		permissions: v.Permissions, start: v.Start, expiry: v.Expiry, identifier: v.Identifier,
		ip: v.IP, protocol: v.Protocol, scope: v.EncryptionScope, overrides: v.Overrides,
	}
}
