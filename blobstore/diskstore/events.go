package diskstore

import (
	"encoding/binary"
	"encoding/json"

	"github.com/valetkey/valetkey/blobstore"
)

// forgetBatch is how many events one transaction forgets, so that writers do not wait for it.
const forgetBatch = 1000

// keepEvent writes the event down with the change that it tells of.
func (t *txn) keepEvent(e *blobstore.Event) {
	b, err := json.Marshal(e)
	t.fail(err)
	t.put(bucketEvents, uint64Key(e.Sequencer), b)
}

// EventsAfter returns up to most of the kept events whose Sequencer is greater, in their order. One that cannot be read
// is logged and left out.
func (s *Store) EventsAfter(sequencer uint64, most int) (events []blobstore.Event, err error) {
	s.users.RLock()
	defer s.users.RUnlock()
	if s.closed {
		return nil, blobstore.ErrClosed
	}
	err = s.view(func(v view) error {
		if sequencer+1 == 0 {
			return nil
		}
		c := v.cursor(bucketEvents)
		for k, value := c.Seek(uint64Key(sequencer + 1)); k != nil && len(events) < most; k, value = c.Next() {
			var e blobstore.Event
			if err := json.Unmarshal(value, &e); err != nil {
				s.logError("reading a kept event", err)
				continue
			}
			events = append(events, e)
		}
		return nil
	})
	return events, err
}

// LastEvent returns the greatest Sequencer of the kept events, 0 when there are none.
func (s *Store) LastEvent() (sequencer uint64, err error) {
	s.users.RLock()
	defer s.users.RUnlock()
	if s.closed {
		return 0, blobstore.ErrClosed
	}
	err = s.view(func(v view) error {
		if k, _ := v.cursor(bucketEvents).Last(); len(k) == 8 {
			sequencer = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return sequencer, err
}

// ForgetEvents drops the kept events up to the one with the Sequencer, which is dropped too.
func (s *Store) ForgetEvents(upTo uint64) error {
	s.users.RLock()
	defer s.users.RUnlock()
	if s.closed {
		return blobstore.ErrClosed
	}
	for {
		var dropped int
		err := s.update(func(t *txn) error {
			var keys [][]byte
			c := t.cursor(bucketEvents)
			for k, _ := c.First(); len(k) == 8 && binary.BigEndian.Uint64(k) <= upTo && len(keys) < forgetBatch; k, _ = c.Next() {
				keys = append(keys, k)
			}
			for _, k := range keys {
				t.delete(bucketEvents, k)
			}
			dropped = len(keys)
			return nil
		})
		if err != nil || dropped < forgetBatch {
			return err
		}
	}
}
