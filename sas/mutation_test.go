package sas

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// use is one thing that somebody might try with a SAS.
type use struct {
	what string
	req  Request
	now  time.Time
}

// uses are the request that the seeds are signed for, and everything around it.
func uses() []use {
	base := testRequest()
	base.Header = func(name string) (string, bool) { return "BlockBlob", strings.EqualFold(name, "x-ms-blob-type") }
	base.UserObjectID, base.UserTenantID = testUserID, testTenantID
	with := func(edit func(*Request)) Request { r := base; edit(&r); return r }
	return []use{
		{"as signed", base, testNow},
		{"another blob", with(func(r *Request) { r.Blob = "cats/other.jpg" }), testNow},
		{"another folder", with(func(r *Request) { r.Blob = "dogs/tabby.jpg" }), testNow},
		{"another container", with(func(r *Request) { r.Container = "photos" }), testNow},
		{"another account", with(func(r *Request) { r.Account = "other" }), testNow},
		{"the container", with(func(r *Request) { r.Blob = "" }), testNow},
		{"the folder", with(func(r *Request) { r.Blob, r.Prefix = "", "cats/" }), testNow},
		{"the service", with(func(r *Request) { r.Blob, r.Container = "", "" }), testNow},
		{"a snapshot", with(func(r *Request) { r.Snapshot = "2026-01-02T03:04:05.1234567Z" }), testNow},
		{"another snapshot", with(func(r *Request) { r.Snapshot = "2026-01-02T03:04:05.7654321Z" }), testNow},
		{"a version", with(func(r *Request) { r.VersionID = "2026-01-02T03:04:05.1234567Z" }), testNow},
		{"another address", with(func(r *Request) { r.RemoteIP = netip.MustParseAddr("10.9.9.9") }), testNow},
		{"http", with(func(r *Request) { r.HTTPS = false }), testNow},
		{"without the header", with(func(r *Request) { r.Header = nil }), testNow},
		{"nobody", with(func(r *Request) { r.UserObjectID, r.UserTenantID = "", "" }), testNow},
		{"another user", with(func(r *Request) { r.UserObjectID = testObjectID }), testNow},
		{"another user's tenant", with(func(r *Request) { r.UserTenantID = testObjectID }), testNow},
		{"a version of another blob", with(func(r *Request) { r.Blob, r.VersionID = "cats/other.jpg", "2026-01-02T03:04:05.1234567Z" }), testNow},
		{"another version", with(func(r *Request) { r.VersionID = "2026-01-02T03:04:05.7654321Z" }), testNow},
		{"another header", with(func(r *Request) { r.Header = func(string) (string, bool) { return "PageBlob", true } }), testNow},
		{"too early", base, testNow.Add(-time.Hour)},
		{"too late", base, testNow.Add(time.Hour)},
		{"years late", base, testNow.Add(3 * 365 * 24 * time.Hour)},
	}
}

// allowed is all that a query lets do, among the uses and all operations.
func allowed(query string, keys Keys, uses []use) map[string]bool {
	out := map[string]bool{}
	token, err := Parse(query)
	if err != nil {
		return out
	}
	for _, u := range uses {
		grant, err := token.Authenticate(u.req, keys, u.now)
		if err != nil {
			continue
		}
		for _, op := range Operations() {
			if grant.Authorize(op) == nil {
				out[u.what+": "+op.String()] = true
			}
		}
		if grant.CanOverwrite() {
			out[u.what+": overwrite"] = true
		}
		if o := token.Overrides(); o != (Overrides{}) {
			out[fmt.Sprintf("%s: answers with %+v", u.what, o)] = true
		}
	}
	return out
}

// mutants are a query with any byte changed, and any parameter dropped, doubled, moved, added, or given another's value.
func mutants(query string) []string {
	var out []string
	for i := range len(query) {
		for _, c := range []byte{query[i] ^ 1, query[i] ^ 0x20, '&', '=', '%', '+', '0', 'w', ',', '\n'} {
			if c != query[i] {
				out = append(out, query[:i]+string(rune(c))+query[i+1:])
			}
		}
		out = append(out, query[:i]+query[i+1:], query[:i]+"%0A"+query[i:])
	}
	parts := strings.Split(query, "&")
	join := func(parts ...string) { out = append(out, strings.Join(parts, "&")) }
	for i, part := range parts {
		join(slices.Delete(slices.Clone(parts), i, i+1)...)
		join(append(slices.Clone(parts), part)...)
		join(append([]string{part}, parts...)...)
		name, _, _ := strings.Cut(part, "=")
		for _, value := range []string{"", "racwdxyltfmeopi", "2030-01-01", "c", "b", "bs", "d", "https,http", "0.0.0.0-255.255.255.255", "comp,x", "comp%3Ab"} {
			changed := slices.Clone(parts)
			changed[i] = name + "=" + value
			join(changed...)
			join(append(slices.Clone(parts), strings.ToUpper(name)+"="+value)...)
		}
		for j := range parts {
			swapped := slices.Clone(parts)
			_, value, _ := strings.Cut(parts[j], "=")
			swapped[i] = name + "=" + value
			join(swapped...)
		}
	}
	for f := range numParams {
		for _, value := range []string{"1", "b", "c", "r", "sco", "2030-01-01T00:00:00Z", testUserID, "readers", "scope", "https", "10.1.2.3", "comp", "text/html"} {
			join(append(slices.Clone(parts), f.String()+"="+value)...)
		}
	}
	for _, extra := range []string{"comp=blocklist", "snapshot=2026-01-02T03:04:05.1234567Z", "sdd=1&sr=d", "ss=b&srt=sco", "x=y"} {
		join(append(slices.Clone(parts), extra)...)
		join(append([]string{extra}, parts...)...)
	}
	return out
}

func TestNoMutationWidensAccess(t *testing.T) {
	keys := testKeys(t)
	uses := uses()
	tried := 0
	for _, query := range seedQueries(t) {
		before := allowed(query, keys, uses)
		if len(before) == 0 {
			t.Errorf("the seed opens nothing: %s", query)
		}
		for _, mutant := range mutants(query) {
			tried++
			for what := range allowed(mutant, keys, uses) {
				if !before[what] {
					t.Errorf("opens %q\nmutant %q\nof     %q", what, mutant, query)
				}
			}
		}
	}
	t.Logf("%d mutants", tried)
}

// TestASignedOperationIsTheOnlyOne holds that no mutant of a SAS that binds comp=block is good for a request with another
// comp, or with none: as a server tells the operation by comp, it stages blocks and does nothing else.
func TestASignedOperationIsTheOnlyOne(t *testing.T) {
	keys, request := testKeys(t), testRequest()
	v := testUserDelegation()
	v.Permissions = v.Permissions | Read | Create | Delete | Tags
	query := sign(t, v)
	opened := map[Operation]bool{}
	for _, mutant := range append(mutants(query), query) {
		for _, comp := range []string{"", "&comp=block", "&comp=blocklist", "&comp=metadata", "&COMP=tags", "&comp=block&comp=blocklist", "&comp=blocklist&Comp=block"} {
			token, err := Parse(mutant + comp)
			if err != nil {
				continue
			}
			grant, err := token.Authenticate(request, keys, testNow)
			if err != nil {
				continue
			}
			actual := ""
			for _, o := range token.Other() {
				if strings.EqualFold(o.Name, "comp") {
					actual = o.Value
				}
			}
			for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
				if op := OperationOf(method, ObjectLevel, "", actual); op != 0 && grant.Authorize(op) == nil {
					opened[op] = true
				}
			}
		}
	}
	if len(opened) != 1 || !opened[PutBlock] {
		t.Errorf("opens %v", opened)
	}
}

func TestOrderOfParametersDoesNotMatter(t *testing.T) {
	keys := testKeys(t)
	for _, query := range seedQueries(t) {
		parts := strings.Split(query, "&")
		slices.Reverse(parts)
		before, after := allowed(query, keys, uses()), allowed(strings.Join(parts, "&"), keys, uses())
		if len(before) != len(after) {
			t.Errorf("%d uses, reversed %d: %s", len(before), len(after), query)
		}
	}
}

func TestBlobSASOpensOneBlobOnly(t *testing.T) {
	v := testService()
	v.Permissions = Write
	for what := range allowed(sign(t, v), testKeys(t), uses()) {
		use, op, _ := strings.Cut(what, ": ")
		switch use {
		case "as signed", "another address", "without the header", "another header", "nobody", "another user", "another user's tenant": // what this SAS does not bind
		default:
			t.Errorf("opens %s", what)
			continue
		}
		if op == "overwrite" {
			continue
		}
		if o, ok := ParseOperation(op); !ok || !o.Needs().Has(Write) {
			t.Errorf("opens %s", what)
		}
	}
}

// TestSignedNamesCannotBeSplitElsewhere pins the one trick that srq invites: its names are not signed, only name:value.
func TestSignedNamesCannotBeSplitElsewhere(t *testing.T) {
	v := testUserDelegation()
	v.SignedQuery = []Field{{"prefix", "a:b"}, {"comp", "list"}}
	query := sign(t, v)
	for _, trick := range []string{
		strings.Replace(query, "srq=prefix%2Ccomp", "srq=prefix%3Aa%2Ccomp", 1) + "&prefix:a=b&comp=list&prefix=z",
		strings.Replace(query, "srq=prefix%2Ccomp", "srq=prefix", 1) + "&prefix=a:b%0Acomp:list&comp=block",
		strings.Replace(query, "srq=prefix%2Ccomp", "srq=prefix%0A", 1) + "&prefix=a:b&comp=block",
	} {
		token, err := Parse(trick)
		if err != nil {
			continue
		}
		if err := token.Verify(testRequest(), PutBlock, testKeys(t), testNow); err == nil {
			t.Errorf("verified: %s", trick)
		}
	}
}
