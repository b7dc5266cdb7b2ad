package sas

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HasSignature reports whether a raw query holds a sig parameter, in any spelling of its name that Parse takes: whether
// the request means to be authorized by a SAS.
func HasSignature(query string) bool {
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(name); err == nil && strings.EqualFold(name, "sig") {
			return true
		}
	}
	return false
}

// Parse reads the SAS in a raw query, without "?". Parameters that are not the SAS's, such as comp, are kept apart.
// Names are compared without case, as Azure does. The error is the first *Invalid found: a parameter that stands twice,
// is empty, malformed, belongs to another kind of SAS or is not signed at this sv; permissions that are unknown or out of
// order; a field that is missing.
func Parse(query string) (*Token, error) {
	t, problems := parse(query)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return t, nil
}

// parse reads as much as it can and tells every problem.
func parse(query string) (*Token, []*Invalid) {
	t := &Token{}
	problems := t.split(query)
	t.kind = t.guessKind()
	add := func(err error) {
		if err != nil {
			problems = append(problems, err.(*Invalid))
		}
	}
	add(t.parseVersion())
	for f := range numParams {
		if t.present[f] {
			add(t.checkBelongs(f))
			add(t.parseField(f))
		}
	}
	for _, f := range t.required() {
		if !t.present[f] {
			add(invalid(Missing, f.String(), "a "+t.kind.String()+" needs it"))
		}
	}
	if !t.start.IsZero() && !t.expiry.IsZero() && !t.start.at.Before(t.expiry.at) {
		add(invalid(Contradiction, "se", "the SAS ends before it starts"))
	}
	if !t.keyStart.IsZero() && !t.keyEnd.IsZero() && !t.keyStart.at.Before(t.keyEnd.at) {
		add(invalid(Contradiction, "ske", "the delegation key ends before it starts"))
	}
	if t.present[fieldSAOID] && t.present[fieldSUOID] {
		add(invalid(Contradiction, "suoid", "saoid and suoid exclude each other"))
	}
	if t.present[fieldSKDUTID] && !t.present[fieldSDUOID] {
		add(invalid(Contradiction, "skdutid", "a delegated tenant goes with a delegated user (sduoid)"))
	}
	if t.present[fieldSR] && t.present[fieldSDD] != (t.resource == DirectoryResource) {
		add(invalid(Contradiction, "sdd", "a directory SAS, and no other, has a depth"))
	}
	return t, problems
}

// split takes the query apart.
func (t *Token) split(query string) (problems []*Invalid) {
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			problems = append(problems, invalid(Malformed, "query", "a name is not URL-encoded"))
			continue
		}
		f, ours := fieldsByName[strings.ToLower(name)]
		value, err := url.QueryUnescape(rawValue)
		switch {
		case err != nil && ours:
			problems = append(problems, invalid(Malformed, f.String(), "not URL-encoded"))
			t.present[f] = true
		case err != nil:
			problems = append(problems, invalid(Malformed, "query", quote(name)+" is not URL-encoded"))
		case !ours:
			t.other = append(t.other, Field{name, value})
		case t.present[f]:
			problems = append(problems, invalid(Duplicate, f.String(), "stands more than once"))
		default:
			t.present[f] = true
			t.values[f] = value
		}
	}
	return problems
}

// guessKind tells the kind by the fields that only it has.
func (t *Token) guessKind() Kind {
	for f := fieldSKOID; f <= fieldSRQ; f++ {
		if t.present[f] {
			return UserDelegationKind
		}
	}
	if (t.present[fieldSS] || t.present[fieldSRT]) && !t.present[fieldSR] {
		return AccountKind
	}
	return ServiceKind
}

func (t *Token) parseVersion() error {
	v := t.values[fieldSV]
	if v == "" {
		t.layout = layouts[t.kind][0].fields
		return nil // told by required
	}
	if err := checkVersion("sv", v); err != nil {
		t.layout = layouts[t.kind][0].fields
		return err
	}
	var ok bool
	if t.layout, ok = layoutFor(t.kind, v); !ok {
		t.layout = layouts[t.kind][len(layouts[t.kind])-1].fields
		return invalid(TooOld, "sv", "no "+t.kind.String()+" exists at "+v)
	}
	return nil
}

// required lists the fields without which this kind of SAS says nothing.
func (t *Token) required() []field {
	switch t.kind {
	case AccountKind:
		return []field{fieldSV, fieldSS, fieldSRT, fieldSP, fieldSE, fieldSIG}
	case UserDelegationKind:
		return []field{fieldSV, fieldSR, fieldSP, fieldSE, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE, fieldSKS, fieldSKV, fieldSIG}
	}
	if t.present[fieldSI] {
		return []field{fieldSV, fieldSR, fieldSIG}
	}
	return []field{fieldSV, fieldSR, fieldSP, fieldSE, fieldSIG}
}

// checkBelongs refuses a field that this kind of SAS does not have at this sv: it would not be signed, so anybody could
// have added it.
func (t *Token) checkBelongs(f field) error {
	switch f {
	case fieldSV, fieldSIG:
		return nil
	case fieldSR, fieldSDD:
		if t.kind != AccountKind {
			return nil
		}
	case fieldSRH, fieldSRQ:
		if t.kind == UserDelegationKind && t.values[fieldSV] >= fieldSince(f) {
			return nil
		}
	}
	for _, signed := range t.layout {
		if signed == f {
			return nil
		}
	}
	for _, l := range layouts[t.kind] {
		for _, signed := range l.fields {
			if signed == f || signed == fieldHeaders && (f == fieldSRH || f == fieldSRQ) {
				return invalid(TooOld, f.String(), "is not signed before sv "+fieldSince(f))
			}
		}
	}
	return invalid(Contradiction, f.String(), "does not belong in a "+t.kind.String())
}

// parseField reads one present field.
func (t *Token) parseField(f field) (err error) {
	v := t.values[f]
	if v == "" {
		return invalid(Missing, f.String(), "empty")
	}
	if f == fieldSIG {
		var ok bool
		if t.signature, ok = decodeSignature(v); !ok {
			return invalid(Malformed, "sig", "not the base64 of 32 bytes")
		}
		return nil
	}
	if err := checkValue(f.String(), v); err != nil {
		return err
	}
	switch f {
	case fieldSS:
		t.services, err = ParseServices(v)
	case fieldSRT:
		t.resourceTypes, err = ParseResourceTypes(v)
	case fieldSP:
		if t.kind == AccountKind {
			t.accountPermissions, err = ParseAccountPermissions(v)
		} else {
			t.permissions, err = ParsePermissions(v)
		}
	case fieldSR:
		t.resource = Resource(v)
		switch since := t.resource.since(); {
		case since == "":
			return invalid(Malformed, "sr", quote(v)+" is none of b, c, bs, bv, d")
		case t.values[fieldSV] < since && t.values[fieldSV] != "":
			return invalid(TooOld, "sr", t.resource.String()+" needs sv "+since)
		}
	case fieldSDD:
		// The root (0) is not taken: what its resource looks like is not documented, and a container SAS says the same.
		t.depth, err = strconv.Atoi(v)
		if err != nil || t.depth < 1 || t.depth > maxDepth || itoa(t.depth) != v {
			return invalid(Malformed, "sdd", quote(v)+" is not a depth of 1 to "+itoa(maxDepth))
		}
	case fieldSI:
		if utf8.RuneCountInString(v) > maxIdentifier {
			return invalid(Malformed, "si", "longer than 64 characters")
		}
	case fieldSIP:
		t.ip, err = ParseIPRange(v)
	case fieldSPR:
		t.protocol, err = parseProtocol(v)
	case fieldST:
		t.start, err = timeField(f, v)
	case fieldSE:
		t.expiry, err = timeField(f, v)
	case fieldSKT:
		t.keyStart, err = timeField(f, v)
	case fieldSKE:
		t.keyEnd, err = timeField(f, v)
	case fieldSKS:
		if v != "b" {
			return invalid(Malformed, "sks", "the delegation key is not for the Blob service")
		}
	case fieldSKV:
		return checkVersion("skv", v)
	case fieldSKOID, fieldSKTID, fieldSAOID, fieldSUOID, fieldSCID, fieldSKDUTID, fieldSDUOID:
		return checkGUID(f.String(), v)
	case fieldSRH:
		t.signedHeaders, err = parseNames("srh", v)
	case fieldSRQ:
		t.signedQuery, err = parseNames("srq", v)
	}
	return err
}

// maxDepth is the most directories in a blob's name, whose 1,024 characters are names and slashes.
const maxDepth = 512

func timeField(f field, v string) (Time, error) {
	t, ok := parseTime(v)
	if !ok {
		return Time{}, invalid(Malformed, f.String(), quote(v)+" is not a UTC time such as 2006-01-02T15:04:05Z")
	}
	return t, nil
}

// parseNames reads srh or srq: names joined by commas.
func parseNames(name, v string) ([]string, error) {
	names := strings.Split(v, ",")
	pairs := make([]Field, len(names))
	for i, n := range names {
		pairs[i].Name = n
	}
	if err := checkSigned(name, pairs); err != nil {
		return nil, err
	}
	return names, nil
}
