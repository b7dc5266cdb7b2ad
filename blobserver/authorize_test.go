package blobserver_test

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/sas"
)

func TestWhatASASAllows(t *testing.T) {
	s := newService(t)
	s.container("photos")
	s.container("other")
	q := s.all("photos")
	s.want(s.do("PUT", "/photos/there?"+q, "x", blockBlob), 201, "")
	p := func(letters string) sas.Permissions { return mustPermissions(t, letters) }
	block := "comp=block&blockid=YQ==&"
	for _, tt := range []struct {
		name, method, path, token string
		status                    int
		code                      string
	}{
		{"c creates", "PUT", "/photos/new1?", s.sas("photos", "", p("c")), 201, ""},
		{"c does not overwrite", "PUT", "/photos/there?", s.sas("photos", "", p("c")), 403, "UnauthorizedBlobOverwrite"},
		{"w overwrites", "PUT", "/photos/there?", s.sas("photos", "", p("w")), 201, ""},
		{"c stages no block", "PUT", "/photos/new2?" + block, s.sas("photos", "", p("c")), 403, "AuthorizationPermissionMismatch"},
		{"w stages a block", "PUT", "/photos/new2?" + block, s.sas("photos", "", p("w")), 201, ""},
		{"r does not write", "PUT", "/photos/there?", s.sas("photos", "", p("r")), 403, "AuthorizationPermissionMismatch"},
		{"w does not read", "GET", "/photos/there?", s.sas("photos", "", p("w")), 403, "AuthorizationPermissionMismatch"},
		{"r reads", "GET", "/photos/there?", s.sas("photos", "", p("r")), 200, ""},
		{"r lists blocks", "GET", "/photos/there?comp=blocklist&", s.sas("photos", "", p("r")), 200, ""},
		{"r does not list", "GET", "/photos?restype=container&comp=list&", s.sas("photos", "", p("r")), 403, "AuthorizationPermissionMismatch"},
		{"l lists", "GET", "/photos?restype=container&comp=list&", s.sas("photos", "", p("l")), 200, ""},
		{"d deletes", "DELETE", "/photos/new1?", s.sas("photos", "", p("d")), 202, ""},
		{"t reads tags", "GET", "/photos/there?comp=tags&", s.sas("photos", "", p("t")), 200, ""},
		{"r reads no tags", "GET", "/photos/there?comp=tags&", s.sas("photos", "", p("r")), 403, "AuthorizationPermissionMismatch"},
		{"a blob SAS reaches its blob", "GET", "/photos/there?", s.sas("photos", "there", p("r")), 200, ""},
		{"a blob SAS reaches no other", "GET", "/photos/new2?", s.sas("photos", "there", p("r")), 403, "AuthenticationFailed"},
		{"a blob SAS does not list", "GET", "/photos?restype=container&comp=list&", s.sas("photos", "there", p("r")), 403, "AuthenticationFailed"},
		{"a container SAS reaches no other container", "PUT", "/other/x?", s.sas("photos", "", p("rcw")), 403, "AuthenticationFailed"},
		{"no SAS creates a container", "PUT", "/fresh?restype=container&", s.sas("fresh", "", p("cw")), 403, "AuthorizationPermissionMismatch"},
		{"no SAS sets an ACL", "PUT", "/photos?restype=container&comp=acl&", q, 403, "AuthorizationPermissionMismatch"},
		{"no SAS asks for a delegation key", "POST", "?restype=service&comp=userdelegationkey&", q, 403, "AuthenticationFailed"},
		{"a parameter twice", "GET", "/photos/there?", q + "&sp=rw", 403, "AuthenticationFailed"},
		{"a comp twice", "GET", "/photos/there?comp=metadata&COMP=tags&", q, 403, "AuthenticationFailed"},
		{"altered", "GET", "/photos/there?", strings.Replace(s.sas("photos", "", p("r")), "sp=r", "sp=rw", 1), 403, "AuthenticationFailed"},
	} {
		t.Run(tt.name, func(t *testing.T) { s.want(s.do(tt.method, tt.path+tt.token, "x", blockBlob), tt.status, tt.code) })
	}
	token := s.sas("photos", "", p("r"))
	s.clock.advance(2 * time.Hour)
	if a := s.want(s.do("GET", "/photos/there?"+token, ""), 403, "AuthenticationFailed"); !strings.Contains(a.body, "<AuthenticationErrorDetail>Signature not valid in the specified time frame") {
		t.Error(a.body)
	}
}

func TestASASDictatesResponseHeaders(t *testing.T) {
	s := newService(t)
	s.container("headers")
	s.want(s.do("PUT", "/headers/b?"+s.all("headers"), "x", blockBlob, "x-ms-blob-content-type: text/html"), 201, "")
	token := s.signed(&sas.Service{Account: account, Container: "headers", Blob: "b", Permissions: sas.Read, Expiry: sas.TimeOf(s.clock.now().Add(time.Hour)),
		Overrides: sas.Overrides{ContentType: "application/octet-stream", ContentDisposition: `attachment; filename="b"`, CacheControl: "private"}})
	a := s.want(s.do("GET", "/headers/b?"+token, ""), 200, "")
	if a.Header.Get("Content-Type") != "application/octet-stream" || a.Header.Get("Content-Disposition") != `attachment; filename="b"` || a.Header.Get("Cache-Control") != "private" {
		t.Errorf("%v", a.Header)
	}
}

func TestStoredAccessPoliciesGrantAndRevoke(t *testing.T) {
	s := newService(t)
	c := s.container("policy")
	ctx := context.Background()
	expiry := s.clock.now().Add(time.Hour).UTC().Truncate(time.Second)
	set := func(ids ...*container.SignedIdentifier) {
		t.Helper()
		if _, err := c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{ContainerACL: ids}); err != nil {
			t.Fatal(err)
		}
	}
	set(&container.SignedIdentifier{ID: to.Ptr("up"), AccessPolicy: &container.AccessPolicy{Expiry: &expiry, Permission: to.Ptr("cw")}})
	token := s.signed(&sas.Service{Account: account, Container: "policy", Identifier: "up"})
	s.want(s.do("PUT", "/policy/b?"+token, "x", blockBlob), 201, "")
	s.want(s.do("GET", "/policy/b?"+token, ""), 403, "AuthorizationPermissionMismatch")
	set()
	s.want(s.do("PUT", "/policy/b?"+token, "x", blockBlob), 403, "AuthenticationFailed")
}

func TestAPolicysLettersMayStandInAnyOrderButMustBeKnown(t *testing.T) {
	s := newService(t)
	c := s.container("letters")
	expiry := s.clock.now().Add(time.Hour)
	set := func(letters string) error {
		_, err := c.SetAccessPolicy(context.Background(), &container.SetAccessPolicyOptions{ContainerACL: []*container.SignedIdentifier{
			{ID: to.Ptr("up"), AccessPolicy: &container.AccessPolicy{Expiry: &expiry, Permission: &letters}}}})
		return err
	}
	if err := set("wcr"); err != nil {
		t.Fatal(err)
	}
	token := s.signed(&sas.Service{Account: account, Container: "letters", Identifier: "up"})
	s.want(s.do("PUT", "/letters/b?"+token, "x", blockBlob), 201, "")
	s.want(s.do("GET", "/letters/b?"+token, ""), 200, "")
	if err := set("rz"); err == nil || !strings.Contains(err.Error(), "InvalidXmlNodeValue") {
		t.Errorf("an unknown letter: %v", err)
	}
}

func TestRotatedKeysStopSignatures(t *testing.T) {
	s := newService(t)
	s.container("rotate")
	token := s.all("rotate")
	s.want(s.do("PUT", "/rotate/b?"+token, "x", blockBlob), 201, "")
	next, err := blobserver.ParseAccount(account, secondKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.accounts.Replace(next); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/rotate/b?"+token, ""), 403, "AuthenticationFailed")
	if _, err := s.clientWith(secondKey).DownloadStream(context.Background(), "rotate", "b", nil); err != nil {
		t.Error(err)
	}
}

func TestAnonymousRequestsSeeOnlyWhatIsPublic(t *testing.T) {
	s := newService(t)
	c := s.container("public")
	q := s.all("public")
	s.want(s.do("PUT", "/public/b?"+q, "x", blockBlob), 201, "")
	set := func(access *container.PublicAccessType) {
		t.Helper()
		if _, err := c.SetAccessPolicy(context.Background(), &container.SetAccessPolicyOptions{Access: access}); err != nil {
			t.Fatal(err)
		}
	}
	list := "/public?restype=container&comp=list"
	old := func(method, path string) answer {
		r, _ := http.NewRequest(method, s.URL+path, nil)
		return s.send(r)
	}
	s.want(old("GET", "/public/b"), 404, "ResourceNotFound")
	s.want(s.do("GET", "/public/b", ""), 401, "NoAuthenticationInformation")
	s.want(s.do("GET", list, ""), 401, "NoAuthenticationInformation")
	set(to.Ptr(container.PublicAccessTypeBlob))
	s.want(s.do("GET", "/public/b", ""), 200, "")
	s.want(s.do("GET", list, ""), 401, "NoAuthenticationInformation")
	set(to.Ptr(container.PublicAccessTypeContainer))
	s.want(s.do("GET", list, ""), 200, "")
	s.want(s.do("HEAD", "/public?restype=container", ""), 200, "")
	for _, write := range []answer{
		s.do("PUT", "/public/b", "y", blockBlob), s.do("DELETE", "/public/b", ""), s.do("PUT", "/public?restype=container&comp=acl", ""),
		s.do("GET", "/public?restype=container&comp=acl", ""), s.do("GET", "?comp=list", ""), s.do("GET", "/public/b?comp=tags", ""),
	} {
		s.want(write, 401, "NoAuthenticationInformation")
	}
}

func TestAnUnknownAccountIsToldSo(t *testing.T) {
	s := newService(t)
	r, _ := http.NewRequest("GET", s.http.URL+"/nobody/photos/b", nil)
	if a := s.want(s.send(r), 404, "ResourceNotFound"); !strings.Contains(a.body, "account does not exist") {
		t.Error(a.body)
	}
}

func TestSharedKeyRequestsAgeAndCannotBeAltered(t *testing.T) {
	s := newService(t)
	s.container("aged")
	client := s.client()
	s.clock.advance(16 * time.Minute)
	if _, err := client.DownloadStream(context.Background(), "aged", "b", nil); err == nil || !strings.Contains(err.Error(), "AuthenticationFailed") {
		t.Errorf("a request of 16 minutes ago: %v", err)
	}
	for _, header := range []string{"SharedKey", "SharedKey x", "SharedKey other:AAAA", "SharedKey " + account + ":?", "Basic abc", "Bearer x"} {
		a := s.do("GET", "/aged/b", "", "Authorization: "+header, "x-ms-date: "+s.clock.now().UTC().Format(http.TimeFormat))
		if a.StatusCode != 400 && a.StatusCode != 401 && a.StatusCode != 403 {
			t.Errorf("%q: %d", header, a.StatusCode)
		}
	}
}

func TestACopyNeedsTheRightToReadItsSource(t *testing.T) {
	s := newService(t)
	s.container("private")
	s.container("mine")
	s.want(s.do("PUT", "/private/secret?"+s.all("private"), "x", blockBlob), 201, "")
	q := "?" + s.sas("mine", "", mustPermissions(t, "rcw"))
	source := s.URL + "/private/secret"
	copyOf := func(u string) answer { return s.do("PUT", "/mine/copy"+q, "", "x-ms-copy-source: "+u) }
	s.want(copyOf(source), 401, "CannotVerifyCopySource")
	s.want(copyOf(source+"?"+s.sas("private", "", mustPermissions(t, "l"))), 403, "CannotVerifyCopySource")
	s.want(copyOf(source+"?"+s.sas("private", "secret", mustPermissions(t, "r"))), 202, "")
	s.want(s.do("PUT", "/mine/block?comp=block&blockid=YQ==&"+q[1:], "", "x-ms-copy-source: "+source), 401, "CannotVerifyCopySource")
}

// tokens is an issuer of bearer tokens: "good" is a user's, everything else is not.
type tokens struct{}

func (tokens) VerifyToken(_ context.Context, token string) (blobserver.Principal, error) {
	if token != "good" {
		return blobserver.Principal{}, errors.New("not a token of ours")
	}
	return blobserver.Principal{ObjectID: "11111111-1111-1111-1111-111111111111", TenantID: "22222222-2222-2222-2222-222222222222"}, nil
}

func (tokens) AuthorizationURI() string { return "https://login.example/authorize" }

func TestUserDelegation(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Tokens = tokens{} })
	s.container("delegated")
	s.want(s.do("PUT", "/delegated/b?"+s.all("delegated"), "x", blockBlob), 201, "")
	s.want(s.do("GET", "/delegated/b", "", "Authorization: Bearer good"), 200, "")
	if a := s.do("GET", "/delegated/b", "", "Authorization: Bearer bad"); a.StatusCode != 401 {
		t.Errorf("a bad token: %d", a.StatusCode)
	}
	if a := s.do("GET", "/delegated/b", ""); !strings.Contains(a.Header.Get("WWW-Authenticate"), "authorization_uri=https://login.example/authorize") {
		t.Errorf("WWW-Authenticate %q", a.Header.Get("WWW-Authenticate"))
	}
	start, end := s.clock.now().Add(-time.Minute).UTC().Format(time.RFC3339), s.clock.now().Add(time.Hour).UTC().Format(time.RFC3339)
	ask := func(expiry string) answer {
		return s.do("POST", "?restype=service&comp=userdelegationkey", "<KeyInfo><Start>"+start+"</Start><Expiry>"+expiry+"</Expiry></KeyInfo>", "Authorization: Bearer good")
	}
	s.want(ask(s.clock.now().Add(8*24*time.Hour).UTC().Format(time.RFC3339)), 400, "InvalidXmlNodeValue")
	var k struct{ SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, Value string }
	if err := xml.Unmarshal([]byte(s.want(ask(end), 200, "").body), &k); err != nil {
		t.Fatal(err)
	}
	key, err := sas.ParseKey(k.Value)
	if err != nil {
		t.Fatal(err)
	}
	from, _ := sas.ParseTime(k.SignedStart)
	until, _ := sas.ParseTime(k.SignedExpiry)
	delegation := sas.DelegationKey{ObjectID: k.SignedOid, TenantID: k.SignedTid, Start: from, Expiry: until, Service: k.SignedService, Version: k.SignedVersion, Key: key}
	sign := func(d sas.DelegationKey) string {
		t.Helper()
		token, err := (&sas.UserDelegation{Account: account, Container: "delegated", Blob: "b", Permissions: sas.Read, Expiry: until}).Sign(d)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	token := sign(delegation)
	s.want(s.do("GET", "/delegated/b?"+token, ""), 200, "")
	s.want(s.do("GET", "/delegated/c?"+token, ""), 403, "AuthenticationFailed")
	later := delegation
	later.Expiry = sas.TimeOf(until.Time().Add(24 * time.Hour))
	s.want(s.do("GET", "/delegated/b?"+sign(later), ""), 403, "AuthenticationFailed")
	onlySecond, _ := blobserver.ParseAccount(account, secondKey)
	both, _ := blobserver.ParseAccount(account, secondKey, firstKey)
	if err := s.accounts.Replace(both); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/delegated/b?"+token, ""), 200, "")
	if err := s.accounts.Replace(onlySecond); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/delegated/b?"+token, ""), 403, "AuthenticationFailed")
}

func TestADelegationKeyIsLimited(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Tokens = tokens{} })
	const week = 7 * 24 * time.Hour
	// The service's now is a little after the test's: what lies a week ahead of the one is less than that ahead of the other.
	now := s.clock.now()
	at := func(d time.Duration) string { return now.Add(d).UTC().Format("2006-01-02T15:04:05.0000000Z") }
	for name, tt := range map[string]struct {
		start, expiry, tenant string
		ok                    bool
	}{
		"no start":                    {"", at(time.Hour), "", true},
		"a week":                      {at(0), at(week), "", true},
		"more than a week":            {at(0), at(week + time.Minute), "", false},
		"began nearly a week ago":     {at(-week + time.Minute), at(time.Hour), "", true},
		"began more than a week ago":  {at(-week - time.Second), at(time.Hour), "", false},
		"ended":                       {at(-time.Hour), at(0), "", false},
		"ends before it starts":       {at(2 * time.Hour), at(time.Hour), "", false},
		"no expiry":                   {at(0), "", "", false},
		"no time":                     {"soon", at(time.Hour), "", false},
		"a tenant":                    {at(0), at(time.Hour), "33333333-3333-3333-3333-333333333333", true},
		"a tenant that is no GUID":    {at(0), at(time.Hour), "contoso", false},
		"a tenant with a second line": {at(0), at(time.Hour), "33333333-3333-3333-3333-333333333333&#10;", false},
	} {
		body := "<KeyInfo>"
		for element, value := range map[string]string{"Start": tt.start, "Expiry": tt.expiry, "DelegatedUserTid": tt.tenant} {
			if value != "" {
				body += "<" + element + ">" + value + "</" + element + ">"
			}
		}
		a := s.do("POST", "?restype=service&comp=userdelegationkey", body+"</KeyInfo>", "Authorization: Bearer good")
		if tt.ok != (a.StatusCode == 200) || !tt.ok && a.Header.Get("x-ms-error-code") != "InvalidXmlNodeValue" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	for _, authorization := range []string{"", "Bearer bad", "SharedKey x:y"} {
		a := s.do("POST", "?restype=service&comp=userdelegationkey", "<KeyInfo><Expiry>"+at(time.Hour)+"</Expiry></KeyInfo>", "Authorization: "+authorization)
		if a.StatusCode == 200 || strings.Contains(a.body, "<Value>") {
			t.Errorf("%q: %d %s", authorization, a.StatusCode, a.body)
		}
	}
}

func TestASignatureOverOneOperationIsBoundToIt(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Tokens = tokens{} })
	s.container("bound")
	now := s.clock.now()
	k := s.do("POST", "?restype=service&comp=userdelegationkey", "<KeyInfo><Expiry>"+now.Add(time.Hour).UTC().Format(time.RFC3339)+"</Expiry></KeyInfo>", "Authorization: Bearer good")
	var got struct{ SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, Value string }
	if err := xml.Unmarshal([]byte(k.body), &got); err != nil {
		t.Fatal(err)
	}
	key, _ := sas.ParseKey(got.Value)
	from, _ := sas.ParseTime(got.SignedStart)
	until, _ := sas.ParseTime(got.SignedExpiry)
	token, err := (&sas.UserDelegation{Account: account, Container: "bound", Blob: "b", Permissions: sas.Write, Expiry: until,
		SignedQuery: []sas.Field{{Name: "comp", Value: "block"}}, SignedHeaders: []sas.Field{{Name: "content-length", Value: "3"}},
	}).Sign(sas.DelegationKey{ObjectID: got.SignedOid, TenantID: got.SignedTid, Start: from, Expiry: until, Service: got.SignedService, Version: got.SignedVersion, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	block := "/bound/b?comp=block&blockid=" + url.QueryEscape("YQ==") + "&" + token
	s.want(s.do("PUT", block, "abc"), 201, "")
	s.want(s.do("PUT", block, "abcd"), 403, "AuthenticationFailed")
	s.want(s.do("PUT", "/bound/b?comp=blocklist&"+token, "abc"), 403, "AuthenticationFailed")
	s.want(s.do("PUT", "/bound/b?"+token, "abc", blockBlob), 403, "AuthenticationFailed")
}
