package sas

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseRefuses(t *testing.T) {
	service := sign(t, testService())
	account := sign(t, testAccountSAS())
	delegation := sign(t, testUserDelegation())
	swap := func(q, old, new string) string {
		if !strings.Contains(q, old) {
			t.Fatalf("%q is not in %q", old, q)
		}
		return strings.Replace(q, old, new, 1)
	}
	for _, tt := range []struct {
		name, query, field string
		problem            Problem
	}{
		{"nothing", "", "sv", Missing},
		{"the same parameter twice", service + "&sp=rcw", "sp", Duplicate},
		{"another spelling of a parameter", service + "&SIG=x", "sig", Duplicate},
		{"an escaped spelling of a parameter", service + "&%73p=rcw", "sp", Duplicate},
		{"an empty parameter", service + "&sip=", "sip", Missing},
		{"a value that is not URL-encoded", swap(service, "sp=rcw", "sp=r%zz"), "sp", Malformed},
		{"another value that is not URL-encoded", service + "&comp=%zz", "query", Malformed},
		{"an unknown permission", swap(service, "sp=rcw", "sp=rq"), "sp", Malformed},
		{"a permission twice", swap(service, "sp=rcw", "sp=rr"), "sp", Malformed},
		{"permissions out of order", swap(service, "sp=rcw", "sp=wcr"), "sp", WrongOrder},
		{"a permission of files", swap(account, "sp=rl", "sp=rz"), "sp", Malformed},
		{"a time without zone", swap(service, "13%3A00%3A00Z", "13%3A00%3A00"), "se", Malformed},
		{"a time with an offset", swap(service, "13%3A00%3A00Z", "13%3A00%3A00%2B01%3A00"), "se", Malformed},
		{"a day that is none", swap(service, "se=2026-05-04", "se=2026-02-30"), "se", Malformed},
		{"three fractional digits", swap(service, "13%3A00%3A00Z", "13%3A00%3A00.123Z"), "se", Malformed},
		{"an end before the start", swap(service, "se=2026-05-04T13", "se=2026-05-04T11"), "se", Contradiction},
		{"a version that is none", swap(service, "sv=2026-04-06", "sv=latest"), "sv", Malformed},
		{"a version too old", swap(service, "sv=2026-04-06", "sv=2014-02-14"), "sv", TooOld},
		{"a user delegation SAS before there were any", swap(delegation, "sv=2026-04-06", "sv=2018-03-28"), "sv", TooOld},
		{"an unknown resource", swap(service, "sr=b", "sr=f"), "sr", Malformed},
		{"a snapshot before its version", swap(swap(service, "sr=b", "sr=bs"), "sv=2026-04-06", "sv=2018-03-28"), "sr", TooOld},
		{"a version before its version", swap(swap(service, "sr=b", "sr=bv"), "sv=2026-04-06", "sv=2018-11-09"), "sr", TooOld},
		{"a scope before its version", swap(service, "sv=2026-04-06", "sv=2020-10-02") + "&ses=s", "ses", TooOld},
		{"signed headers before their version", swap(delegation, "sv=2026-04-06", "sv=2025-07-05"), "srq", TooOld},
		{"a correlation id before its version", swap(delegation, "sv=2026-04-06", "sv=2018-11-09"), "scid", TooOld},
		{"a depth without a directory", service + "&sdd=1", "sdd", Contradiction},
		{"a directory without a depth", swap(service, "sr=b", "sr=d"), "sdd", Contradiction},
		{"a depth with a sign", swap(service, "sr=b", "sr=d&sdd=%2B1"), "sdd", Malformed},
		{"a depth of nothing", swap(service, "sr=b", "sr=d&sdd=0"), "sdd", Malformed},
		{"services in a service SAS", service + "&ss=b", "ss", Contradiction},
		{"a response header in an account SAS", account + "&rsct=text/html", "rsct", Contradiction},
		{"a policy in an account SAS", account + "&si=p", "si", Contradiction},
		{"a policy in a user delegation SAS", delegation + "&si=p", "si", Contradiction},
		{"a delegation field in a service SAS", service + "&scid=" + testUserID, "skoid", Missing},
		{"no object id", swap(delegation, "skoid="+testObjectID+"&", ""), "skoid", Missing},
		{"no GUID", swap(delegation, "skoid="+testObjectID, "skoid=me"), "skoid", Malformed},
		{"a key of another service", swap(delegation, "sks=b", "sks=q"), "sks", Malformed},
		{"both agents", delegation + "&saoid=" + testUserID + "&suoid=" + testUserID, "suoid", Contradiction},
		{"a tenant without its user", delegation + "&skdutid=" + testUserID, "skdutid", Contradiction},
		{"a protocol that is none", swap(service, "spr=https", "spr=http"), "spr", Malformed},
		{"an IPv6 address", service + "&sip=%3A%3A1", "sip", Malformed},
		{"a range backwards", service + "&sip=10.0.0.2-10.0.0.1", "sip", Malformed},
		{"a range of three", service + "&sip=10.0.0.1-10.0.0.2-10.0.0.3", "sip", Malformed},
		{"a line feed", service + "&rscc=a%0Ab", "rscc", Malformed},
		{"a signed name with a colon", swap(delegation, "srq=comp", "srq=comp%3Ablock"), "srq", Malformed},
		{"a signed name twice", swap(delegation, "srq=comp", "srq=comp,COMP"), "srq", Duplicate},
		{"a signed name of the SAS", swap(delegation, "srq=comp", "srq=sp"), "srq", NotAllowed},
		{"an empty signed name", swap(delegation, "srq=comp", "srq=comp,"), "srq", Missing},
		{"no signature", service[:strings.Index(service, "&sig=")], "sig", Missing},
		{"a short signature", service[:len(service)-6], "sig", Malformed},
		{"a signature in URL-safe base64", service[:strings.Index(service, "&sig=")] + "&sig=" + strings.Repeat("-", 43) + "%3D", "sig", Malformed},
		{"another spelling of the same signature", service[:strings.Index(service, "&sig=")] + "&sig=" + strings.Repeat("A", 42) + "B%3D", "sig", Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := Parse(tt.query)
			var bad *Invalid
			if !errors.As(err, &bad) {
				t.Fatalf("token %v, error %v", token, err)
			}
			if bad.Field != tt.field || bad.Problem != tt.problem {
				t.Errorf("%s: %s (%s); want %s: %s", bad.Field, bad.Problem, bad.Detail, tt.field, tt.problem)
			}
			if bad.ErrorCode() != "AuthenticationFailed" {
				t.Error(bad.ErrorCode())
			}
		})
	}
}

func TestParseKeepsOtherParametersApart(t *testing.T) {
	token, err := Parse("comp=block&" + sign(t, testService()) + "&blockid=MDA%3D&comp=again&&x")
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{{"comp", "block"}, {"blockid", "MDA="}, {"comp", "again"}, {"x", ""}}
	got := token.Other()
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
	if v, ok := token.Parameter("SP"); !ok || v != "rcw" {
		t.Error(v, ok)
	}
	if _, ok := token.Parameter("sig"); ok || strings.Contains(token.String(), token.values[fieldSIG]) {
		t.Error("the signature is told")
	}
}

// TestTimesAreSignedAsTheyStand reads each form that a time may have, and finds its text in the string-to-sign.
func TestTimesAreSignedAsTheyStand(t *testing.T) {
	at := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-05-05", "2026-05-05T00:00Z", "2026-05-05T00:00:00Z", "2026-05-05T00:00:00.0000000Z"} {
		v := testService()
		var err error
		if v.Expiry, err = ParseTime(text); err != nil {
			t.Fatal(err)
		}
		token, err := Parse(sign(t, v))
		if err != nil {
			t.Fatal(err)
		}
		if !token.Expiry().Time().Equal(at) || token.Expiry().String() != text {
			t.Errorf("%s: %v", text, token.Expiry())
		}
		for _, f := range token.StringToSign(testRequest()) {
			if f.Name == "se" && f.Value != text {
				t.Errorf("signed as %q", f.Value)
			}
		}
		if err := token.Verify(testRequest(), GetBlob, testKeys(t), testNow); err != nil {
			t.Error(err)
		}
	}
}

func TestHasSignature(t *testing.T) {
	for query, want := range map[string]bool{"": false, "comp=list": false, "sig=x": true, "a=b&SIG=x": true, "%73ig=x": true, "signature=x": false, "sv=1": false} {
		if got := HasSignature(query); got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
}
