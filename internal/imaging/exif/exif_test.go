package exif

import (
	"encoding/binary"
	"testing"
)

func TestMinimalHoldsOnlyTheOrientation(t *testing.T) {
	for want := 1; want <= 8; want++ {
		b := Minimal(want)
		if got := Orientation(b); got != want || len(b) != 26 {
			t.Errorf("Orientation(Minimal(%d)) = %d, %d bytes", want, got, len(b))
		}
	}
}

func littleEndian(tag, typ uint16, count uint32, value uint16) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x02\x00")
	b = append(b, make([]byte, 12)...) // an entry that is not the orientation
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint32(b, count)
	b = binary.LittleEndian.AppendUint16(b, value)
	return append(b, 0, 0)
}

func TestOrientationOfMalformedBlocksIsUpright(t *testing.T) {
	good := littleEndian(orientationTag, typeShort, 1, 6)
	if got := Orientation(good); got != 6 {
		t.Fatalf("a good block reads as %d", got)
	}
	for name, b := range map[string][]byte{
		"empty":                       nil,
		"no byte order":               append([]byte("XX"), good[2:]...),
		"value 0":                     littleEndian(orientationTag, typeShort, 1, 0),
		"value 9":                     littleEndian(orientationTag, typeShort, 1, 9),
		"two values":                  littleEndian(orientationTag, typeShort, 2, 6),
		"a long":                      littleEndian(orientationTag, 4, 1, 6),
		"another tag":                 littleEndian(0x0110, typeShort, 1, 6),
		"directory outside":           append([]byte("II*\x00\xff\xff\xff\xff"), good[8:]...),
		"directory inside the header": append([]byte("II*\x00\x02\x00\x00\x00"), good[8:]...),
	} {
		if got := Orientation(b); got != 1 {
			t.Errorf("%s: %d, want 1", name, got)
		}
	}
	for n := range len(good) - 1 {
		if got := Orientation(good[:n]); got != 1 {
			t.Errorf("cut at %d: %d, want 1", n, got)
		}
	}
}

func withEntry(tag, typ uint16, count, value uint32, tail string) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint32(b, count)
	b = binary.LittleEndian.AppendUint32(b, value)
	return append(append(b, 0, 0, 0, 0), tail...)
}

func TestProfile(t *testing.T) {
	if got := Profile(withEntry(tagProfile, typeUndefined, 7, 26, "profile")); string(got) != "profile" {
		t.Errorf("profile %q", got)
	}
	for name, b := range map[string][]byte{
		"outside":      withEntry(tagProfile, typeUndefined, 8, 26, "profile"),
		"far outside":  withEntry(tagProfile, typeUndefined, 8, 0xffffffff, "profile"),
		"another type": withEntry(tagProfile, typeShort, 7, 26, "profile"),
		"none":         withEntry(tagDNG, typeUndefined, 7, 26, "profile"),
		"no TIFF":      []byte("profile"),
	} {
		if got := Profile(b); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestIsRaw(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want bool
	}{
		"Canon":       {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00\x00\x00"), true},
		"DNG":         {withEntry(tagDNG, 1, 4, 1, ""), true},
		"a preview":   {withEntry(tagSubfile, typeLong, 1, 1, ""), true},
		"a full page": {withEntry(tagSubfile, typeLong, 1, 0, ""), false},
		"plain":       {Minimal(1), false},
	} {
		if got := IsRaw(tt.b); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(Minimal(6))
	f.Add(littleEndian(orientationTag, typeShort, 1, 8))
	f.Add(withEntry(tagProfile, typeUndefined, 7, 26, "profile"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := Orientation(b); got < 1 || got > 8 {
			t.Errorf("orientation %d", got)
		}
		Profile(b)
		IsRaw(b)
	})
}
