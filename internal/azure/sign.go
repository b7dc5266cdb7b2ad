package azure

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/valetkey/valetkey/sas"
)

// signer appends a SAS of what it shall allow: with the account's key, or with a user delegation key.
type signer interface {
	appendSigned(ctx context.Context, dst []byte, values sas.Service, d Delegated) ([]byte, error)
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
	room := urls.Get().(*[]byte)
	defer urls.Put(room)
	text := append(append(append((*room)[:0], a.blobURL...), '/'), values.Container...)
	if values.Blob != "" {
		text = append(append(text, '/'), (&url.URL{Path: values.Blob}).EscapedPath()...)
	}
	text, err := a.signer.appendSigned(ctx, append(text, '?'), values, d)
	*room = text
	if err != nil {
		return "", fmt.Errorf("signing for %s/%s: %w", values.Container, values.Blob, err)
	}
	return string(text), nil
}

// urls is room to write URLs in. It is kept, because every grant needs some.
var urls = sync.Pool{New: func() any { return new([]byte) }}

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

func (s keySigner) appendSigned(_ context.Context, dst []byte, values sas.Service, _ Delegated) ([]byte, error) {
	return values.AppendSigned(dst, s.key)
}

func (keySigner) kind() sas.Kind { return sas.ServiceKind }
