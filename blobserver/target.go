package blobserver

import (
	"net"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/bloberror"
)

// target is what a URL points at: an account (container and blob empty), a container (blob empty) or a blob.
type target struct {
	account, container, blob string

	// accountInPath says that the URL is path-style (/account/container/blob), not host-style.
	accountInPath bool
}

// parseTarget reads the Host header and the escaped path of a URL. The path is cut before it is unescaped, so %2F in a
// blob's name is a slash of the name, and neither "//" nor ".." means anything but itself.
func parseTarget(host, escapedPath string) (target, error) {
	rest := strings.TrimPrefix(escapedPath, "/")
	var t target
	if account, ok := accountOfHost(host); ok {
		t.account = account
	} else {
		var account string
		account, rest, _ = strings.Cut(rest, "/")
		name, err := unescapeName(account)
		if err != nil {
			return target{}, err
		}
		t.account, t.accountInPath = name, true
	}
	container, blob, _ := strings.Cut(rest, "/")
	var err error
	if t.container, err = unescapeName(container); err != nil {
		return target{}, err
	}
	if t.blob, err = unescapeName(blob); err != nil {
		return target{}, err
	}
	if t.blob != "" && t.container == "" {
		return target{}, bloberror.New(bloberror.InvalidURI)
	}
	return t, nil
}

// accountOfHost finds the account in a host-style name such as account.blob.core.windows.net or
// account.blob.localhost:10000. An IP address never names an account.
func accountOfHost(host string) (string, bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	account, rest, ok := strings.Cut(host, ".")
	if !ok || account == "" || !strings.HasPrefix(strings.ToLower(rest), "blob.") {
		return "", false
	}
	return strings.ToLower(account), true
}

func unescapeName(escaped string) (string, error) {
	name, err := url.PathUnescape(escaped)
	if err != nil || !utf8.ValidString(name) {
		return "", bloberror.New(bloberror.InvalidURI)
	}
	return name, nil
}

// checkNames refuses container and blob names that Azure refuses ("Naming and Referencing Containers, Blobs, and
// Metadata" in the REST reference).
func (t target) checkNames(limits *Limits) error {
	if t.container != "" && !validContainerName(t.container) {
		if n := len(t.container); n < 3 || n > 63 {
			return bloberror.New(bloberror.OutOfRangeInput, bloberror.WithMessage("The specified resource name length is not within the permissible limits."))
		}
		return bloberror.New(bloberror.InvalidResourceName)
	}
	if utf8.RuneCountInString(t.blob) > limits.BlobNameChars {
		return bloberror.New(bloberror.InvalidResourceName, bloberror.WithMessage("The specified blob name is longer than the permissible limit."))
	}
	return nil
}

// rootContainer is the container of blobs whose URL names none.
const rootContainer = "$root"

func validContainerName(name string) bool {
	switch name {
	case rootContainer, "$web", "$logs":
		return true
	}
	if len(name) < 3 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && name[i-1] != '-':
		default:
			return false
		}
	}
	return true
}
