package sas

import (
	"net/netip"
	"strings"
)

// Kind is one of the three kinds of SAS.
type Kind uint8

// The kinds of SAS.
const (
	ServiceKind        Kind = iota + 1 // signed with an account key, for one container or blob
	AccountKind                        // signed with an account key, for the account's services
	UserDelegationKind                 // signed with a user delegation key, for one container or blob
)

// String names the kind, such as "service SAS".
func (k Kind) String() string {
	switch k {
	case ServiceKind:
		return "service SAS"
	case AccountKind:
		return "account SAS"
	case UserDelegationKind:
		return "user delegation SAS"
	}
	return "unknown SAS"
}

// Resource is the sr of a service or user delegation SAS: what kind of thing it opens.
type Resource string

// The kinds of resource.
const (
	BlobResource      Resource = "b"  // one blob
	ContainerResource Resource = "c"  // a container and the blobs in it
	SnapshotResource  Resource = "bs" // one snapshot of a blob; sv 2018-11-09
	VersionResource   Resource = "bv" // one version of a blob; sv 2019-12-12
	DirectoryResource Resource = "d"  // a directory and the blobs below it; sv 2020-02-10
)

// String names the resource in words.
func (r Resource) String() string {
	switch r {
	case BlobResource:
		return "blob"
	case ContainerResource:
		return "container"
	case SnapshotResource:
		return "snapshot"
	case VersionResource:
		return "blob version"
	case DirectoryResource:
		return "directory"
	}
	return "unknown resource"
}

// since is the first sv that knows the resource.
func (r Resource) since() string {
	switch r {
	case BlobResource, ContainerResource:
		return minVersion
	case SnapshotResource:
		return "2018-11-09"
	case VersionResource:
		return "2019-12-12"
	case DirectoryResource:
		return "2020-02-10"
	}
	return ""
}

// permissions is what Azure documents for the resource. Snapshots and versions take those that do not write content.
func (r Resource) permissions() Permissions {
	const all = SetImmutabilityPolicy<<1 - 1
	switch r {
	case ContainerResource:
		return all
	case DirectoryResource:
		return all &^ Find
	case BlobResource, SnapshotResource, VersionResource:
		return all &^ (List | Find)
	}
	return 0
}

// Protocol is the spr of a SAS: over what it may be used. Empty allows both.
type Protocol string

// The protocols. Azure knows no SAS for plain HTTP alone.
const (
	HTTPS        Protocol = "https"
	HTTPSAndHTTP Protocol = "https,http"
)

func parseProtocol(s string) (Protocol, error) {
	switch p := Protocol(s); p {
	case HTTPS, HTTPSAndHTTP:
		return p, nil
	}
	return "", invalid(Malformed, "spr", quote(s)+` is neither "https" nor "https,http"`)
}

// IPRange is the sip of a SAS: the IPv4 addresses, both ends included, that may use it. The zero IPRange holds no limit.
// Azure takes no IPv6 addresses here.
type IPRange struct {
	Start netip.Addr
	End   netip.Addr // zero for a single address
}

// IsZero reports whether there is no limit.
func (r IPRange) IsZero() bool { return !r.Start.IsValid() }

// Contains reports whether an address is in the range; an IPv4 address in IPv6 form counts as IPv4. A zero IPRange
// contains every address.
func (r IPRange) Contains(a netip.Addr) bool {
	if r.IsZero() {
		return true
	}
	a = a.Unmap()
	if !r.End.IsValid() {
		return a == r.Start
	}
	return a.Is4() && a.Compare(r.Start) >= 0 && a.Compare(r.End) <= 0
}

// String spells the range as sip does: "1.2.3.4" or "1.2.3.4-1.2.3.9".
func (r IPRange) String() string { return string(r.append(nil)) }

func (r *IPRange) append(dst []byte) []byte {
	if r.IsZero() {
		return dst
	}
	dst = r.Start.AppendTo(dst)
	if r.End.IsValid() {
		dst = r.End.AppendTo(append(dst, '-'))
	}
	return dst
}

func (r *IPRange) check() error {
	switch {
	case r.IsZero() && r.End.IsValid():
		return invalid(Missing, "sip", "the range has an end but no start")
	case r.IsZero():
		return nil
	case !r.Start.Is4() || r.End.IsValid() && !r.End.Is4():
		return invalid(Malformed, "sip", "only IPv4 addresses can be signed")
	case r.End.IsValid() && r.End.Less(r.Start):
		return invalid(Malformed, "sip", "the range ends before it starts")
	}
	return nil
}

// ParseIPRange reads sip: an IPv4 address, or two joined by "-".
func ParseIPRange(s string) (IPRange, error) {
	first, last, isRange := strings.Cut(s, "-")
	var r IPRange
	var err error
	if r.Start, err = netip.ParseAddr(first); err == nil && isRange {
		r.End, err = netip.ParseAddr(last)
	}
	if err != nil {
		return IPRange{}, invalid(Malformed, "sip", quote(s)+" is neither an IPv4 address nor two joined by a hyphen")
	}
	if err := r.check(); err != nil {
		return IPRange{}, err
	}
	return r, nil
}
