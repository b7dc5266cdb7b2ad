package azure

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The account that Azurite and other local services answer to, and its published key.
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
const (
	DevAccount = "devstoreaccount1"
	DevKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Connection is what a connection string says: an account, its key and the address of its Blob endpoint.
type Connection struct {
	Account string
	Key     string // base64, never logged
	BlobURL string // without a trailing slash; path-style endpoints end in the account's name
}

// String hides the key, so that a connection may be printed.
func (c Connection) String() string {
	return fmt.Sprintf("AccountName=%s;AccountKey=(hidden);BlobEndpoint=%s", c.Account, c.BlobURL)
}

// ParseConnectionString reads an Azure Storage connection string with an account key, including the short form
// UseDevelopmentStorage=true. A connection string that holds only a SAS is refused: Valetkey signs, so it needs the key.
//
// https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
func ParseConnectionString(s string) (Connection, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimSpace(s), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Connection{}, errors.New("connection string: every part must read Name=Value; one has no '='")
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := fields[name]; twice {
			return Connection{}, fmt.Errorf("connection string: %s stands there twice", name)
		}
		fields[name] = strings.TrimSpace(value)
	}
	if strings.EqualFold(fields["usedevelopmentstorage"], "true") {
		fields["accountname"], fields["accountkey"] = DevAccount, DevKey
		host := "http://127.0.0.1"
		if proxy := fields["developmentstorageproxyuri"]; proxy != "" {
			host = strings.TrimSuffix(proxy, "/")
		}
		fields["blobendpoint"] = host + ":10000/" + DevAccount
	}
	c := Connection{Account: fields["accountname"], Key: fields["accountkey"], BlobURL: fields["blobendpoint"]}
	switch {
	case c.Account == "":
		return Connection{}, errors.New("connection string: AccountName is missing")
	case c.Key == "" && fields["sharedaccesssignature"] != "":
		return Connection{}, errors.New("connection string: it holds a SAS, but signing new ones needs AccountKey; or give the account's URL and a managed identity")
	case c.Key == "":
		return Connection{}, errors.New("connection string: AccountKey is missing")
	}
	if _, err := base64.StdEncoding.DecodeString(c.Key); err != nil {
		return Connection{}, errors.New("connection string: AccountKey is not base64; was it cut off?")
	}
	if c.BlobURL == "" {
		protocol, suffix := fields["defaultendpointsprotocol"], fields["endpointsuffix"]
		if protocol == "" {
			protocol = "https"
		}
		if suffix == "" {
			suffix = "core.windows.net"
		}
		c.BlobURL = protocol + "://" + c.Account + ".blob." + suffix
	}
	u, err := parseEndpoint(c.BlobURL)
	if err != nil {
		return Connection{}, fmt.Errorf("connection string: BlobEndpoint: %w", err)
	}
	c.BlobURL = u
	return c, nil
}

// parseEndpoint checks a Blob endpoint's address and drops its trailing slash.
func parseEndpoint(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return "", errors.New("not an absolute URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("scheme %q is neither https nor http", u.Scheme)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", errors.New("must hold no query, fragment or user")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}
