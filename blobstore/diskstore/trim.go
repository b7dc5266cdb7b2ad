package diskstore

import (
	bolt "go.etcd.io/bbolt"
)

const (
	// defaultMaxMapped is how many bytes of mapped files, the program's own code included, may be resident before the mapped
	// metadata is let go. They are the page cache's, not ours, and come back from there at once; but a store of a
	// million blobs must not look like a leak, nor be killed for one.
	defaultMaxMapped = 24 << 20
	// trimEvery is after how many units of work the resident bytes are looked at: a unit is an operation, or a few
	// dozen listed entries, and maps some ten pages at most.
	trimEvery = 128
	// entriesPerUnit is how many listed entries are a unit.
	entriesPerUnit = 64
)

// worked counts units of work and lets mapped metadata go when there is too much of it. It must be called outside of
// transactions.
func (s *Store) worked(units int) {
	if n := s.work.Add(int64(units)); n < trimEvery || !s.work.CompareAndSwap(n, 0) {
		return
	}
	if residentFiles() < s.maxMapped {
		return
	}
	// Inside a transaction, so that the mapping stays where it is meanwhile.
	s.logError("releasing mapped pages", s.db.View(func(tx *bolt.Tx) error {
		return unmapPages(s.db.Info().Data, uintptr(tx.Size()))
	}))
}
