package diskstore

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/valetkey/valetkey/blobstore"
)

// maxBatch is how many changes one transaction commits at most.
const maxBatch = 512

// change is one operation's part of a transaction. apply may run more than once, each time on a fresh transaction, and
// must not have changed anything when it refuses.
type change struct {
	apply func(t *txn) error
	err   error
	done  chan struct{}
}

// committer runs all changes of a store, many to a transaction: while one is being synced the next gathers.
type committer struct {
	mu     sync.Mutex
	queue  []*change
	closed bool
	busy   chan struct{} // closed when the transaction that is being committed is done; nil: there is none
	wake   chan struct{} // capacity 1
	ended  chan struct{}
}

func newCommitter() *committer {
	return &committer{wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// update runs a change and returns once it is durable, or with the reason why there was none.
func (s *Store) update(apply func(t *txn) error) error {
	c := &change{apply: apply, done: make(chan struct{})}
	q := s.commits
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return blobstore.ErrClosed
	}
	q.queue = append(q.queue, c)
	q.mu.Unlock()
	signal(q.wake)
	<-c.done
	return c.err
}

// signal wakes the goroutine that waits for c, now or the next time it waits.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close lets the queued changes finish and refuses new ones.
func (q *committer) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	signal(q.wake)
	<-q.ended
}

func (s *Store) commitLoop() {
	q := s.commits
	defer close(q.ended)
	for range q.wake {
		for {
			q.mu.Lock()
			n := min(len(q.queue), maxBatch)
			batch, closed := q.queue[:n:n], q.closed
			q.queue = q.queue[n:]
			q.mu.Unlock()
			if n == 0 && closed {
				return
			}
			if n == 0 {
				break
			}
			done := make(chan struct{})
			q.setBusy(done)
			s.commit(batch)
			q.setBusy(nil)
			close(done)
		}
	}
}

func (q *committer) setBusy(done chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = done
}

// maxYield is how long a page of a list waits for writers at most: a commit's time on a disk that is not slow.
const maxYield = 10 * time.Millisecond

// yield waits until the transaction that is being committed is done, but not long. Who lists without pause would
// otherwise take the processors from those who write, who wait for the disk three times for every write.
func (q *committer) yield(ctx context.Context) {
	q.mu.Lock()
	done := q.busy
	q.mu.Unlock()
	if done == nil {
		return
	}
	timer := time.NewTimer(maxYield)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errPoisoned ends a transaction that one of its changes broke.
var errPoisoned = errors.New("diskstore: transaction given up")

// commit runs the changes in one transaction. If one breaks it, each gets a transaction of its own. On a full disk they
// get the reserve.
func (s *Store) commit(batch []*change) {
	err := s.tryCommit(batch)
	if isNoSpace(err) {
		released, dropErr := s.ballast.release()
		s.logError("releasing the reserve of a full disk", dropErr)
		if released {
			err = s.tryCommit(batch)
		}
	}
	if errors.Is(err, errPoisoned) {
		for _, c := range batch {
			// Each change has its own result.
			_ = s.tryCommit([]*change{c})
		}
	}
	s.worked(len(batch))
	for _, c := range batch {
		close(c.done)
	}
}

// failedCommit says that a transaction may or may not be on the disk. Nothing that it names or no longer names may be
// reclaimed, and nothing may be built on it: the store takes no more changes until it is opened anew.
type failedCommit struct{ error }

func (e *failedCommit) Unwrap() error { return e.error }

// tryCommit sets the changes' errors. It returns errPoisoned when several changes have to be run again one by one.
func (s *Store) tryCommit(batch []*change) error {
	if s.failed != nil {
		return failAll(batch, s.failed)
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return failAll(batch, err)
	}
	t := &txn{view: view{tx}, store: s, now: s.now()}
	applied := batch[:0:0]
	for _, c := range batch {
		writes := t.writes
		c.err = c.apply(t)
		if t.failed == nil && (c.err == nil || t.writes == writes) {
			if c.err == nil {
				applied = append(applied, c)
			}
			continue
		}
		err := errors.Join(tx.Rollback(), t.failed, c.err)
		if len(batch) > 1 {
			return errPoisoned
		}
		return failAll(batch, err)
	}
	if len(applied) == 0 || t.writes == 0 {
		return failAll(applied, tx.Rollback())
	}
	t.put(bucketMeta, keyTick, uint64Key(s.lastTick))
	if t.failed != nil {
		return failAll(applied, errors.Join(t.failed, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		// A disk is found full before the page that makes the transaction the newest is written.
		if !isNoSpace(err) {
			err = &failedCommit{err}
			s.failed = err
		}
		return failAll(applied, err)
	}
	s.reclaim.freed(t.freed)
	if t.trashed {
		s.reclaim.wake()
	}
	for _, e := range t.events {
		s.events(e)
	}
	return nil
}

func failAll(changes []*change, err error) error {
	if err == nil {
		return nil
	}
	for _, c := range changes {
		c.err = storageError(err)
	}
	return err
}

// view is a transaction that reads.
type view struct{ tx *bolt.Tx }

func (s *Store) view(read func(v view) error) error {
	err := s.db.View(func(tx *bolt.Tx) error { return read(view{tx}) })
	s.worked(1)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return blobstore.ErrClosed
	}
	return err
}

func (v view) get(bucket, key []byte) []byte { return v.tx.Bucket(bucket).Get(key) }

func (v view) cursor(bucket []byte) *bolt.Cursor { return v.tx.Bucket(bucket).Cursor() }

// txn is a transaction that writes. Its failures stick: a change that met one does not have to look, since it will
// neither be committed nor acknowledged.
type txn struct {
	view
	store   *Store
	now     time.Time
	failed  error
	writes  int
	freed   []hole // not named any more once this is committed
	trashed bool
	events  []blobstore.Event
}

func (t *txn) fail(err error) {
	if err != nil && t.failed == nil {
		t.failed = err
	}
}

// put stores the value, which must not be changed before the transaction ends.
func (t *txn) put(bucket, key, value []byte) {
	t.writes++
	b := t.tx.Bucket(bucket)
	if bytes.Equal(bucket, bucketExtents) || bytes.Equal(bucket, bucketContents) {
		b.FillPercent = 0.9 // their keys only grow
	}
	t.fail(b.Put(key, value))
}

func (t *txn) delete(bucket, key []byte) {
	t.writes++
	t.fail(t.tx.Bucket(bucket).Delete(key))
}

// keyTick is where bucketMeta keeps the last tick.
var keyTick = []byte("tick")

// tick gives out the next tick: the time, or one more than the last.
func (t *txn) tick() uint64 {
	s := t.store
	s.lastTick = max(s.lastTick+1, tickOf(t.now))
	return s.lastTick
}
