package sas

import (
	"strconv"
	"strings"
	"time"
)

var permissionWords = map[byte]string{
	'r': "read blobs, their properties, metadata and block lists",
	'a': "append blocks to append blobs",
	'c': "create new blobs with one request, never overwrite; it cannot stage blocks",
	'w': "write: create and overwrite blobs, stage and commit blocks, set properties and metadata",
	'd': "delete blobs",
	'x': "delete blob versions",
	'y': "delete snapshots and versions for good",
	'l': "list blobs",
	't': "read and write blob tags",
	'f': "find blobs by tags",
	'm': "move (hierarchical namespace)",
	'e': "execute (hierarchical namespace)",
	'o': "change owners (hierarchical namespace)",
	'p': "change access lists (hierarchical namespace)",
	'i': "set immutability policies and legal holds",
}

var accountPermissionWords = map[byte]string{
	'l': "list containers and blobs", 'd': "delete containers and blobs", 'u': "update queue messages and table entities",
	'p': "process queue messages", 'a': "add queue messages, table entities, append blocks",
	'r': "read properties, metadata and content", 'w': "write: create and overwrite containers and blobs, stage and commit blocks, set properties",
	'c': "create new containers and blobs",
}

// describe tells what the SAS allows, for what and until when.
func (e *explainer) describe() {
	t := e.token
	e.out.Kind, e.out.Version = t.kind.String(), quoteUnlessPlain(t.Version())
	e.out.Target = e.describeTarget()
	letters := t.permissions.String()
	if e.policy != nil {
		letters = (t.permissions | e.policy.Permissions).String()
	}
	if t.kind == AccountKind {
		letters = t.accountPermissions.String()
	}
	for i := range len(letters) {
		words, ok := "", false
		if t.kind == AccountKind {
			words, ok = accountPermissionWords[letters[i]]
		}
		if !ok {
			words = permissionWords[letters[i]]
		}
		e.out.Allows = append(e.out.Allows, string(letters[i])+": "+words)
	}
	start, expiry := e.times()
	if !start.IsZero() {
		at := start.Time()
		e.out.Start = &at
	}
	if !expiry.IsZero() {
		at := expiry.Time()
		e.out.Expiry = &at
		if at.After(e.q.Now) {
			e.out.Lasts = "ends in " + duration(at.Sub(e.q.Now))
		} else {
			e.out.Lasts = "ended " + duration(e.q.Now.Sub(at)) + " ago"
		}
	}
	e.describeLimits()
}

// times are the start and the expiry, those of the stored access policy included.
func (e *explainer) times() (start, expiry Time) {
	start, expiry = e.token.start, e.token.expiry
	if e.policy != nil {
		if start.IsZero() {
			start = e.policy.Start
		}
		if expiry.IsZero() {
			expiry = e.policy.Expiry
		}
	}
	return start, expiry
}

func (e *explainer) describeTarget() string {
	t, at := e.token, e.target
	account := "the account"
	if at.account != "" {
		account = "the account " + quoteUnlessPlain(at.account)
	}
	if t.kind == AccountKind {
		var levels []string
		for _, l := range []struct {
			level ResourceTypes
			words string
		}{{ServiceLevel, "the service itself"}, {ContainerLevel, "all containers"}, {ObjectLevel, "all blobs"}} {
			if t.resourceTypes&l.level != 0 {
				levels = append(levels, l.words)
			}
		}
		return strings.Join(levels, ", ") + " of " + account
	}
	container := quote(at.container)
	if at.container == "" {
		container = "that is not named here"
	}
	switch t.resource {
	case ContainerResource:
		return "every blob in container " + container + " of " + account
	case DirectoryResource:
		return "every blob below a directory of depth " + itoa(t.depth) + " in container " + container + " of " + account
	case "":
		return ""
	}
	if at.blob == "" {
		return "one " + t.resource.String() + " of " + account
	}
	return "the " + t.resource.String() + " " + quote(at.blob) + " in container " + container + " of " + account
}

func (e *explainer) describeLimits() {
	t := e.token
	limit := func(s string) { e.out.Limits = append(e.out.Limits, s) }
	if t.protocol == HTTPS {
		limit("only over https")
	}
	if !t.ip.IsZero() {
		limit("only from " + t.ip.String())
	}
	if id := t.Identifier(); id != "" {
		limit("as long as the container's stored access policy " + quote(id) + " stands")
	}
	if t.kind == UserDelegationKind && !t.keyEnd.IsZero() {
		limit("as long as the user delegation key is good, which is until " + t.keyEnd.Time().Format(time.RFC3339))
	}
	if t.values[fieldSDUOID] != "" {
		limit("only together with a bearer token of user " + quoteUnlessPlain(t.values[fieldSDUOID]))
	}
	if len(t.signedHeaders) > 0 {
		limit("only with the signed headers " + strings.Join(t.signedHeaders, ", "))
	}
	if len(t.signedQuery) > 0 {
		limit("only with the signed query parameters " + strings.Join(t.signedQuery, ", "))
	}
	if t.values[fieldSES] != "" {
		limit("with encryption scope " + quote(t.values[fieldSES]))
	}
	if t.Overrides() != (Overrides{}) {
		limit("reads answer with response headers that the SAS dictates")
	}
}

// quoteUnlessPlain shows short text of letters, digits and hyphens as it is.
func quoteUnlessPlain(s string) string {
	if len(s) <= 64 && unreserved(s) {
		return s
	}
	return quote(s)
}

// duration words a length of time, roughly: two units at most.
func duration(d time.Duration) string {
	if d < time.Second {
		return "less than a second"
	}
	units := []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	var parts []string
	for _, u := range units {
		n := int64(d / u.size)
		if n == 0 {
			if len(parts) > 0 {
				break
			}
			continue
		}
		d -= time.Duration(n) * u.size
		name := u.name
		if n > 1 {
			name += "s"
		}
		if parts = append(parts, strconv.FormatInt(n, 10)+" "+name); len(parts) == 2 {
			break
		}
	}
	return strings.Join(parts, " ")
}
