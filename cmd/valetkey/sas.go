package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/sas"
)

// sasCmd groups what can be done with a shared access signature by hand.
type sasCmd struct {
	New     sasNewCmd     `cmd:"" help:"Make a SAS: service, account or user delegation."`
	Explain sasExplainCmd `cmd:"" help:"Say what a SAS allows and why it is refused."`
	Verify  sasVerifyCmd  `cmd:"" help:"Exit with 0 when a SAS works for a request, and with 1 when not."`
}

const connectionStringEnv = "AZURE_STORAGE_CONNECTION_STRING"

// accountSettings say whose key signs. Secrets on a command line are seen by whoever lists processes: the environment is
// the better place.
type accountSettings struct {
	Account          string   `placeholder:"NAME" help:"The storage account's name."`
	AccountKey       []string `sep:"none" placeholder:"BASE64" help:"The account's key; better in the environment. Repeatable: the other key."`
	ConnectionString string   `env:"AZURE_STORAGE_CONNECTION_STRING" placeholder:"STRING" help:"A connection string with the account's name, key and endpoint; also from $$AZURE_STORAGE_CONNECTION_STRING."`
}

// connection reads the connection string, where there is one.
func (s accountSettings) connection() (c azure.Connection, ok bool, err error) {
	if s.ConnectionString == "" {
		return c, false, nil
	}
	c, err = azure.ParseConnectionString(s.ConnectionString)
	return c, err == nil, err
}

// keys are the account's name and all keys that were given.
func (s accountSettings) keys() (account string, keys []sas.Key, err error) {
	c, connected, err := s.connection()
	if err != nil {
		return "", nil, err
	}
	account = s.Account
	if account == "" {
		account = c.Account
	}
	for _, text := range s.AccountKey {
		if text == "" { // an empty environment variable
			continue
		}
		key, err := sas.ParseKey(strings.TrimSpace(text))
		if err != nil {
			return "", nil, errors.New("--account-key is not base64: was it cut off?")
		}
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		return account, keys, nil
	}
	if !connected || account != c.Account {
		return account, nil, nil // no connection string, or one of another account
	}
	key, err := sas.ParseKey(c.Key)
	return account, []sas.Key{key}, err
}

// judgeSettings are the flags of explain and verify.
type judgeSettings struct {
	Text string `arg:"" name:"url" help:"A URL with a SAS, a SAS alone, or - to read it from standard input."`

	accountSettings `group:"key"`
	DelegationKey   string   `group:"key" placeholder:"BASE64" help:"The value of the user delegation key, to check a user delegation SAS."`
	Container       string   `group:"place" placeholder:"NAME" help:"The container, where only a SAS is given."`
	Blob            string   `group:"place" placeholder:"NAME" help:"The blob, where only a SAS is given."`
	Method          string   `group:"request" placeholder:"METHOD" help:"Judge the rights for a request with this HTTP method."`
	Op              string   `group:"request" placeholder:"NAME" help:"Judge the rights for this operation, such as 'Put Block'."`
	IP              string   `group:"request" placeholder:"ADDRESS" help:"Judge for a request from this address."`
	Header          []string `group:"request" sep:"none" placeholder:"NAME:VALUE" help:"A header of the request, for signed headers. Repeatable."`
	Policy          []string `group:"request" sep:"none" placeholder:"'ID sp=… se=…'" help:"A stored access policy of the container; 'none' when it has none. Repeatable."`
	At              string   `group:"request" placeholder:"TIME" help:"Judge as of this time (RFC 3339). Default: now."`
	JSON            bool     `name:"json" help:"Answer in JSON."`
}

// flagGroups are the headings of the help, in their order.
var flagGroups = []kong.Group{
	{Key: "key", Title: "The key:"},
	{Key: "place", Title: "What it is for:"},
	{Key: "rights", Title: "What it allows:"},
	{Key: "limits", Title: "What limits it:"},
	{Key: "request", Title: "The request to judge it for:"},
	{Key: "delegation", Title: "A user delegation SAS only:"},
	{Key: "account", Title: "An account SAS only:"},
	{Key: "rare", Title: "Seldom needed:"},
}

// variables is the sentence that stands for a variable at every flag.
const variables = "Every flag can also be set by a variable, which is where keys belong: VALETKEY_ACCOUNT_KEY for --account-key. Other users of a machine can see the flags of what runs on it, and not its variables."

// maxPasted is the most that is read from standard input, in bytes.
const maxPasted = 64 << 10

// judge explains what was given. A connection string that merely stands in the environment and is of another account
// than the URL's is left aside.
func (c judgeSettings) judge(std streams) (sas.Explanation, error) {
	q, err := c.question(std)
	if err != nil {
		return sas.Explanation{}, usageError{err}
	}
	explanation := sas.Explain(q)
	ambient := c.ConnectionString != "" && c.ConnectionString == os.Getenv(connectionStringEnv) && len(strings.Join(c.AccountKey, "")) == 0
	if ambient && explanation.Has(sas.CodeAccountMismatch) {
		q.Account, q.Keys = "", nil
		explanation = sas.Explain(q)
	}
	return explanation, nil
}

func (c judgeSettings) question(std streams) (q sas.Question, err error) {
	q = sas.Question{Text: c.Text, Now: time.Now(), Container: c.Container, Blob: c.Blob, Method: c.Method}
	if c.Text == "-" {
		pasted, err := io.ReadAll(io.LimitReader(std.in, maxPasted+1))
		if err != nil {
			return q, err
		}
		if len(pasted) > maxPasted {
			return q, fmt.Errorf("more than %d bytes: that is no URL", maxPasted)
		}
		q.Text = string(pasted)
	}
	if c.At != "" {
		if q.Now, err = time.Parse(time.RFC3339, c.At); err != nil {
			return q, fmt.Errorf("--at: %q is no time such as 2026-05-04T12:00:00Z", c.At)
		}
	}
	if q.Account, q.Keys, err = c.keys(); err != nil {
		return q, err
	}
	if c.DelegationKey != "" {
		if q.Delegation, err = sas.ParseKey(strings.TrimSpace(c.DelegationKey)); err != nil {
			return q, errors.New("--delegation-key is not base64: was it cut off?")
		}
	}
	if q.Operation, err = operation(c.Op); err != nil {
		return q, err
	}
	if c.IP != "" {
		if q.RemoteIP, err = netip.ParseAddr(c.IP); err != nil {
			return q, fmt.Errorf("--ip: %q is no address", c.IP)
		}
	}
	if q.Headers, err = pairs("--header", c.Header, ":"); err != nil {
		return q, err
	}
	q.Policy, err = policies(c.Policy)
	return q, err
}

// operation finds the operation that --op names; 0 when it is not given.
func operation(name string) (sas.Operation, error) {
	if name == "" {
		return 0, nil
	}
	if op, ok := sas.ParseOperation(name); ok {
		return op, nil
	}
	var names []string
	for _, op := range sas.Operations() {
		names = append(names, op.String())
	}
	return 0, fmt.Errorf("--op: %q is none of %s", name, strings.Join(names, ", "))
}

// pairs reads NAME:VALUE or NAME=VALUE flags.
func pairs(flag string, values []string, separator string) (out []sas.Field, err error) {
	for _, v := range values {
		name, value, ok := strings.Cut(v, separator)
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: %q is not NAME%sVALUE", flag, v, separator)
		}
		out = append(out, sas.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return out, nil
}

// policies reads --policy flags: the id of a stored access policy and what it sets.
func policies(flags []string) (func(string) (sas.Policy, bool), error) {
	if len(flags) == 0 {
		return nil, nil
	}
	known := map[string]sas.Policy{}
	for _, flag := range flags {
		parts := strings.Fields(flag)
		if len(parts) == 0 {
			return nil, errors.New("--policy is empty")
		}
		if len(parts) == 1 && parts[0] == "none" {
			continue
		}
		var p sas.Policy
		for _, part := range parts[1:] {
			name, value, _ := strings.Cut(part, "=")
			var err error
			switch name {
			case "st":
				p.Start, err = sas.ParseTime(value)
			case "se":
				p.Expiry, err = sas.ParseTime(value)
			case "sp":
				p.Permissions, err = sas.ParsePermissions(value)
			default:
				err = fmt.Errorf("%q is none of st, se, sp", name)
			}
			if err != nil {
				return nil, fmt.Errorf("--policy %s: %w", parts[0], err)
			}
		}
		known[parts[0]] = p
	}
	return func(id string) (sas.Policy, bool) { p, ok := known[id]; return p, ok }, nil
}
