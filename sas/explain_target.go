package sas

import (
	"net/netip"
	"net/url"
	"strings"
)

// target is what a URL names.
type target struct {
	known     bool // from a URL, or told in the Question
	fromURL   bool
	https     bool
	pathStyle bool
	doubled   bool // the account's name stands where the container's should
	account   string
	container string
	blob      string
}

// locate reads the place that a SAS is for. Whether a host with a name of its own holds the account in its path, or is one
// account's, nobody can see; query helps to tell.
func (e *explainer) locate(place, query string) target {
	t := target{account: e.q.Account, container: e.q.Container, blob: e.q.Blob}
	t.known = t.account != ""
	u, err := url.Parse(place)
	if place == "" || err != nil || u.Host == "" {
		return t
	}
	t = target{known: true, fromURL: true, https: strings.EqualFold(u.Scheme, "https")}
	path := strings.TrimPrefix(u.Path, "/")
	first, rest, _ := strings.Cut(path, "/")
	hostAccount, isBlobHost := accountOfHost(u.Hostname())
	t.pathStyle = !isBlobHost && (isLocalHost(u.Hostname()) || first == e.q.Account || e.q.Account == "" && reaches(query, rest))
	switch {
	case isBlobHost:
		t.account = hostAccount
	case t.pathStyle:
		t.account, path = first, rest
	default:
		t.account = e.q.Account // a custom domain
		t.known = t.account != ""
	}
	t.container, t.blob, _ = strings.Cut(path, "/")
	e.checkAccount(&t)
	return t
}

// reaches reports whether a path below an account names what the SAS in a query is for.
func reaches(query, path string) bool {
	container, blob, _ := strings.Cut(path, "/")
	for part := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(part, "="); asciiLower(name) == fieldSR.String() {
			return container != "" && (blob != "" || Resource(value) == ContainerResource)
		}
	}
	return true // an account SAS goes anywhere
}

// checkAccount finds an account's name that stands twice in a URL, or not at all, and mends the latter.
func (e *explainer) checkAccount(t *target) {
	known := e.q.Account
	switch {
	case t.container != "" && t.container == t.account:
		t.doubled = true // but a container may well bear the account's name: the signature tells
	case t.pathStyle && known != "" && t.account != known:
		e.fail(CodeAccountMissing, "", "The URL does not name the account "+quote(known)+"; its path begins with "+quote(t.account)+".",
			"With an IP address or localhost as the host, the path begins with the account: http://127.0.0.1:10000/"+known+"/container/blob.")
		if t.blob != "" {
			t.container, t.blob = t.account, t.container+"/"+t.blob
		} else {
			t.container, t.blob = t.account, t.container
		}
		t.account = known
	case known != "" && t.account != known:
		e.fail(CodeAccountMismatch, "", "The URL is of the account "+quote(t.account)+", the key of "+quote(known)+".", "Take the key of the URL's account.")
	}
}

// accountOfHost reads the account from a host such as acct.blob.core.windows.net; zones (acct.z1.blob…), secondary endpoints
// (acct-secondary) and those of Data Lake Storage (acct.dfs…), which are signed alike, are told apart.
func accountOfHost(host string) (account string, ok bool) {
	host = strings.ToLower(host)
	first, rest, _ := strings.Cut(host, ".")
	if rest = "." + rest; !strings.Contains(rest, ".blob.") && !strings.Contains(rest, ".dfs.") || isIP(host) {
		return "", false
	}
	return strings.TrimSuffix(first, "-secondary"), first != ""
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isLocalHost reports whether a host serves accounts path-style: an address, or a name without dots.
func isLocalHost(host string) bool { return isIP(host) || !strings.Contains(host, ".") }

// request is the Request that the target and the question describe.
func (e *explainer) request() Request {
	r := Request{
		Account: e.target.account, Container: e.target.container, Blob: e.target.blob,
		RemoteIP: e.q.RemoteIP, HTTPS: e.target.https || !e.target.fromURL,
		Header: func(name string) (string, bool) {
			for _, h := range e.q.Headers {
				if strings.EqualFold(h.Name, name) {
					return h.Value, true
				}
			}
			return "", false
		},
	}
	r.Snapshot = e.other("snapshot")
	r.VersionID = e.other("versionid")
	r.Prefix = e.other("prefix")
	return r
}

// other finds a query parameter that is not the SAS's.
func (e *explainer) other(name string) string {
	for _, o := range e.token.other {
		if strings.EqualFold(o.Name, name) {
			return o.Value
		}
	}
	return ""
}

// operation is what shall be done, and 0 when it cannot be told.
func (e *explainer) operation() Operation {
	if e.q.Operation != 0 || e.q.Method == "" {
		return e.q.Operation
	}
	r := e.request()
	method := strings.ToUpper(e.q.Method)
	op := OperationOf(method, r.level(), e.other("restype"), e.other("comp"))
	switch {
	case op == DeleteBlob && asciiLower(e.other("deletetype")) == "permanent":
		return PermanentlyDeleteBlob
	case op == DeleteBlob && e.count("versionid") > 0:
		return DeleteBlobVersion
	}
	return op
}

// methods are those that OperationOf knows.
var methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE"}

// doneWith reports whether an operation's requests have this comp parameter.
func (o Operation) doneWith(comp string) bool {
	if plain, ok := withoutHeader[o]; ok {
		o = plain
	}
	for _, method := range methods {
		for _, level := range []ResourceTypes{ServiceLevel, ContainerLevel, ObjectLevel} {
			if OperationOf(method, level, "", comp) == o || OperationOf(method, level, "account", comp) == o {
				return true
			}
		}
	}
	return false
}

// withoutHeader are operations that a header or another parameter tells from the one that [OperationOf] answers.
var withoutHeader = map[Operation]Operation{
	PutBlobFromURL: PutBlob, CopyBlob: PutBlob, PutBlockFromURL: PutBlock, BreakBlobLease: LeaseBlob,
	BreakContainerLease: LeaseContainer, DeleteBlobVersion: DeleteBlob, PermanentlyDeleteBlob: DeleteBlob,
}

// OperationOf tells the operation by a request's method, the level of its URL, and its restype and comp parameters; 0
// when there is none such. Operations that only a header tells apart (a copy, Put Blob From URL, breaking a lease) are
// given as the one without the header.
func OperationOf(method string, level ResourceTypes, restype, comp string) Operation {
	read := method == "GET" || method == "HEAD"
	switch level {
	case ServiceLevel:
		return serviceOperation(method, read, restype, comp)
	case ContainerLevel:
		return containerOperation(method, read, comp)
	}
	switch {
	case read:
		return map[string]Operation{"": choose(method == "HEAD", GetBlobProperties, GetBlob), "blocklist": GetBlockList,
			"metadata": GetBlobProperties, "tags": GetBlobTags}[comp]
	case method == "PUT":
		return map[string]Operation{"": PutBlob, "block": PutBlock, "blocklist": PutBlockList, "metadata": SetBlobMetadata,
			"properties": SetBlobProperties, "tags": SetBlobTags, "tier": SetBlobTier, "snapshot": SnapshotBlob,
			"lease": LeaseBlob, "undelete": UndeleteBlob, "copy": AbortCopy, "immutabilityPolicies": SetImmutability}[comp]
	case method == "DELETE" && comp == "":
		return DeleteBlob
	}
	return 0
}

func serviceOperation(method string, read bool, restype, comp string) Operation {
	switch {
	case read && comp == "list":
		return ListContainers
	case read && comp == "blobs":
		return FindBlobsByTags
	case read && comp == "stats":
		return GetServiceStats
	case read && restype == "account":
		return GetAccountInformation
	case read && comp == "properties":
		return GetServiceProperties
	case method == "PUT" && comp == "properties":
		return SetServiceProperties
	case method == "POST" && comp == "batch":
		return Batch
	case method == "POST" && comp == "userdelegationkey":
		return GetUserDelegationKey
	}
	return 0
}

func containerOperation(method string, read bool, comp string) Operation {
	switch {
	case read:
		return map[string]Operation{"": GetContainerProperties, "metadata": GetContainerProperties, "acl": GetContainerACL,
			"list": ListBlobs, "blobs": FindBlobsInContainer, "properties": GetAccountInformation}[comp]
	case method == "PUT":
		return map[string]Operation{"": CreateContainer, "metadata": SetContainerMetadata, "acl": SetContainerACL,
			"lease": LeaseContainer, "undelete": RestoreContainer}[comp]
	case method == "DELETE" && comp == "":
		return DeleteContainer
	case method == "POST" && comp == "batch":
		return BatchInContainer
	}
	return 0
}

func choose(first bool, a, b Operation) Operation {
	if first {
		return a
	}
	return b
}
