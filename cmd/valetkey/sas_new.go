package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/sas"
)

// sasNewCmd makes a SAS of any kind. Without flags, on a terminal, it asks.
type sasNewCmd struct {
	accountSettings `group:"key"`
	Endpoint        string `group:"key" placeholder:"URL" help:"The Blob endpoint. Default: the connection string's, or https://ACCOUNT.blob.core.windows.net."`
	Kind            string `group:"place" enum:"service,account,user-delegation" default:"service" help:"service (account key, one container or blob), account (account key, everything) or user-delegation (Entra ID, one container or blob)."`

	URL         string        `group:"place" name:"url" placeholder:"URL" help:"What it is for: the URL of a container or blob, instead of --container and --blob."`
	Container   string        `group:"place" placeholder:"NAME" help:"The container."`
	Blob        string        `group:"place" placeholder:"NAME" help:"The blob; without it, the SAS is for the container."`
	Directory   string        `group:"place" placeholder:"PATH" help:"The directory, for a directory SAS (hierarchical namespace)."`
	Snapshot    string        `group:"place" placeholder:"TIME" help:"The blob's snapshot, for a snapshot SAS."`
	VersionID   string        `group:"place" name:"version-id" placeholder:"ID" help:"The blob's version, for a version SAS."`
	Permissions string        `group:"rights" placeholder:"LETTERS" help:"r read, c create, w write, d delete, l list, t tags; also a x y f m e o p i. Default: what --op needs, else r."`
	Op          string        `group:"rights" placeholder:"NAME" help:"What it shall be used for, such as 'Put Block'; more rights than that are warned of."`
	ExpiresIn   time.Duration `group:"limits" default:"1h" placeholder:"TIME" help:"How long it is good for (${default}), from --start on where that is later than now."`
	ExpiresAt   string        `group:"limits" placeholder:"TIME" help:"When it ends (RFC 3339, UTC), instead of --expires-in."`
	Start       string        `group:"limits" placeholder:"TIME" help:"When it begins (RFC 3339, UTC). Default: at once."`
	Protocol    string        `group:"limits" enum:"https,any" default:"https" help:"https only, or any (${default})."`
	IP          string        `group:"limits" placeholder:"RANGE" help:"The IPv4 address or range (A-B) that may use it."`
	Identifier  string        `group:"limits" name:"policy" placeholder:"ID" help:"The stored access policy that governs it (service SAS)."`

	Services      string `group:"account" default:"b" placeholder:"LETTERS" help:"Its services: b blobs, f files, q queues, t tables (${default})."`
	ResourceTypes string `group:"account" placeholder:"LETTERS" help:"Its levels: s the service, c containers, o blobs. Default: that of --op, else o."`

	AuthorizedObjectID   string   `group:"delegation" placeholder:"GUID" help:"saoid: who acts; access lists are not asked."`
	UnauthorizedObjectID string   `group:"delegation" placeholder:"GUID" help:"suoid: who acts; access lists are asked."`
	CorrelationID        string   `group:"delegation" placeholder:"GUID" help:"scid, which storage logs repeat."`
	DelegatedUser        string   `group:"delegation" placeholder:"GUID" help:"The only user who may use it, with a bearer token."`
	DelegatedTenant      string   `group:"delegation" placeholder:"GUID" help:"That user's tenant, where it is another one."`
	SignedHeader         []string `group:"delegation" sep:"none" placeholder:"NAME=VALUE" help:"A header that the request must carry. Repeatable."`
	SignedQuery          []string `group:"delegation" sep:"none" placeholder:"NAME=VALUE" help:"A query parameter that the request must carry. Repeatable."`

	SASVersion         string `group:"rare" name:"sas-version" placeholder:"DATE" help:"sv; default the newest that this program knows."`
	EncryptionScope    string `group:"rare" placeholder:"NAME" help:"The encryption scope of writes."`
	CacheControl       string `group:"rare" placeholder:"TEXT" help:"Cache-Control of answers to reads."`
	ContentDisposition string `group:"rare" placeholder:"TEXT" help:"Content-Disposition of answers to reads."`
	ContentEncoding    string `group:"rare" placeholder:"TEXT" help:"Content-Encoding of answers to reads."`
	ContentLanguage    string `group:"rare" placeholder:"TEXT" help:"Content-Language of answers to reads."`
	ContentType        string `group:"rare" placeholder:"TYPE" help:"Content-Type of answers to reads."`

	TokenOnly bool `help:"Print the SAS alone, not the URL."`
	JSON      bool `name:"json" help:"Answer in JSON, with the explanation and the warnings."`
}

// Help is shown by --help.
func (sasNewCmd) Help() string {
	return `It prints the URL with the SAS on standard output, and on standard error what best practice says against it. On a terminal, without flags, it asks.

  valetkey sas new
  valetkey sas new --account acct --container images --blob cat.jpg --op 'Put Block' --expires-in 10m
  valetkey sas new --kind user-delegation --url https://acct.blob.core.windows.net/images/cat.jpg
  valetkey sas new --kind account --account acct --op 'List Containers'

Which kind: user-delegation where you are signed in to Entra ID (az login, a managed identity), service where there is only the account's key, account for the service itself and for containers. ` + variables + `
`
}

// keySkew is how far back a delegation key starts, against clocks that differ; maxKeyLife is the longest life that Azure
// gives one.
const (
	keySkew    = 15 * time.Minute
	maxKeyLife = 7 * 24 * time.Hour
)

// made is a SAS and what it was made for.
type made struct {
	token      string
	base       string // the URL without the SAS
	delegation sas.Key
}

// Run makes the SAS, prints it on stdout and warnings on stderr.
func (c sasNewCmd) Run(ctx context.Context, std streams) error {
	if c.untold() {
		if !onTerminal(std.in) {
			return errors.New("say what the SAS is for: --url, or --container and --blob, or --kind=account")
		}
		if err := c.ask(std); err != nil {
			return err
		}
	}
	now := time.Now()
	if err := c.readURL(); err != nil {
		return err
	}
	op, err := operation(c.Op)
	if err != nil {
		return err
	}
	if err := c.refuseForeign(); err != nil {
		return err
	}
	var m made
	switch c.Kind {
	case "account":
		m, err = c.account(now)
	case "user-delegation":
		m, err = c.userDelegation(ctx, now)
	default:
		m, err = c.service(now)
	}
	if err != nil {
		return err
	}
	return c.report(std, m, op, now)
}

// refuseForeign refuses what the kind of SAS cannot say: left out in silence, it would let the SAS do more than was asked.
func (c *sasNewCmd) refuseForeign() error {
	const service, account, delegation = "service", "account", "user-delegation"
	for _, f := range []struct {
		flag  string
		told  bool
		kinds []string
	}{
		{"--policy", c.Identifier != "", []string{service}},
		{"--services", c.Services != "" && c.Services != "b", []string{account}},
		{"--resource-types", c.ResourceTypes != "", []string{account}},
		{"--authorized-object-id", c.AuthorizedObjectID != "", []string{delegation}},
		{"--unauthorized-object-id", c.UnauthorizedObjectID != "", []string{delegation}},
		{"--correlation-id", c.CorrelationID != "", []string{delegation}},
		{"--delegated-user", c.DelegatedUser != "", []string{delegation}},
		{"--delegated-tenant", c.DelegatedTenant != "", []string{delegation}},
		{"--signed-header", len(c.SignedHeader) > 0, []string{delegation}},
		{"--signed-query", len(c.SignedQuery) > 0, []string{delegation}},
		{"--cache-control", c.CacheControl != "", []string{service, delegation}},
		{"--content-disposition", c.ContentDisposition != "", []string{service, delegation}},
		{"--content-encoding", c.ContentEncoding != "", []string{service, delegation}},
		{"--content-language", c.ContentLanguage != "", []string{service, delegation}},
		{"--content-type", c.ContentType != "", []string{service, delegation}},
	} {
		if f.told && !slices.Contains(f.kinds, c.Kind) {
			return usageError{fmt.Errorf("%s: no SAS of --kind=%s can say that, only --kind=%s", f.flag, c.Kind, strings.Join(f.kinds, " or "))}
		}
	}
	return nil
}

// untold reports whether nothing says what the SAS is for.
func (c *sasNewCmd) untold() bool {
	return c.URL == "" && c.Container == "" && c.Kind != "account"
}

// report prints the SAS, and what best practice says against it.
func (c *sasNewCmd) report(std streams, m made, op sas.Operation, now time.Time) error {
	account, keys, err := c.keys()
	if err != nil {
		return err
	}
	url := m.base + "?" + m.token
	if strings.Contains(m.base, "?") {
		url = m.base + "&" + m.token
	}
	q := sas.Question{Text: url, Account: account, Keys: keys, Delegation: m.delegation, Operation: op, Now: now}
	// The URL is that of the account, the container or the directory; the operation may go to what lies below.
	switch {
	case c.Kind == "account" && c.Container == "" && op.Level()&sas.ServiceLevel == 0:
		q.Text = m.token
	case c.Kind != "account" && c.Directory != "":
		q.Text, q.Container, q.Blob = m.token, c.Container, strings.Trim(c.Directory, "/")+"/below"
	case c.Kind != "account" && c.Blob == "" && op != 0 && op.Level()&sas.ContainerLevel == 0:
		q.Text, q.Container = m.token, c.Container
	}
	explanation := sas.Explain(q)
	if c.JSON {
		return writeJSON(std.out, struct {
			URL         string          `json:"url"`
			SAS         string          `json:"sas"`
			Explanation sas.Explanation `json:"explanation"`
		}{url, m.token, explanation})
	}
	for _, f := range explanation.Findings {
		if f.Code == sas.CodePolicyUnseen || f.Code == sas.CodeUserBound {
			continue // what was asked for
		}
		fmt.Fprintf(std.err, "%s [%s]: %s %s\n", f.Severity, f.Code, f.Message, f.Hint)
	}
	if c.TokenOnly {
		url = m.token
	}
	_, err = fmt.Fprintln(std.out, url)
	return err
}

// readURL takes --url apart into endpoint, account, container and blob.
func (c *sasNewCmd) readURL() error {
	if c.URL == "" {
		return nil
	}
	if c.Container != "" || c.Blob != "" {
		return errors.New("--url says it all: leave --container and --blob out")
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		return fmt.Errorf("--url: %q is no URL", c.URL)
	}
	if u.RawQuery != "" {
		return errors.New("--url: take the query off; a SAS is added to a bare URL")
	}
	path := strings.TrimPrefix(u.Path, "/")
	endpoint := u.Scheme + "://" + u.Host
	if account, rest, ok := strings.Cut(u.Hostname(), "."); ok && strings.HasPrefix(rest, "blob.") {
		if c.Account == "" {
			c.Account = account
		}
	} else if known, _, err := c.keys(); err == nil && strings.HasPrefix(path+"/", known+"/") { // path-style
		endpoint += "/" + known
		path = strings.TrimPrefix(strings.TrimPrefix(path, known), "/")
	}
	if c.Endpoint == "" {
		c.Endpoint = endpoint
	}
	c.Container, c.Blob, _ = strings.Cut(path, "/")
	if c.Container == "" {
		return errors.New("--url names no container")
	}
	return nil
}

// endpoint is the Blob endpoint without a trailing slash.
func (c *sasNewCmd) endpoint(account string) string {
	if c.Endpoint != "" {
		return strings.TrimSuffix(c.Endpoint, "/")
	}
	if conn, ok, _ := c.connection(); ok && conn.Account == account {
		return conn.BlobURL
	}
	return "https://" + account + ".blob.core.windows.net"
}

// base is the URL of what the SAS is for.
func (c *sasNewCmd) base(account string) string {
	u := c.endpoint(account) + "/" + url.PathEscape(c.Container)
	path := c.Blob
	if path == "" {
		path = c.Directory
	}
	if path != "" {
		for part := range strings.SplitSeq(path, "/") {
			u += "/" + url.PathEscape(part)
		}
	}
	switch {
	case c.Snapshot != "":
		return u + "?snapshot=" + url.QueryEscape(c.Snapshot)
	case c.VersionID != "":
		return u + "?versionid=" + url.QueryEscape(c.VersionID)
	}
	return u
}

// signingKey is the account and its first key.
func (c *sasNewCmd) signingKey() (account string, key sas.Key, err error) {
	account, keys, err := c.keys()
	switch {
	case err != nil:
		return "", key, err
	case account == "":
		return "", key, errors.New("which account? --account, or a connection string")
	case len(keys) == 0:
		return "", key, fmt.Errorf("no key of account %s: --account-key, or a connection string; or --kind=user-delegation to sign with Entra ID", account)
	}
	return account, keys[0], nil
}

func (c *sasNewCmd) account(now time.Time) (m made, err error) {
	account, key, err := c.signingKey()
	if err != nil {
		return m, err
	}
	v := sas.Account{Version: c.SASVersion, Account: account, EncryptionScope: c.EncryptionScope}
	if v.Services, err = sas.ParseServices(c.Services); err != nil {
		return m, err
	}
	op, _ := sas.ParseOperation(c.Op)
	levels := c.ResourceTypes
	if levels == "" {
		levels = "o"
		if l := op.Level(); l != 0 {
			levels = l.String()[:1]
		}
	}
	if v.ResourceTypes, err = sas.ParseResourceTypes(levels); err != nil {
		return m, err
	}
	letters := c.Permissions
	if letters == "" {
		letters = narrowest(op.AccountNeeds().String())
	}
	if v.Permissions, err = sas.ParseAccountPermissions(letters); err != nil {
		return m, err
	}
	if err := c.limits(now, &v.Start, &v.Expiry, &v.IP, &v.Protocol); err != nil {
		return m, err
	}
	m.base = c.endpoint(account) + "/"
	if c.Container != "" {
		m.base = c.base(account)
	}
	m.token, err = v.Sign(key)
	return m, err
}

func (c *sasNewCmd) service(now time.Time) (m made, err error) {
	account, key, err := c.signingKey()
	if err != nil {
		return m, err
	}
	v, err := c.values(account, now)
	if err != nil {
		return m, err
	}
	m.base = c.base(account)
	m.token, err = v.Sign(key)
	return m, err
}

// values are what a service and a user delegation SAS have in common.
func (c *sasNewCmd) values(account string, now time.Time) (v sas.Service, err error) {
	v = sas.Service{
		Version: c.SASVersion, Account: account, Container: c.Container, Blob: c.Blob, Snapshot: c.Snapshot,
		VersionID: c.VersionID, Identifier: c.Identifier, EncryptionScope: c.EncryptionScope,
		Overrides: sas.Overrides{CacheControl: c.CacheControl, ContentDisposition: c.ContentDisposition,
			ContentEncoding: c.ContentEncoding, ContentLanguage: c.ContentLanguage, ContentType: c.ContentType},
	}
	if c.Directory != "" {
		if c.Blob != "" {
			return v, errors.New("--directory and --blob exclude each other")
		}
		v.Blob, v.Resource = strings.Trim(c.Directory, "/"), sas.DirectoryResource
	}
	letters := c.Permissions
	if letters == "" && c.Identifier == "" {
		op, _ := sas.ParseOperation(c.Op)
		letters = narrowest(op.Needs().String())
	}
	if letters != "" {
		if v.Permissions, err = sas.ParsePermissions(letters); err != nil {
			return v, err
		}
	}
	err = c.limits(now, &v.Start, &v.Expiry, &v.IP, &v.Protocol)
	if c.Identifier != "" && c.ExpiresAt == "" {
		v.Expiry = sas.Time{} // the policy has it
	}
	return v, err
}

// narrowest is the permission to ask for where any of some letters will do: create rather than write.
func narrowest(letters string) string {
	switch {
	case letters == "":
		return "r"
	case strings.Contains(letters, "c") && !strings.Contains(letters, "r"):
		return "c"
	}
	return letters[:1]
}

// limits reads time, address and protocol.
func (c *sasNewCmd) limits(now time.Time, start, expiry *sas.Time, ip *sas.IPRange, protocol *sas.Protocol) (err error) {
	if c.Start != "" {
		if *start, err = timeFlag("--start", c.Start); err != nil {
			return err
		}
	}
	if c.ExpiresIn <= 0 {
		return errors.New("--expires-in must be positive")
	}
	if start.Time().After(now) {
		now = start.Time() // how long it is good for counts from when it is good
	}
	*expiry = sas.TimeOf(now.Add(c.ExpiresIn))
	if c.ExpiresAt != "" {
		if *expiry, err = timeFlag("--expires-at", c.ExpiresAt); err != nil {
			return err
		}
	}
	if c.IP != "" {
		if *ip, err = sas.ParseIPRange(c.IP); err != nil {
			return err
		}
	}
	*protocol = map[string]sas.Protocol{"https": sas.HTTPS, "any": sas.HTTPSAndHTTP}[c.Protocol]
	return nil
}

func timeFlag(flag, text string) (sas.Time, error) {
	if t, err := sas.ParseTime(text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return sas.Time{}, fmt.Errorf("%s: %q is no time such as 2026-05-04T12:00:00Z", flag, text)
	}
	return sas.TimeOf(t), nil
}

func (c *sasNewCmd) userDelegation(ctx context.Context, now time.Time) (m made, err error) {
	account := c.Account
	if account == "" {
		return m, errors.New("which account? --account")
	}
	common, err := c.values(account, now)
	if err != nil {
		return m, err
	}
	v := sas.UserDelegation{
		Version: common.Version, Account: account, Container: common.Container, Blob: common.Blob, Resource: common.Resource,
		Snapshot: common.Snapshot, VersionID: common.VersionID, Permissions: common.Permissions, Start: common.Start,
		Expiry: common.Expiry, IP: common.IP, Protocol: common.Protocol, EncryptionScope: common.EncryptionScope,
		Overrides: common.Overrides, AuthorizedObjectID: c.AuthorizedObjectID, UnauthorizedObjectID: c.UnauthorizedObjectID,
		CorrelationID: c.CorrelationID, DelegatedUserID: c.DelegatedUser,
	}
	if v.SignedHeaders, err = pairs("--signed-header", c.SignedHeader, "="); err != nil {
		return m, err
	}
	if v.SignedQuery, err = pairs("--signed-query", c.SignedQuery, "="); err != nil {
		return m, err
	}
	if v.Expiry.Time().After(now.Add(maxKeyLife - time.Minute)) {
		return m, errors.New("a user delegation SAS lives for less than seven days, as its key does")
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return m, fmt.Errorf("no identity to sign in with: %w", err)
	}
	key, err := azure.DelegationKeyRequest{BlobURL: c.endpoint(account), Start: now.Add(-keySkew), Expiry: v.Expiry.Time(),
		Tenant: c.DelegatedTenant, Credential: credential}.Send(ctx)
	if err != nil {
		return m, err
	}
	m.base, m.delegation = c.base(account), key.Key
	m.token, err = v.Sign(key)
	return m, err
}
