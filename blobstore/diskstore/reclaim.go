package diskstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// reclaimDelay gathers what is thrown away, so that reclaiming does not follow every single overwrite.
	reclaimDelay = 100 * time.Millisecond
	// reclaimBatch is how many rows one transaction of the reclaimer takes, so that writers do not wait for it.
	reclaimBatch = 1000
)

// reclaimer gives back, in the background, what nothing names any more. Contents that a reader has open wait for it.
type reclaimer struct {
	// opening is read-locked from the start of a reader's transaction until its content is pinned. Locking it once
	// after a content was thrown away therefore waits for every reader that may still have seen it.
	opening sync.RWMutex

	mu      sync.Mutex
	pins    map[uint64]int // readers by content
	holes   []hole
	running sync.Mutex // one pass at a time

	kick  chan struct{} // capacity 1
	stop  chan struct{}
	ended chan struct{}
}

func newReclaimer() *reclaimer {
	return &reclaimer{pins: map[uint64]int{}, kick: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
}

func (r *reclaimer) wake() { signal(r.kick) }

func (r *reclaimer) pin(content uint64) {
	r.mu.Lock()
	r.pins[content]++
	r.mu.Unlock()
}

func (r *reclaimer) unpin(content uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pins[content]--; r.pins[content] == 0 {
		delete(r.pins, content)
	}
}

func (r *reclaimer) pinned(content uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pins[content] > 0
}

// freed takes over ranges that no committed transaction names.
func (r *reclaimer) freed(holes []hole) {
	if len(holes) == 0 {
		return
	}
	r.mu.Lock()
	r.holes = append(r.holes, holes...)
	r.mu.Unlock()
	r.wake()
}

func (r *reclaimer) close() {
	close(r.stop)
	<-r.ended
}

func (s *Store) reclaimLoop(expiry time.Duration) {
	r := s.reclaim
	defer close(r.ended)
	s.logError("collecting what a killed process left", s.collectOrphans())
	ticker := time.NewTicker(expiry)
	defer ticker.Stop()
	for {
		s.logError("reclaiming space", s.reclaimAll())
		select {
		case <-r.stop:
			return
		case <-ticker.C:
			s.logError("expiring", s.expire())
		case <-r.kick:
			pause := time.NewTimer(reclaimDelay)
			select {
			case <-r.stop:
				pause.Stop()
				return
			case <-pause.C:
			}
		}
	}
}

func (s *Store) logError(doing string, err error) {
	if err != nil {
		s.log.Error("blob store: "+doing, "error", err)
	}
}

func (r *reclaimer) stopping() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// reclaimAll empties the trash, but for what readers have open, and gives the bytes back.
func (s *Store) reclaimAll() error {
	s.reclaim.running.Lock()
	defer s.reclaim.running.Unlock()
	// Emptying the trash of a container fills it with the contents of its blobs.
	for again := true; again; {
		emptied, err := s.passThroughTrash()
		if err != nil {
			return err
		}
		again = emptied > 0
	}
	return s.punchHoles()
}

// passThroughTrash removes once what is in the trash, and returns how many entries that were.
func (s *Store) passThroughTrash() (emptied int, err error) {
	r := s.reclaim
	var from []byte
	for !r.stopping() {
		var todo [][]byte
		err := s.view(func(v view) error {
			c := v.cursor(bucketTrash)
			for k, _ := c.Seek(from); k != nil && len(todo) < reclaimBatch; k, _ = c.Next() {
				todo = append(todo, bytes.Clone(k))
			}
			return nil
		})
		if err != nil || len(todo) == 0 {
			return emptied, err
		}
		from = append(bytes.Clone(todo[len(todo)-1]), 0)
		// Whoever saw one of these contents in a blob has pinned it after this.
		r.opening.Lock()
		//lint:ignore SA2001 waiting is all that is wanted
		r.opening.Unlock()
		todo = slices.DeleteFunc(todo, func(k []byte) bool {
			return k[0] == trashContent && r.pinned(binary.BigEndian.Uint64(k[1:]))
		})
		for len(todo) > 0 && !r.stopping() {
			var left [][]byte
			err := s.update(func(t *txn) error {
				left = t.emptyTrash(todo)
				return nil
			})
			if err != nil {
				return emptied, err
			}
			emptied += len(todo) - len(left)
			todo = left
		}
	}
	return emptied, nil
}

// emptyTrash removes what the trash keys stand for, and returns the keys that there was no time for.
func (t *txn) emptyTrash(keys [][]byte) (left [][]byte) {
	budget := reclaimBatch
	for i, key := range keys {
		if budget <= 0 {
			return keys[i:]
		}
		id := key[1:]
		switch key[0] {
		case trashContent:
			budget -= t.removeContent(id, budget)
		case trashStaging:
			budget -= t.removeStaging(id, budget)
		case trashContainer:
			budget -= t.removeContainer(id, budget)
		default:
			t.fail(errRecord)
		}
		if t.failed != nil {
			return nil
		}
		if budget <= 0 {
			return keys[i:] // perhaps not finished: it is looked at once more
		}
		t.delete(bucketTrash, key)
	}
	return nil
}

// firstKeys returns up to n keys and values of the bucket that begin with the prefix.
func (v view) firstKeys(bucket, prefix []byte, n int) (keys, values [][]byte) {
	c := v.cursor(bucket)
	for k, value := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix) && len(keys) < n; k, value = c.Next() {
		keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(value))
	}
	return keys, values
}

// removeContent drops rows of a content, and the content with its last; the result is how much of the budget it took.
// Pages go from the last to the first, because the head says that there is a content.
func (t *txn) removeContent(id []byte, budget int) int {
	used := 1
	for used <= budget {
		c := t.cursor(bucketContents)
		step := c.Prev
		if next, _ := c.Seek(after(id)); next == nil {
			step = c.Last
		}
		k, value := step()
		if !bytes.HasPrefix(k, id) {
			return used
		}
		rows, err := decodeRows(value)
		if len(k) == 8 {
			var h *contentHead
			if h, err = decodeContentHead(value); err == nil {
				rows = h.rows
			}
		}
		if err != nil {
			t.fail(err)
			return used
		}
		t.delete(bucketContents, bytes.Clone(k))
		for _, r := range rows {
			t.dropExtentRef(r.place)
		}
		used += len(rows) + 1
	}
	return used
}

func (t *txn) removeStaging(id []byte, budget int) int {
	keys, values := t.firstKeys(bucketBlocks, id, budget)
	for i, k := range keys {
		r, err := decodeRow(values[i])
		if err != nil {
			t.fail(err)
			return 0
		}
		t.delete(bucketBlocks, k)
		t.dropExtentRef(r.place)
	}
	return len(keys) + 1
}

// removeContainer removes the blobs and stagings of a deleted container.
func (t *txn) removeContainer(id []byte, budget int) int {
	keys, values := t.firstKeys(bucketBlobs, id, budget)
	used := len(keys) + 1
	for i, k := range keys {
		r, err := decodeBlob(values[i])
		if err != nil {
			t.fail(err)
			return 0
		}
		t.delete(bucketBlobs, k)
		t.delete(bucketTagged, k[:len(k)-8])
		t.dropContentRef(r.content)
	}
	keys, values = t.firstKeys(bucketStaging, id, max(0, budget-used))
	for i, k := range keys {
		r, err := decodeStaging(values[i])
		if err != nil {
			t.fail(err)
			return 0
		}
		t.delete(bucketStaging, k)
		t.discard(trashStaging, r.id)
	}
	return used + len(keys)
}

// punchHoles gives the freed ranges back to the file system, and deletes segments that are empty.
func (s *Store) punchHoles() error {
	r := s.reclaim
	r.mu.Lock()
	holes := r.holes
	r.holes = nil
	r.mu.Unlock()
	bySegment := map[uint32][]hole{}
	for _, h := range holes {
		bySegment[h.segment] = append(bySegment[h.segment], h)
	}
	for id, holes := range bySegment {
		removed, err := s.removeIfEmpty(id)
		if err == nil && !removed {
			err = s.segments.punch(id, holes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeIfEmpty deletes a segment that is not written to and has no extent.
func (s *Store) removeIfEmpty(id uint32) (bool, error) {
	if s.segments.isOpen(id) {
		return false, nil
	}
	empty := false
	err := s.view(func(v view) error {
		k, _ := v.cursor(bucketExtents).Seek(place{segment: id}.key())
		p, ok := placeOfKey(k)
		empty = !ok || p.segment != id
		return nil
	})
	if err != nil || !empty {
		return false, err
	}
	return true, errors.Join(s.segments.remove(id), s.files.forget(id))
}
