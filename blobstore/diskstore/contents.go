package diskstore

import (
	"bytes"
	"encoding/binary"
)

// A content is what a blob is made of: rows of blocks in order. Blobs, snapshots and copies share it by its id; one
// that nothing names any more goes to the trash.

// contentHead returns the head of a content.
func (v view) contentHead(id uint64) (*contentHead, error) {
	b := v.get(bucketContents, uint64Key(id))
	if b == nil {
		return nil, errRecord
	}
	return decodeContentHead(b)
}

// contentPage returns the rows of the page that the offset lies in, and the offset of the first.
func (v view) contentPage(id uint64, offset int64) (rows []row, start int64, err error) {
	c := v.cursor(bucketContents)
	key := binary.BigEndian.AppendUint64(uint64Key(id), uint64(offset))
	k, value := c.Seek(key)
	if !bytes.Equal(k, key) {
		k, value = c.Prev()
	}
	if len(k) < 8 || binary.BigEndian.Uint64(k) != id {
		return nil, 0, errRecord
	}
	if len(k) == 8 {
		h, err := decodeContentHead(value)
		if err != nil {
			return nil, 0, err
		}
		return h.rows, 0, nil
	}
	rows, err = decodeRows(value)
	return rows, int64(binary.BigEndian.Uint64(k[8:])), err
}

// eachRow calls f with every row of a content, in order.
func (v view) eachRow(id uint64, f func(row) error) error {
	c := v.cursor(bucketContents)
	prefix := uint64Key(id)
	for k, value := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, value = c.Next() {
		var rows []row
		var err error
		if len(k) == 8 {
			var h *contentHead
			if h, err = decodeContentHead(value); err == nil {
				rows = h.rows
			}
		} else {
			rows, err = decodeRows(value)
		}
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// newContent stores rows as a content with one reference.
func (t *txn) newContent(rows []row) (id uint64) {
	id = t.tick()
	head := contentHead{refs: 1, count: len(rows), rows: rows[:min(len(rows), rowsPerPage)]}
	t.put(bucketContents, uint64Key(id), head.encode())
	start := int64(0)
	for i, r := range rows {
		if i > 0 && i%rowsPerPage == 0 {
			key := binary.BigEndian.AppendUint64(uint64Key(id), uint64(start))
			t.put(bucketContents, key, encodeRows(rows[i:min(len(rows), i+rowsPerPage)]))
		}
		start += r.length
	}
	return id
}

// addContentRef makes one more blob record name the content.
func (t *txn) addContentRef(id uint64) {
	if id == 0 {
		return
	}
	h, err := t.contentHead(id)
	if err != nil {
		t.fail(err)
		return
	}
	h.refs++
	t.put(bucketContents, uint64Key(id), h.encode())
}

// dropContentRef makes one less name it.
func (t *txn) dropContentRef(id uint64) {
	if id == 0 {
		return
	}
	h, err := t.contentHead(id)
	if err != nil || h.refs == 0 {
		t.fail(errRecord)
		return
	}
	h.refs--
	t.put(bucketContents, uint64Key(id), h.encode())
	if h.refs == 0 {
		t.discard(trashContent, id)
	}
}

// extent returns the extent at the place.
func (v view) extent(p place) (*extent, error) {
	b := v.get(bucketExtents, p.key())
	if b == nil {
		return nil, errRecord
	}
	return decodeExtent(p, b)
}

func (t *txn) newExtent(e *extent) { t.put(bucketExtents, e.key(), e.encode()) }

func (t *txn) addExtentRef(p place) {
	e, err := t.extent(p)
	if err != nil {
		t.fail(err)
		return
	}
	e.refs++
	t.put(bucketExtents, p.key(), e.encode())
}

// dropExtentRef makes one row less name the extent; the last one frees its bytes once the transaction is committed.
func (t *txn) dropExtentRef(p place) {
	e, err := t.extent(p)
	if err != nil || e.refs == 0 {
		t.fail(errRecord)
		return
	}
	if e.refs--; e.refs > 0 {
		t.put(bucketExtents, p.key(), e.encode())
		return
	}
	t.delete(bucketExtents, p.key())
	t.freed = append(t.freed, hole{p, e.length})
}

// What the trash holds. Emptying it may take many transactions.
const (
	trashContent   = 'b'
	trashStaging   = 's'
	trashContainer = 'c'
)

func (t *txn) discard(kind byte, id uint64) {
	t.put(bucketTrash, append([]byte{kind}, uint64Key(id)...), nil)
	t.trashed = true
}
