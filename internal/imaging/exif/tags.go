package exif

import "encoding/binary"

// Tags of TIFF 6.0 and its supplements that say what a TIFF file is.
const (
	tagSubfile = 0x00fe // bit 0: a reduced version of another picture in the file
	tagProfile = 0x8773 // an ICC profile
	tagDNG     = 0xc612 // the file is a digital negative

	typeLong      = 4
	typeUndefined = 7
)

// Profile returns the ICC profile in the first directory of a TIFF file, nil without one.
func Profile(tiff []byte) []byte {
	e := find(tiff, tagProfile)
	if e == nil {
		return nil
	}
	order := byteOrder(tiff)
	n, at := int64(order.Uint32(e[4:])), int64(order.Uint32(e[8:]))
	if order.Uint16(e[2:]) != typeUndefined || n <= 4 || at+n > int64(len(tiff)) {
		return nil
	}
	return tiff[at : at+n]
}

// IsRaw reports whether a TIFF file is a camera's raw file, of which the first directory is only a preview.
func IsRaw(tiff []byte) bool {
	if len(tiff) >= 10 && string(tiff[8:10]) == "CR" { // Canon's CR2
		return true
	}
	if find(tiff, tagDNG) != nil {
		return true
	}
	e := find(tiff, tagSubfile)
	return e != nil && byteOrder(tiff).Uint16(e[2:]) == typeLong && byteOrder(tiff).Uint32(e[8:])&1 == 1
}

// find returns the 12 bytes of an entry of the first directory, nil when it is not there.
func find(tiff []byte, tag uint16) []byte {
	order := byteOrder(tiff)
	if order == nil {
		return nil
	}
	at := int64(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > int64(len(tiff)) {
		return nil
	}
	for i := range int64(order.Uint16(tiff[at:])) {
		entry := at + 2 + i*12
		if entry+12 > int64(len(tiff)) {
			return nil
		}
		if e := tiff[entry : entry+12]; order.Uint16(e) == tag {
			return e
		}
	}
	return nil
}

func byteOrder(tiff []byte) binary.ByteOrder {
	if len(tiff) < 8 {
		return nil
	}
	switch string(tiff[:4]) {
	case "II*\x00":
		return binary.LittleEndian
	case "MM\x00*":
		return binary.BigEndian
	}
	return nil
}
