package sas

import (
	"strings"
	"time"
)

// damagedVectors were right until somebody copied them.
func damagedVectors() []vectorCase {
	plain := func(m *vectorMaker) string { return m.service(nil) }
	damaged := func(name, comment, expect string, f func(m *vectorMaker) string) vectorCase {
		return vectorCase{name: name, comment: comment, text: f, expect: expect, verdict: Refused, signature: SignatureRight}
	}
	return []vectorCase{
		damaged("quoted-json", "taken from JSON with its quotes and escapes", "quoted", func(m *vectorMaker) string {
			return `"` + strings.ReplaceAll(blobURL+"?"+plain(m), "&", `\u0026`) + `",`
		}),
		damaged("quoted-shell", "taken with a shell's quotes", "quoted", func(m *vectorMaker) string { return `'` + blobURL + "?" + plain(m) + `'` }),
		damaged("quoted-object", "a whole answer in JSON", "quoted", func(m *vectorMaker) string {
			return `{"id":"1","url":"` + strings.ReplaceAll(strings.ReplaceAll(blobURL+"?"+plain(m), "/", `\/`), "&", `\u0026`) + `","blockSize":4}`
		}),
		damaged("command", "a command line with the URL in it", "quoted", func(m *vectorMaker) string {
			return `curl -T cat.jpg '` + blobURL + "?" + plain(m) + `' -H x-ms-blob-type:BlockBlob`
		}),
		{name: "connection-string-sas", comment: "a connection string that holds a SAS, as the portal makes one", text: func(m *vectorMaker) string {
			return "BlobEndpoint=https://acct.blob.core.windows.net/;QueueEndpoint=https://acct.queue.core.windows.net/;SharedAccessSignature=" +
				m.account(func(v *Account) { v.ResourceTypes, v.Permissions = ServiceLevel, AccountList })
		}, headers: []string{"op: List Containers"}, expect: "none", verdict: Works, signature: SignatureRight},
		damaged("html-escaped", "taken from HTML", "html-escaped", func(m *vectorMaker) string { return strings.ReplaceAll(blobURL+"?"+plain(m), "&", "&amp;") }),
		damaged("line-break", "broken by a terminal", "whitespace", func(m *vectorMaker) string {
			return strings.Replace(blobURL+"?"+plain(m), "&sr", "\n&sr", 1)
		}),
		damaged("second-question-mark", "the SAS came with its own question mark", "second-question-mark", func(m *vectorMaker) string { return blobURL + "??" + plain(m) }),
		damaged("second-question-mark-after-query", "added with ? to a URL that has a query", "second-question-mark", func(m *vectorMaker) string { return blobURL + "?timeout=30?" + plain(m) }),
		damaged("no-question-mark", "added with & to a URL that has no query", "no-question-mark", func(m *vectorMaker) string { return blobURL + "&" + plain(m) }),
		damaged("sig-plus-space", "the + of the signature was not encoded and became a space", "sig-plus-space", func(m *vectorMaker) string {
			return blobURL + "?" + strings.ReplaceAll(m.withPlus(), "%2B", "+")
		}),
		damaged("sig-double-encoded", "the signature was encoded twice", "sig-double-encoded", func(m *vectorMaker) string {
			head, sig, _ := strings.Cut(plain(m), "sig=")
			return blobURL + "?" + head + "sig=" + strings.ReplaceAll(sig, "%", "%25")
		}),
		damaged("all-double-encoded", "every value was encoded twice", "double-encoded, sig-double-encoded", func(m *vectorMaker) string {
			return blobURL + "?" + strings.ReplaceAll(plain(m), "%", "%25")
		}),
		damaged("query-encoded", "the whole query was encoded, = and & too", "double-encoded", func(m *vectorMaker) string {
			return blobURL + "?" + string(appendEscaped(nil, []byte(plain(m))))
		}),
		{name: "sig-cut", comment: "the end of the signature is missing", text: func(m *vectorMaker) string {
			q := plain(m)
			return blobURL + "?" + q[:len(q)-9]
		}, expect: "sig-malformed", verdict: Refused, signature: SignatureUnchecked},
		{name: "directory-no-depth", comment: "a directory SAS whose depth is missing", text: func(*vectorMaker) string {
			return blobURL + "?sv=2026-04-06&se=2026-05-04T13%3A00%3A00Z&sr=d&sp=r&sig=RSkXz7uAOGCQTyWbxJkBY7uOm2AnPUX3yE%2Bu11pqVNk%3D"
		}, expect: "parameter-contradiction, resource-mismatch, signature-mismatch, no-https", verdict: Refused, signature: SignatureWrong},
		{name: "directory-depth-0", comment: "a directory SAS of depth 0", text: func(*vectorMaker) string {
			return blobURL + "?sv=2026-04-06&se=2026-05-04T13%3A00%3A00Z&sr=d&sdd=0&sp=r&sig=RSkXz7uAOGCQTyWbxJkBY7uOm2AnPUX3yE%2Bu11pqVNk%3D"
		}, expect: "parameter-malformed, resource-mismatch, signature-mismatch, no-https", verdict: Refused, signature: SignatureWrong},
		{name: "signed-query-own", comment: "a signed query parameter that is the SAS's own", text: func(m *vectorMaker) string {
			return blobURL + "?" + m.delegation(nil) + "&srq=sp"
		}, noKey: true, headers: []string{"delegation-key: " + testDelegationKey}, expect: "parameter-contradiction", verdict: Refused, signature: SignatureRight},
		{name: "no-sas", comment: "a URL without a SAS", text: func(*vectorMaker) string { return blobURL }, expect: "no-sas", verdict: Refused, signature: SignatureUnchecked},
		{name: "secret-pasted", comment: "a connection string instead of a SAS", text: func(*vectorMaker) string {
			return "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + testKeyText
		}, noKey: true, expect: "secret-pasted", verdict: Refused, signature: SignatureUnchecked},
	}
}

// brokenVectors are refused for what they say, or for how they were signed.
func brokenVectors() []vectorCase {
	return append(brokenFieldVectors(), append(brokenUseVectors(), brokenSignatureVectors()...)...)
}

func serviceVector(name, comment, expect string, signature SignatureState, edit func(*Service), headers ...string) vectorCase {
	return vectorCase{name: name, comment: comment, expect: expect, verdict: Refused, signature: signature, headers: headers,
		text: func(m *vectorMaker) string { return blobURL + "?" + m.service(edit) }}
}

func delegationVector(name, comment, expect string, edit func(*UserDelegation), headers ...string) vectorCase {
	return vectorCase{name: name, comment: comment, expect: expect, verdict: Refused, signature: SignatureRight, noKey: true,
		headers: append([]string{"delegation-key: " + testDelegationKey}, headers...),
		text:    func(m *vectorMaker) string { return blobURL + "?" + m.delegation(edit) }}
}

func brokenFieldVectors() []vectorCase {
	edited := func(name, comment, expect string, signature SignatureState, edit func(string) string) vectorCase {
		return vectorCase{name: name, comment: comment, expect: expect, verdict: Refused, signature: signature,
			text: func(m *vectorMaker) string { return blobURL + "?" + edit(m.service(nil)) }}
	}
	swap := func(old, new string) func(string) string {
		return func(q string) string { return strings.Replace(q, old, new, 1) }
	}
	return []vectorCase{
		edited("expiry-missing", "se was dropped", "parameter-missing, signature-mismatch", SignatureWrong, swap("&se=2026-05-04T13%3A00%3A00Z", "")),
		edited("sr-missing", "sr was dropped", "parameter-missing, path-mismatch", SignatureWrong, swap("&sr=b", "")),
		edited("sig-missing", "sig was dropped", "parameter-missing", SignatureUnchecked, func(q string) string { q, _, _ = strings.Cut(q, "&sig="); return q }),
		edited("duplicate", "sp stands twice, once in capitals", "parameter-duplicate", SignatureRight, swap("&spr=", "&SP=rwd&spr=")),
		edited("permission-unknown", "a letter that is no permission", "parameter-malformed, signature-mismatch", SignatureWrong, swap("sp=rcw", "sp=rcz")),
		edited("permission-order", "permissions out of order after signing", "permission-order, permissions-reordered", SignatureWrong, swap("sp=rcw", "sp=wcr")),
		edited("time-malformed", "an expiry with an offset", "parameter-malformed, signature-mismatch", SignatureWrong, swap("13%3A00%3A00Z", "13%3A00%3A00%2B00%3A00")),
		edited("foreign-parameter", "ss does not belong in a service SAS", "parameter-contradiction", SignatureRight, swap("&sr=b", "&sr=b&ss=b")),
		edited("scope-before-its-version", "ses was added to a SAS whose layout does not sign it", "version-too-old, signature-mismatch", SignatureWrong, func(q string) string {
			return strings.Replace(q, "sv=2026-04-06", "sv=2019-12-12", 1) + "&ses=scope"
		}),
		{name: "delegation-incomplete", comment: "parameters of the delegation key were lost", noKey: true,
			headers: []string{"delegation-key: " + testDelegationKey}, expect: "delegation-key-incomplete, signature-mismatch",
			verdict: Refused, signature: SignatureWrong, text: func(m *vectorMaker) string {
				q := m.delegation(nil)
				q = strings.Replace(q, "&sktid="+testTenantID, "", 1)
				return blobURL + "?" + strings.Replace(q, "&sks=b", "", 1)
			}},
	}
}

func brokenUseVectors() []vectorCase {
	later := func(c vectorCase, d time.Duration) vectorCase {
		c.now = testNow.Add(d).Format(time.RFC3339)
		return c
	}
	at := func(url string, c vectorCase) vectorCase {
		text := c.text
		c.text = func(m *vectorMaker) string { return strings.Replace(text(m), blobURL, url, 1) }
		return c
	}
	list := func(v *Service) { v.Blob, v.Permissions = "", List }
	account := func(name, comment, expect, url string, edit func(*Account), headers ...string) vectorCase {
		return vectorCase{name: name, comment: comment, expect: expect, verdict: Refused, signature: SignatureRight, headers: headers,
			text: func(m *vectorMaker) string { return url + "?" + m.account(edit) }}
	}
	return []vectorCase{
		later(serviceVector("expired", "an hour too late", "expired", SignatureRight, nil), 2*time.Hour),
		later(serviceVector("expired-at-the-instant", "the expiry itself is excluded", "expired", SignatureRight, nil), time.Hour),
		serviceVector("not-yet", "starts in half an hour", "not-yet-valid", SignatureRight, func(v *Service) { v.Start = TimeOf(testNow.Add(30 * time.Minute)) }),
		serviceVector("clock-skew", "starts in three minutes", "not-yet-valid, clock-skew", SignatureRight, func(v *Service) { v.Start = TimeOf(testNow.Add(3 * time.Minute)) }),
		at("http://acct.blob.core.windows.net/images/cats/tabby.jpg", serviceVector("http", "https only, used over http", "protocol-mismatch", SignatureRight, nil)),
		serviceVector("ip-outside", "an address outside", "ip-mismatch", SignatureRight, func(v *Service) { v.IP, _ = ParseIPRange("10.0.0.1-10.0.0.9") }, "ip: 10.0.0.10"),
		serviceVector("create-cannot-stage", "c cannot stage blocks", "permission-missing", SignatureRight, func(v *Service) { v.Permissions = Create }, "op: Put Block"),
		serviceVector("permission-missing", "reading is not deleting", "permission-missing", SignatureRight, func(v *Service) { v.Permissions = Read }, "method: DELETE"),
		serviceVector("list-with-a-blob-sas", "a blob SAS does not list", "resource-mismatch, permission-missing", SignatureRight, nil, "op: List Blobs"),
		at(containerURL, serviceVector("blob-sas-on-container", "a blob SAS on its container", "resource-mismatch, signature-mismatch", SignatureWrong, nil)),
		at("https://acct.blob.core.windows.net/", serviceVector("service-sas-on-service", "a service SAS on the service", "resource-mismatch", SignatureUnchecked, list)),
		at("https://acct.blob.core.windows.net/images/cats/other.jpg", serviceVector("another-blob", "another blob than was signed", "signature-mismatch", SignatureWrong, nil)),
		serviceVector("policy-revoked", "the policy was removed", "policy-unknown", SignatureRight, func(v *Service) { v.Identifier = "readers" }, "policy: none"),
		serviceVector("policy-conflict", "the expiry stands in both", "policy-conflict", SignatureRight, func(v *Service) { v.Identifier, v.Permissions = "readers", 0 }, "policy: readers sp=r se=2026-05-04T13:00:00Z"),
		account("account-wrong-service", "an account SAS for queues", "service-mismatch, account-sas, excess-rights", blobURL, func(v *Account) { v.Services = Queue }, "method: GET"),
		account("account-wrong-level", "srt=o does not list containers", "resource-type-mismatch, excess-rights", "https://acct.blob.core.windows.net/", func(v *Account) { v.ResourceTypes = ObjectLevel }, "op: List Containers"),
		later(delegationVector("delegation-expired", "both the SAS and its key are over", "expired, delegation-key-expired", nil), 48*time.Hour),
		later(delegationVector("delegation-not-yet", "before the key's start", "delegation-key-not-yet-valid", nil), -2*time.Hour),
		delegationVector("signed-header-missing", "a signed header is not sent", "signed-header-missing", func(v *UserDelegation) { v.SignedHeaders = []Field{{"x-ms-blob-type", "BlockBlob"}} }, "header: accept: */*").unchecked(),
		delegationVector("signed-query-missing", "a signed query parameter is not sent", "signed-query-missing", func(v *UserDelegation) { v.SignedQuery = []Field{{"comp", "block"}} }).unchecked(),
		{name: "outlives-key", comment: "the key ends before the SAS", noKey: true, headers: []string{"delegation-key: " + testDelegationKey},
			now: "2026-05-04T11:30:00Z", expect: "outlives-key, long-life", verdict: Works, signature: SignatureRight, text: func(m *vectorMaker) string {
				return blobURL + "?" + m.forge(strings.Replace(m.delegation(nil), "se=2026-05-04", "se=2026-05-06", 1), mustKey(m.tb, testDelegationKey), func(f []Field) []Field { return f })
			}},
	}
}

func (c vectorCase) unchecked() vectorCase {
	c.signature = SignatureUnchecked
	return c
}

func brokenSignatureVectors() []vectorCase {
	forged := func(name, comment, expect string, f func(m *vectorMaker) string, headers ...string) vectorCase {
		return vectorCase{name: name, comment: comment, expect: expect, verdict: Refused, signature: SignatureWrong, headers: headers,
			text: func(m *vectorMaker) string { return blobURL + "?" + f(m) }}
	}
	same := func(f []Field) []Field { return f }
	return []vectorCase{
		forged("rotated-key", "the key was rotated after signing", "signature-mismatch", func(m *vectorMaker) string { return m.forge(m.service(nil), otherKey(), same) }),
		forged("rotated-key-create-only", "what stops it is said before what only might", "signature-mismatch, create-only", func(m *vectorMaker) string {
			return m.forge(m.service(func(v *Service) { v.Permissions = Create }), otherKey(), same)
		}, "method: PUT"),
		forged("key-not-decoded", "signed with the key's base64 text", "key-not-decoded", func(m *vectorMaker) string { return m.forge(m.service(nil), keyAsText(), same) }),
		forged("layout-without-scope", "signed without the line for ses", "layout-wrong", func(m *vectorMaker) string {
			return m.forge(m.service(nil), mustKey(m.tb, testKeyText), func(f []Field) []Field {
				return append(f[:10:10], f[11:]...)
			})
		}),
		forged("resource-without-blob-prefix", "signed without /blob in the resource", "account-missing", func(m *vectorMaker) string { return m.forgeResource("/acct/images/cats/tabby.jpg") }),
		forged("resource-account-doubled", "signed with the account's name twice", "account-doubled", func(m *vectorMaker) string { return m.forgeResource("/blob/acct/acct/images/cats/tabby.jpg") }),
		forged("resource-is-container", "signed for the container, used with sr=b", "path-mismatch", func(m *vectorMaker) string { return m.forgeResource("/blob/acct/images") }),
		{name: "resource-escaped", comment: "signed for the URL-encoded name", expect: "path-mismatch", verdict: Refused, signature: SignatureWrong,
			text: func(m *vectorMaker) string {
				return "https://acct.blob.core.windows.net/images/a%20cat.jpg?" + m.forgeResource("/blob/acct/images/a%20cat.jpg")
			}},
		{name: "path-account-doubled", comment: "a path-style URL with the account's name twice", expect: "account-doubled, no-https", verdict: Refused, signature: SignatureWrong,
			headers: []string{"account: acct"}, text: func(m *vectorMaker) string {
				return "http://127.0.0.1:10000/acct/acct/images/cats/tabby.jpg?" + m.service(func(v *Service) { v.Protocol = HTTPSAndHTTP })
			}},
		{name: "path-account-missing", comment: "a path-style URL without the account's name", expect: "account-missing, no-https", verdict: Refused, signature: SignatureRight,
			headers: []string{"account: acct"}, text: func(m *vectorMaker) string {
				return "http://127.0.0.1:10000/images/cats/tabby.jpg?" + m.service(func(v *Service) { v.Protocol = HTTPSAndHTTP })
			}},
		{name: "account-mismatch", comment: "the key is of another account", expect: "account-mismatch, signature-mismatch", verdict: Refused, signature: SignatureWrong,
			headers: []string{"account: other"}, text: func(m *vectorMaker) string { return blobURL + "?" + m.forge(m.service(nil), otherKey(), same) }},
		{name: "wrong-key-kind", comment: "a user delegation SAS signed with the account key", expect: "wrong-key-kind", verdict: Refused, signature: SignatureWrong,
			headers: []string{"delegation-key: " + testDelegationKey}, text: func(m *vectorMaker) string {
				return blobURL + "?" + m.forge(m.delegation(nil), mustKey(m.tb, testKeyText), same)
			}},
	}
}
