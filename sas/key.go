package sas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"strings"
	"sync"
)

// MaxKeyBytes is the longest key that ParseKey takes, decoded. Azure's account keys are 64 bytes long, delegation keys
// 32; the bound only keeps a mistake from being hashed.
const MaxKeyBytes = 1024

// ErrKey says that a text is not a base64-encoded key. It never quotes the text.
var ErrKey = errors.New("sas: not a base64-encoded key")

// Key is a secret that signs: an account key, or the value of a user delegation key. It is safe for concurrent use and
// cheap to copy, and no verb, logger or encoder shows what is in it. The zero Key signs nothing and verifies nothing.
//
// The secret stands behind a function because fmt walks pointers, unexported ones too, when a verb does not fit a value.
type Key struct{ state func() *keyState }

type keyState struct {
	secret []byte
	pool   sync.Pool // of *signer
}

// signer is what one signing needs, kept between signings so that none of it is allocated again.
type signer struct {
	mac  hash.Hash
	text []byte // string-to-sign, then the values that are not in it
	sum  []byte // raw signature, then its base64
	out  []byte // the query string, before it becomes a string
}

// ParseKey decodes a key as Azure shows it: standard base64 with padding. The error is ErrKey.
func ParseKey(encoded string) (Key, error) {
	secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips line breaks; a key has none.
	if err != nil || len(secret) == 0 || len(secret) > MaxKeyBytes || strings.ContainsAny(encoded, "\r\n") {
		return Key{}, ErrKey
	}
	return NewKey(secret), nil
}

// NewKey makes a Key of its raw bytes, which it copies.
func NewKey(secret []byte) Key {
	s := &keyState{secret: append([]byte(nil), secret...)}
	s.pool.New = func() any {
		return &signer{
			mac:  hmac.New(sha256.New, s.secret),
			text: make([]byte, 0, 512),
			sum:  make([]byte, 0, sha256.Size+signatureLen),
			out:  make([]byte, 0, 512),
		}
	}
	return Key{func() *keyState { return s }}
}

// IsZero reports whether there is no key here.
func (k Key) IsZero() bool { return k.state == nil }

// Equal reports, in constant time, whether two keys hold the same secret.
func (k Key) Equal(other Key) bool {
	if k.state == nil || other.state == nil {
		return k.IsZero() && other.IsZero()
	}
	return hmac.Equal(k.state().secret, other.state().secret)
}

// AppendHMAC appends the HMAC-SHA256 of text, 32 raw bytes, to dst. It is what Shared Key authorization signs with too.
// It panics on the zero Key.
func (k Key) AppendHMAC(dst, text []byte) []byte {
	s := k.get()
	defer k.put(s)
	s.mac.Reset()
	s.mac.Write(text)
	s.sum = s.mac.Sum(s.sum[:0])
	return append(dst, s.sum...)
}

// AppendSignature appends the base64 of the HMAC-SHA256 of text, 44 characters, to dst. It panics on the zero Key.
func (k Key) AppendSignature(dst, text []byte) []byte {
	s := k.get()
	defer k.put(s)
	return append(dst, s.sign(text)...)
}

// sign returns the base64 of the signature of text; it stands in the signer's own memory.
func (s *signer) sign(text []byte) []byte {
	s.mac.Reset()
	s.mac.Write(text)
	s.sum = s.mac.Sum(s.sum[:0])
	s.sum = base64.StdEncoding.AppendEncode(s.sum, s.sum[:sha256.Size])
	return s.sum[sha256.Size:]
}

func (k Key) get() *signer  { return k.state().pool.Get().(*signer) }
func (k Key) put(s *signer) { k.state().pool.Put(s) }

const redactedKey = "[redacted key]"

// String hides the key.
func (k Key) String() string { return redactedKey }

// GoString hides the key from %#v.
func (k Key) GoString() string { return redactedKey }

// Format hides the key from every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redactedKey)) }

// LogValue hides the key from log/slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(redactedKey) }

// MarshalText hides the key from encoders.
func (k Key) MarshalText() ([]byte, error) { return []byte(redactedKey), nil }
