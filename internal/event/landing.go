// Package event brings news from the storage to the photo service: that a blob was created.
package event

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// LandingOptions adjusts a [Landing].
type LandingOptions struct {
	// Poll is how often to look without having been told. Default 1 minute. Endpoints that tell nobody want less.
	Poll time.Duration
	// Log takes what went wrong. Default: nothing is logged.
	Log *slog.Logger
}

// Landing publishes what lands through the container SAS: when told, and every now and then in case nobody told, which
// also finds what landed while nothing was running.
type Landing struct {
	publish func(context.Context) error
	options LandingOptions
	news    chan struct{}
}

// NewLanding makes a Landing that calls publish, one call at a time.
func NewLanding(publish func(context.Context) error, options *LandingOptions) *Landing {
	var o LandingOptions
	if options != nil {
		o = *options
	}
	o.Poll = cmp.Or(o.Poll, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Landing{publish: publish, options: o, news: make(chan struct{}, 1)}
}

// Created tells that a blob was created in the landing container. It never waits.
func (l *Landing) Created() {
	select {
	case l.news <- struct{}{}:
	default: // the look that is due will see this one too
	}
}

// Run looks until ctx is done.
func (l *Landing) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.news:
		}
		if err := l.publish(ctx); err != nil && ctx.Err() == nil {
			l.options.Log.ErrorContext(ctx, "publishing what landed failed; it is tried again", "error", err)
		}
		timer.Reset(l.options.Poll)
	}
}

// Every does work now and again each time interval has passed, until ctx is done. Failures are logged.
func Every(ctx context.Context, interval time.Duration, log *slog.Logger, name string, work func(context.Context) error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := work(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, name+" failed; it is tried again", "in", interval, "error", err)
		}
		timer.Reset(interval)
	}
}
