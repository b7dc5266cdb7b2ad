// Package webhook tells HTTP endpoints what happened to blobs: BlobCreated and BlobDeleted in the Event Grid schema or as
// CloudEvents 1.0, after a handshake, at least once, with retries.
//
// Events stay in the store's journal until every endpoint has taken them, so that they outlive the process. Two things
// follow: an endpoint can get an event twice (the id is the same each time), and after a failure later events overtake
// an earlier one, as with Event Grid itself.
//
// See https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage,
// https://learn.microsoft.com/azure/event-grid/delivery-and-retry and
// https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Schema is how an event is written.
type Schema string

// The schemas.
const (
	EventGrid   Schema = "eventgrid"
	CloudEvents Schema = "cloudevents"
)

// Hook is an endpoint that is told.
type Hook struct {
	URL    string
	Schema Schema // EventGrid when empty
}

// Options are the sender's settings; nil and zero fields mean the defaults named.
type Options struct {
	// Client posts the events; default one with a timeout of 30 seconds, which is Event Grid's.
	Client *http.Client
	// Backoff are the pauses between attempts; the last is repeated. Default 10 s, 30 s, 1, 5, 10, 30 and 60 minutes,
	// which are Event Grid's.
	Backoff []time.Duration
	// MaxAge is how long after it happened an event is still tried; default 24 hours.
	MaxAge time.Duration
	// MaxRetrying is how many failed events an endpoint can have waiting before new ones wait too; default 1,000.
	MaxRetrying int
	// Log takes what could not be delivered; default slog.Default().
	Log *slog.Logger
}

// Sender delivers events. Open makes one.
type Sender struct {
	hooks    []Hook
	o        Options
	journal  Journal
	progress *progress
	news     []chan struct{} // by hook, each of capacity 1: something happened
}

// Open reads in dir, which is created when missing, how far each hook has come. What is in the journal from before is
// delivered first.
func Open(dir string, journal Journal, hooks []Hook, o *Options) (*Sender, error) {
	s := &Sender{hooks: hooks, journal: journal}
	if o != nil {
		s.o = *o
	}
	s.o.setDefaults()
	var names []string
	for i := range s.hooks {
		h := &s.hooks[i]
		u, err := url.Parse(h.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("webhook: %q is no URL of http or https", h.URL)
		}
		if h.Schema == "" {
			h.Schema = EventGrid
		}
		if h.Schema != EventGrid && h.Schema != CloudEvents {
			return nil, fmt.Errorf("webhook: unknown schema %q", h.Schema)
		}
		names = append(names, h.URL)
		s.news = append(s.news, make(chan struct{}, 1))
	}
	if len(names) == 0 {
		return nil, errors.New("webhook: no endpoint")
	}
	var err error
	s.progress, err = openProgress(dir, journal, names)
	return s, err
}

func (o *Options) setDefaults() {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if len(o.Backoff) == 0 {
		o.Backoff = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
	}
	if o.MaxAge == 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.MaxRetrying == 0 {
		o.MaxRetrying = 1000
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// Wake says that the journal has news. It never waits, so a store's Events function can call it.
func (s *Sender) Wake() {
	for _, c := range s.news {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Run delivers until ctx ends. endpoint is the URL of the Blob service without the account, for the events' url.
func (s *Sender) Run(ctx context.Context, endpoint string) {
	var all sync.WaitGroup
	for i, hook := range s.hooks {
		all.Go(func() {
			d := &delivery{Sender: s, hook: hook, index: i, endpoint: endpoint}
			d.run(ctx)
		})
	}
	all.Wait()
}
