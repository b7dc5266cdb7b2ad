package sas

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Question is what Explain is asked: what was pasted, and as much of the rest as the caller knows.
type Question struct {
	// Text is a URL with a SAS, a query, or a SAS with what copying did to it (quotes, "&amp;", a second "?").
	Text string
	// Now is the moment to judge by.
	Now time.Time

	// Account, Container and Blob stand in where Text is no URL. With a URL, Account is the account that the keys belong
	// to, and is compared with the URL's.
	Account   string
	Container string
	Blob      string

	// Keys are account keys, to check the signature of a service or account SAS.
	Keys []Key
	// Delegation is the value of the delegation key, to check the signature of a user delegation SAS.
	Delegation Key
	// Policy finds a stored access policy; nil when unknown.
	Policy func(identifier string) (Policy, bool)

	// Operation is what shall be done; when 0 it is told by Method and the URL, and when Method is empty too, rights are
	// not judged.
	Operation Operation
	Method    string
	// RemoteIP is the address that shall use the SAS; the zero Addr when unknown.
	RemoteIP netip.Addr
	// Headers are the request's headers, for signed ones; nil when unknown.
	Headers []Field
}

// Code names a finding. The text is stable, and the same in every implementation that shares testdata/sas.
type Code string

// The codes of findings. The first group is what happened to the text on its way.
const (
	CodeNoSAS              Code = "no-sas"
	CodeSecretPasted       Code = "secret-pasted"
	CodeQuoted             Code = "quoted"
	CodeHTMLEscaped        Code = "html-escaped"
	CodeWhitespace         Code = "whitespace"
	CodeSecondQuestionMark Code = "second-question-mark"
	CodeNoQuestionMark     Code = "no-question-mark"
	CodeDoubleEncoded      Code = "double-encoded"
	CodeSigPlusSpace       Code = "sig-plus-space"
	CodeSigDoubleEncoded   Code = "sig-double-encoded"
	CodeSigMalformed       Code = "sig-malformed"

	CodeParameterMissing   Code = "parameter-missing"
	CodeParameterDuplicate Code = "parameter-duplicate"
	CodeParameterMalformed Code = "parameter-malformed"
	CodeParameterForeign   Code = "parameter-contradiction"
	CodePermissionOrder    Code = "permission-order"
	CodeVersionTooOld      Code = "version-too-old"
	CodeDelegationPartial  Code = "delegation-key-incomplete"

	CodeExpired            Code = "expired"
	CodeNotYetValid        Code = "not-yet-valid"
	CodeClockSkew          Code = "clock-skew"
	CodeDelegationExpired  Code = "delegation-key-expired"
	CodeDelegationNotYet   Code = "delegation-key-not-yet-valid"
	CodeProtocolMismatch   Code = "protocol-mismatch"
	CodeIPMismatch         Code = "ip-mismatch"
	CodePermissionMissing  Code = "permission-missing"
	CodeResourceMismatch   Code = "resource-mismatch"
	CodeResourceType       Code = "resource-type-mismatch"
	CodeServiceMismatch    Code = "service-mismatch"
	CodeSignedHeader       Code = "signed-header-missing"
	CodeSignedQuery        Code = "signed-query-missing"
	CodePolicyUnknown      Code = "policy-unknown"
	CodePolicyConflict     Code = "policy-conflict"
	CodeAccountDoubled     Code = "account-doubled"
	CodeAccountMissing     Code = "account-missing"
	CodeAccountMismatch    Code = "account-mismatch"
	CodeSignatureMismatch  Code = "signature-mismatch"
	CodeLayoutWrong        Code = "layout-wrong"
	CodeKeyNotDecoded      Code = "key-not-decoded"
	CodeWrongKeyKind       Code = "wrong-key-kind"
	CodePathMismatch       Code = "path-mismatch"
	CodePermissionsChanged Code = "permissions-reordered"

	CodeLongLife       Code = "long-life"
	CodeNoHTTPS        Code = "no-https"
	CodeExcessRights   Code = "excess-rights"
	CodeUselessRights  Code = "useless-rights"
	CodeAccountSAS     Code = "account-sas"
	CodeOutlivesKey    Code = "outlives-key"
	CodePolicyUnseen   Code = "policy-unseen"
	CodeUserBound      Code = "user-bound"
	CodeRightUncertain Code = "create-only"
	CodeOperation      Code = "operation-unknown"
)

// Severity says what a finding means.
type Severity string

// The severities.
const (
	Failure Severity = "failure" // the request is refused
	Warning Severity = "warning" // it may work, but best practice or a detail speaks against it
)

// Finding is one thing that Explain found.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Field    string   `json:"field,omitempty"` // the parameter to blame
	Message  string   `json:"message"`         // what is so
	Hint     string   `json:"hint,omitempty"`  // what to do about it
}

// Verdict sums an Explanation up.
type Verdict string

// The verdicts.
const (
	Works      Verdict = "works"      // the signature is right and nothing speaks against the request
	Refused    Verdict = "refused"    // at least one failure
	Unverified Verdict = "unverified" // nothing speaks against it, but a key, a stored access policy or the operation is not known
)

// SignatureState says what is known of the signature.
type SignatureState string

// The states of a signature.
const (
	SignatureRight     SignatureState = "right"
	SignatureWrong     SignatureState = "wrong"
	SignatureUnchecked SignatureState = "unchecked" // no key, or not known what for
)

// Explanation says what a SAS allows, where and until when, and what is wrong with it. It holds no signature and no key.
type Explanation struct {
	Verdict   Verdict        `json:"verdict"`
	Signature SignatureState `json:"signature"`
	Kind      string         `json:"kind,omitempty"`
	Version   string         `json:"version,omitempty"`
	Target    string         `json:"target,omitempty"` // what it opens, in words
	Allows    []string       `json:"allows,omitempty"` // each right in words
	Operation string         `json:"operation,omitempty"`
	Start     *time.Time     `json:"start,omitempty"`
	Expiry    *time.Time     `json:"expiry,omitempty"`
	Lasts     string         `json:"lasts,omitempty"` // how long from now, in words
	Limits    []string       `json:"limits,omitempty"`
	Findings  []Finding      `json:"findings"` // failures first, and the likeliest cause first among them
	// StringToSign is what the signature must be of, field by field.
	StringToSign []Field `json:"stringToSign,omitempty"`
}

// Has reports whether a finding of that code is there.
func (e *Explanation) Has(code Code) bool {
	for _, f := range e.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// explainer gathers an Explanation.
type explainer struct {
	q      Question
	out    Explanation
	token  *Token
	target target
	policy *Policy
}

// Explain says in plain words what a SAS allows and what is wrong with it. It finds everything it can rather than
// stopping at the first fault, and guesses what went wrong with a signature by trying what people get wrong. Text may
// be anything; nothing in the answer repeats a signature or a key.
func Explain(q Question) Explanation {
	e := &explainer{q: q, out: Explanation{Signature: SignatureUnchecked, Findings: []Finding{}}}
	place, query, ok := e.clean()
	if ok {
		e.target = e.locate(place, query)
		e.readToken(query)
		if e.token != nil {
			e.describe()
			e.checkLimits()
			e.checkOperation()
			e.checkSignature()
			e.advise()
		}
	}
	e.out.Verdict = Unverified
	if e.out.Signature == SignatureRight && !e.out.Has(CodePolicyUnseen) && !e.out.Has(CodeOperation) {
		e.out.Verdict = Works
	}
	// What stops the request comes before what only might: the first line is the one that is read.
	slices.SortStableFunc(e.out.Findings, func(a, b Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	if len(e.out.Findings) > 0 && e.out.Findings[0].Severity == Failure {
		e.out.Verdict = Refused
	}
	return e.out
}

func (e *explainer) fail(code Code, field, message, hint string) {
	e.add(Finding{code, Failure, field, message, hint})
}

func (e *explainer) warn(code Code, field, message, hint string) {
	e.add(Finding{code, Warning, field, message, hint})
}

// add keeps the first finding of each code and field.
func (e *explainer) add(f Finding) {
	for _, have := range e.out.Findings {
		if have.Code == f.Code && have.Field == f.Field {
			return
		}
	}
	f.Message, f.Hint = hideSignature(f.Message), hideSignature(f.Hint)
	e.out.Findings = append(e.out.Findings, f)
}

// readToken parses the query and turns problems into findings.
func (e *explainer) readToken(query string) {
	if !HasSignature(query) && !hasOwnParameter(query) {
		e.fail(CodeNoSAS, "", "There is no SAS here: no sig and no other parameter of one.", "Paste the whole URL, or the part after the question mark.")
		return
	}
	query = e.repair(query)
	token, problems := parse(query)
	e.token = token
	for _, p := range problems {
		code := map[Problem]Code{
			Missing: CodeParameterMissing, Duplicate: CodeParameterDuplicate, Malformed: CodeParameterMalformed,
			WrongOrder: CodePermissionOrder, Contradiction: CodeParameterForeign, TooOld: CodeVersionTooOld,
			NotAllowed: CodeParameterForeign,
		}[p.Problem]
		hint := ""
		switch {
		case p.Field == "sig" && p.Problem == Malformed:
			code, hint = CodeSigMalformed, "A signature is 44 characters of base64, ending in =, and URL-encoded in the query. Was it cut off when it was copied?"
		case p.Problem == Missing && p.Field[:min(2, len(p.Field))] == "sk":
			code, hint = CodeDelegationPartial, "A user delegation SAS carries skoid, sktid, skt, ske, sks and skv of its key. Copy the whole SAS, or sign it with an SDK."
		case p.Problem == TooOld:
			hint = "Sign with a newer sv; the SDKs write " + DefaultVersion + " or so."
		case p.Problem == WrongOrder:
			hint = "Write the permissions in the order " + permissionLetters + " and sign again."
		}
		e.fail(code, p.Field, "Parameter "+p.Field+": "+p.Detail+".", hint)
	}
	if token.Identifier() != "" && e.q.Policy != nil {
		if policy, ok := e.q.Policy(token.Identifier()); ok {
			e.policy = &policy
		}
	}
}
