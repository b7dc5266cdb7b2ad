package icc

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Bytes writes the profile (version 4.3) with the tags that a display profile has to have and no others. Its name is
// "RGB" or "Gray", its copyright "No copyright"; the date is zero. A profile without tables takes some 450 bytes.
func (p *Profile) Bytes() []byte {
	w := &writer{}
	name, space := "RGB", "RGB "
	if p.Gray {
		name, space = "Gray", "GRAY"
	}
	w.tag("desc", text(name))
	w.tag("cprt", text("No copyright"))
	w.tag("wtpt", xyz(d50[0], d50[1], d50[2]))
	if p.Gray {
		w.tag("kTRC", p.curves[0].raw)
		return w.profile(space)
	}
	for i, c := range []string{"r", "g", "b"} {
		w.tag(c+"XYZ", xyz(p.matrix[0][i], p.matrix[1][i], p.matrix[2][i]))
	}
	for i, c := range []string{"r", "g", "b"} {
		w.tag(c+"TRC", p.curves[i].raw)
	}
	return w.profile(space)
}

// writer collects tags; equal data is written once.
type writer struct {
	names []string
	at    []int // of each tag in data
	size  []int
	data  []byte
}

func (w *writer) tag(name string, data []byte) {
	w.names, w.size = append(w.names, name), append(w.size, len(data))
	for i, at := range w.at {
		if bytes.Equal(w.data[at:at+w.size[i]], data) {
			w.at = append(w.at, at)
			return
		}
	}
	w.at = append(w.at, len(w.data))
	w.data = append(w.data, data...)
	for len(w.data)%4 != 0 {
		w.data = append(w.data, 0)
	}
}

func (w *writer) profile(space string) []byte {
	be := binary.BigEndian
	start := headerSize + 4 + 12*len(w.names)
	out := make([]byte, headerSize, start+len(w.data))
	be.PutUint32(out, uint32(start+len(w.data)))
	be.PutUint32(out[8:], 0x04300000)
	copy(out[12:], "mntr")
	copy(out[16:], space)
	copy(out[20:], "XYZ ")
	copy(out[36:], "acsp")
	copy(out[68:], xyz(d50[0], d50[1], d50[2])[8:])
	out = be.AppendUint32(out, uint32(len(w.names)))
	for i, name := range w.names {
		out = append(out, name...)
		out = be.AppendUint32(out, uint32(start+w.at[i]))
		out = be.AppendUint32(out, uint32(w.size[i]))
	}
	return append(out, w.data...)
}

func xyz(x, y, z float64) []byte {
	out := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range []float64{x, y, z} {
		out = binary.BigEndian.AppendUint32(out, uint32(int32(math.Round(v*65536))))
	}
	return out
}

// text makes a multiLocalizedUnicodeType of one record in English.
func text(s string) []byte {
	be := binary.BigEndian
	out := []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS")
	out = be.AppendUint32(out, uint32(2*len(s)))
	out = be.AppendUint32(out, 28)
	for _, r := range s {
		out = be.AppendUint16(out, uint16(r))
	}
	return out
}
