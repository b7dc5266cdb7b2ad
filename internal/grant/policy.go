// Package grant is the policy: who may get which SAS, for what, for how long. It says what is to be signed; the account
// signs it.
package grant

import (
	"cmp"
	"time"

	"github.com/valetkey/valetkey/sas"
)

// Grant is what one SAS shall allow.
type Grant struct {
	Container   string
	Blob        string // empty for every blob of the container
	Permissions sas.Permissions
	Start       time.Time // zero: from now on
	Expiry      time.Time
	Protocol    sas.Protocol
	// ID is a GUID, or empty. It goes into a user delegation SAS as its correlation id (scid), so that the storage's own
	// log names the grant.
	ID string
	// SignedQuery are parameters that every request must have with just these values, where a user delegation SAS can
	// bind them.
	SignedQuery []sas.Field
	// Disposition is the Content-Disposition of what is read with the SAS; empty for the blob's own.
	Disposition string
}

// SAS is the grant as it is to be signed; the account is for its signer to fill in.
func (g Grant) SAS() sas.Service {
	values := sas.Service{
		Container: g.Container, Blob: g.Blob, Permissions: g.Permissions, Expiry: sas.TimeOf(g.Expiry), Protocol: g.Protocol,
		Overrides: sas.Overrides{ContentDisposition: g.Disposition},
	}
	if !g.Start.IsZero() {
		values.Start = sas.TimeOf(g.Start)
	}
	return values
}

// Options adjusts a [Policy]. The zero value is right for production.
type Options struct {
	// UploadLife is how long a SAS to stage one upload's blocks is good for. Default 15 minutes; it can be renewed.
	UploadLife time.Duration
	// CredentialsLife is how long the container SAS of GET /api/credentials is good for. Default 2 hours.
	CredentialsLife time.Duration
	// ReadWindow is how long a photo's URLs stay the same, so that browsers can keep what they read. A SAS is good
	// until the end of the window after its own. Default 1 hour.
	ReadWindow time.Duration
	// AllowHTTP lets a SAS be used over plain HTTP. Only for an endpoint that speaks nothing else.
	AllowHTTP bool
	// BindOperation makes a SAS to stage blocks good for Put Block alone. Only a user delegation SAS can say so, and only
	// to an endpoint that knows signed query parameters.
	BindOperation bool
	// SASKind is the kind of SAS that grants are signed as, for the ledger. Default [sas.ServiceKind].
	SASKind sas.Kind
	// Ledger takes a line for each grant to write. Default: none is written.
	Ledger *Ledger
}

// Policy makes grants.
type Policy struct {
	options  Options
	protocol sas.Protocol
}

// New makes a policy.
func New(options *Options) *Policy {
	var o Options
	if options != nil {
		o = *options
	}
	o.UploadLife = cmp.Or(o.UploadLife, 15*time.Minute)
	o.CredentialsLife = cmp.Or(o.CredentialsLife, 2*time.Hour)
	o.SASKind = cmp.Or(o.SASKind, sas.ServiceKind)
	o.ReadWindow = cmp.Or(o.ReadWindow, time.Hour)
	p := &Policy{options: o, protocol: sas.HTTPS}
	if o.AllowHTTP {
		p.protocol = "" // leaves spr out
	}
	return p
}

// Stage lets somebody stage blocks of one blob, named id in the ledger. Azure has no narrower right than write for it
// (https://learn.microsoft.com/rest/api/storageservices/put-block), so nothing is ever served from where it opens.
func (p *Policy) Stage(container, blob, id string, now time.Time) Grant {
	g := Grant{Container: container, Blob: blob, Permissions: sas.Write, Protocol: p.protocol, ID: id,
		Expiry: expiry(now, p.options.UploadLife)}
	if p.options.BindOperation {
		g.SignedQuery = PutBlock()
	}
	return g
}

// PutBlock are the query parameters that tell Put Block from every other way to write.
func PutBlock() []sas.Field { return []sas.Field{{Name: "comp", Value: "block"}} }

// Create lets somebody create blobs in a container, and neither read, list nor overwrite any.
func (p *Policy) Create(container string, now time.Time) Grant {
	return Grant{Container: container, Permissions: sas.Create, Protocol: p.protocol,
		Expiry: expiry(now, p.options.CredentialsLife)}
}

// expiry is when something that is given now ends: a SAS says so in whole seconds, and nobody is to be told of a later end.
func expiry(now time.Time, life time.Duration) time.Time { return now.Add(life).Truncate(time.Second) }

// clockSkew is how far back a start lies, because clocks differ.
// https://learn.microsoft.com/azure/storage/common/storage-sas-overview#best-practices-when-using-sas
const clockSkew = 15 * time.Minute

// Read lets somebody read one blob. Start and expiry are rounded to a window, so that the URL stays the same within it.
func (p *Policy) Read(container, blob, disposition string, now time.Time) Grant {
	window := now.Truncate(p.options.ReadWindow)
	return Grant{Container: container, Blob: blob, Permissions: sas.Read, Protocol: p.protocol, Disposition: disposition,
		Start: window.Add(-clockSkew), Expiry: window.Add(2 * p.options.ReadWindow)}
}

// Record writes the ledger's line for a grant that owner gets now.
func (p *Policy) Record(owner string, g Grant, now time.Time) {
	if p.options.Ledger != nil {
		p.options.Ledger.record(now, owner, p.options.SASKind.String(), &g)
	}
}
