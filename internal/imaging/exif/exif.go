// Package exif reads the one EXIF tag that changes how a photo is shown, the orientation, and writes an EXIF block that
// holds nothing else. EXIF is a TIFF file inside another file (JEITA CP-3451, "Exif 2.32", section 4.6).
package exif

import "encoding/binary"

const (
	orientationTag = 0x0112
	typeShort      = 3
)

// Orientation returns the value (1 to 8) of the orientation tag in the first directory of tiff, which begins with "II"
// or "MM". It returns 1, upright, for anything malformed or out of range: a photo with broken EXIF is still a photo.
func Orientation(tiff []byte) int {
	e := find(tiff, orientationTag)
	if e == nil {
		return 1
	}
	order := byteOrder(tiff)
	value := int(order.Uint16(e[8:]))
	if order.Uint16(e[2:]) != typeShort || order.Uint32(e[4:]) != 1 || value < 1 || value > 8 {
		return 1
	}
	return value
}

// Minimal returns a TIFF block whose only tag is the given orientation (1 to 8): 26 bytes.
func Minimal(orientation int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01")
	b = binary.BigEndian.AppendUint16(b, orientationTag)
	b = binary.BigEndian.AppendUint16(b, typeShort)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(orientation))
	return append(b, 0, 0, 0, 0, 0, 0) // padding of the value, no next directory
}

// Swaps reports whether the orientation lays the picture on its side, so that width and height change places.
func Swaps(orientation int) bool { return orientation >= 5 }
