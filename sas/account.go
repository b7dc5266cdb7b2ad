package sas

// Account are the values of an account SAS, signed with an account key. It reaches every container: where a service or
// user delegation SAS will do, take that. Source: "Create an account SAS".
type Account struct {
	Version       string             // sv; DefaultVersion when empty
	Account       string             // the account's name
	Services      Services           // ss; the Blob service when empty
	ResourceTypes ResourceTypes      // srt
	Permissions   AccountPermissions // sp
	Start         Time               // st; optional
	Expiry        Time               // se

	IP              IPRange  // sip; optional
	Protocol        Protocol // spr; optional, but HTTPS is wise
	EncryptionScope string   // ses; optional, sv 2020-12-06
}

// Sign returns the SAS as a query string; see Service.Sign.
func (v *Account) Sign(key Key) (string, error) {
	r := v.record()
	return r.token(key)
}

// AppendSigned is Sign without an allocation: it appends the query string to dst.
func (v *Account) AppendSigned(dst []byte, key Key) ([]byte, error) {
	r := v.record()
	return r.appendToken(dst, key)
}

// StringToSign returns what Sign signs, field by field; joined by line feeds they are the string-to-sign.
func (v *Account) StringToSign() ([]Field, error) {
	r := v.record()
	return r.fields()
}

func (v *Account) record() record {
	return record{
		kind: AccountKind, version: v.Version, account: v.Account,
		services: v.Services, resourceTypes: v.ResourceTypes, accountPermissions: v.Permissions,
		start: v.Start, expiry: v.Expiry, ip: v.IP, protocol: v.Protocol, scope: v.EncryptionScope,
	}
}
