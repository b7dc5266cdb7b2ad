package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// endpoint plays a webhook's endpoint: it agrees to be told and then answers as status says.
type endpoint struct {
	mu      sync.Mutex
	refuse  bool                  // the handshake
	status  func(name string) int // by blob; 200 when nil
	broken  bool                  // no connection at all
	got     []string              // blobs, in the order of delivery
	ids     map[string]int        // deliveries by event id
	bodies  []string
	methods []string
}

func (p *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return nil, errors.New("no route to host")
	}
	body, _ := io.ReadAll(r.Body)
	p.methods = append(p.methods, r.Method+" "+r.Header.Get("aeg-event-type")+" "+r.Header.Get("Content-Type"))
	answer := func(status int, body string) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}
		if r.Method == http.MethodOptions && !p.refuse {
			resp.Header.Set("WebHook-Allowed-Origin", "*")
		}
		return resp, nil
	}
	if r.Method == http.MethodOptions {
		return answer(200, "")
	}
	var grid []struct {
		ID, EventType string
		Data          struct{ URL, ValidationCode string }
	}
	if bytes.HasPrefix(body, []byte("[")) {
		if err := json.Unmarshal(body, &grid); err != nil {
			return nil, err
		}
	} else {
		grid = append(grid, struct {
			ID, EventType string
			Data          struct{ URL, ValidationCode string }
		}{})
		var one struct {
			ID   string
			Data struct{ URL, ValidationCode string }
		}
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, err
		}
		grid[0].ID, grid[0].Data = one.ID, one.Data
	}
	if grid[0].EventType == "Microsoft.EventGrid.SubscriptionValidationEvent" {
		if p.refuse {
			return answer(200, "{}")
		}
		return answer(200, `{"validationResponse":"`+grid[0].Data.ValidationCode+`"}`)
	}
	name := grid[0].Data.URL[strings.LastIndexByte(grid[0].Data.URL, '/')+1:]
	status := 200
	if p.status != nil {
		status = p.status(name)
	}
	if p.ids == nil {
		p.ids = map[string]int{}
	}
	p.ids[grid[0].ID]++
	p.bodies = append(p.bodies, string(body))
	if status == 200 {
		p.got = append(p.got, name)
	}
	return answer(status, "")
}

func (p *endpoint) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func event(n uint64, name string) blobstore.Event {
	return blobstore.Event{Type: blobstore.BlobCreated, API: "PutBlob", Name: blobstore.BlobName{Account: "acct", Container: "photos", Blob: name},
		ETag: "0x1", Size: 3, ContentType: "image/jpeg", Time: time.Now(), Sequencer: n}
}

// memory is a journal that outlives its senders.
type memory struct {
	mu     sync.Mutex
	events []blobstore.Event
}

func (m *memory) EventsAfter(sequencer uint64, most int) (events []blobstore.Event, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Sequencer > sequencer && len(events) < most {
			events = append(events, e)
		}
	}
	return events, nil
}

func (m *memory) LastEvent() (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.events) == 0 {
		return 0, nil
	}
	return m.events[len(m.events)-1].Sequencer, nil
}

func (m *memory) ForgetEvents(upTo uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = slices.DeleteFunc(m.events, func(e blobstore.Event) bool { return e.Sequencer <= upTo })
	return nil
}

func (m *memory) add(e blobstore.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
}

func (m *memory) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.events)
}

// running is a sender at work.
type running struct {
	*Sender
	journal *memory
}

// Note is an event of the store.
func (r *running) Note(e blobstore.Event) {
	r.journal.add(e)
	r.Wake()
}

// start opens a sender for the endpoint and runs it until the returned function is called.
func start(t *testing.T, dir string, p *endpoint, schema Schema, o Options) (*running, func()) {
	t.Helper()
	return resume(t, dir, &memory{}, p, schema, o)
}

func resume(t *testing.T, dir string, journal *memory, p *endpoint, schema Schema, o Options) (*running, func()) {
	t.Helper()
	o.Client = &http.Client{Transport: p}
	o.Log = slog.New(slog.DiscardHandler)
	s, err := Open(dir, journal, []Hook{{URL: "https://hook.example/in?code=secret", Schema: schema}}, &o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx, "http://127.0.0.1:10000"); close(done) }()
	return &running{s, journal}, func() {
		cancel()
		<-done
	}
}

func TestEventsAreDeliveredInTheEventGridSchema(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &endpoint{}
		s, stop := start(t, t.TempDir(), p, EventGrid, Options{})
		defer stop()
		s.Note(event(7, "a b/c.jpg"))
		synctest.Wait()
		if len(p.bodies) != 1 || !slices.Equal(p.methods, []string{
			"POST SubscriptionValidation application/json; charset=utf-8", "POST Notification application/json; charset=utf-8"}) {
			t.Fatalf("%q %q", p.methods, p.bodies)
		}
		var got []map[string]any
		if err := json.Unmarshal([]byte(p.bodies[0]), &got); err != nil {
			t.Fatal(err)
		}
		data := got[0]["data"].(map[string]any)
		for key, want := range map[string]any{"eventType": "Microsoft.Storage.BlobCreated", "subject": "/blobServices/default/containers/photos/blobs/a b/c.jpg",
			"topic": "/providers/Microsoft.Storage/storageAccounts/acct", "metadataVersion": "1"} {
			if got[0][key] != want {
				t.Errorf("%s is %v, want %v", key, got[0][key], want)
			}
		}
		for key, want := range map[string]any{"api": "PutBlob", "eTag": "0x1", "contentType": "image/jpeg", "contentLength": 3.0, "blobType": "BlockBlob",
			"url": "http://127.0.0.1:10000/acct/photos/a%20b/c.jpg"} {
			if data[key] != want {
				t.Errorf("data.%s is %v, want %v", key, data[key], want)
			}
		}
	})
}

func TestEventsAreDeliveredAsCloudEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &endpoint{}
		s, stop := start(t, t.TempDir(), p, CloudEvents, Options{})
		defer stop()
		s.Note(event(1, "x"))
		synctest.Wait()
		if len(p.bodies) != 1 || !strings.HasPrefix(p.methods[0], "OPTIONS") || !strings.Contains(p.methods[1], "application/cloudevents+json") {
			t.Fatalf("%q %q", p.methods, p.bodies)
		}
		for _, want := range []string{`"specversion":"1.0"`, `"source":"/providers/Microsoft.Storage/storageAccounts/acct"`, `"type":"Microsoft.Storage.BlobCreated"`} {
			if !strings.Contains(p.bodies[0], want) {
				t.Errorf("no %s in %s", want, p.bodies[0])
			}
		}
	})
}

func TestNobodyIsToldWithoutAHandshake(t *testing.T) {
	for _, schema := range []Schema{EventGrid, CloudEvents} {
		synctest.Test(t, func(t *testing.T) {
			p := &endpoint{refuse: true}
			s, stop := start(t, t.TempDir(), p, schema, Options{})
			defer stop()
			s.Note(event(1, "x"))
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if len(p.names()) != 0 {
				t.Error("told without having agreed")
			}
			p.mu.Lock()
			p.refuse = false
			p.mu.Unlock()
			time.Sleep(time.Minute)
			synctest.Wait()
			if !slices.Equal(p.names(), []string{"x"}) {
				t.Errorf("after agreeing: %q", p.names())
			}
		})
	}
}

func TestFailuresAreRetriedWithBackOffAndDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := 2
		var times []time.Time
		p := &endpoint{}
		p.status = func(name string) int {
			if name != "bad" {
				return 200
			}
			times = append(times, time.Now())
			if fails--; fails >= 0 {
				return 503
			}
			return 200
		}
		s, stop := start(t, t.TempDir(), p, EventGrid, Options{})
		defer stop()
		s.Note(event(1, "bad"))
		s.Note(event(2, "good"))
		synctest.Wait()
		if !slices.Equal(p.names(), []string{"good"}) {
			t.Errorf("at once: %q", p.names())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Equal(p.names(), []string{"good", "bad"}) {
			t.Errorf("later: %q", p.names())
		}
		if len(times) != 3 || times[1].Sub(times[0]) != 10*time.Second || times[2].Sub(times[1]) != 30*time.Second {
			t.Errorf("tried at %v", times)
		}
	})
}

func TestSomeRefusalsAndOldEventsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &endpoint{}
		tries := map[string]int{}
		p.status = func(name string) int {
			tries[name]++
			return map[string]int{"unwanted": 400, "never": 500}[name]
		}
		s, stop := start(t, t.TempDir(), p, EventGrid, Options{MaxAge: time.Hour, Backoff: []time.Duration{20 * time.Minute}})
		defer stop()
		s.Note(event(1, "unwanted"))
		s.Note(event(2, "never"))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if tries["unwanted"] != 1 || tries["never"] != 5 {
			t.Errorf("tries %v", tries)
		}
		if at := s.progress.start("https://hook.example/in?code=secret"); at != 2 {
			t.Errorf("done up to %d, want 2", at)
		}
	})
}

func TestWhatWasNotDeliveredIsDeliveredAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		p := &endpoint{}
		s, stop := start(t, dir, p, EventGrid, Options{})
		s.Note(event(1, "first"))
		synctest.Wait()
		p.mu.Lock()
		p.broken = true
		p.mu.Unlock()
		s.Note(event(2, "second"))
		synctest.Wait()
		stop()
		// It happened when nobody could be told, or the process was killed before it told anybody.
		s.journal.add(event(3, "third"))
		p.broken = false
		s, stop = resume(t, dir, s.journal, p, EventGrid, Options{})
		s.Note(event(4, "fourth"))
		synctest.Wait()
		stop()
		if !slices.Equal(p.names(), []string{"first", "second", "third", "fourth"}) {
			t.Errorf("delivered %q", p.names())
		}
		for id, n := range p.ids {
			if n != 1 {
				t.Errorf("%s was delivered %d times", id, n)
			}
		}
	})
}

func TestTheJournalForgetsWhatAllHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		p := &endpoint{}
		s, stop := start(t, dir, p, EventGrid, Options{})
		for n := range uint64(forgetEvery) {
			s.Note(event(n+1, "some"))
		}
		synctest.Wait()
		if n := s.journal.len(); n != 0 {
			t.Errorf("%d are kept after %d were delivered", n, forgetEvery)
		}
		s.Note(event(1<<40, "last"))
		synctest.Wait()
		stop()
		if n := s.journal.len(); n != 1 {
			t.Errorf("%d are kept, want the last", n)
		}
		_, stop = resume(t, dir, s.journal, p, EventGrid, Options{})
		synctest.Wait()
		stop()
		if got := p.names(); len(got) != forgetEvery+1 || got[len(got)-1] != "last" {
			t.Errorf("%d delivered, the last is %q", len(got), got[len(got)-1])
		}
		if n := s.journal.len(); n != 0 {
			t.Errorf("%d are kept after a restart", n)
		}
	})
}

func TestANewEndpointIsToldOfWhatHappensFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &memory{events: []blobstore.Event{event(1, "before")}}
		p := &endpoint{}
		s, stop := resume(t, t.TempDir(), journal, p, EventGrid, Options{})
		defer stop()
		s.Note(event(2, "after"))
		synctest.Wait()
		if !slices.Equal(p.names(), []string{"after"}) {
			t.Errorf("told of %q", p.names())
		}
	})
}

func TestOpenRefusesWhatIsNoEndpoint(t *testing.T) {
	for _, hooks := range [][]Hook{nil, {{URL: "ftp://x"}}, {{URL: "nonsense"}}, {{URL: "https://x", Schema: "other"}}} {
		if _, err := Open(t.TempDir(), &memory{}, hooks, nil); err == nil {
			t.Errorf("%v accepted", hooks)
		}
	}
}
