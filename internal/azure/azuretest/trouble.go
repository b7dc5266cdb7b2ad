package azuretest

import (
	"errors"
	"net/http"
	"sync"
)

// ErrTrouble is what a request meets that [Trouble] was told to fail.
var ErrTrouble = errors.New("trouble on the way to the storage")

// Trouble stands between an account and its service and fails one request, or runs something before one. Its zero value
// lets everything pass.
type Trouble struct {
	mu     sync.Mutex
	next   http.RoundTripper
	seen   int
	at     int // fails this request, counted from 1; 0 for none
	lost   bool
	before func(*http.Request)
}

// Between is for [OpenThrough].
func (t *Trouble) Between(next http.RoundTripper) http.RoundTripper {
	t.next = next
	return t
}

// FailAt fails the nth request from now on: it never arrives or, where lost is set, it is carried out and its answer is
// lost. An n of 0 fails none.
func (t *Trouble) FailAt(n int, lost bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen, t.at, t.lost = 0, n, lost
}

// Before runs do before each request; nil for nothing. It must be safe for concurrent use.
func (t *Trouble) Before(do func(*http.Request)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before = do
}

// Met tells whether the request that was to fail has been sent.
func (t *Trouble) Met() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at > 0 && t.seen >= t.at
}

// RoundTrip passes a request on, or fails it.
func (t *Trouble) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	t.seen++
	fail, lost, before := t.seen == t.at, t.lost, t.before
	t.mu.Unlock()
	if before != nil {
		before(r)
	}
	if fail && !lost {
		return nil, ErrTrouble
	}
	response, err := t.next.RoundTrip(r)
	if fail && err == nil {
		_ = response.Body.Close() // nobody reads it
		return nil, ErrTrouble
	}
	return response, err
}
