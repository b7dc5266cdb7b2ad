package photo

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// ContentHash tells files apart by their bytes: the first half of their SHA-256.
type ContentHash [16]byte

// HashContent is a file's hash.
func HashContent(data []byte) ContentHash {
	sum := sha256.Sum256(data)
	return ContentHash(sum[:16])
}

// String is the hash in URL-safe base64, 22 characters.
func (h ContentHash) String() string { return base64.RawURLEncoding.EncodeToString(h[:]) }

func parseContentHash(s string) (h ContentHash, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("index entry: %q is no content hash", s)
	}
	return ContentHash(b), nil
}
