package sas

import (
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azsas "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// FuzzParse holds that Parse neither panics nor leaks, that its errors are typed, and that what it takes it would take
// again from its own spelling.
func FuzzParse(f *testing.F) {
	for _, q := range seedQueries(f) {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		token, err := Parse(query)
		if err != nil {
			var bad *Invalid
			if !errors.As(err, &bad) || bad.Field == "" || bad.Problem == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if !HasSignature(query) {
			t.Fatal("a token without a signature")
		}
		respelled := token.String()
		respelled = strings.TrimSuffix(respelled, "&sig=…") + "&sig=" + url.QueryEscape(token.values[fieldSIG])
		again, err := Parse(respelled)
		if err != nil || again.values != token.values || again.kind != token.kind {
			t.Fatalf("read again from %q: %v", respelled, err)
		}
	})
}

// FuzzVerify holds that nothing but what was signed verifies: a token that verifies for the test's request is, field by
// field, one of those that were signed.
func FuzzVerify(f *testing.F) {
	signed := map[[numParams]string]bool{}
	for _, q := range seedQueries(f) {
		f.Add(q, "cats/tabby.jpg", "images", int64(0))
		token, err := Parse(q)
		if err != nil {
			f.Fatal(err)
		}
		signed[token.values] = true
	}
	keys := testKeys(f)
	f.Fuzz(func(t *testing.T, query, blob, container string, later int64) {
		token, err := Parse(query)
		if err != nil {
			return
		}
		req := testRequest()
		req.Blob, req.Container = blob, container
		req.Snapshot, req.Header = "2026-01-02T03:04:05.1234567Z", func(string) (string, bool) { return "BlockBlob", true }
		err = token.Verify(req, GetBlob, keys, testNow.Add(time.Duration(later)))
		var denied *Denied
		switch {
		case err == nil && !signed[token.values]:
			t.Fatalf("verified, though never signed: %s", token)
		case err != nil && (!errors.As(err, &denied) || denied.Reason == "" || denied.ErrorCode() == ""):
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// FuzzExplain holds that Explain takes anything, and never says what it must not.
func FuzzExplain(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.text, v.one("method"), v.one("account"))
	}
	key, delegation := mustKey(f, testKeyText), mustKey(f, testDelegationKey)
	f.Fuzz(func(t *testing.T, text, method, account string) {
		e := Explain(Question{Text: text, Method: method, Account: account, Now: testNow, Keys: []Key{key}, Delegation: delegation,
			RemoteIP: netip.MustParseAddr("10.0.0.1")})
		said, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(said), testKeyText) || strings.Contains(string(said), testDelegationKey) {
			if !strings.Contains(text, testKeyText) && !strings.Contains(text, testDelegationKey) {
				t.Fatal("says a key")
			}
		}
		// A signature that stands where a signature stands is not repeated; the same text elsewhere is not one.
		if sig := signatureIn(text); len(sig) >= 20 && strings.Count(text, sig) == 1 && strings.Contains(string(said), sig) {
			t.Fatalf("says the signature %q: %s", sig, said)
		}
		if (e.Verdict == Works) != (e.Signature == SignatureRight && !hasFailure(e) && !e.Has(CodePolicyUnseen) && !e.Has(CodeOperation)) {
			t.Fatalf("verdict %s, signature %s", e.Verdict, e.Signature)
		}
		if e.Verdict == Works && !strings.Contains(text, "#") && strings.TrimSpace(text) == text {
			agreesWithVerify(t, Question{Text: text, Method: method, Account: account, Now: testNow, Keys: []Key{key}, Delegation: delegation,
				RemoteIP: netip.MustParseAddr("10.0.0.1")}, e)
		}
	})
}

func signatureIn(text string) string {
	_, sig, found := strings.Cut(text, "sig=")
	if !found {
		return ""
	}
	sig, _, _ = strings.Cut(sig, "&")
	return sig
}

func hasFailure(e Explanation) bool {
	for _, f := range e.Findings {
		if f.Severity == Failure {
			return true
		}
	}
	return false
}

// FuzzSignAgainstAzblob holds that both write the same SAS wherever both write one.
func FuzzSignAgainstAzblob(f *testing.F) {
	f.Add("images", "cats/tabby.jpg", uint16(Read|Write), int64(0), int64(3600), "10.0.0.1", "10.0.0.9", "", "scope", "no-cache", "a;b=c", "x y+z", uint8(0))
	f.Add("c", "ä ö/#?%", uint16(Create), int64(0), int64(1), "", "", "policy", "", "", "", "", uint8(1))
	f.Add("c", "", uint16(Read|PermanentDelete), int64(0), int64(1), "", "", "", "", "", "", "", uint8(1))
	f.Add("c", "a/b", uint16(List), int64(-5), int64(1), "1.2.3.4", "", "", "", "", "", "", uint8(6))
	cred, err := azblob.NewSharedKeyCredential(testAccount, testKeyText)
	if err != nil {
		f.Fatal(err)
	}
	key := mustKey(f, testKeyText)
	delegation := testDelegation(f)
	userCred := azblobDelegation(f, delegation, testDelegationKey)
	f.Fuzz(func(t *testing.T, container, blob string, permissions uint16, start, life int64, first, last, id, scope, control, disposition, extra string, choice uint8) {
		if strings.Contains(blob, `\`) {
			return // azblob signs a slash for it
		}
		v := &Service{
			Account: testAccount, Container: container, Blob: blob, Permissions: Permissions(permissions), Identifier: id,
			Start: TimeOf(testNow.Add(time.Duration(start%1e9) * time.Second)), Expiry: TimeOf(testNow.Add(time.Duration(start%1e9+life%1e9) * time.Second)),
			EncryptionScope: scope, Overrides: Overrides{control, disposition, extra, extra + "l", control + "t"},
			Protocol: []Protocol{"", HTTPS, HTTPSAndHTTP}[choice%3],
		}
		v.IP.Start, _ = netip.ParseAddr(first)
		v.IP.End, _ = netip.ParseAddr(last)
		switch choice / 3 % 5 {
		case 1:
			v.Snapshot = testNow.Add(time.Duration(life)).Format("2006-01-02T15:04:05.0000000Z")
		case 2:
			v.Resource = DirectoryResource
		case 3:
			v.VersionID = extra
		case 4:
			v.Start = Time{}
		}
		if ours, err := v.Sign(key); err == nil {
			theirs, err := azblobValues(v).SignWithSharedKey(cred)
			if err != nil && v.Permissions.Has(PermanentDelete) {
				return // azblob knows y on blobs only; the reference and JavaScript's SDK know it on containers too
			}
			if err != nil {
				t.Fatalf("azblob refuses %+v: %v", v, err)
			}
			sameQuery(t, ours, theirs.Encode())
			if _, err := Parse(ours); err != nil {
				t.Fatalf("signed and not parsed: %v", err)
			}
		}
		ud := &UserDelegation{
			Account: v.Account, Container: v.Container, Blob: v.Blob, Resource: v.Resource, Snapshot: v.Snapshot,
			VersionID: v.VersionID, Permissions: v.Permissions, Start: v.Start, Expiry: v.Expiry, IP: v.IP, Protocol: v.Protocol,
			EncryptionScope: scope, Overrides: v.Overrides,
		}
		values := azblobValues(v)
		values.Identifier = ""
		if control != "" {
			ud.CorrelationID, ud.DelegatedUserID = testUserID, testObjectID
			values.CorrelationID, values.SignedDelegatedUserObjectID = testUserID, testObjectID
			if choice&1 == 0 {
				ud.UnauthorizedObjectID, values.UnauthorizedObjectID = testTenantID, testTenantID
			} else {
				ud.AuthorizedObjectID, values.AuthorizedObjectID = testTenantID, testTenantID
			}
			ud.SignedHeaders, ud.SignedQuery = []Field{{control, disposition}}, []Field{{disposition, extra}}
			values.SignedRequestHeaders = map[string]string{control: disposition}
			values.SignedRequestQueryParameters = map[string]string{disposition: extra}
		}
		if ours, err := ud.Sign(delegation); err == nil {
			theirs, err := values.SignWithUserDelegation(userCred)
			if err != nil && v.Permissions.Has(PermanentDelete) {
				return
			}
			if err != nil {
				t.Fatalf("azblob refuses %+v: %v", ud, err)
			}
			sameQuery(t, ours, theirs.Encode())
		}
		fuzzAccount(t, v, key, cred)
	})
}

func fuzzAccount(t *testing.T, v *Service, key Key, cred *azblob.SharedKeyCredential) {
	a := &Account{
		Account: testAccount, ResourceTypes: ResourceTypes(v.Permissions & 7), Permissions: AccountPermissions(v.Permissions >> 2),
		Start: v.Start, Expiry: v.Expiry, IP: v.IP, Protocol: v.Protocol, EncryptionScope: v.EncryptionScope,
	}
	ours, err := a.Sign(key)
	if err != nil {
		return
	}
	service := azblobValues(v)
	theirs, err := azsas.AccountSignatureValues{
		Version: DefaultVersion, Protocol: service.Protocol, StartTime: service.StartTime, ExpiryTime: service.ExpiryTime,
		Permissions: a.Permissions.String(), IPRange: service.IPRange, ResourceTypes: a.ResourceTypes.String(), EncryptionScope: service.EncryptionScope,
	}.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	sameQuery(t, ours, theirs.Encode())
}

// seedQueries are one valid SAS of each sort.
func seedQueries(tb testing.TB) []string {
	tb.Helper()
	directory, snapshot, policy, old, container := testService(), testService(), testService(), testService(), testService()
	directory.Resource, directory.Blob = DirectoryResource, "cats"
	snapshot.Snapshot, snapshot.Permissions = "2026-01-02T03:04:05.1234567Z", Read
	policy.Identifier, policy.Permissions, policy.Expiry = "readers", 0, Time{}
	old.Version = minVersion
	container.Blob = ""
	container.IP, _ = ParseIPRange("10.1.2.0-10.1.2.255")
	container.Overrides.ContentDisposition = "attachment; filename=a"
	version, middle, accountLimited := testService(), testService(), testAccountSAS()
	version.VersionID, version.Permissions = "2026-01-02T03:04:05.1234567Z", Read|DeleteVersion
	middle.Version = "2018-11-09"
	accountLimited.Version, accountLimited.ResourceTypes, accountLimited.Permissions = "2015-04-05", ServiceLevel, AccountList
	accountLimited.IP, _ = ParseIPRange("10.1.2.3")
	delegation := testUserDelegation()
	delegation.Permissions, delegation.SignedHeaders = Read, []Field{{"x-ms-blob-type", "BlockBlob"}}
	out := []string{sign(tb, delegation) + "&comp=block"}
	for _, v := range []any{testService(), directory, snapshot, version, policy, old, middle, container, testAccountSAS(), accountLimited} {
		out = append(out, sign(tb, v))
	}
	for _, edit := range []func(*UserDelegation){
		func(v *UserDelegation) { v.Version = "2018-11-09"; v.CorrelationID = "" },
		func(v *UserDelegation) { v.Version, v.AuthorizedObjectID = "2020-02-10", testUserID },
		func(v *UserDelegation) {
			v.Version, v.UnauthorizedObjectID = "2020-12-06", testUserID
			v.EncryptionScope = "scope"
		},
		func(v *UserDelegation) { v.Version, v.DelegatedUserID = "2025-07-05", testUserID },
		func(v *UserDelegation) { v.Blob, v.Permissions = "", List|Read },
		func(v *UserDelegation) { v.Blob, v.Resource, v.Permissions = "cats", DirectoryResource, List|Read },
		func(v *UserDelegation) { v.Snapshot, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read },
		func(v *UserDelegation) { v.VersionID, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read },
	} {
		v := testUserDelegation()
		v.SignedQuery, v.Permissions = nil, Read
		edit(v)
		out = append(out, sign(tb, v))
	}
	return out
}
