package diskstore

import (
	bolt "go.etcd.io/bbolt"
)

// trimEvery is after how many listed entries the mapped metadata leaves this process's resident memory again: it is
// the page cache's, not ours, and listing millions of blobs must not look like a leak.
const trimEvery = 100_000

// trimMapped is told how many entries a listing read.
func (s *Store) trimMapped(entries int) {
	if s.listed.Add(int64(entries)) < trimEvery {
		return
	}
	s.listed.Store(0)
	// Inside a transaction, so that the mapping stays where it is meanwhile.
	s.logError("releasing mapped pages", s.db.View(func(tx *bolt.Tx) error {
		return unmapPages(s.db.Info().Data, uintptr(tx.Size()))
	}))
}
