package sas

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Keys and moments that the tests share. The keys are made of counting bytes and open nothing.
var (
	testKeyText       = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0123456789abcdef", 4)))
	testSecondKeyText = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("fedcba9876543210", 4)))
	testDelegationKey = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("delegate", 4)))

	testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

const (
	testAccount  = "acct"
	testObjectID = "11111111-1111-1111-1111-111111111111"
	testTenantID = "22222222-2222-2222-2222-222222222222"
	testUserID   = "33333333-3333-3333-3333-333333333333"
)

func mustKey(tb testing.TB, text string) Key {
	tb.Helper()
	key, err := ParseKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func testDelegation(tb testing.TB) DelegationKey {
	tb.Helper()
	return DelegationKey{
		ObjectID: testObjectID, TenantID: testTenantID,
		Start: TimeOf(testNow.Add(-time.Hour)), Expiry: TimeOf(testNow.Add(24 * time.Hour)),
		Service: "b", Version: DefaultVersion, Key: mustKey(tb, testDelegationKey),
	}
}

// testKeys know both account keys, one delegation key and one policy.
func testKeys(tb testing.TB) Keys {
	tb.Helper()
	delegation := testDelegation(tb)
	return Keys{
		Account: []Key{mustKey(tb, testKeyText), mustKey(tb, testSecondKeyText)},
		Delegation: func(d DelegationKey) (Key, bool) {
			want := delegation
			want.Key, want.DelegatedTenantID = Key{}, d.DelegatedTenantID
			same := d.ObjectID == want.ObjectID && d.TenantID == want.TenantID && d.Start.String() == want.Start.String() &&
				d.Expiry.String() == want.Expiry.String() && d.Service == want.Service && d.Version == want.Version
			return delegation.Key, same
		},
		Policy: func(id string) (Policy, bool) {
			if id != "readers" {
				return Policy{}, false
			}
			return Policy{Expiry: TimeOf(testNow.Add(time.Hour)), Permissions: Read}, true
		},
	}
}

func testService() *Service {
	return &Service{
		Account: testAccount, Container: "images", Blob: "cats/tabby.jpg", Permissions: Read | Create | Write,
		Start: TimeOf(testNow.Add(-15 * time.Minute)), Expiry: TimeOf(testNow.Add(time.Hour)), Protocol: HTTPS,
	}
}

func testRequest() Request {
	return Request{
		Account: testAccount, Container: "images", Blob: "cats/tabby.jpg",
		RemoteIP: netip.MustParseAddr("10.1.2.3"), HTTPS: true,
	}
}
