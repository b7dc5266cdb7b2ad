package grant

import (
	"testing"
	"time"
)

var epoch = time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)

func TestLimiterTakesFromEveryKeyOrFromNone(t *testing.T) {
	l := NewLimiter(&LimiterOptions{PerSecond: 1, Burst: 2})
	for range 2 {
		if wait := l.Take(epoch, "address", "owner"); wait != 0 {
			t.Fatalf("wait %v within the burst", wait)
		}
	}
	if wait := l.Take(epoch, "another", "owner"); wait != time.Second {
		t.Errorf("wait %v, want a second", wait)
	}
	for range 2 { // what was refused took nothing from the other key
		if wait := l.Take(epoch, "another"); wait != 0 {
			t.Errorf("wait %v", wait)
		}
	}
	if wait := l.Take(epoch.Add(time.Second), "owner"); wait != 0 {
		t.Errorf("a second later: wait %v", wait)
	}
}

func TestLimiterForgetsTheLeastRecentlySeen(t *testing.T) {
	l := NewLimiter(&LimiterOptions{PerSecond: 1, Burst: 1, Keys: 2})
	l.Take(epoch, "a")
	l.Take(epoch, "b")
	l.Take(epoch, "a") // refused, but seen
	l.Take(epoch, "c") // b goes
	if len(l.buckets) != 2 || l.recent.Len() != 2 {
		t.Errorf("%d keys are kept", len(l.buckets))
	}
	if wait := l.Take(epoch, "a"); wait == 0 {
		t.Error("a was forgotten")
	}
	if wait := l.Take(epoch, "b"); wait != 0 {
		t.Error("b was remembered")
	}
}
