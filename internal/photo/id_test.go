package photo

import (
	"bytes"
	"testing"
	"time"
)

func TestIDKeepsItsTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 15, 123e6, time.UTC)
	id, err := NewID(at, bytes.NewReader(bytes.Repeat([]byte{0xab}, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if got := id.Time(); !got.Equal(at) {
		t.Errorf("Time() = %v, want %v", got, at)
	}
	if parsed, err := ParseID(string(id)); err != nil || parsed != id {
		t.Errorf("ParseID(%q) = %q, %v", id, parsed, err)
	}
}

func TestNewerIDsComeFirst(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	older := makeID(at, [10]byte{0: 0})
	newer := makeID(at.Add(time.Millisecond), [10]byte{0: 0xff, 9: 0xff})
	if newer >= older {
		t.Errorf("%q, made a millisecond after %q, does not sort before it", newer, older)
	}
}

func TestIDAsGUID(t *testing.T) {
	id := makeID(time.UnixMilli(maxMillis-0x0123456789ab), [10]byte{0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8})
	if got, want := id.GUID(), "01234567-89ab-cdef-0102-030405060708"; got != want {
		t.Errorf("GUID() = %s, want %s", got, want)
	}
}

func TestDerivedIDIsTheSameForTheSameSource(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a, b := derivedID(at, "cat.jpg", "0x8D1"), derivedID(at, "cat.jpg", "0x8D1")
	if a != b {
		t.Errorf("%q and %q differ", a, b)
	}
	if c := derivedID(at, "cat.jpg", "0x8D2"); c == a {
		t.Error("another ETag gave the same id")
	}
}

func TestParseIDRefuses(t *testing.T) {
	good := string(makeID(time.Now(), [10]byte{}))
	for _, s := range []string{"", good[1:], good + "0", "8" + good[1:], good[:25] + "u", good[:25] + "/", "../" + good[3:],
		good[:25] + "A"} {
		if id, err := ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %q", s, id)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(string(makeID(time.UnixMilli(0), [10]byte{})))
	f.Add("zzzzzzzzzzzzzzzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		if string(id) != s || makeID(id.Time(), [10]byte([]byte(bits10(id)))) != id {
			t.Errorf("%q does not come back", s)
		}
	})
}

// bits10 is the random part of an id.
func bits10(id ID) []byte {
	high, low := id.bits()
	b := []byte{byte(high >> 8), byte(high)}
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(low>>shift))
	}
	return b
}

func TestIDsOfImpossibleTimesStayInOrder(t *testing.T) {
	at := func(year int) ID { return makeID(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), [10]byte{}) }
	if old := at(1601); !old.Time().Equal(time.UnixMilli(0)) || old <= at(1971) {
		t.Errorf("1601 becomes %v", old.Time())
	}
	if late := at(20_000); late >= at(9000) {
		t.Errorf("the year 20000 becomes %v", late.Time())
	}
}
