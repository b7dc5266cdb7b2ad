package sas

import (
	"math/bits"
	"strings"
)

// Permissions is what a service or user delegation SAS allows: a set.
type Permissions uint16

// What a service or user delegation SAS can allow, in the order in which sp spells it.
// Source: "Create a service SAS", permissions for a directory, container, or blob.
const (
	Read                  Permissions = 1 << iota // r: content, block list, properties, metadata
	Add                                           // a: append blocks (append blobs)
	Create                                        // c: write a new blob, snapshot, copy to a new blob; never stage blocks
	Write                                         // w: write content, blocks, block list, properties, metadata
	Delete                                        // d
	DeleteVersion                                 // x
	PermanentDelete                               // y: of a snapshot or version
	List                                          // l: blobs of a container or directory
	Tags                                          // t: read and write the tags of a blob
	Find                                          // f: blobs by tags, in a container
	Move                                          // m: hierarchical namespace
	Execute                                       // e: hierarchical namespace
	Ownership                                     // o: hierarchical namespace
	ModifyPermissions                             // p: hierarchical namespace
	SetImmutabilityPolicy                         // i: immutability policy and legal hold
)

const permissionLetters = "racwdxyltfmeopi"

// String spells p in Azure's canonical order, such as "racw".
func (p Permissions) String() string { return string(p.append(nil)) }

func (p Permissions) append(dst []byte) []byte {
	return appendLetters(dst, uint16(p), permissionLetters)
}

// Has reports whether p holds all of q.
func (p Permissions) Has(q Permissions) bool { return p&q == q }

// ParsePermissions reads sp of a service or user delegation SAS. Letters must be known, stand once and in Azure's order;
// only y and f may stand anywhere, because the official SDKs disagree about their place (Go writes "xylt", JavaScript
// writes them last) and Azure takes what each of them writes.
func ParsePermissions(s string) (Permissions, error) {
	set, err := parseLetters("sp", s, permissionLetters, "yf")
	return Permissions(set), err
}

// AccountPermissions is what an account SAS allows: a set.
type AccountPermissions uint16

// What an account SAS can allow, in the order in which sp spells it. Source: "Create an account SAS".
const (
	AccountRead AccountPermissions = 1 << iota // r
	AccountWrite
	AccountDelete
	AccountDeleteVersion
	AccountPermanentDelete
	AccountList
	AccountAdd
	AccountCreate
	AccountUpdate  // u: queue messages and table entities
	AccountProcess // p: queue messages
	AccountFind    // f
	AccountTags    // t
	AccountSetImmutabilityPolicy
)

// The SDKs order t and f differently; nothing depends on it, and this is how Go's does.
const accountPermissionLetters = "rwdxylacupfti"

// String spells p in Azure's canonical order, such as "rwdl".
func (p AccountPermissions) String() string { return string(p.append(nil)) }

func (p AccountPermissions) append(dst []byte) []byte {
	return appendLetters(dst, uint16(p), accountPermissionLetters)
}

// Has reports whether p holds all of q.
func (p AccountPermissions) Has(q AccountPermissions) bool { return p&q == q }

// ParseAccountPermissions reads sp of an account SAS. The order is free: the portal, the command line and the SDKs all
// write different ones and Azure takes them.
func ParseAccountPermissions(s string) (AccountPermissions, error) {
	set, err := parseLetters("sp", s, accountPermissionLetters, accountPermissionLetters)
	return AccountPermissions(set), err
}

// ResourceTypes is the srt of an account SAS: which levels it reaches.
type ResourceTypes uint16

// The levels of an account SAS.
const (
	ServiceLevel   ResourceTypes = 1 << iota // s: service properties, list of containers
	ContainerLevel                           // c: containers, and listing them
	ObjectLevel                              // o: blobs
)

const resourceTypeLetters = "sco"

// String spells t, such as "sco".
func (t ResourceTypes) String() string { return string(t.append(nil)) }

func (t ResourceTypes) append(dst []byte) []byte {
	return appendLetters(dst, uint16(t), resourceTypeLetters)
}

// ParseResourceTypes reads srt; the order is free.
func ParseResourceTypes(s string) (ResourceTypes, error) {
	set, err := parseLetters("srt", s, resourceTypeLetters, resourceTypeLetters)
	return ResourceTypes(set), err
}

// Services is the ss of an account SAS: which storage services it reaches.
type Services uint16

// The storage services.
const (
	Blob  Services = 1 << iota // b
	File                       // f
	Queue                      // q
	Table                      // t
)

const serviceLetters = "bfqt"

// String spells s, such as "bfqt".
func (s Services) String() string { return string(s.append(nil)) }

func (s Services) append(dst []byte) []byte { return appendLetters(dst, uint16(s), serviceLetters) }

// ParseServices reads ss; the order is free.
func ParseServices(s string) (Services, error) {
	set, err := parseLetters("ss", s, serviceLetters, serviceLetters)
	return Services(set), err
}

func appendLetters(dst []byte, set uint16, letters string) []byte {
	for set &= 1<<len(letters) - 1; set != 0; set &= set - 1 { // the lowest first, which is then taken away
		dst = append(dst, letters[bits.TrailingZeros16(set)])
	}
	return dst
}

// parseLetters reads a set of single letters. Those that are not in free must come in the order of letters.
func parseLetters(name, s, letters, free string) (set uint16, err error) {
	last := -1
	for i, r := range s {
		at := strings.IndexRune(letters, r)
		switch {
		case at < 0:
			return 0, invalid(Malformed, name, "unknown letter "+quote(string(r))+" at "+itoa(i+1)+"; known are "+letters)
		case set&(1<<at) != 0:
			return 0, invalid(Malformed, name, quote(string(r))+" stands twice")
		case strings.ContainsRune(free, r):
		case at < last:
			return 0, invalid(WrongOrder, name, quote(string(r))+" is out of order; the order is "+letters)
		default:
			last = at
		}
		set |= 1 << at
	}
	if set == 0 {
		return 0, invalid(Missing, name, "empty")
	}
	return set, nil
}
