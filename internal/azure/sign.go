package azure

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/sas"
)

// signer makes a SAS of what it shall allow: with the account's key, or with a user delegation key.
type signer interface {
	sign(ctx context.Context, values sas.Service, correlationID string) (query string, err error)
}

// Sign returns the URL of the container or blob that values name, with a SAS that allows what they say; values.Account
// is filled in. An account that was opened without a key signs a user delegation SAS, which has a correlation id (a
// GUID, or empty) that the storage's logs repeat.
func (a *Account) Sign(ctx context.Context, values sas.Service, correlationID string) (string, error) {
	values.Account = a.name
	query, err := a.signer.sign(ctx, values, correlationID)
	if err != nil {
		return "", fmt.Errorf("signing for %s/%s: %w", values.Container, values.Blob, err)
	}
	var b strings.Builder
	b.WriteString(a.blobURL)
	b.WriteByte('/')
	b.WriteString(values.Container)
	if values.Blob != "" {
		b.WriteByte('/')
		b.WriteString((&url.URL{Path: values.Blob}).EscapedPath())
	}
	b.WriteByte('?')
	b.WriteString(query)
	return b.String(), nil
}

// keySigner signs with an account key.
type keySigner struct{ key sas.Key }

func newKeySigner(c Connection) (keySigner, error) {
	key, err := sas.ParseKey(c.Key)
	if err != nil {
		return keySigner{}, fmt.Errorf("account key: %w", err)
	}
	return keySigner{key}, nil
}

func (s keySigner) sign(_ context.Context, values sas.Service, _ string) (string, error) {
	return values.Sign(s.key)
}
