package sas

import "strings"

// doubtfulVectors are cases in which a method, a URL or an operation leaves open, or seems to say, what is meant.
func doubtfulVectors() []vectorCase {
	const version = "2026-01-02T03:04:05.1234567Z"
	of := func(permissions Permissions) func(*Service) {
		return func(v *Service) { v.VersionID, v.Permissions = version, permissions }
	}
	key := "delegation-key: " + testDelegationKey
	block := func(m *vectorMaker) string {
		return m.delegation(func(v *UserDelegation) { v.Permissions, v.SignedQuery = Write, []Field{{"comp", "block"}} })
	}
	delete := func(more string, permissions Permissions) func(*vectorMaker) string {
		return func(m *vectorMaker) string {
			return blobURL + "?versionid=" + version + more + "&" + m.service(of(permissions))
		}
	}
	container := func(m *vectorMaker) string {
		return m.service(func(v *Service) { v.Blob, v.Permissions = "", Create })
	}
	one := func(m *vectorMaker) string { return m.service(func(v *Service) { v.Blob = "cat.jpg" }) }
	const root = "https://acct.blob.core.windows.net/"
	return []vectorCase{
		{name: "operation-unknown", comment: "a method that does nothing here that is known", text: func(m *vectorMaker) string { return blobURL + "?comp=appendblock&" + m.service(nil) },
			headers: []string{"method: PUT"}, expect: "operation-unknown", verdict: Unverified, signature: SignatureRight},
		{name: "operation-unknown-token-only", comment: "a method without a URL", text: func(m *vectorMaker) string { return m.account(nil) },
			headers: []string{"account: acct", "method: PUT"}, expect: "operation-unknown", verdict: Unverified, signature: SignatureRight},
		{name: "delete-version", comment: "x deletes a version", text: delete("", DeleteVersion), headers: []string{"method: DELETE"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "delete-version-without-x", comment: "d deletes a blob, and no version", text: delete("", Delete), headers: []string{"method: DELETE"}, expect: "permission-missing", verdict: Refused, signature: SignatureRight},
		{name: "delete-for-good", comment: "y deletes for good", text: delete("&deletetype=permanent", PermanentDelete), headers: []string{"method: DELETE"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "signed-comp", comment: "the operation that the signed comp is for", text: func(m *vectorMaker) string { return blobURL + "?comp=block&" + block(m) },
			noKey: true, headers: []string{key, "op: Put Block From URL"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "signed-comp-another-operation", comment: "an operation that the signed comp is not for", text: func(m *vectorMaker) string { return blobURL + "?comp=block&" + block(m) },
			noKey: true, headers: []string{key, "op: Put Block List"}, expect: "signed-query-missing", verdict: Refused, signature: SignatureRight},
		{name: "signed-comp-another-value", comment: "the URL has another comp than was signed", text: func(m *vectorMaker) string { return blobURL + "?comp=blocklist&" + block(m) },
			noKey: true, headers: []string{key}, expect: "signature-mismatch", verdict: Refused, signature: SignatureWrong},
		{name: "json-apart", comment: "an answer that holds the SAS and its URL apart, as the tutorial's function gives it", text: func(m *vectorMaker) string {
			return `{"sasKey":"` + container(m) + `","url":"https://acct.blob.core.windows.net/images"}`
		}, expect: "quoted", verdict: Refused, signature: SignatureRight},
		{name: "json-token", comment: "an answer with nothing but the SAS, its & escaped", text: func(m *vectorMaker) string {
			return "{\n  \"sas\": \"?" + strings.ReplaceAll(m.service(nil), "&", `\u0026`) + "\"\n}"
		}, headers: []string{"account: acct", "container: images", "blob: cats/tabby.jpg"}, expect: "quoted", verdict: Refused, signature: SignatureRight},
		{name: "custom-domain", comment: "a host with a name of its own, whose account is told", text: func(m *vectorMaker) string { return "https://cdn.example.com/images/cat.jpg?" + one(m) },
			headers: []string{"account: acct"}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "custom-domain-unknown", comment: "nobody knows whose host it is", text: func(m *vectorMaker) string { return "https://cdn.example.com/images/cat.jpg?" + one(m) },
			expect: "none", verdict: Unverified, signature: SignatureUnchecked},
		{name: "path-style-domain", comment: "a host with a name of its own that has the account in its path", text: func(m *vectorMaker) string {
			return "https://blobs.example.com/acct/images/cats/tabby.jpg?" + m.service(nil)
		},
			expect: "none", verdict: Works, signature: SignatureRight},
		{name: "data-lake-host", comment: "the account's other endpoint, which is signed alike", text: func(m *vectorMaker) string {
			return strings.Replace(blobURL, ".blob.", ".dfs.", 1) + "?" + m.service(nil)
		}, expect: "none", verdict: Works, signature: SignatureRight},
		{name: "account-operation", comment: "an account SAS for an operation that a blob SAS would do for", text: func(m *vectorMaker) string {
			return m.account(func(v *Account) { v.ResourceTypes, v.Permissions = ObjectLevel, AccountRead })
		}, headers: []string{"account: acct", "op: Get Blob"}, expect: "account-sas", verdict: Works, signature: SignatureRight},
		{name: "account-excess", comment: "more services and levels than the operation needs", text: func(m *vectorMaker) string {
			return root + "?comp=list&" + m.account(func(v *Account) {
				v.Services, v.ResourceTypes, v.Permissions = Blob|Queue, ServiceLevel|ContainerLevel, AccountList
			})
		}, headers: []string{"op: List Containers"}, expect: "excess-rights", verdict: Works, signature: SignatureRight},
		{name: "account-elsewhere", comment: "an account SAS for the service only, at a blob", text: func(m *vectorMaker) string {
			return blobURL + "?" + m.account(func(v *Account) { v.ResourceTypes, v.Permissions = ServiceLevel, AccountList })
		}, expect: "resource-type-mismatch, account-sas", verdict: Refused, signature: SignatureRight},
		{name: "account-above", comment: "an account SAS for blobs, at their container", text: func(m *vectorMaker) string {
			return containerURL + "?" + m.account(func(v *Account) { v.ResourceTypes, v.Permissions = ObjectLevel, AccountRead })
		}, expect: "account-sas", verdict: Works, signature: SignatureRight},
		{name: "account-long-life", comment: "a year, which no policy can end", text: func(m *vectorMaker) string {
			return root + "?" + m.account(func(v *Account) { v.ResourceTypes, v.Expiry = ServiceLevel, TimeOf(testNow.AddDate(1, 0, 0)) })
		}, expect: "long-life", verdict: Works, signature: SignatureRight},
	}
}
