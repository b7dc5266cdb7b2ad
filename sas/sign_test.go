package sas

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

func TestSignRefusesWhatAzureWould(t *testing.T) {
	key := mustKey(t, testKeyText)
	service := func(edit func(*Service)) func() error {
		return func() error { v := testService(); edit(v); _, err := v.Sign(key); return err }
	}
	account := func(edit func(*Account)) func() error {
		return func() error { v := testAccountSAS(); edit(v); _, err := v.Sign(key); return err }
	}
	delegation := func(edit func(*UserDelegation, *DelegationKey)) func() error {
		return func() error {
			v, k := testUserDelegation(), testDelegation(t)
			edit(v, &k)
			_, err := v.Sign(k)
			return err
		}
	}
	for name, tt := range map[string]struct {
		sign    func() error
		problem Problem
		field   string
	}{
		"no account":                   {service(func(v *Service) { v.Account = "" }), Missing, "Account"},
		"no container":                 {service(func(v *Service) { v.Container = "" }), Missing, "Container"},
		"a container with a slash":     {service(func(v *Service) { v.Container = "a/b" }), Malformed, "Container"},
		"no expiry and no policy":      {service(func(v *Service) { v.Expiry = Time{} }), Missing, "se"},
		"no permissions and no policy": {service(func(v *Service) { v.Permissions = 0 }), Missing, "sp"},
		"list on a blob":               {service(func(v *Service) { v.Permissions |= List }), NotAllowed, "sp"},
		"find on a directory":          {service(func(v *Service) { v.Resource, v.Permissions = DirectoryResource, Find }), NotAllowed, "sp"},
		"tags before their version":    {service(func(v *Service) { v.Version, v.Permissions = "2018-11-09", Tags }), TooOld, "sp"},
		"an end before the start":      {service(func(v *Service) { v.Start = v.Expiry }), Contradiction, "se"},
		"a year that cannot be":        {service(func(v *Service) { v.Expiry = TimeOf(time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)) }), Malformed, "time"},
		"a snapshot of a container":    {service(func(v *Service) { v.Resource, v.Blob, v.Snapshot = ContainerResource, "", "x" }), Contradiction, "Snapshot"},
		"a snapshot without its time":  {service(func(v *Service) { v.Resource = SnapshotResource }), Contradiction, "Snapshot"},
		"a version and a snapshot":     {service(func(v *Service) { v.Snapshot, v.VersionID = "x", "y" }), Contradiction, "VersionID"},
		"a container with a blob":      {service(func(v *Service) { v.Resource = ContainerResource }), Contradiction, "Blob"},
		"a directory with two slashes": {service(func(v *Service) { v.Resource, v.Blob = DirectoryResource, "a//b" }), Malformed, "Blob"},
		"an unknown resource":          {service(func(v *Service) { v.Resource = "f" }), Malformed, "sr"},
		"an unknown protocol":          {service(func(v *Service) { v.Protocol = "http" }), Malformed, "spr"},
		"an IPv6 address":              {service(func(v *Service) { v.IP.Start = netip.MustParseAddr("::1") }), Malformed, "sip"},
		"a range backwards":            {service(func(v *Service) { v.IP = IPRange{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.1")} }), Malformed, "sip"},
		"half a range":                 {service(func(v *Service) { v.IP.End = netip.MustParseAddr("10.0.0.1") }), Missing, "sip"},
		"a line feed in a blob's name": {service(func(v *Service) { v.Blob = "a\nb" }), Malformed, "Blob"},
		"a line feed in a header":      {service(func(v *Service) { v.Overrides.ContentType = "a\nb" }), Malformed, "rsct"},
		"a scope before its version":   {service(func(v *Service) { v.Version, v.EncryptionScope = "2019-12-12", "s" }), TooOld, "ses"},
		"a version too old":            {service(func(v *Service) { v.Version = "2014-02-14" }), TooOld, "sv"},
		"a version that is none":       {service(func(v *Service) { v.Version = "new" }), Malformed, "sv"},

		"an account SAS without level":       {account(func(v *Account) { v.ResourceTypes = 0 }), Missing, "srt"},
		"an account SAS without permissions": {account(func(v *Account) { v.Permissions = 0 }), Missing, "sp"},
		"an account SAS without expiry":      {account(func(v *Account) { v.Expiry = Time{} }), Missing, "se"},
		"an account SAS of no service":       {account(func(v *Account) { v.Services = 1 << 9 }), Malformed, "ss"},

		"a SAS that outlives its key": {delegation(func(_ *UserDelegation, k *DelegationKey) { k.Expiry = TimeOf(testNow) }), Contradiction, "se"},
		"a key without a principal":   {delegation(func(_ *UserDelegation, k *DelegationKey) { k.ObjectID = "" }), Missing, "skoid"},
		"a key for queues":            {delegation(func(_ *UserDelegation, k *DelegationKey) { k.Service = "q" }), Malformed, "sks"},
		"a key without a version":     {delegation(func(_ *UserDelegation, k *DelegationKey) { k.Version = "" }), Malformed, "skv"},
		"a key without a start":       {delegation(func(_ *UserDelegation, k *DelegationKey) { k.Start = Time{} }), Missing, "skt"},
		"both agents": {delegation(func(v *UserDelegation, _ *DelegationKey) {
			v.AuthorizedObjectID, v.UnauthorizedObjectID = testUserID, testUserID
		}), Contradiction, "suoid"},
		"a correlation id that is no GUID":   {delegation(func(v *UserDelegation, _ *DelegationKey) { v.CorrelationID = "upload 7" }), Malformed, "scid"},
		"signed query before its version":    {delegation(func(v *UserDelegation, _ *DelegationKey) { v.Version = "2025-07-05" }), TooOld, "srh"},
		"a signed name with a colon":         {delegation(func(v *UserDelegation, _ *DelegationKey) { v.SignedQuery = []Field{{"a:b", "c"}} }), Malformed, "srq"},
		"a signed value with a line feed":    {delegation(func(v *UserDelegation, _ *DelegationKey) { v.SignedHeaders = []Field{{"a", "c\nd"}} }), Malformed, "srh"},
		"a tenant without its user":          {delegation(func(_ *UserDelegation, k *DelegationKey) { k.DelegatedTenantID = testUserID }), Contradiction, "skdutid"},
		"a user delegation SAS from before":  {delegation(func(v *UserDelegation, _ *DelegationKey) { v.Version = "2018-03-28" }), TooOld, "sv"},
		"no expiry, and policies unheard of": {delegation(func(v *UserDelegation, _ *DelegationKey) { v.Expiry = Time{} }), Missing, "se"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.sign()
			var bad *Invalid
			if !errors.As(err, &bad) || bad.Problem != tt.problem || bad.Field != tt.field {
				t.Errorf("%v, want %s: %s", err, tt.field, tt.problem)
			}
		})
	}
}

func TestZeroKeySignsNothing(t *testing.T) {
	if _, err := testService().Sign(Key{}); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	if _, err := testUserDelegation().Sign(DelegationKey{}); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
}

// TestLimits tries each limit at its edge: the most that is taken, and one more.
func TestLimits(t *testing.T) {
	key := mustKey(t, testKeyText)
	signed := func(n int) []Field {
		var out []Field
		for i := range n {
			out = append(out, Field{"n" + itoa(i), "v"})
		}
		return out
	}
	for name, try := range map[string]func(more int) error{
		"MaxKeyBytes": func(more int) error {
			_, err := ParseKey(base64.StdEncoding.EncodeToString(make([]byte, MaxKeyBytes+more)))
			return err
		},
		"maxIdentifier signed": func(more int) error {
			v := testService()
			v.Identifier = strings.Repeat("p", maxIdentifier+more)
			_, err := v.Sign(key)
			return err
		},
		"maxIdentifier parsed": func(more int) error {
			_, err := Parse(sign(t, testService()) + "&si=" + strings.Repeat("p", maxIdentifier+more))
			return err
		},
		"maxIdentifier in characters": func(more int) error {
			v := testService()
			v.Identifier = strings.Repeat("ä", maxIdentifier+more)
			if _, err := v.Sign(key); err != nil {
				return err
			}
			_, err := Parse(sign(t, testService()) + "&si=" + strings.Repeat("%C3%A4", maxIdentifier+more))
			return err
		},
		"maxSigned": func(more int) error {
			v := testUserDelegation()
			v.SignedQuery = signed(maxSigned + more)
			_, err := v.Sign(testDelegation(t))
			return err
		},
		"maxDepth": func(more int) error {
			_, err := Parse(strings.Replace(sign(t, testService()), "sr=b", "sr=d&sdd="+itoa(maxDepth+more), 1))
			return err
		},
		"maxText": func(more int) error {
			q := Question{Text: strings.Repeat("a", maxText+more-6) + "?sig=x", Now: testNow}
			for _, f := range Explain(q).Findings {
				if f.Code == CodeNoSAS {
					return errors.New(f.Message)
				}
			}
			return nil
		},
	} {
		if err := try(0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := try(1); err == nil {
			t.Errorf("%s: one more is taken", name)
		}
	}
}

func TestKeysMustBeBase64(t *testing.T) {
	for _, text := range []string{"", "not base64!", "YWJj\n", testKeyText[:len(testKeyText)-3]} {
		if _, err := ParseKey(text); !errors.Is(err, ErrKey) || strings.Contains(err.Error(), text) && text != "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeyEqual(t *testing.T) {
	a, b := mustKey(t, testKeyText), mustKey(t, testSecondKeyText)
	if !a.Equal(mustKey(t, testKeyText)) || a.Equal(b) || a.Equal(Key{}) || !(Key{}).Equal(Key{}) {
		t.Error("keys compare wrongly")
	}
}

func TestEveryReasonHasAnAzureCode(t *testing.T) {
	for reason, want := range map[Reason]string{
		SignatureMismatch: "AuthenticationFailed", Expired: "AuthenticationFailed", NotYetValid: "AuthenticationFailed",
		PolicyUnknown: "AuthenticationFailed", FieldMissing: "AuthenticationFailed", UserMismatch: "AuthenticationFailed",
		PermissionMismatch: "AuthorizationPermissionMismatch", SourceIPMismatch: "AuthorizationSourceIPMismatch",
		ProtocolMismatch: "AuthorizationProtocolMismatch", ServiceMismatch: "AuthorizationServiceMismatch",
		ResourceTypeMismatch: "AuthorizationResourceTypeMismatch", OverwriteNeedsWrite: "UnauthorizedBlobOverwrite",
	} {
		if got := reason.ErrorCode(); got != want || !bloberror.Code(got).Known() {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
}

func TestOperationsAreFoundByName(t *testing.T) {
	for _, op := range Operations() {
		for _, name := range []string{op.String(), strings.ToLower(op.String()), strings.ReplaceAll(op.String(), " ", "-")} {
			if got, ok := ParseOperation(name); !ok || got != op {
				t.Errorf("%q is %v", name, got)
			}
		}
		if op.Level() == 0 {
			t.Errorf("%v has no level", op)
		}
	}
	for _, name := range []string{"", "Put", "…"} {
		if op, ok := ParseOperation(name); ok {
			t.Errorf("%q is %v", name, op)
		}
	}
}
