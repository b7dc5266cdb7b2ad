package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/valetkey/valetkey/blobstore"
)

// Journal keeps a store's events until they are forgotten. A diskstore.Store with KeepEvents is one: it writes each event down in the
// transaction of the change, so that none is lost whenever the process ends.
type Journal interface {
	// EventsAfter returns up to most events whose Sequencer is greater, in their order.
	EventsAfter(sequencer uint64, most int) ([]blobstore.Event, error)
	// LastEvent returns the greatest Sequencer there is, 0 when there is no event.
	LastEvent() (uint64, error)
	// ForgetEvents drops the events up to and with the Sequencer.
	ForgetEvents(upTo uint64) error
}

// progress is how far each endpoint has taken the journal's events, kept in a file. It is written without syncing: after
// a crash of the machine an endpoint may get events again.
type progress struct {
	dir     string
	journal Journal

	mu        sync.Mutex
	done      map[string]uint64 // by endpoint: all up to this Sequencer is delivered or given up
	forgotten uint64            // the journal holds nothing up to this
	delivered int               // since the journal was last asked to forget
}

const (
	progressName = "delivered.json"
	// forgetEvery is after how many deliveries the journal is asked to forget what all endpoints have: it costs a
	// transaction of the store.
	forgetEvery = 256
)

// openProgress reads who has what. An endpoint that is new gets only what happens from now on.
func openProgress(dir string, journal Journal, endpoints []string) (*progress, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &progress{dir: dir, journal: journal, done: map[string]uint64{}}
	last, err := journal.LastEvent()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, progressName)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var saved map[string]uint64
	if err == nil && json.Unmarshal(text, &saved) != nil {
		return nil, fmt.Errorf("webhook: %s is damaged; without it, all that was not delivered yet is taken as delivered", path)
	}
	for _, name := range endpoints {
		at, known := saved[name]
		if !known {
			at = last
		}
		p.done[name] = at
	}
	return p, errors.Join(p.save(), p.forget())
}

// start is where an endpoint goes on.
func (p *progress) start(endpoint string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done[endpoint]
}

// note keeps that an endpoint has everything up to a Sequencer.
func (p *progress) note(endpoint string, upTo uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[endpoint] = upTo
	err := p.save()
	if p.delivered++; p.delivered >= forgetEvery {
		err = errors.Join(err, p.forget())
	}
	return err
}

// forget lets the journal drop what every endpoint has. The caller holds p.mu or is alone.
func (p *progress) forget() error {
	p.delivered = 0
	all := uint64(math.MaxUint64)
	for _, at := range p.done {
		all = min(all, at)
	}
	if all <= p.forgotten {
		return nil
	}
	if err := p.journal.ForgetEvents(all); err != nil {
		return err
	}
	p.forgotten = all
	return nil
}

func (p *progress) save() error {
	text, err := json.Marshal(p.done)
	if err != nil {
		return err
	}
	path := filepath.Join(p.dir, progressName)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
