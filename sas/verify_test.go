package sas

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// sign signs any of the three kinds for tests.
func sign(tb testing.TB, values any) string {
	tb.Helper()
	var q string
	var err error
	switch v := values.(type) {
	case *Service:
		q, err = v.Sign(mustKey(tb, testKeyText))
	case *Account:
		q, err = v.Sign(mustKey(tb, testKeyText))
	case *UserDelegation:
		q, err = v.Sign(testDelegation(tb))
	default:
		tb.Fatalf("%T", values)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func testUserDelegation() *UserDelegation {
	return &UserDelegation{
		Account: testAccount, Container: "images", Blob: "cats/tabby.jpg", Permissions: Write,
		Expiry: TimeOf(testNow.Add(time.Hour)), Protocol: HTTPS, CorrelationID: testUserID,
		SignedQuery: []Field{{"comp", "block"}},
	}
}

func testAccountSAS() *Account {
	return &Account{
		Account: testAccount, ResourceTypes: ContainerLevel | ObjectLevel, Permissions: AccountRead | AccountList,
		Expiry: TimeOf(testNow.Add(time.Hour)), Protocol: HTTPS,
	}
}

func TestVerify(t *testing.T) {
	const ok = Reason("")
	service := func(edit func(*Service)) *Service { v := testService(); edit(v); return v }
	delegation := func(edit func(*UserDelegation)) *UserDelegation { v := testUserDelegation(); edit(v); return v }
	request := func(edit func(*Request)) Request { r := testRequest(); edit(&r); return r }
	container := request(func(r *Request) { r.Blob = "" })
	listing := service(func(v *Service) { v.Blob, v.Permissions = "", List|Read })
	directory := service(func(v *Service) { v.Resource, v.Blob, v.Permissions = DirectoryResource, "cats", List|Read })
	snapshot := service(func(v *Service) { v.Snapshot, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read })
	policy := service(func(v *Service) { v.Identifier, v.Permissions, v.Expiry = "readers", 0, Time{} })
	bound := delegation(func(v *UserDelegation) { v.DelegatedUserID = testUserID })
	header := delegation(func(v *UserDelegation) { v.SignedHeaders = []Field{{"x-ms-blob-type", "BlockBlob"}} })
	withHeader := func(value string) Request {
		return request(func(r *Request) {
			r.Header = func(name string) (string, bool) { return value, strings.EqualFold(name, "x-ms-blob-type") }
		})
	}
	for _, tt := range []struct {
		name    string
		values  any
		request Request
		op      Operation
		now     time.Time
		add     string // to the query
		want    Reason
	}{
		{"blob", testService(), testRequest(), PutBlock, testNow, "", ok},
		{"at the start", testService(), testRequest(), GetBlob, testNow.Add(-15 * time.Minute), "", ok},
		{"before the start", testService(), testRequest(), GetBlob, testNow.Add(-15*time.Minute - 1), "", NotYetValid},
		{"just before expiry", testService(), testRequest(), GetBlob, testNow.Add(time.Hour - 1), "", ok},
		{"at expiry", testService(), testRequest(), GetBlob, testNow.Add(time.Hour), "", Expired},
		{"another blob", testService(), request(func(r *Request) { r.Blob = "cats/other.jpg" }), GetBlob, testNow, "", SignatureMismatch},
		{"another container", testService(), request(func(r *Request) { r.Container = "photos" }), GetBlob, testNow, "", SignatureMismatch},
		{"another account", testService(), request(func(r *Request) { r.Account = "other" }), GetBlob, testNow, "", SignatureMismatch},
		{"blob SAS on its container", testService(), container, ListBlobs, testNow, "", ResourceMismatch},
		{"blob SAS on a snapshot", testService(), request(func(r *Request) { r.Snapshot = "2026-01-02T03:04:05.1234567Z" }), GetBlob, testNow, "", ResourceMismatch},
		{"http", testService(), request(func(r *Request) { r.HTTPS = false }), GetBlob, testNow, "", ProtocolMismatch},
		{"no delete", testService(), testRequest(), DeleteBlob, testNow, "", PermissionMismatch},
		{"no container operations", listing, container, GetContainerProperties, testNow, "", PermissionMismatch},
		{"list", listing, container, ListBlobs, testNow, "", ok},
		{"read through the container", listing, testRequest(), GetBlob, testNow, "", ok},
		{"blob operation on a container", listing, container, GetBlob, testNow, "", ResourceMismatch},
		{"create opens a new blob", service(func(v *Service) { v.Permissions = Create }), testRequest(), PutBlob, testNow, "", ok},
		{"create stages nothing", service(func(v *Service) { v.Permissions = Create }), testRequest(), PutBlock, testNow, "", PermissionMismatch},
		{"address inside", service(func(v *Service) { v.IP, _ = ParseIPRange("10.1.2.0-10.1.2.3") }), testRequest(), GetBlob, testNow, "", ok},
		{"address outside", service(func(v *Service) { v.IP, _ = ParseIPRange("10.1.2.4-10.1.2.9") }), testRequest(), GetBlob, testNow, "", SourceIPMismatch},
		{"address as IPv6", service(func(v *Service) { v.IP, _ = ParseIPRange("10.1.2.3") }), request(func(r *Request) { r.RemoteIP = netip.MustParseAddr("::ffff:10.1.2.3") }), GetBlob, testNow, "", ok},
		{"address unknown", service(func(v *Service) { v.IP, _ = ParseIPRange("10.1.2.3") }), request(func(r *Request) { r.RemoteIP = netip.Addr{} }), GetBlob, testNow, "", SourceIPMismatch},
		{"directory", directory, testRequest(), GetBlob, testNow, "", ok},
		{"beside the directory", directory, request(func(r *Request) { r.Blob = "catsup/a" }), GetBlob, testNow, "", SignatureMismatch},
		{"the directory's own name", directory, request(func(r *Request) { r.Blob = "cats" }), GetBlob, testNow, "", ResourceMismatch},
		{"list the directory", directory, request(func(r *Request) { r.Blob, r.Prefix = "", "cats/" }), ListBlobs, testNow, "", ok},
		{"list beside the directory", directory, request(func(r *Request) { r.Blob, r.Prefix = "", "cats" }), ListBlobs, testNow, "", ResourceMismatch},
		{"list the whole container", directory, container, ListBlobs, testNow, "", ResourceMismatch},
		{"snapshot", snapshot, request(func(r *Request) { r.Snapshot = "2026-01-02T03:04:05.1234567Z" }), GetBlob, testNow, "", ok},
		{"another snapshot", snapshot, request(func(r *Request) { r.Snapshot = "2026-01-02T03:04:05.1234568Z" }), GetBlob, testNow, "", SignatureMismatch},
		{"snapshot SAS on its blob", snapshot, testRequest(), GetBlob, testNow, "", ResourceMismatch},
		{"policy", policy, testRequest(), GetBlob, testNow, "", ok},
		{"policy's permissions", policy, testRequest(), PutBlock, testNow, "", PermissionMismatch},
		{"policy's expiry", policy, testRequest(), GetBlob, testNow.Add(time.Hour), "", Expired},
		{"policy revoked", service(func(v *Service) { v.Identifier = "gone" }), testRequest(), GetBlob, testNow, "", PolicyUnknown},
		{"policy and SAS both say", service(func(v *Service) { v.Identifier, v.Expiry = "readers", Time{} }), testRequest(), GetBlob, testNow, "", PolicyConflict},
		{"delegation", testUserDelegation(), testRequest(), PutBlock, testNow, "&comp=block", ok},
		{"signed query missing", testUserDelegation(), testRequest(), PutBlob, testNow, "", SignedQueryMismatch},
		{"signed query doubled", testUserDelegation(), testRequest(), PutBlock, testNow, "&comp=block&Comp=blocklist", SignedQueryMismatch},
		{"signed query changed", testUserDelegation(), testRequest(), PutBlockList, testNow, "&comp=blocklist", SignatureMismatch},
		{"signed header", header, withHeader("BlockBlob"), PutBlock, testNow, "&comp=block", ok},
		{"signed header changed", header, withHeader("PageBlob"), PutBlock, testNow, "&comp=block", SignatureMismatch},
		{"signed header missing", header, testRequest(), PutBlock, testNow, "&comp=block", SignedHeaderMismatch},
		{"user bound", bound, request(func(r *Request) { r.UserObjectID, r.UserTenantID = testUserID, testTenantID }), PutBlock, testNow, "&comp=block", ok},
		{"user bound, another user", bound, request(func(r *Request) { r.UserObjectID, r.UserTenantID = testObjectID, testTenantID }), PutBlock, testNow, "&comp=block", UserMismatch},
		{"user bound, another tenant", bound, request(func(r *Request) { r.UserObjectID, r.UserTenantID = testUserID, testUserID }), PutBlock, testNow, "&comp=block", UserMismatch},
		{"user bound, nobody", bound, testRequest(), PutBlock, testNow, "&comp=block", UserMismatch},
		{"before the delegation key", testUserDelegation(), testRequest(), PutBlock, testNow.Add(-2 * time.Hour), "&comp=block", DelegationKeyNotYetValid},
		{"account", testAccountSAS(), testRequest(), GetBlob, testNow, "", ok},
		{"account lists blobs", testAccountSAS(), container, ListBlobs, testNow, "", ok},
		{"account without the service level", testAccountSAS(), Request{Account: testAccount, HTTPS: true}, ListContainers, testNow, "", ResourceTypeMismatch},
		{"account without write", testAccountSAS(), testRequest(), PutBlob, testNow, "", PermissionMismatch},
		{"account of another service", &Account{Account: testAccount, Services: Queue, ResourceTypes: ObjectLevel, Permissions: AccountRead, Expiry: TimeOf(testNow.Add(time.Hour))}, testRequest(), GetBlob, testNow, "", ServiceMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := Parse(sign(t, tt.values) + tt.add)
			if err != nil {
				t.Fatal(err)
			}
			got := reasonOf(t, token.Verify(tt.request, tt.op, testKeys(t), tt.now))
			if got != tt.want {
				t.Errorf("reason %q, want %q", got, tt.want)
			}
		})
	}
}

// reasonOf is the Reason of an error, and empty for none.
func reasonOf(t *testing.T, err error) Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var denied *Denied
	if !errors.As(err, &denied) {
		t.Fatalf("%T: %v", err, err)
	}
	return denied.Reason
}

// TestVerifyOfWhatIsNeverSigned forges what Sign refuses, with the right key.
func TestVerifyOfWhatIsNeverSigned(t *testing.T) {
	m := &vectorMaker{tb: t}
	same := func(f []Field) []Field { return f }
	outlives := m.forge(strings.Replace(sign(t, testUserDelegation())+"&comp=block", "se=2026-05-04", "se=2026-05-06", 1), mustKey(t, testDelegationKey), same) + "&comp=block"
	policy := testService()
	policy.Identifier, policy.Permissions, policy.Expiry = "empty", 0, Time{}
	keys := testKeys(t)
	known := Policy{}
	keys.Policy = func(string) (Policy, bool) { return known, true }
	verify := func(query string, now time.Time) Reason {
		t.Helper()
		token, err := Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		return reasonOf(t, token.Verify(testRequest(), PutBlock, keys, now))
	}
	if got := verify(outlives, testNow); got != "" {
		t.Errorf("while the key is good: %q", got)
	}
	if got := verify(outlives, testNow.Add(24*time.Hour)); got != DelegationKeyExpired {
		t.Errorf("at the key's end: %q", got)
	}
	if got := verify(sign(t, policy), testNow); got != FieldMissing {
		t.Errorf("no expiry anywhere: %q", got)
	}
	known.Expiry = TimeOf(testNow.Add(time.Hour))
	if got := verify(sign(t, policy), testNow); got != FieldMissing {
		t.Errorf("no permissions anywhere: %q", got)
	}
	known.Start = TimeOf(testNow)
	if got := verify(sign(t, policy), testNow); got != PolicyConflict {
		t.Errorf("a start in both: %q", got)
	}
	policy.Start, known.Permissions = Time{}, Write
	if got := verify(sign(t, policy), testNow); got != "" {
		t.Errorf("all of it in the policy: %q", got)
	}
	if got := verify(sign(t, policy), testNow.Add(-1)); got != NotYetValid {
		t.Errorf("before the policy's start: %q", got)
	}
}

func TestEitherAccountKeyVerifies(t *testing.T) {
	second := mustKey(t, testSecondKeyText)
	query, err := testService().Sign(second)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(testRequest(), GetBlob, testKeys(t), testNow); err != nil {
		t.Error(err)
	}
	rotated := Keys{Account: []Key{mustKey(t, testKeyText), {}}}
	if got := reasonOf(t, token.Verify(testRequest(), GetBlob, rotated, testNow)); got != SignatureMismatch {
		t.Errorf("after the rotation: %q", got)
	}
}

func TestRevokedDelegationKeyVerifiesNothing(t *testing.T) {
	token, err := Parse(sign(t, testUserDelegation()) + "&comp=block")
	if err != nil {
		t.Fatal(err)
	}
	if got := reasonOf(t, token.Verify(testRequest(), PutBlock, Keys{}, testNow)); got != DelegationKeyUnknown {
		t.Errorf("%q", got)
	}
}

func TestOnlyWriteOverwrites(t *testing.T) {
	for p, want := range map[Permissions]bool{Create: false, Create | Write: true, Write: true} {
		v := testService()
		v.Permissions = p
		token, err := Parse(sign(t, v))
		if err != nil {
			t.Fatal(err)
		}
		grant, err := token.Authenticate(testRequest(), testKeys(t), testNow)
		if err != nil {
			t.Fatal(err)
		}
		if err := grant.Authorize(PutBlob); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		if got := grant.CanOverwrite(); got != want {
			t.Errorf("%v overwrites: %v", p, got)
		}
	}
	if got := OverwriteDenied().ErrorCode(); got != "UnauthorizedBlobOverwrite" {
		t.Error(got)
	}
}

func TestNothingShowsAKey(t *testing.T) {
	key := mustKey(t, testKeyText)
	type holder struct {
		Public Key
		hidden Key
	}
	for _, shown := range showings(key, holder{key, key}, &holder{key, key}, Keys{Account: []Key{key}}) {
		if strings.Contains(shown, "0123456789abcdef") || strings.Contains(shown, testKeyText) || strings.Contains(shown, "48, 49, 50") || strings.Contains(shown, "48 49 50") || strings.Contains(shown, "30313233") {
			t.Errorf("shown: %s", shown)
		}
	}
}
