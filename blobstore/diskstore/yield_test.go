package diskstore

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestListsYieldToACommitButNotForLong(t *testing.T) {
	for _, c := range []struct {
		name   string
		commit time.Duration // 0: none is under way
		cancel time.Duration // 0: never
		want   time.Duration
	}{
		{"no commit", 0, 0, 0},
		{"a quick one", 3 * time.Millisecond, 0, 3 * time.Millisecond},
		{"a slow one", time.Second, 0, maxYield},
		{"the client goes", time.Second, time.Millisecond, time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newCommitter()
				ctx := t.Context()
				if c.cancel > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.cancel)
					defer cancel()
				}
				if c.commit > 0 {
					done := make(chan struct{})
					q.setBusy(done)
					time.AfterFunc(c.commit, func() { close(done) })
				}
				began := time.Now()
				q.yield(ctx)
				if took := time.Since(began); took != c.want {
					t.Errorf("waited %v, want %v", took, c.want)
				}
			})
		})
	}
}
