package grant

import (
	"cmp"
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// LimiterOptions adjusts a [Limiter].
type LimiterOptions struct {
	// PerSecond is how many grants a key gets in the long run. Default 20.
	PerSecond float64
	// Burst is how many it gets at once. Default 200: somebody drops a holiday's photos.
	Burst int
	// Keys is how many keys are remembered; the least recently seen is forgotten first. Default 100,000.
	Keys int
}

// Limiter bounds how often each key (an owner, an address) is granted something. Its memory is bounded too.
type Limiter struct {
	options LimiterOptions

	mu      sync.Mutex
	buckets map[string]*list.Element // of *bucket
	recent  *list.List               // most recently seen first
}

type bucket struct {
	key   string
	limit *rate.Limiter
}

// NewLimiter makes a limiter.
func NewLimiter(options *LimiterOptions) *Limiter {
	var o LimiterOptions
	if options != nil {
		o = *options
	}
	o.PerSecond = cmp.Or(o.PerSecond, 20)
	o.Burst = cmp.Or(o.Burst, 200)
	o.Keys = cmp.Or(o.Keys, 100_000)
	return &Limiter{options: o, buckets: map[string]*list.Element{}, recent: list.New()}
}

// Take takes one grant from every key, of which there is at least one, or answers how long to wait until that can be done
// and takes none.
func (l *Limiter) Take(now time.Time, keys ...string) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(keys) - 1
	for _, key := range keys[:last] {
		wait = max(wait, l.missing(now, key))
	}
	if wait > 0 || !l.bucket(keys[last]).AllowN(now, 1) {
		return max(wait, l.missing(now, keys[last]))
	}
	for _, key := range keys[:last] { // l.mu is held, so what was there still is
		l.bucket(key).AllowN(now, 1)
	}
	return 0
}

// missing is how long it takes until a key can be given one more grant.
func (l *Limiter) missing(now time.Time, key string) time.Duration {
	return time.Duration(max(1-l.bucket(key).TokensAt(now), 0) / l.options.PerSecond * float64(time.Second))
}

func (l *Limiter) bucket(key string) *rate.Limiter {
	if e, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket).limit
	}
	if l.recent.Len() >= l.options.Keys {
		oldest := l.recent.Back()
		delete(l.buckets, oldest.Value.(*bucket).key)
		l.recent.Remove(oldest)
	}
	b := &bucket{key: key, limit: rate.NewLimiter(rate.Limit(l.options.PerSecond), l.options.Burst)}
	l.buckets[key] = l.recent.PushFront(b)
	return b.limit
}
