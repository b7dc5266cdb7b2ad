package sas

import (
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var updateVectors = flag.Bool("update", false, "write the vectors of testdata/sas that this package signs")

// vectorCase is one vector in the making. What is expected is written down here, never taken from a run.
type vectorCase struct {
	name, comment string
	text          func(*vectorMaker) string
	headers       []string // "name: value"; account-key unless noKey
	noKey         bool
	now           string
	expect        string
	verdict       Verdict
	signature     SignatureState
}

type vectorMaker struct{ tb testing.TB }

const (
	blobURL      = "https://acct.blob.core.windows.net/images/cats/tabby.jpg"
	containerURL = "https://acct.blob.core.windows.net/images"
	pathURL      = "http://127.0.0.1:10000/acct/images/cats/tabby.jpg"
)

// service signs a blob SAS that is good and best practice, edited.
func (m *vectorMaker) service(edit func(*Service)) string {
	v := testService()
	v.Start = Time{}
	if edit != nil {
		edit(v)
	}
	return sign(m.tb, v)
}

func (m *vectorMaker) account(edit func(*Account)) string {
	v := testAccountSAS()
	if edit != nil {
		edit(v)
	}
	return sign(m.tb, v)
}

func (m *vectorMaker) delegation(edit func(*UserDelegation)) string {
	v := testUserDelegation()
	v.SignedQuery = nil
	if edit != nil {
		edit(v)
	}
	return sign(m.tb, v)
}

// forge signs a string-to-sign of its own for the query that the token says.
func (m *vectorMaker) forge(token string, key Key, replace func([]Field) []Field) string {
	t, err := Parse(token)
	if err != nil {
		m.tb.Fatal(err)
	}
	fields := replace(t.StringToSign(testRequest()))
	var lines []string
	for _, f := range fields {
		lines = append(lines, f.Value)
	}
	bare, _, _ := strings.Cut(token, "&sig=")
	sig := key.AppendSignature(nil, []byte(strings.Join(lines, "\n")))
	return bare + "&sig=" + string(appendEscaped(nil, sig))
}

func (m *vectorMaker) forgeResource(resource string) string {
	return m.forge(m.service(nil), mustKey(m.tb, testKeyText), func(fields []Field) []Field {
		for i := range fields {
			if fields[i].Name == "resource" {
				fields[i].Value = resource
			}
		}
		return fields
	})
}

// withPlus finds a SAS whose signature holds a plus sign, by trying expiries.
func (m *vectorMaker) withPlus() string {
	for i := range 100 {
		q := m.service(func(v *Service) { v.Expiry = TimeOf(testNow.Add(time.Hour + time.Duration(i)*time.Second)) })
		if strings.Contains(q, "%2B") {
			return q
		}
	}
	m.tb.Fatal("no signature with a plus")
	return ""
}

func writeVectors(t *testing.T) {
	m := &vectorMaker{t}
	for _, c := range slices.Concat(soundVectors(), damagedVectors(), brokenVectors(), doubtfulVectors()) {
		var b strings.Builder
		line := func(name, value string) { b.WriteString(name + ": " + value + "\n") }
		line("comment", c.comment)
		line("made-by", "valetkey")
		line("expect", c.expect)
		line("verdict", string(c.verdict))
		line("signature", string(c.signature))
		now := c.now
		if now == "" {
			now = testNow.Format(time.RFC3339)
		}
		line("now", now)
		if !c.noKey {
			line("account-key", testKeyText)
		}
		for _, h := range c.headers {
			b.WriteString(h + "\n")
		}
		b.WriteString("\n" + c.text(m) + "\n")
		if err := os.WriteFile(filepath.Join(vectorsDir, c.name+".txt"), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// soundVectors work, or would if the key were known.
func soundVectors() []vectorCase {
	at := func(base string, f func(*vectorMaker) string) func(*vectorMaker) string {
		return func(m *vectorMaker) string { return base + "?" + f(m) }
	}
	plain := func(m *vectorMaker) string { return m.service(nil) }
	delegationKey := "delegation-key: " + testDelegationKey
	return []vectorCase{
		{name: "blob", comment: "a blob SAS as it should be", text: at(blobURL, plain), expect: "none", verdict: Works, signature: SignatureRight},
		{name: "blob-second-key", comment: "the second account key signed", text: at(blobURL, func(m *vectorMaker) string {
			v := testService()
			q, err := v.Sign(mustKey(m.tb, testSecondKeyText))
			if err != nil {
				m.tb.Fatal(err)
			}
			return q
		}), headers: []string{"account-key: " + testSecondKeyText}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "blob-unverified", comment: "nobody knows the key", text: at(blobURL, plain), noKey: true, expect: "none", verdict: Unverified, signature: SignatureUnchecked},
		{name: "blob-token-only", comment: "only the SAS was pasted; the rest is told", text: plain, headers: []string{"account: acct", "container: images", "blob: cats/tabby.jpg"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "blob-path-style", comment: "a path-style URL", text: at(pathURL, func(m *vectorMaker) string { return m.service(func(v *Service) { v.Protocol = HTTPSAndHTTP }) }), headers: []string{"account: acct"}, expect: "no-https", verdict: Works, signature: SignatureRight},
		{name: "blob-version-2015", comment: "the oldest layout", text: at(blobURL, func(m *vectorMaker) string { return m.service(func(v *Service) { v.Version = "2015-04-05" }) }), expect: "none", verdict: Works, signature: SignatureRight},
		{name: "blob-version-2018", comment: "the layout that added sr and the snapshot", text: at(blobURL, func(m *vectorMaker) string { return m.service(func(v *Service) { v.Version = "2018-11-09" }) }), expect: "none", verdict: Works, signature: SignatureRight},
		{name: "container", comment: "a container SAS used for a listing", text: at(containerURL, func(m *vectorMaker) string {
			return "restype=container&comp=list&" + m.service(func(v *Service) { v.Blob, v.Permissions = "", List })
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "directory", comment: "a directory SAS used below its directory", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.Blob, v.Resource, v.Permissions = "cats", DirectoryResource, Read })
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "snapshot", comment: "a snapshot SAS", text: at(blobURL, func(m *vectorMaker) string {
			return "snapshot=2026-01-02T03:04:05.1234567Z&" + m.service(func(v *Service) { v.Snapshot, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read })
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "blob-version-id", comment: "a SAS for one version", text: at(blobURL, func(m *vectorMaker) string {
			return "versionid=2026-01-02T03:04:05.1234567Z&" + m.service(func(v *Service) { v.VersionID, v.Permissions = "2026-01-02T03:04:05.1234567Z", Read })
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "overrides", comment: "response headers that the SAS dictates", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) {
				v.Overrides = Overrides{"no-store", `attachment; filename="a+b.jpg"`, "identity", "de", "image/jpeg"}
			})
		}), expect: "none", verdict: Works, signature: SignatureRight},
		{name: "encryption-scope", comment: "an encryption scope", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.EncryptionScope = "scope" })
		}), expect: "none", verdict: Works, signature: SignatureRight},
		{name: "policy", comment: "what it allows stands in a stored access policy", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.Identifier, v.Permissions, v.Expiry = "readers", 0, Time{} })
		}), headers: []string{"policy: readers sp=r se=2026-05-04T13:00:00Z", "method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "policy-unseen", comment: "the policy is not known here", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.Identifier, v.Permissions, v.Expiry = "readers", 0, Time{} })
		}), noKey: true, expect: "policy-unseen", verdict: Unverified, signature: SignatureUnchecked},
		{name: "policy-unseen-key-known", comment: "the signature is right, but what it allows is not known", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.Identifier, v.Permissions, v.Expiry = "readers", 0, Time{} })
		}), headers: []string{"method: DELETE"}, expect: "policy-unseen", verdict: Unverified, signature: SignatureRight},
		{name: "ip-inside", comment: "an address at the end of the range", text: at(blobURL, func(m *vectorMaker) string {
			return m.service(func(v *Service) { v.IP, _ = ParseIPRange("10.0.0.1-10.0.0.9") })
		}), headers: []string{"ip: 10.0.0.9"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation", comment: "a user delegation SAS as it should be", text: at(blobURL, func(m *vectorMaker) string { return m.delegation(nil) }), noKey: true, headers: []string{delegationKey}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation-signed-query", comment: "a signed query parameter and header", text: at(blobURL, func(m *vectorMaker) string {
			return "comp=block&blockid=MDAwMDAx&" + m.delegation(func(v *UserDelegation) {
				v.SignedQuery, v.SignedHeaders = []Field{{"comp", "block"}}, []Field{{"x-ms-client-request-id", "1"}}
			})
		}), noKey: true, headers: []string{delegationKey, "method: PUT", "header: x-ms-client-request-id: 1"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation-user-bound", comment: "bound to one user", text: at(blobURL, func(m *vectorMaker) string {
			return m.delegation(func(v *UserDelegation) { v.DelegatedUserID = testUserID })
		}), noKey: true, headers: []string{delegationKey}, expect: "user-bound", verdict: Works, signature: SignatureRight},
		{name: "delegation-version-2018", comment: "the oldest layout", text: at(blobURL, func(m *vectorMaker) string {
			return m.delegation(func(v *UserDelegation) { v.Version, v.CorrelationID = "2018-11-09", "" })
		}), noKey: true, headers: []string{delegationKey}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation-version-2020-02", comment: "the layout that added saoid, suoid and scid", text: at(blobURL, func(m *vectorMaker) string { return m.delegation(func(v *UserDelegation) { v.Version = "2020-02-10" }) }), noKey: true, headers: []string{delegationKey}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation-version-2020-12", comment: "the layout that added ses", text: at(blobURL, func(m *vectorMaker) string { return m.delegation(func(v *UserDelegation) { v.Version = "2020-12-06" }) }), noKey: true, headers: []string{delegationKey}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delegation-version-2025", comment: "the layout that added skdutid and sduoid", text: at(blobURL, func(m *vectorMaker) string { return m.delegation(func(v *UserDelegation) { v.Version = "2025-07-05" }) }), noKey: true, headers: []string{delegationKey}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "account", comment: "an account SAS where nothing else would do", text: at("https://acct.blob.core.windows.net/", func(m *vectorMaker) string {
			return "comp=list&" + m.account(func(v *Account) { v.ResourceTypes, v.Permissions = ServiceLevel, AccountList })
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "account-version-2015", comment: "the oldest layout", text: at("https://acct.blob.core.windows.net/", func(m *vectorMaker) string {
			return "comp=list&" + m.account(func(v *Account) {
				v.Version, v.ResourceTypes, v.Permissions = "2015-04-05", ServiceLevel, AccountList
			})
		}), headers: []string{"method: GET"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "account-for-a-blob", comment: "an account SAS where a blob SAS would do, with more rights than the operation needs", text: at(blobURL, func(m *vectorMaker) string { return m.account(nil) }), headers: []string{"method: GET"}, expect: "account-sas, excess-rights", verdict: Works, signature: SignatureRight},
		{name: "create-only", comment: "c works for a new blob", text: at(blobURL, func(m *vectorMaker) string { return m.service(func(v *Service) { v.Permissions = Create }) }), headers: []string{"method: PUT"}, expect: "create-only", verdict: Works, signature: SignatureRight},
		{name: "long-life", comment: "a year, over http, with rights that mean nothing on a blob", text: at(blobURL, func(m *vectorMaker) string {
			return m.forge("sv=2026-04-06&se=2027-05-04&sr=b&sp=rwl&sig="+strings.Repeat("A", 43)+"%3D", mustKey(m.tb, testKeyText), func(f []Field) []Field { return f })
		}), headers: []string{"op: Get Blob"}, expect: "long-life, no-https, useless-rights, excess-rights", verdict: Works, signature: SignatureRight},
		{name: "javascript-order", comment: "y and f at the end, as the JavaScript SDK orders them", text: at(containerURL+"/a", func(m *vectorMaker) string {
			return m.forge("sv=2026-04-06&se=2026-05-04T13%3A00%3A00Z&sr=c&sp=rtyf&spr=https&sig="+strings.Repeat("A", 43)+"%3D", mustKey(m.tb, testKeyText), func(f []Field) []Field { return f })
		}), expect: "none", verdict: Works, signature: SignatureRight},
	}
}

// keyAsText is the mistake of signing with the base64 text of a key.
func keyAsText() Key { return NewKey([]byte(testKeyText)) }

// otherKey is nobody's.
func otherKey() Key {
	return NewKey([]byte(base64.StdEncoding.EncodeToString([]byte("rotated"))))
}
