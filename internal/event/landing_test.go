package event

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLandingLooksWhenToldAndNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var looked atomic.Int32
		looks := func() int { return int(looked.Load()) }
		l := NewLanding(func(context.Context) error { looked.Add(1); return errors.New("not this time") }, &LandingOptions{Poll: time.Minute})
		done := make(chan struct{})
		go func() { l.Run(ctx); close(done) }()
		synctest.Wait()
		if looks() != 1 {
			t.Errorf("%d looks at the start", looks())
		}
		l.Created()
		l.Created()
		synctest.Wait()
		if looks() < 2 || looks() > 3 {
			t.Errorf("%d looks after being told", looks())
		}
		before := looks()
		time.Sleep(time.Minute)
		synctest.Wait()
		if looks() != before+1 {
			t.Errorf("%d looks a minute later, want %d", looks(), before+1)
		}
		stop()
		<-done
	})
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var times atomic.Int32
		done := make(chan struct{})
		go func() {
			Every(ctx, time.Hour, slog.New(slog.DiscardHandler), "counting", func(context.Context) error { times.Add(1); return nil })
			close(done)
		}()
		time.Sleep(2*time.Hour + time.Minute)
		synctest.Wait()
		if times.Load() != 3 {
			t.Errorf("%d times in two hours", times.Load())
		}
		stop()
		<-done
	})
}
