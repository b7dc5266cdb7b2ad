package photo

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
)

// ID names an upload and the photo that comes of it: 26 characters, 48 bits of time in milliseconds counted down, then
// 80 bits that nobody can guess. Storage lists names in order, so counting down puts the newest first.
type ID string

const (
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's, in ascending order, so that ids sort as their bits do
	idLength    = 26
	maxMillis   = 1<<48 - 1
	hexadecimal = "0123456789abcdef"
)

// idBits are the five bits that each character of the alphabet stands for; all others have noIDBits.
var idBits = func() (bits [256]byte) {
	for i := range bits {
		bits[i] = noIDBits
	}
	for i := range len(idAlphabet) {
		bits[idAlphabet[i]] = byte(i)
	}
	return bits
}()

const noIDBits = 0xff

// ErrID says that a text is no id of ours.
var ErrID = errors.New("not an upload or photo id")

// NewID makes an id for the given time with randomness from random.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var tail [10]byte
	if _, err := io.ReadFull(random, tail[:]); err != nil {
		return "", err
	}
	return makeID(now, tail), nil
}

// derivedID makes the id that belongs to something that has none: the same source always gives the same id.
func derivedID(at time.Time, source ...string) ID {
	sum := sha256.Sum256([]byte(strings.Join(source, "\x00")))
	return makeID(at, [10]byte(sum[:10]))
}

func makeID(at time.Time, tail [10]byte) ID {
	var b [16]byte
	millis := min(max(at.UnixMilli(), 0), maxMillis) // files may claim any time
	binary.BigEndian.PutUint64(b[:8], uint64(maxMillis-millis)<<16)
	copy(b[6:], tail[:])
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var text [idLength]byte
	for i := idLength - 1; i >= 0; i-- { // five bits a character, from the right; the first holds the three left over
		text[i] = idAlphabet[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return ID(text[:])
}

// ParseID takes a text from outside, or answers [ErrID].
func ParseID(s string) (ID, error) {
	if len(s) != idLength || s[0] > '7' {
		return "", ErrID
	}
	for i := range idLength {
		if idBits[s[i]] == noIDBits {
			return "", ErrID
		}
	}
	return ID(s), nil
}

// GUID is the id in the form that a SAS's correlation id must have.
func (id ID) GUID() string {
	high, low := id.bits()
	var bits [16]byte
	binary.BigEndian.PutUint64(bits[:8], high)
	binary.BigEndian.PutUint64(bits[8:], low)
	guid := make([]byte, 0, 36)
	for i, b := range bits {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			guid = append(guid, '-')
		}
		guid = append(guid, hexadecimal[b>>4], hexadecimal[b&15])
	}
	return string(guid)
}

// Time is when the id was made, to the millisecond.
func (id ID) Time() time.Time {
	high, _ := id.bits()
	return time.UnixMilli(int64(maxMillis - high>>16)).UTC()
}

func (id ID) bits() (high, low uint64) {
	for i := range len(id) {
		high = high<<5 | low>>59
		low = low<<5 | uint64(idBits[id[i]])
	}
	return high, low
}
