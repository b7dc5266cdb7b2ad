package diskstore

import "sync"

// syncer lets many callers share one sync: each returns after a sync that began when it had called.
type syncer struct {
	sync    func() error
	running sync.Mutex // held while a sync runs

	mu   sync.Mutex
	next *syncRound // the round that waits to begin
}

type syncRound struct {
	done chan struct{}
	err  error
}

// wait returns the result of a sync that covers everything written before the call.
func (y *syncer) wait() error {
	y.mu.Lock()
	r := y.next
	leads := r == nil
	if leads {
		r = &syncRound{done: make(chan struct{})}
		y.next = r
	}
	y.mu.Unlock()
	if !leads {
		<-r.done
		return r.err
	}
	y.running.Lock()
	y.mu.Lock()
	y.next = nil
	y.mu.Unlock()
	r.err = y.sync()
	close(r.done)
	y.running.Unlock()
	return r.err
}
