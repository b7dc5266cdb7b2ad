package blobserver_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/sas"
)

// rights is the table of operations: the letters that open each to a service SAS, the letters and the level that open it to
// an account SAS. Sources: "Create a service SAS" and "Create an account SAS". PERMISSION stands for the letter that is
// being tried, so that each finds a blob or container that is not there.
var rights = []struct {
	service, account string
	level            sas.ResourceTypes
	method, path     string
	headers          []string // SOURCE stands for the URL of a blob that may be read
}{
	{"r", "r", sas.ObjectLevel, "GET", "/rights/b?", nil},
	{"r", "r", sas.ObjectLevel, "HEAD", "/rights/b?", nil},
	{"r", "r", sas.ObjectLevel, "GET", "/rights/b?comp=metadata&", nil},
	{"r", "r", sas.ObjectLevel, "GET", "/rights/b?comp=blocklist&", nil},
	{"r", "r", sas.ObjectLevel, "POST", "/rights/b?comp=query&", nil},
	{"t", "t", sas.ObjectLevel, "GET", "/rights/b?comp=tags&", nil},
	{"t", "t", sas.ObjectLevel, "PUT", "/rights/b?comp=tags&", nil},
	{"cw", "cw", sas.ObjectLevel, "PUT", "/rights/new-PERMISSION?", []string{blockBlob}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?", []string{blockBlob}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/staged?comp=block&blockid=YQ==&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/staged?comp=block&blockid=YQ==&", []string{"SOURCE"}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=blocklist&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/none-PERMISSION?comp=blocklist&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=metadata&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=properties&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=tier&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: acquire"}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: renew"}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: release"}},
	{"wd", "wd", sas.ObjectLevel, "PUT", "/rights/b?comp=lease&", []string{"x-ms-lease-action: break"}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=undelete&", nil},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?comp=copy&copyid=1&", nil},
	{"cw", "cw", sas.ObjectLevel, "PUT", "/rights/b?comp=snapshot&", nil},
	{"cw", "cw", sas.ObjectLevel, "PUT", "/rights/copy-PERMISSION?", []string{"SOURCE"}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?", []string{"SOURCE"}},
	{"cw", "cw", sas.ObjectLevel, "PUT", "/rights/sync-PERMISSION?", []string{"SOURCE", "x-ms-requires-sync: true"}},
	{"cw", "cw", sas.ObjectLevel, "PUT", "/rights/from-PERMISSION?", []string{"SOURCE", blockBlob}},
	{"w", "w", sas.ObjectLevel, "PUT", "/rights/b?", []string{"SOURCE", blockBlob}},
	{"y", "y", sas.ObjectLevel, "DELETE", "/rights/gone?deletetype=permanent&", nil},
	{"x", "x", sas.ObjectLevel, "DELETE", "/rights/gone?versionid=1&", nil},
	{"d", "d", sas.ObjectLevel, "DELETE", "/rights/gone?", nil},
	{"i", "i", sas.ObjectLevel, "PUT", "/rights/b?comp=immutabilityPolicies&", nil},
	{"i", "i", sas.ObjectLevel, "DELETE", "/rights/b?comp=immutabilityPolicies&", nil},
	{"i", "i", sas.ObjectLevel, "PUT", "/rights/b?comp=legalhold&", nil},

	{"l", "l", sas.ContainerLevel, "GET", "/rights?restype=container&comp=list&", nil},
	{"f", "f", sas.ContainerLevel, "GET", "/rights?restype=container&comp=blobs&where=a%3D%27b%27&", nil},
	{"", "cw", sas.ContainerLevel, "PUT", "/fresh-PERMISSION?restype=container&", nil},
	{"", "d", sas.ContainerLevel, "DELETE", "/rights-none?restype=container&", nil},
	{"", "r", sas.ContainerLevel, "GET", "/rights?restype=container&", nil},
	{"", "r", sas.ContainerLevel, "HEAD", "/rights?restype=container&", nil},
	{"", "r", sas.ContainerLevel, "GET", "/rights?restype=container&comp=metadata&", nil},
	{"", "w", sas.ContainerLevel, "PUT", "/rights?restype=container&comp=metadata&", nil},
	{"", "", sas.ContainerLevel, "GET", "/rights?restype=container&comp=acl&", nil},
	{"", "", sas.ContainerLevel, "PUT", "/rights?restype=container&comp=acl&", nil},
	{"", "w", sas.ContainerLevel, "PUT", "/rights?restype=container&comp=lease&", []string{"x-ms-lease-action: release"}},
	{"", "wd", sas.ContainerLevel, "PUT", "/rights?restype=container&comp=lease&", []string{"x-ms-lease-action: break"}},

	{"", "l", sas.ServiceLevel, "GET", "?comp=list&", nil},
	{"", "r", sas.ServiceLevel, "GET", "?restype=service&comp=properties&", nil},
	{"", "w", sas.ServiceLevel, "PUT", "?restype=service&comp=properties&", nil},
	{"", "r", sas.ServiceLevel, "GET", "?restype=service&comp=stats&", nil},
	{"", "f", sas.ServiceLevel, "GET", "?comp=blobs&where=a%3D%27b%27&", nil},
	{"", "", sas.ServiceLevel, "POST", "?restype=service&comp=userdelegationkey&", nil},
}

const (
	serviceLetters = "racwdxyltfmeopi"
	accountLetters = "rwdxylacupfti"
)

// rightsService has a blob and a source to copy; try sends one row of the table and returns the error code, empty when
// authorization did not refuse it.
func rightsService(t *testing.T) (try func(row int, letter, token string) string, s *service) {
	t.Helper()
	s = newService(t)
	s.container("rights")
	s.want(s.do("PUT", "/rights/b?"+s.all("rights"), "x", blockBlob), 201, "")
	source := "x-ms-copy-source: " + s.URL + "/rights/b?" + s.sas("rights", "b", mustPermissions(t, "r"))
	return func(row int, letter, token string) string {
		op := rights[row]
		headers := slices.Clone(op.headers)
		for i := range headers {
			headers[i] = strings.Replace(headers[i], "SOURCE", source, 1)
		}
		a := s.do(op.method, strings.ReplaceAll(op.path, "PERMISSION", letter)+token, "", headers...)
		code := a.Header.Get("x-ms-error-code")
		if strings.HasPrefix(code, "Auth") || code == "UnauthorizedBlobOverwrite" {
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %d", code, a.StatusCode)
			}
			return code
		}
		return ""
	}, s
}

// TestEachRightOpensWhatItShouldAndNothingElse tries every operation with a container SAS and a blob SAS of each single
// permission.
func TestEachRightOpensWhatItShouldAndNothingElse(t *testing.T) {
	try, s := rightsService(t)
	for i, op := range rights {
		for _, letter := range strings.Split(serviceLetters, "") {
			want := "AuthorizationPermissionMismatch"
			switch {
			case strings.Contains(op.service, letter):
				want = ""
			case op.level == sas.ServiceLevel || !strings.HasPrefix(op.path, "/rights?") && !strings.HasPrefix(op.path, "/rights/"):
				want = "AuthenticationFailed" // it is signed for a container, and this is another or none
			case letter == "c" && createsOnly(op.method, op.path, op.headers):
				want = "UnauthorizedBlobOverwrite"
			}
			if code := try(i, letter, s.sas("rights", "", mustPermissions(t, letter))); code != want {
				t.Errorf("container SAS with %s for %s %s %.60q: %q, want %q", letter, op.method, op.path, op.headers, code, want)
			}
			if letter == "l" || letter == "f" {
				continue // no blob SAS has them
			}
			blob := "b"
			if op.level != sas.ObjectLevel || strings.Contains(op.path, "versionid=") { // a version has an sr of its own
				want = "AuthenticationFailed"
			} else {
				blob, _, _ = strings.Cut(strings.TrimPrefix(op.path, "/rights/"), "?")
				blob = strings.ReplaceAll(blob, "PERMISSION", letter+"-blob")
			}
			if code := try(i, letter+"-blob", s.sas("rights", blob, mustPermissions(t, letter))); code != want {
				t.Errorf("blob SAS with %s for %s %s %.60q: %q, want %q", letter, op.method, op.path, op.headers, code, want)
			}
		}
	}
}

// createsOnly tells the rows that write the blob that is there.
func createsOnly(method, path string, headers []string) bool {
	return method == "PUT" && path == "/rights/b?" && len(headers) > 0
}

// TestEachRightOfAnAccountSAS tries every operation with an account SAS of each single permission, and with every
// permission at the wrong levels.
func TestEachRightOfAnAccountSAS(t *testing.T) {
	try, s := rightsService(t)
	key, _ := sas.ParseKey(firstKey)
	sign := func(levels sas.ResourceTypes, letters string) string {
		t.Helper()
		p, err := sas.ParseAccountPermissions(letters)
		if err != nil {
			t.Fatal(err)
		}
		token, err := (&sas.Account{Account: account, ResourceTypes: levels, Permissions: p, Expiry: sas.TimeOf(s.clock.now().Add(time.Hour))}).Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for i, op := range rights {
		for _, letter := range strings.Split(accountLetters, "") {
			want := "AuthorizationPermissionMismatch"
			switch {
			case strings.Contains(op.account, letter):
				want = ""
			case letter == "c" && createsOnly(op.method, op.path, op.headers):
				want = "UnauthorizedBlobOverwrite"
			}
			if code := try(i, letter, sign(op.level, letter)); code != want {
				t.Errorf("%s for %s %s %.60q: %q, want %q", letter, op.method, op.path, op.headers, code, want)
			}
		}
		others := (sas.ServiceLevel | sas.ContainerLevel | sas.ObjectLevel) &^ op.level
		if code := try(i, "all", sign(others, accountLetters)); code != "AuthorizationResourceTypeMismatch" {
			t.Errorf("srt=%s for %s %s: %q", others, op.method, op.path, code)
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
