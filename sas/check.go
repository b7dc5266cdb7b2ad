package sas

import (
	"strings"
	"unicode/utf8"
)

// complete fills in what follows from the rest and checks that Azure would take the values.
func (r *record) complete() error {
	if r.version == "" {
		r.version = DefaultVersion
	}
	if err := checkVersion("sv", r.version); err != nil {
		return err
	}
	var ok bool
	if r.layout, ok = layoutFor(r.kind, r.version); !ok {
		return invalid(TooOld, "sv", "no "+r.kind.String()+" exists at "+r.version)
	}
	if r.account == "" {
		return invalid(Missing, "Account", "the account's name is signed")
	}
	if err := checkName("Account", r.account); err != nil {
		return err
	}
	if err := r.ip.check(); err != nil {
		return err
	}
	if r.protocol != "" {
		if _, err := parseProtocol(string(r.protocol)); err != nil {
			return err
		}
	}
	if r.kind == AccountKind {
		if err := r.completeAccount(); err != nil {
			return err
		}
	} else if err := r.completeResource(); err != nil {
		return err
	}
	if err := r.checkTimes(); err != nil {
		return err
	}
	if r.kind == UserDelegationKind {
		if err := r.checkDelegation(); err != nil {
			return err
		}
	}
	return r.checkText()
}

func (r *record) completeAccount() error {
	if r.services == 0 {
		r.services = Blob
	}
	switch {
	case r.services >= Table<<1:
		return invalid(Malformed, "ss", "unknown service")
	case r.resourceTypes == 0:
		return invalid(Missing, "srt", "an account SAS names its resource types")
	case r.resourceTypes >= ObjectLevel<<1:
		return invalid(Malformed, "srt", "unknown resource type")
	case r.accountPermissions == 0:
		return invalid(Missing, "sp", "an account SAS names its permissions")
	case r.accountPermissions >= AccountSetImmutabilityPolicy<<1:
		return invalid(Malformed, "sp", "unknown permission")
	case r.expiry.IsZero():
		return invalid(Missing, "se", "an account SAS has no stored access policy to take its expiry from")
	}
	for _, p := range []struct {
		set   AccountPermissions
		since string
	}{
		{AccountDeleteVersion | AccountPermanentDelete, "2019-10-10"},
		{AccountTags | AccountFind, "2019-12-12"},
		{AccountSetImmutabilityPolicy, "2020-08-04"},
	} {
		if r.accountPermissions&p.set != 0 && r.version < p.since {
			return invalid(TooOld, "sp", (r.accountPermissions&p.set).String()+" needs sv "+p.since)
		}
	}
	return nil
}

// completeResource checks what a service and a user delegation SAS have in common.
func (r *record) completeResource() error {
	if r.resource == "" {
		switch {
		case r.snapshot != "":
			r.resource = SnapshotResource
		case r.versionID != "":
			r.resource = VersionResource
		case r.path != "":
			r.resource = BlobResource
		default:
			r.resource = ContainerResource
		}
	}
	since := r.resource.since()
	switch {
	case since == "":
		return invalid(Malformed, "sr", quote(string(r.resource))+" is no resource")
	case r.version < since:
		return invalid(TooOld, "sr", r.resource.String()+" needs sv "+since)
	case r.container == "":
		return invalid(Missing, "Container", "the container's name is signed")
	case r.resource == ContainerResource && r.path != "":
		return invalid(Contradiction, "Blob", "a container SAS names no blob")
	case r.resource != ContainerResource && r.path == "":
		return invalid(Missing, "Blob", "a "+r.resource.String()+" SAS names its blob or directory")
	case (r.resource == SnapshotResource) != (r.snapshot != ""):
		return invalid(Contradiction, "Snapshot", "a snapshot SAS, and no other, names a snapshot")
	case (r.resource == VersionResource) != (r.versionID != ""):
		return invalid(Contradiction, "VersionID", "a version SAS, and no other, names a version")
	case r.resource == DirectoryResource && !cleanDirectory(r.path):
		return invalid(Malformed, "Blob", "a directory is names joined by single slashes")
	}
	if err := checkName("Container", r.container); err != nil {
		return err
	}
	return r.checkPermissions()
}

func (r *record) checkPermissions() error {
	switch {
	case r.permissions == 0 && r.identifier == "":
		return invalid(Missing, "sp", "without a stored access policy the SAS itself names its permissions")
	case r.expiry.IsZero() && r.identifier == "":
		return invalid(Missing, "se", "without a stored access policy the SAS itself has an expiry")
	case utf8.RuneCountInString(r.identifier) > maxIdentifier:
		return invalid(Malformed, "si", "the id of a stored access policy has at most 64 characters")
	}
	if extra := r.permissions &^ r.resource.permissions(); extra != 0 {
		return invalid(NotAllowed, "sp", extra.String()+" means nothing on a "+r.resource.String())
	}
	for _, p := range []struct {
		set   Permissions
		since string
	}{
		{DeleteVersion | PermanentDelete, "2019-10-10"},
		{Tags, "2019-12-12"},
		{Move | Execute | Ownership | ModifyPermissions, "2020-02-10"},
		{SetImmutabilityPolicy, "2020-08-04"},
		{Find, "2021-04-10"},
	} {
		if r.permissions&p.set != 0 && r.version < p.since {
			return invalid(TooOld, "sp", (r.permissions&p.set).String()+" needs sv "+p.since)
		}
	}
	return nil
}

// maxIdentifier is the longest id of a stored access policy, in characters. Source: "Define a stored access policy".
const maxIdentifier = 64

func (r *record) checkTimes() error {
	if !r.start.IsZero() && !r.expiry.IsZero() && !r.start.at.Before(r.expiry.at) {
		return invalid(Contradiction, "se", "the SAS ends before it starts")
	}
	for _, t := range [...]*Time{&r.start, &r.expiry, &r.delegation.Start, &r.delegation.Expiry} {
		if second := t.at.Unix(); second < firstSecond || second > lastSecond {
			return invalid(Malformed, "time", "the year "+itoa(t.at.Year())+" cannot be written")
		}
	}
	return nil
}

// firstSecond and lastSecond, since 1970, bound the years that four digits can write: 0001 to 9999.
const firstSecond, lastSecond = -62135596800, 253402300799

func (r *record) checkDelegation() error {
	k := &r.delegation
	switch {
	case k.Start.IsZero():
		return invalid(Missing, "skt", "the delegation key has a start")
	case k.Expiry.IsZero():
		return invalid(Missing, "ske", "the delegation key has an expiry")
	case !k.Start.at.Before(k.Expiry.at):
		return invalid(Contradiction, "ske", "the delegation key ends before it starts")
	case r.expiry.at.After(k.Expiry.at):
		return invalid(Contradiction, "se", "the SAS outlives its delegation key")
	case k.Service != "b":
		return invalid(Malformed, "sks", "the delegation key is not for the Blob service")
	case r.authorizedObjectID != "" && r.unauthorizedObjectID != "":
		return invalid(Contradiction, "suoid", "saoid and suoid exclude each other")
	case k.DelegatedTenantID != "" && r.delegatedUserID == "":
		return invalid(Contradiction, "skdutid", "a delegated tenant goes with a delegated user (sduoid)")
	}
	if err := checkVersion("skv", k.Version); err != nil {
		return err
	}
	for _, g := range [...]struct {
		f        field
		value    string
		required bool
	}{
		{fieldSKOID, k.ObjectID, true}, {fieldSKTID, k.TenantID, true}, {fieldSKDUTID, k.DelegatedTenantID, false},
		{fieldSAOID, r.authorizedObjectID, false}, {fieldSUOID, r.unauthorizedObjectID, false},
		{fieldSCID, r.correlationID, false}, {fieldSDUOID, r.delegatedUserID, false},
	} {
		if g.value == "" && !g.required {
			continue
		}
		if err := checkGUID(g.f.String(), g.value); err != nil {
			return err
		}
	}
	if err := checkSigned("srh", r.signedHeaders); err != nil {
		return err
	}
	return checkSigned("srq", r.signedQuery)
}

// checkText refuses optional fields that the layout does not sign, and control characters everywhere.
func (r *record) checkText() error {
	for _, f := range [...]struct {
		f     field
		value string
	}{
		{fieldSI, r.identifier}, {fieldSES, r.scope}, {fieldSAOID, r.authorizedObjectID},
		{fieldSUOID, r.unauthorizedObjectID}, {fieldSCID, r.correlationID}, {fieldSKDUTID, r.delegation.DelegatedTenantID},
		{fieldSDUOID, r.delegatedUserID}, {fieldRSCC, r.overrides.CacheControl},
		{fieldRSCD, r.overrides.ContentDisposition}, {fieldRSCE, r.overrides.ContentEncoding},
		{fieldRSCL, r.overrides.ContentLanguage}, {fieldRSCT, r.overrides.ContentType},
	} {
		if f.value == "" {
			continue
		}
		if since := fieldSince(f.f); r.version < since {
			return invalid(TooOld, f.f.String(), "needs sv "+since)
		}
		if err := checkValue(f.f.String(), f.value); err != nil {
			return err
		}
	}
	if (len(r.signedHeaders) > 0 || len(r.signedQuery) > 0) && r.version < fieldSince(fieldSRH) {
		return invalid(TooOld, "srh", "signed headers and query parameters need sv "+fieldSince(fieldSRH))
	}
	if err := checkValue("Blob", r.path); err != nil {
		return err
	}
	if err := checkValue("Snapshot", r.snapshot); err != nil {
		return err
	}
	return checkValue("VersionID", r.versionID)
}

// checkVersion takes a service version, which is a date.
func checkVersion(name, v string) error {
	if len(v) != len("2006-01-02") || v[4] != '-' || v[7] != '-' {
		return invalid(Malformed, name, quote(v)+" is not a service version such as "+DefaultVersion)
	}
	for i := range len(v) {
		if i != 4 && i != 7 && (v[i] < '0' || v[i] > '9') {
			return invalid(Malformed, name, quote(v)+" is not a service version such as "+DefaultVersion)
		}
	}
	if v < minVersion {
		return invalid(TooOld, name, v+" is older than "+minVersion+", whose SAS has another form")
	}
	return nil
}

// checkName takes an account's or container's name: it must not be able to pass for more than one path segment.
func checkName(name, v string) error {
	for i := range len(v) {
		switch c := v[i]; {
		case c < ' ', c == 0x7f, c == '/', c == '\\', c == '?', c == '#', c == '%':
			return invalid(Malformed, name, quote(v)+" is not a name")
		}
	}
	return nil
}

// checkValue refuses control characters. A line feed inside a value could move text from one signed field into the next.
func checkValue(name, v string) error {
	for i := range len(v) {
		if v[i] < ' ' || v[i] == 0x7f {
			return invalid(Malformed, name, "holds a control character")
		}
	}
	return nil
}

func checkGUID(name, v string) error {
	ok := len(v) == 36
	for i := 0; ok && i < len(v); i++ {
		c := v[i]
		switch i {
		case 8, 13, 18, 23:
			ok = c == '-'
		default:
			ok = '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		}
	}
	if !ok {
		if v == "" {
			return invalid(Missing, name, "a GUID is needed")
		}
		return invalid(Malformed, name, quote(v)+" is not a GUID")
	}
	return nil
}

// maxSigned is the most headers, or query parameters, that one SAS may sign. Azure states no limit; a request has few.
const maxSigned = 32

// checkSigned takes the headers or query parameters that a SAS binds.
func checkSigned(name string, pairs []Field) error {
	if len(pairs) > maxSigned {
		return invalid(Malformed, name, "more than "+itoa(maxSigned)+" names")
	}
	for i, p := range pairs {
		if err := checkSignedName(name, p.Name); err != nil {
			return err
		}
		if _, ours := fieldsByName[strings.ToLower(p.Name)]; ours && name == "srq" {
			return invalid(NotAllowed, name, quote(p.Name)+" is the SAS's own")
		}
		for _, q := range pairs[:i] {
			if strings.EqualFold(p.Name, q.Name) {
				return invalid(Duplicate, name, quote(p.Name)+" stands twice")
			}
		}
		if err := checkValue(name, p.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkSignedName takes one name of srh or srq. The names themselves are not signed, only "name:value" is: a name that
// could hold a colon would let somebody split a signed pair elsewhere and so be free of it.
func checkSignedName(name, v string) error {
	if v == "" {
		return invalid(Missing, name, "an empty name")
	}
	for i := range len(v) {
		c := v[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return invalid(Malformed, name, quote(v)+" is not a name that can be signed")
		}
	}
	return nil
}

// cleanDirectory reports whether a path is names joined by single slashes.
func cleanDirectory(path string) bool {
	return path != "" && path[0] != '/' && path[len(path)-1] != '/' && !strings.Contains(path, "//")
}
