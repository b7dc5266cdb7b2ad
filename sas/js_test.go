package sas

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestSignaturesOfTheJavaScriptSDK lets the SDK sign random values, finds each signature right, and makes the same SAS of
// the same values.
func TestSignaturesOfTheJavaScriptSDK(t *testing.T) {
	if _, err := os.Stat("../node_modules/@azure/storage-blob"); err != nil {
		t.Skip("needs the JavaScript SDK: npm ci")
	}
	const seed, count = "20260504", "600"
	out, err := exec.CommandContext(t.Context(), "node", "../testdata/sas/random-js.mjs", seed, count).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Skipf("needs Node: %v", err)
	}
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	tried := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line jsSigned
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		for _, what := range line.tries() {
			tried[what]++
		}
		line.check(t, now)
	}
	for what, least := range map[string]int{"service": 100, "delegation": 100, "account": 100, "snapshot": 20, "version": 20, "policy": 20, "headers": 10, "query": 10} {
		if tried[what] < least {
			t.Errorf("only %d with %s", tried[what], what)
		}
	}
}

// jsSigned is one line of random-js.mjs: a SAS, and what it is for.
type jsSigned struct {
	Kind, Blob, Snapshot, Version, Identifier, SAS string
	Headers, Query                                 map[string]string
	Missing                                        struct{ Expiry, Permissions bool }
}

func (line *jsSigned) tries() []string {
	out := []string{line.Kind}
	for what, is := range map[string]bool{"snapshot": line.Snapshot != "", "version": line.Version != "", "policy": line.Identifier != "", "headers": line.Headers != nil, "query": line.Query != nil} {
		if is {
			out = append(out, what)
		}
	}
	return out
}

// check finds the signature right for the account and wrong for another, and signs the same values again.
func (line *jsSigned) check(t *testing.T, now time.Time) {
	t.Helper()
	query := line.SAS
	for name, value := range line.Query {
		query += "&" + name + "=" + url.QueryEscape(value)
	}
	token, err := Parse(query)
	if err != nil {
		t.Errorf("%s %q: %v", line.Kind, query, err)
		return
	}
	keys := Keys{
		Account:    []Key{NewKey(bytes.Repeat([]byte("0123456789abcdef"), 4))},
		Delegation: func(DelegationKey) (Key, bool) { return NewKey(bytes.Repeat([]byte("delegate"), 4)), true },
		Policy: func(id string) (p Policy, ok bool) {
			if line.Missing.Expiry {
				p.Expiry = TimeOf(now.Add(time.Hour))
			}
			if line.Missing.Permissions {
				p.Permissions = Read
			}
			return p, id == line.Identifier
		},
	}
	request := Request{
		Account: "acct", Container: "images", Blob: line.Blob, Snapshot: line.Snapshot, VersionID: line.Version, HTTPS: true,
		RemoteIP: token.IP().Start, Header: func(name string) (string, bool) { v, ok := line.Headers[name]; return v, ok },
	}
	request.UserObjectID, _ = token.Parameter("sduoid")
	request.UserTenantID, _ = token.Parameter("sktid")
	if tenant, ok := token.Parameter("skdutid"); ok {
		request.UserTenantID = tenant
	}
	if !request.RemoteIP.IsValid() {
		request.RemoteIP = netip.MustParseAddr("192.0.2.1")
	}
	if _, err := token.Authenticate(request, keys, now); err != nil {
		t.Errorf("%s for %q: %q: %v", line.Kind, line.Blob, query, err)
	}
	other := request
	other.Account = "other"
	if _, err := token.Authenticate(other, keys, now); err == nil {
		t.Errorf("%q is right for another account too", query)
	}
	again, err := line.signAgain(token, keys)
	if err != nil {
		t.Errorf("%s %q: not signed again: %v", line.Kind, query, err)
		return
	}
	sameQuery(t, again, line.SAS)
}

// signAgain makes the same SAS with this package.
func (line *jsSigned) signAgain(token *Token, keys Keys) (string, error) {
	if line.Kind == "account" {
		// The SDKs order the letters of an account SAS differently, so only what they mean can be the same.
		v := Account{Version: token.Version(), Account: "acct", Services: token.Services(), ResourceTypes: token.ResourceTypes(),
			Permissions: token.AccountPermissions(), Start: token.Start(), Expiry: token.Expiry(), IP: token.IP(), Protocol: token.Protocol(),
			EncryptionScope: token.EncryptionScope()}
		again, err := v.Sign(keys.Account[0])
		if err != nil || token.values[fieldSP] != v.Permissions.String() || token.values[fieldSS] != v.Services.String() || token.values[fieldSRT] != v.ResourceTypes.String() {
			return line.SAS, err
		}
		return again, nil
	}
	v := Service{Version: token.Version(), Account: "acct", Container: "images", Blob: line.Blob, Snapshot: line.Snapshot, VersionID: line.Version,
		Permissions: token.Permissions(), Start: token.Start(), Expiry: token.Expiry(), Identifier: token.Identifier(), IP: token.IP(),
		Protocol: token.Protocol(), EncryptionScope: token.EncryptionScope(), Overrides: token.Overrides()}
	if line.Kind == "service" {
		return v.Sign(keys.Account[0])
	}
	bound := func(names []string, values map[string]string) (out []Field) {
		for _, name := range names {
			out = append(out, Field{name, values[name]})
		}
		return out
	}
	key := token.DelegationKey()
	key.Key, _ = keys.Delegation(key)
	ud := UserDelegation{Version: v.Version, Account: v.Account, Container: v.Container, Blob: v.Blob, Snapshot: v.Snapshot, VersionID: v.VersionID,
		Permissions: v.Permissions, Start: v.Start, Expiry: v.Expiry, IP: v.IP, Protocol: v.Protocol, EncryptionScope: v.EncryptionScope, Overrides: v.Overrides,
		AuthorizedObjectID: token.values[fieldSAOID], UnauthorizedObjectID: token.values[fieldSUOID], CorrelationID: token.CorrelationID(),
		DelegatedUserID: token.values[fieldSDUOID], SignedHeaders: bound(token.signedHeaders, line.Headers), SignedQuery: bound(token.signedQuery, line.Query)}
	return ud.Sign(key)
}
