package sas

import (
	"slices"
	"strings"
	"time"
)

// SkewAllowance is how far ahead a start may lie for Explain to think of clocks that differ. Azure advises to allow for a
// quarter of an hour.
const SkewAllowance = 15 * time.Minute

// LongLife is the life from which on Explain warns of a SAS without a stored access policy.
const LongLife = 24 * time.Hour

// checkLimits judges time, protocol, address, policy and what is bound.
func (e *explainer) checkLimits() {
	t := e.token
	e.checkPolicy()
	e.checkTimes()
	if t.protocol == HTTPS && e.target.fromURL && !e.target.https {
		e.fail(CodeProtocolMismatch, "spr", "The SAS is for https only, and the URL is http.", "Use https; or, on loopback only, sign with spr=https,http.")
	}
	if e.q.RemoteIP.IsValid() && !t.ip.Contains(e.q.RemoteIP) {
		e.fail(CodeIPMismatch, "sip", "The SAS is for "+t.ip.String()+", and the request comes from "+e.q.RemoteIP.Unmap().String()+".",
			"What counts is the address the service sees: behind NAT or a proxy it is another, and from within the same Azure region a private one.")
	}
	if t.values[fieldSDUOID] != "" {
		e.warn(CodeUserBound, "sduoid", "The SAS works only together with a bearer token of the user it is bound to.", "Send Authorization: Bearer … of that user.")
	}
	for _, name := range t.signedHeaders {
		if e.q.Headers == nil {
			continue
		}
		if _, ok := e.request().Header(name); !ok {
			e.fail(CodeSignedHeader, "srh", "The SAS binds the header "+quote(name)+", which the request lacks.", "Send it with the very value that was signed.")
		}
	}
	for _, name := range t.signedQuery {
		if n := e.count(name); n != 1 && e.target.fromURL {
			e.fail(CodeSignedQuery, "srq", "The SAS binds the query parameter "+quote(name)+", which stands "+itoa(n)+" times in the URL.", "It must stand there once, with the very value that was signed.")
		}
	}
}

func (e *explainer) count(name string) (n int) {
	for _, o := range e.token.other {
		if strings.EqualFold(o.Name, name) {
			n++
		}
	}
	return n
}

func (e *explainer) checkPolicy() {
	id := e.token.Identifier()
	switch {
	case id == "":
		return
	case e.q.Policy == nil:
		e.warn(CodePolicyUnseen, "si", "What it allows stands in the container's stored access policy "+quote(id)+", which is not known here.", "Look with Get Container ACL whether it is there.")
	case e.policy == nil:
		e.fail(CodePolicyUnknown, "si", "The container has no stored access policy "+quote(id)+".", "It was removed, which revokes the SAS, or renamed; after Set Container ACL it takes up to 30 seconds to be known.")
	default:
		g := Grant{Token: e.token, Start: e.token.start, Expiry: e.token.expiry, Permissions: e.token.permissions}
		err := g.applyPolicy(Keys{Policy: e.q.Policy})
		if denied, _ := err.(*Denied); denied != nil {
			code := CodePolicyConflict
			if denied.Reason == FieldMissing {
				code = CodeParameterMissing
			}
			e.fail(code, denied.Field, strings.ToUpper(denied.Detail[:1])+denied.Detail[1:]+".", "Each of start, expiry and permissions stands in the SAS or in its policy, and in one only.")
		}
	}
}

func (e *explainer) checkTimes() {
	t, now := e.token, e.q.Now
	start, expiry := e.times()
	if !expiry.IsZero() && !now.Before(expiry.Time()) {
		e.fail(CodeExpired, "se", "It expired "+duration(now.Sub(expiry.Time()))+" ago, at "+expiry.Time().Format(time.RFC3339)+".", "Ask for a new one. Times in a SAS are UTC.")
	}
	if now.Before(start.Time()) {
		ahead := start.Time().Sub(now)
		e.fail(CodeNotYetValid, "st", "It starts only in "+duration(ahead)+", at "+start.Time().Format(time.RFC3339)+".", "Times in a SAS are UTC.")
		if ahead <= SkewAllowance {
			e.warn(CodeClockSkew, "st", "The start is so near that the signer's clock may simply be ahead.", "Leave st out, or set it a quarter of an hour back.")
		}
	}
	if t.kind != UserDelegationKind || t.keyEnd.IsZero() {
		return
	}
	if !now.Before(t.keyEnd.Time()) {
		e.fail(CodeDelegationExpired, "ske", "The user delegation key expired "+duration(now.Sub(t.keyEnd.Time()))+" ago.", "Get a new key and sign with it; a key lives at most seven days.")
	}
	if now.Before(t.keyStart.Time()) {
		e.fail(CodeDelegationNotYet, "skt", "The user delegation key is good only in "+duration(t.keyStart.Time().Sub(now))+".", "Ask for a key that starts a quarter of an hour ago.")
	}
	if !expiry.IsZero() && expiry.Time().After(t.keyEnd.Time()) {
		e.warn(CodeOutlivesKey, "se", "The SAS outlives its user delegation key, and ends with it at "+t.keyEnd.Time().Format(time.RFC3339)+".", "Let it end no later than the key.")
	}
}

// checkOperation judges the rights for what shall be done, and whether the SAS reaches what the URL names.
func (e *explainer) checkOperation() {
	t := e.token
	op := e.operation()
	switch {
	case op != 0:
		e.out.Operation = op.String()
		e.checkBoundOperation(op)
	case e.q.Method != "":
		e.warn(CodeOperation, "", "What "+quote(e.q.Method)+" does here is not known, so the rights for it are not judged.", "Name the operation instead of the method.")
	}
	r := e.request()
	if t.kind == AccountKind {
		if t.services != 0 && t.services&Blob == 0 {
			e.fail(CodeServiceMismatch, "ss", "The SAS is not for the Blob service: b is not in ss.", "Sign with ss=b.")
		}
		if op != 0 {
			e.checkAccountRights(op, r.level())
		} else if e.target.fromURL {
			e.checkAccountLevel(r.level())
		}
		return
	}
	if e.target.known && t.resource != "" && e.target.container != "" {
		if _, ok := t.path(&r); !ok {
			e.fail(CodeResourceMismatch, "sr", e.resourceMismatch(), "Make a SAS for what the URL names, or use the URL it was made for.")
		}
	} else if e.target.fromURL && e.target.container == "" && t.resource != "" {
		e.fail(CodeResourceMismatch, "sr", "The SAS opens a "+t.resource.String()+", and the URL names no container.", "Add /container or /container/blob to the URL; a request to the service needs an account SAS.")
	}
	if op == 0 {
		return
	}
	if e.target.fromURL && op.Level()&r.level() == 0 {
		e.fail(CodeResourceMismatch, "sr", op.String()+" does not go to what the URL names.", "")
	}
	allowed := t.permissions
	if e.policy != nil {
		allowed |= e.policy.Permissions
	}
	if t.Identifier() != "" && e.policy == nil && t.permissions == 0 {
		return
	}
	needs := op.Needs()
	if allowed&needs == 0 {
		e.failRight(op, needs.String(), allowed.String(), allowed.Has(Create))
	} else if overwrites(op) && allowed&Write == 0 {
		e.warn(CodeRightUncertain, "sp", "With c and not w, "+op.String()+" works only as long as the blob is not there.", "Add w if it shall be overwritten.")
	}
}

// checkBoundOperation compares an operation that was asked for by name with the comp that the SAS binds and the URL has.
func (e *explainer) checkBoundOperation(op Operation) {
	bound := slices.ContainsFunc(e.token.signedQuery, func(name string) bool { return strings.EqualFold(name, "comp") })
	if comp := e.other("comp"); e.q.Operation != 0 && bound && e.count("comp") == 1 && !op.doneWith(comp) {
		e.fail(CodeSignedQuery, "srq", "The SAS binds comp="+quote(comp)+", and no "+op.String()+" is done with that.", "Make a SAS for that operation.")
	}
}

// checkAccountLevel finds an account SAS that is for nothing of what the URL names, nor for anything below it.
func (e *explainer) checkAccountLevel(level ResourceTypes) {
	t, below := e.token, level
	switch level {
	case ServiceLevel:
		return
	case ContainerLevel:
		below |= ObjectLevel
	}
	if t.resourceTypes != 0 && t.resourceTypes&below == 0 {
		e.fail(CodeResourceType, "srt", "What the URL names needs "+quote(level.String())+" in srt, which is "+quote(t.resourceTypes.String())+".", "Sign with that resource type.")
	}
}

func (e *explainer) checkAccountRights(op Operation, level ResourceTypes) {
	t := e.token
	if e.target.fromURL && op.Level()&level == 0 {
		e.fail(CodeResourceMismatch, "srt", op.String()+" does not go to what the URL names.", "")
		return
	}
	if !e.target.fromURL {
		level = op.Level()
	}
	if t.resourceTypes&level == 0 {
		e.fail(CodeResourceType, "srt", op.String()+" needs "+quote(level.String())+" in srt, which is "+quote(t.resourceTypes.String())+".", "Sign with that resource type.")
	}
	if needs := op.AccountNeeds(); t.accountPermissions&needs == 0 {
		e.failRight(op, needs.String(), t.accountPermissions.String(), t.accountPermissions.Has(AccountCreate))
	} else if overwrites(op) && t.accountPermissions&AccountWrite == 0 {
		e.warn(CodeRightUncertain, "sp", "With c and not w, "+op.String()+" works only as long as the blob is not there.", "Add w if it shall be overwritten.")
	}
}

// overwrites reports whether an operation replaces a blob when there is one.
func overwrites(op Operation) bool { return op == PutBlob || op == PutBlobFromURL || op == CopyBlob }

func (e *explainer) failRight(op Operation, needs, has string, create bool) {
	switch {
	case needs == "":
		e.fail(CodePermissionMissing, "sp", "No "+e.token.kind.String()+" can do "+op.String()+".", "It takes an account SAS, the account key or a bearer token.")
	case create && (op == PutBlock || op == PutBlockList || op == PutBlockFromURL):
		e.fail(CodePermissionMissing, "sp", op.String()+" needs w: c creates a blob with one request, and cannot stage or commit blocks.", "Sign with w, or upload with one Put Blob.")
	default:
		e.fail(CodePermissionMissing, "sp", op.String()+" needs one of "+quote(needs)+", and the SAS has "+quote(has)+".", "Sign with what the operation needs.")
	}
}

func (e *explainer) resourceMismatch() string {
	t, named := e.token, "a blob"
	switch {
	case e.target.blob == "":
		named = "a container"
	case e.other("snapshot") != "":
		named = "a snapshot"
	case e.other("versionid") != "":
		named = "a version"
	}
	if t.resource == DirectoryResource {
		return "The SAS opens what lies below a directory of depth " + itoa(t.depth) + ", and the URL names something else."
	}
	return "The SAS opens a " + t.resource.String() + ", and the URL names " + named + "."
}

// revokes is what ends a SAS without a stored access policy early, and longLifeHints what to do instead, by kind.
var (
	revokes = map[Kind]string{
		ServiceKind: "a new key", AccountKind: "a new key",
		UserDelegationKind: "revoking the account's delegation keys or its signer's rights",
	}
	longLifeHints = map[Kind]string{
		ServiceKind:        "Sign for minutes or hours, or with a stored access policy (si) that can be removed.",
		AccountKind:        "Sign for minutes or hours: an account SAS has no stored access policy that could be removed.",
		UserDelegationKind: "Sign for minutes or hours: a user delegation SAS has no stored access policy that could be removed.",
	}
)

// advise warns of what best practice warns of.
func (e *explainer) advise() {
	t := e.token
	if t.protocol != HTTPS {
		e.warn(CodeNoHTTPS, "spr", "It also works over plain http, where anybody on the way can read it.", "Sign with spr=https.")
	}
	start, expiry := e.times()
	from := e.q.Now
	if start.Time().After(from) {
		from = start.Time()
	}
	if t.Identifier() == "" && !expiry.IsZero() && expiry.Time().Sub(from) > LongLife {
		e.warn(CodeLongLife, "se", "It lives for "+duration(expiry.Time().Sub(from))+", and only "+revokes[t.kind]+" ends it before.", longLifeHints[t.kind])
	}
	op := e.operation()
	if t.kind == AccountKind {
		switch {
		case e.target.container != "":
			e.warn(CodeAccountSAS, "ss", "An account SAS opens every container; for this URL a service or user delegation SAS would do.", "Make one for the container or the blob.")
		case op.Needs() != 0:
			e.warn(CodeAccountSAS, "ss", "An account SAS opens every container; for "+op.String()+" a service or user delegation SAS would do.", "Make one for the container or the blob.")
		}
		if extra := t.services &^ Blob; op != 0 && extra != 0 {
			e.warn(CodeExcessRights, "ss", op.String()+" does not need "+quote(extra.String())+" in ss.", "Sign with ss=b.")
		}
		if extra := t.resourceTypes &^ op.Level(); op != 0 && extra != 0 && !e.out.Has(CodeResourceType) {
			e.warn(CodeExcessRights, "srt", op.String()+" does not need "+quote(extra.String())+" in srt.", "Sign with less.")
		}
		if extra := t.accountPermissions &^ op.AccountNeeds(); op != 0 && extra != 0 && !e.out.Has(CodePermissionMissing) {
			e.warn(CodeExcessRights, "sp", op.String()+" does not need "+quote(extra.String())+".", "Sign with less.")
		}
		return
	}
	useless := t.permissions &^ t.resource.permissions()
	if useless != 0 && t.resource != "" {
		e.warn(CodeUselessRights, "sp", quote(useless.String())+" means nothing on a "+t.resource.String()+".", "Leave it out; listing needs a container or directory SAS.")
	}
	if extra := t.permissions &^ (op.Needs() | useless); op != 0 && extra != 0 && !e.out.Has(CodePermissionMissing) {
		e.warn(CodeExcessRights, "sp", op.String()+" does not need "+quote(extra.String())+".", "Sign with less.")
	}
}
