package blobserver_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/sas"
)

// TestEachRightOpensWhatItShouldAndNothingElse tries every operation on a container with a SAS of each single
// permission. The letters are those of the table in "Create a service SAS".
func TestEachRightOpensWhatItShouldAndNothingElse(t *testing.T) {
	s := newService(t)
	s.container("rights")
	s.want(s.do("PUT", "/rights/b?"+s.all("rights"), "x", blockBlob), 201, "")
	source := "x-ms-copy-source: " + s.URL + "/rights/b?" + s.sas("rights", "b", mustPermissions(t, "r"))
	operations := []struct {
		opens, method, path string
		headers             []string
	}{
		{"r", "GET", "/rights/b?", nil},
		{"r", "HEAD", "/rights/b?", nil},
		{"r", "GET", "/rights/b?comp=metadata&", nil},
		{"r", "GET", "/rights/b?comp=blocklist&", nil},
		{"t", "GET", "/rights/b?comp=tags&", nil},
		{"t", "PUT", "/rights/b?comp=tags&", nil},
		{"l", "GET", "/rights?restype=container&comp=list&", nil},
		{"f", "GET", "/rights?restype=container&comp=blobs&where=a%3D%27b%27&", nil},
		{"cw", "PUT", "/rights/new-PERMISSION?", []string{blockBlob}},
		{"w", "PUT", "/rights/b?", []string{blockBlob}},
		{"w", "PUT", "/rights/staged?comp=block&blockid=YQ==&", nil},
		{"w", "PUT", "/rights/staged?comp=block&blockid=YQ==&", []string{source}},
		{"w", "PUT", "/rights/b?comp=blocklist&", nil},
		{"w", "PUT", "/rights/b?comp=metadata&", nil},
		{"w", "PUT", "/rights/b?comp=properties&", nil},
		{"w", "PUT", "/rights/b?comp=tier&", nil},
		{"w", "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: acquire"}},
		{"wd", "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: break"}},
		{"w", "PUT", "/rights/b?comp=undelete&", nil},
		{"w", "PUT", "/rights/b?comp=copy&copyid=1&", nil},
		{"cw", "PUT", "/rights/b?comp=snapshot&", nil},
		{"cw", "PUT", "/rights/copy-PERMISSION?", []string{source}},
		{"cw", "PUT", "/rights/sync-PERMISSION?", []string{source, "x-ms-requires-sync: true"}},
		{"cw", "PUT", "/rights/from-PERMISSION?", []string{source, blockBlob}},
		{"y", "DELETE", "/rights/gone?deletetype=permanent&", nil},
		{"x", "DELETE", "/rights/gone?versionid=1&", nil},
		{"d", "DELETE", "/rights/gone?", nil},
		{"", "PUT", "/rights?restype=container&", nil},
		{"", "DELETE", "/rights?restype=container&", nil},
		{"", "GET", "/rights?restype=container&", nil},
		{"", "PUT", "/rights?restype=container&comp=metadata&", nil},
		{"", "GET", "/rights?restype=container&comp=acl&", nil},
		{"", "PUT", "/rights?restype=container&comp=acl&", nil},
		{"", "PUT", "/rights?restype=container&comp=lease&", []string{"x-ms-lease-action: acquire"}},
		{"", "GET", "?comp=list&", nil},
		{"", "GET", "?restype=service&comp=properties&", nil},
		{"", "PUT", "?restype=service&comp=properties&", nil},
		{"", "GET", "?comp=blobs&where=a%3D%27b%27&", nil},
	}
	for _, op := range operations {
		for _, letter := range "racwdxyltf" {
			path := strings.ReplaceAll(op.path, "PERMISSION", string(letter))
			a := s.do(op.method, path+s.sas("rights", "", mustPermissions(t, string(letter))), "", op.headers...)
			code := a.Header.Get("x-ms-error-code")
			refused := a.StatusCode == 403 && (strings.HasPrefix(code, "Auth") || code == "UnauthorizedBlobOverwrite")
			if open := strings.ContainsRune(op.opens, letter); open == refused {
				t.Errorf("%c for %s %s %.60q: %d %s", letter, op.method, op.path, op.headers, a.StatusCode, code)
			}
		}
	}
}

func TestAnAccountSASReachesWhatItNames(t *testing.T) {
	s := newService(t)
	s.container("names")
	key, _ := sas.ParseKey(firstKey)
	sign := func(change func(*sas.Account)) string {
		t.Helper()
		p, err := sas.ParseAccountPermissions("rwdlac")
		if err != nil {
			t.Fatal(err)
		}
		a := &sas.Account{Account: account, Services: sas.Blob, ResourceTypes: sas.ServiceLevel | sas.ContainerLevel | sas.ObjectLevel, Permissions: p,
			Expiry: sas.TimeOf(s.clock.now().Add(time.Hour))}
		change(a)
		token, err := a.Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	list := "/names?restype=container&comp=list&"
	s.want(s.do("GET", list+sign(func(*sas.Account) {}), ""), 200, "")
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.ResourceTypes = sas.ObjectLevel }), ""), 403, "AuthorizationResourceTypeMismatch")
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.Services = sas.Queue }), ""), 403, "AuthorizationServiceMismatch")
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.Permissions = sas.AccountRead }), ""), 403, "AuthorizationPermissionMismatch")
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.Protocol = sas.HTTPS }), ""), 403, "AuthorizationProtocolMismatch")
	elsewhere := sas.IPRange{Start: netip.MustParseAddr("192.0.2.1")}
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.IP = elsewhere }), ""), 403, "AuthorizationSourceIPMismatch")
	here := sas.IPRange{Start: netip.MustParseAddr("127.0.0.0"), End: netip.MustParseAddr("127.0.0.255")}
	s.want(s.do("GET", list+sign(func(a *sas.Account) { a.IP = here }), ""), 200, "")
	s.want(s.do("PUT", "/names?restype=container&comp=acl&"+sign(func(*sas.Account) {}), ""), 403, "AuthorizationPermissionMismatch")
}

func TestAccountsAreApart(t *testing.T) {
	s := newService(t)
	s.container("mine")
	first, _ := blobserver.ParseAccount(account, firstKey)
	second, _ := blobserver.ParseAccount("otheraccount", secondKey)
	if err := s.accounts.Replace(first, second); err != nil {
		t.Fatal(err)
	}
	token := s.all("mine")
	s.want(s.do("PUT", "/mine/b?"+token, "x", blockBlob), 201, "")
	get := func(path string) answer {
		r, _ := http.NewRequest("GET", s.http.URL+path, nil)
		return s.send(r)
	}
	s.want(get("/otheraccount/mine/b?"+token), 403, "AuthenticationFailed")
	values := &sas.Service{Account: "otheraccount", Container: "mine", Permissions: sas.Read, Expiry: sas.TimeOf(s.clock.now().Add(time.Hour))}
	theirs, err := values.Sign(second.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	s.want(get("/otheraccount/mine/b?"+theirs), 404, "ContainerNotFound")
	s.want(get("/"+account+"/mine/b?"+theirs), 403, "AuthenticationFailed")
}

func TestASnapshotSASReadsOneSnapshot(t *testing.T) {
	s := newService(t)
	s.container("moments")
	q := s.all("moments")
	s.want(s.do("PUT", "/moments/b?"+q, "old", blockBlob), 201, "")
	snapshot := s.want(s.do("PUT", "/moments/b?comp=snapshot&"+q, ""), 201, "").Header.Get("x-ms-snapshot")
	s.want(s.do("PUT", "/moments/b?"+q, "new", blockBlob), 201, "")
	token := s.signed(&sas.Service{Account: account, Container: "moments", Blob: "b", Snapshot: snapshot, Permissions: sas.Read, Expiry: sas.TimeOf(s.clock.now().Add(time.Hour))})
	if a := s.want(s.do("GET", "/moments/b?snapshot="+snapshot+"&"+token, ""), 200, ""); a.body != "old" {
		t.Errorf("%q", a.body)
	}
	s.want(s.do("GET", "/moments/b?"+token, ""), 403, "AuthenticationFailed")
}

func TestCopiesFromAnotherService(t *testing.T) {
	theirs := newService(t)
	theirs.container("source")
	theirs.want(theirs.do("PUT", "/source/b?"+theirs.all("source"), "0123456789", blockBlob, "x-ms-blob-content-type: image/png", "x-ms-meta-a: 1"), 201, "")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	s := newService(t, func(o *blobserver.Options) { o.Client = client; o.Limits.CopySourceBytes = 10 })
	s.container("target")
	q := s.all("target")
	from := func(blob string) string {
		return "x-ms-copy-source: " + theirs.URL + "/source/" + blob + "?" + theirs.sas("source", "", mustPermissions(t, "r"))
	}
	copied := s.want(s.do("PUT", "/target/copy?"+q, "", from("b")), 202, "")
	got := s.want(s.do("HEAD", "/target/copy?"+q, ""), 200, "").Header
	for name, want := range map[string]string{"x-ms-copy-id": copied.Header.Get("x-ms-copy-id"), "x-ms-copy-source": theirs.URL + "/source/b",
		"x-ms-copy-status": "success", "x-ms-copy-progress": "10/10"} {
		if got.Get(name) != want || want == "" {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	s.want(s.do("PUT", "/target/put?"+q, "", from("b"), blockBlob), 201, "")
	for _, name := range []string{"copy", "put"} {
		if a := s.do("GET", "/target/"+name+"?"+q, ""); a.body != "0123456789" || a.Header.Get("Content-Type") != "image/png" || a.Header.Get("x-ms-meta-a") != "1" {
			t.Errorf("%s: %q %v", name, a.body, a.Header)
		}
	}
	s.want(s.do("PUT", "/target/blocks?comp=block&blockid=YQ==&"+q, "", from("b"), "x-ms-source-range: bytes=2-4"), 201, "")
	s.want(s.do("PUT", "/target/blocks?comp=blocklist&"+q, "<BlockList><Latest>YQ==</Latest></BlockList>"), 201, "")
	if a := s.do("GET", "/target/blocks?"+q, ""); a.body != "234" {
		t.Errorf("blocks: %q", a.body)
	}
	a := s.want(s.do("PUT", "/target/none?"+q, "", from("none")), 404, "CannotVerifyCopySource")
	if strings.Contains(a.body, "sig=") || strings.Contains(s.log.String(), theirs.sas("source", "", mustPermissions(t, "r"))) {
		t.Error("the source's SAS is told")
	}
	s.want(s.do("PUT", "/target/copy?"+q, "", from("b"), `x-ms-source-if-match: "0x0"`), 412, "SourceConditionNotMet")
	theirs.want(theirs.do("PUT", "/source/large?"+theirs.all("source"), "0123456789+", blockBlob), 201, "")
	s.want(s.do("PUT", "/target/large?"+q, "", from("large")), 413, "RequestBodyTooLarge")
}
