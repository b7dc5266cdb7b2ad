package azure

import (
	"context"
	"fmt"
	"net/url"

	"github.com/valetkey/valetkey/sas"
)

// signer makes a SAS of what it shall allow: with the account's key, or with a user delegation key.
type signer interface {
	sign(ctx context.Context, values sas.Service, d Delegated) (query string, err error)
	kind() sas.Kind
}

// Delegated is what only a user delegation SAS can say. A service SAS leaves it out.
type Delegated struct {
	// CorrelationID is a GUID that the storage's logs repeat, or empty.
	CorrelationID string
	// SignedQuery are parameters that a request must have with just these values.
	SignedQuery []sas.Field
}

// Sign returns the URL of the container or blob that values name, with a SAS that allows what they say; values.Account
// is filled in. With an account key it is a service SAS, else a user delegation SAS, whose key is kept and renewed.
func (a *Account) Sign(ctx context.Context, values sas.Service, d Delegated) (string, error) {
	values.Account = a.name
	query, err := a.signer.sign(ctx, values, d)
	if err != nil {
		return "", fmt.Errorf("signing for %s/%s: %w", values.Container, values.Blob, err)
	}
	path := "/" + values.Container
	if values.Blob != "" {
		path += "/" + (&url.URL{Path: values.Blob}).EscapedPath()
	}
	return a.blobURL + path + "?" + query, nil
}

// SASKind is the kind of SAS that Sign makes.
func (a *Account) SASKind() sas.Kind { return a.signer.kind() }

// keySigner signs with an account key.
type keySigner struct{ key sas.Key }

func newKeySigner(c Connection) (keySigner, error) {
	key, err := sas.ParseKey(c.Key)
	if err != nil {
		return keySigner{}, fmt.Errorf("account key: %w", err)
	}
	return keySigner{key}, nil
}

func (s keySigner) sign(_ context.Context, values sas.Service, _ Delegated) (string, error) {
	return values.Sign(s.key)
}

func (keySigner) kind() sas.Kind { return sas.ServiceKind }
