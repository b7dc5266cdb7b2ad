package diskstore

import (
	"encoding/binary"

	"github.com/valetkey/valetkey/blobstore"
)

// chunkSize is how many bytes one checksum covers: what has to be read to verify the first byte of a range.
const chunkSize = 1 << 20

// place says where bytes are.
type place struct {
	segment uint32
	offset  int64
}

func (p place) key() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, p.segment), uint64(p.offset))
}

func placeOfKey(key []byte) (place, bool) {
	if len(key) != 12 {
		return place{}, false
	}
	return place{binary.BigEndian.Uint32(key), int64(binary.BigEndian.Uint64(key[4:]))}, true
}

// extent is one block's bytes: a range of a segment in bucketExtents.
type extent struct {
	place
	length int64
	refs   uint64   // rows that name it
	sums   []uint64 // CRC-64/NVME of every chunkSize bytes
}

func (e *extent) encode() []byte {
	b := make([]byte, 0, 2*binary.MaxVarintLen64+8*len(e.sums))
	b = binary.AppendUvarint(b, uint64(e.length))
	b = binary.AppendUvarint(b, e.refs)
	for _, sum := range e.sums {
		b = binary.LittleEndian.AppendUint64(b, sum)
	}
	return b
}

func decodeExtent(p place, b []byte) (*extent, error) {
	length, n := binary.Uvarint(b)
	if n <= 0 || length > 1<<56 {
		return nil, errRecord
	}
	b = b[n:]
	refs, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, errRecord
	}
	b = b[n:]
	if uint64(len(b)) != (length+chunkSize-1)/chunkSize*8 {
		return nil, errRecord
	}
	e := &extent{place: p, length: int64(length), refs: refs, sums: make([]uint64, len(b)/8)}
	for i := range e.sums {
		e.sums[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return e, nil
}

// row is a block of a content or of a staging: its id and bytes.
type row struct {
	id blobstore.BlockID // empty for what PutBlob wrote
	place
	length int64
}

func appendRow(b []byte, r row) []byte {
	b = appendString(b, string(r.id))
	b = binary.AppendUvarint(b, uint64(r.segment))
	b = binary.AppendUvarint(b, uint64(r.offset))
	return binary.AppendUvarint(b, uint64(r.length))
}

func (d *decoder) row() row {
	r := row{id: blobstore.BlockID(d.string())}
	segment := d.uvarint()
	if segment > 1<<32-1 {
		d.bad = true
	}
	r.segment, r.offset, r.length = uint32(segment), d.size(), d.size()
	return r
}

func decodeRow(b []byte) (row, error) {
	d := decoder{s: string(b)}
	r := d.row()
	return r, d.end()
}

// rowsPerPage is how many rows one key of bucketContents holds.
const rowsPerPage = 256

// contentHead is the first key of a content: its references, how many rows it has, and the first page of them.
type contentHead struct {
	refs  uint64 // blob records that name it
	count int
	rows  []row
}

func (h *contentHead) encode() []byte {
	b := binary.AppendUvarint(nil, h.refs)
	b = binary.AppendUvarint(b, uint64(h.count))
	return append(b, encodeRows(h.rows)...)
}

func encodeRows(rows []row) []byte {
	var b []byte
	for _, r := range rows {
		b = appendRow(b, r)
	}
	return b
}

func decodeContentHead(b []byte) (*contentHead, error) {
	d := decoder{s: string(b)}
	h := &contentHead{refs: d.uvarint(), count: int(d.size())}
	var err error
	if h.rows, err = d.rows(); err == nil && len(h.rows) != min(h.count, rowsPerPage) {
		err = errRecord
	}
	return h, err
}

func decodeRows(b []byte) ([]row, error) {
	d := decoder{s: string(b)}
	return d.rows()
}

func (d *decoder) rows() (rows []row, err error) {
	for d.s != "" && !d.bad {
		if len(rows) == rowsPerPage {
			return nil, errRecord
		}
		rows = append(rows, d.row())
	}
	return rows, d.end()
}
