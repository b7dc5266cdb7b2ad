package sas

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const vectorsDir = "../testdata/sas"

// vector is one file of testdata/sas; README.md there describes the format.
type vector struct {
	name    string
	headers []Field
	text    string
}

func (v *vector) all(name string) (values []string) {
	for _, h := range v.headers {
		if h.Name == name {
			values = append(values, h.Value)
		}
	}
	return values
}

func (v *vector) one(name string) string {
	if all := v.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

var vectorHeaders = []string{"comment", "made-by", "expect", "verdict", "signature", "now", "account", "container", "blob",
	"account-key", "delegation-key", "policy", "method", "op", "ip", "header"}

func readVectors(tb testing.TB) []*vector {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(vectorsDir, "*.txt"))
	if err != nil || len(files) == 0 {
		tb.Fatal("no vectors in ", vectorsDir, err)
	}
	var out []*vector
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		head, text, ok := strings.Cut(string(b), "\n\n")
		if !ok {
			tb.Fatal(file, ": no empty line")
		}
		v := &vector{name: strings.TrimSuffix(filepath.Base(file), ".txt"), text: strings.TrimSuffix(text, "\n")}
		for line := range strings.SplitSeq(head, "\n") {
			name, value, ok := strings.Cut(line, ": ")
			if !ok || !slices.Contains(vectorHeaders, name) {
				tb.Fatalf("%s: header line %q", file, line)
			}
			v.headers = append(v.headers, Field{name, value})
		}
		out = append(out, v)
	}
	return out
}

// question turns the headers into what Explain is asked.
func (v *vector) question(tb testing.TB) Question {
	tb.Helper()
	q := Question{Text: v.text, Account: v.one("account"), Container: v.one("container"), Blob: v.one("blob"), Method: v.one("method")}
	var err error
	if q.Now, err = time.Parse(time.RFC3339, v.one("now")); err != nil {
		tb.Fatal(err)
	}
	for _, text := range v.all("account-key") {
		q.Keys = append(q.Keys, mustKey(tb, text))
	}
	if text := v.one("delegation-key"); text != "" {
		q.Delegation = mustKey(tb, text)
	}
	if policies := v.all("policy"); len(policies) > 0 {
		q.Policy = parsePolicies(tb, policies)
	}
	if op := v.one("op"); op != "" {
		var ok bool
		if q.Operation, ok = ParseOperation(op); !ok {
			tb.Fatalf("operation %q", op)
		}
	}
	if ip := v.one("ip"); ip != "" {
		q.RemoteIP = netip.MustParseAddr(ip)
	}
	for _, h := range v.all("header") {
		name, value, _ := strings.Cut(h, ": ")
		q.Headers = append(q.Headers, Field{name, value})
	}
	return q
}

func parsePolicies(tb testing.TB, lines []string) func(string) (Policy, bool) {
	policies := map[string]Policy{}
	for _, line := range lines {
		parts := strings.Fields(line)
		if parts[0] == "none" {
			continue
		}
		var p Policy
		for _, part := range parts[1:] {
			name, value, _ := strings.Cut(part, "=")
			var err error
			switch name {
			case "st":
				p.Start, err = ParseTime(value)
			case "se":
				p.Expiry, err = ParseTime(value)
			case "sp":
				p.Permissions, err = ParsePermissions(value)
			default:
				tb.Fatalf("policy %q", line)
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		policies[parts[0]] = p
	}
	return func(id string) (Policy, bool) { p, ok := policies[id]; return p, ok }
}

func TestVectors(t *testing.T) {
	if *updateVectors {
		writeVectors(t)
	}
	found := map[Code]bool{}
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			q := v.question(t)
			got := Explain(q)
			codes := []string{}
			for _, f := range got.Findings {
				codes = append(codes, string(f.Code))
				found[f.Code] = true
			}
			if !slices.IsSortedFunc(got.Findings, func(a, b Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) }) {
				t.Errorf("a warning stands before a failure:\n%s", indent(got))
			}
			slices.Sort(codes)
			codes = slices.Compact(codes)
			want := []string{}
			if expect := v.one("expect"); expect != "none" {
				want = strings.Split(expect, ", ")
				slices.Sort(want)
			}
			if diff := cmp.Diff(want, codes); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, indent(got))
			}
			if string(got.Verdict) != v.one("verdict") || string(got.Signature) != v.one("signature") {
				t.Errorf("verdict %s, signature %s; want %s, %s\n%s", got.Verdict, got.Signature, v.one("verdict"), v.one("signature"), indent(got))
			}
			checkNoSecret(t, v, got)
			agreesWithVerify(t, q, got)
		})
	}
	for _, code := range everyCode {
		if !found[code] && !t.Failed() {
			t.Errorf("no vector finds %s", code)
		}
	}
}

func indent(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

// checkNoSecret looks for keys, and for the signature in any spelling, in all that Explain says.
func checkNoSecret(t *testing.T, v *vector, e Explanation) {
	t.Helper()
	said := indent(e)
	for _, h := range v.headers {
		if strings.HasSuffix(h.Name, "-key") && strings.Contains(said, h.Value) {
			t.Errorf("the explanation holds the %s", h.Name)
		}
	}
	_, sig, found := strings.Cut(v.text, "sig=")
	sig, _, _ = strings.Cut(sig, "&")
	if found && len(sig) > 20 {
		for _, spelling := range []string{sig, sig[:20], unescapeAll(sig)} {
			if len(spelling) >= 20 && strings.Contains(said, spelling) {
				t.Error("the explanation holds the signature")
			}
		}
	}
}

func unescapeAll(s string) string {
	for range 3 {
		if u, err := url.PathUnescape(s); err == nil {
			s = u
		}
	}
	return s
}

// agreesWithVerify checks that what Explain says works is what Verify lets through.
func agreesWithVerify(t *testing.T, q Question, e Explanation) {
	t.Helper()
	if e.Has(CodeAccountMissing) || e.Has(CodeAccountMismatch) {
		return // the question itself says that the URL goes elsewhere
	}
	q.Text = connectionSAS(q.Text)
	place, query, _ := strings.Cut(q.Text, "?")
	if !strings.Contains(q.Text, "://") {
		query = q.Text
	}
	ex := &explainer{q: q, out: Explanation{}}
	ex.target = ex.locate(place, query)
	token, err := Parse(query)
	if err == nil {
		ex.token = token
		keys := Keys{Account: q.Keys, Policy: q.Policy, Delegation: func(DelegationKey) (Key, bool) { return q.Delegation, !q.Delegation.IsZero() }}
		req := ex.request()
		if !req.RemoteIP.IsValid() {
			req.RemoteIP = token.ip.Start
		}
		if token.values[fieldSDUOID] != "" {
			req.UserObjectID, req.UserTenantID = token.values[fieldSDUOID], token.values[fieldSKTID]
		}
		var grant *Grant
		if grant, err = token.Authenticate(req, keys, q.Now); err == nil {
			if op := ex.operation(); op != 0 && q.Text != query {
				err = grant.Authorize(op)
			}
		}
	}
	if err == nil && (e.Has(CodeSignedQuery) && q.Operation != 0 || e.Has(CodeResourceType) && ex.operation() == 0) {
		return // the request would be let through, but is not the one that was asked about, or none that there is
	}
	if e.Verdict == Works && err != nil {
		t.Errorf("Explain says it works; Verify says: %v", err)
	}
	if e.Verdict == Refused && err == nil {
		t.Errorf("Explain says it is refused; Verify lets it through\n%s", indent(e))
	}
}

var everyCode = []Code{CodeNoSAS, CodeSecretPasted, CodeQuoted, CodeHTMLEscaped, CodeWhitespace, CodeNoQuestionMark, CodeSecondQuestionMark,
	CodeDoubleEncoded, CodeSigPlusSpace, CodeSigDoubleEncoded, CodeSigMalformed, CodeParameterMissing,
	CodeParameterDuplicate, CodeParameterMalformed, CodeParameterForeign, CodePermissionOrder, CodeVersionTooOld,
	CodeDelegationPartial, CodeExpired, CodeNotYetValid, CodeClockSkew, CodeDelegationExpired, CodeDelegationNotYet,
	CodeProtocolMismatch, CodeIPMismatch, CodePermissionMissing, CodeResourceMismatch, CodeResourceType,
	CodeServiceMismatch, CodeSignedHeader, CodeSignedQuery, CodePolicyUnknown, CodePolicyConflict, CodeAccountDoubled,
	CodeAccountMissing, CodeAccountMismatch, CodeSignatureMismatch, CodeLayoutWrong, CodeKeyNotDecoded, CodeWrongKeyKind,
	CodePathMismatch, CodePermissionsChanged, CodeLongLife, CodeNoHTTPS, CodeExcessRights, CodeUselessRights,
	CodeAccountSAS, CodeOutlivesKey, CodePolicyUnseen, CodeUserBound, CodeRightUncertain, CodeOperation}
