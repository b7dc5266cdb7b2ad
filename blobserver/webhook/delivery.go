package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// delivery is one endpoint's.
type delivery struct {
	*Sender
	hook     Hook
	index    int
	endpoint string

	taken uint64            // the Sequencer of the last event that was taken out of the journal
	ahead []blobstore.Event // read, not taken yet
	retry []attempt         // failed ones, in the order of the journal
}

// attempt is an event that has failed before.
type attempt struct {
	event blobstore.Event
	tries int
	due   time.Time
}

// run shakes hands and then delivers until ctx ends.
func (d *delivery) run(ctx context.Context) {
	d.taken = d.progress.start(d.hook.URL)
	for tries := 0; ; tries++ {
		err := d.shakeHands(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		d.o.Log.WarnContext(ctx, "a webhook's endpoint did not agree to be told; it is asked again", "endpoint", d.name(), "error", err)
		if !pause(ctx, d.backoff(tries)) {
			return
		}
	}
	for ctx.Err() == nil {
		if !d.step(ctx) {
			d.await(ctx)
		}
	}
}

// name is the endpoint for a log: without its query, where endpoints like to have their secret.
func (d *delivery) name() string {
	plain, _, _ := strings.Cut(d.hook.URL, "?")
	return plain
}

// step delivers one event that is due and reports whether there was one.
func (d *delivery) step(ctx context.Context) bool {
	now := time.Now()
	for i := range d.retry {
		if !d.retry[i].due.After(now) {
			a := d.retry[i]
			d.retry = append(d.retry[:i], d.retry[i+1:]...)
			d.try(ctx, a)
			return true
		}
	}
	if len(d.retry) >= d.o.MaxRetrying {
		return false
	}
	e, ok := d.next(ctx)
	if ok {
		d.try(ctx, attempt{event: e})
	}
	return ok
}

// readAhead is how many events are read from the journal at a time.
const readAhead = 64

// next takes the next event out of the journal, if there is one.
func (d *delivery) next(ctx context.Context) (e blobstore.Event, ok bool) {
	if len(d.ahead) == 0 {
		var err error
		if d.ahead, err = d.journal.EventsAfter(d.taken, readAhead); err != nil {
			d.o.Log.ErrorContext(ctx, "events could not be read and wait for the next one", "error", err)
		}
		if len(d.ahead) == 0 {
			return e, false
		}
	}
	e, d.ahead = d.ahead[0], d.ahead[1:]
	d.taken = e.Sequencer
	return e, true
}

// try posts an event; what fails and may succeed later goes back to the others that wait.
func (d *delivery) try(ctx context.Context, a attempt) {
	err := d.post(ctx, a.event)
	if ctx.Err() != nil {
		return // not noted as delivered: it is the first after the next start
	}
	var final *finalError
	switch {
	case err == nil:
	case errors.As(err, &final), time.Since(a.event.Time) > d.o.MaxAge:
		d.o.Log.ErrorContext(ctx, "an event was given up", "endpoint", d.name(), "type", a.event.Type, "blob", a.event.Name, "tries", a.tries+1, "error", err)
	default:
		a.due = time.Now().Add(d.backoff(a.tries))
		a.tries++
		d.insert(a)
	}
	if err := d.progress.note(d.hook.URL, d.doneUpTo()); err != nil {
		d.o.Log.ErrorContext(ctx, "what was delivered could not be noted; it may be delivered again", "error", err)
	}
}

// insert keeps retry in the order of the journal.
func (d *delivery) insert(a attempt) {
	i := 0
	for i < len(d.retry) && d.retry[i].event.Sequencer < a.event.Sequencer {
		i++
	}
	d.retry = append(d.retry[:i], append([]attempt{a}, d.retry[i:]...)...)
}

// doneUpTo is the Sequencer up to which everything is delivered or given up.
func (d *delivery) doneUpTo() uint64 {
	if len(d.retry) > 0 {
		return d.retry[0].event.Sequencer - 1
	}
	return d.taken
}

// await waits for a new event or for the next retry.
func (d *delivery) await(ctx context.Context) {
	var due <-chan time.Time
	if len(d.retry) > 0 {
		first := d.retry[0].due
		for _, a := range d.retry[1:] {
			if a.due.Before(first) {
				first = a.due
			}
		}
		timer := time.NewTimer(time.Until(first))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	case <-d.news[d.index]:
	}
}

func (d *delivery) backoff(tries int) time.Duration {
	return d.o.Backoff[min(tries, len(d.o.Backoff)-1)]
}

// pause waits and reports whether ctx is still good.
func pause(ctx context.Context, t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// finalError is an answer that trying again would not change.
type finalError struct{ status int }

func (e *finalError) Error() string { return fmt.Sprintf("the endpoint answered %d", e.status) }

// post sends an event. Event Grid retries all answers but 2xx, 400, 401, 403, 404 and 413.
func (d *delivery) post(ctx context.Context, e blobstore.Event) error {
	body, contentType, err := encode(e, d.hook.Schema, d.endpoint)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {contentType}}
	if d.hook.Schema == EventGrid {
		header.Set("aeg-event-type", "Notification")
		header.Set("aeg-data-version", "")
		header.Set("aeg-metadata-version", "1")
	}
	answer, _, err := d.send(ctx, http.MethodPost, header, body)
	if err != nil {
		return err
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNonAuthoritativeInfo, http.StatusNoContent:
		return nil
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge:
		return &finalError{answer.StatusCode}
	}
	return fmt.Errorf("the endpoint answered %s", answer.Status)
}

// maxAnswer is how much, in bytes, is read of an endpoint's answer.
const maxAnswer = 64 << 10

func (d *delivery) send(ctx context.Context, method string, header http.Header, body []byte) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, d.hook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
	answer, err := d.o.Client.Do(r)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err // without the URL, which may hold a secret
		}
		return nil, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer, text, err
}

// shakeHands asks the endpoint whether it wants to be told, so that nobody can be flooded by naming their URL.
func (d *delivery) shakeHands(ctx context.Context) error {
	if d.hook.Schema == CloudEvents {
		return d.askByOptions(ctx)
	}
	code := rand.Text()
	body, err := validation(code, time.Now())
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	header.Set("aeg-event-type", "SubscriptionValidation")
	answer, text, err := d.send(ctx, http.MethodPost, header, body)
	if err != nil {
		return err
	}
	var got struct {
		ValidationResponse string `json:"validationResponse"`
	}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, &got) != nil || got.ValidationResponse != code {
		return fmt.Errorf("it answered %s without the validation code", answer.Status)
	}
	return nil
}

// askByOptions is the handshake of CloudEvents' HTTP webhook specification.
func (d *delivery) askByOptions(ctx context.Context) error {
	header := http.Header{}
	header.Set("WebHook-Request-Origin", webhookOrigin)
	answer, _, err := d.send(ctx, http.MethodOptions, header, nil)
	if err != nil {
		return err
	}
	if allowed := answer.Header.Get("WebHook-Allowed-Origin"); answer.StatusCode != http.StatusOK || allowed != "*" && !strings.EqualFold(allowed, webhookOrigin) {
		return fmt.Errorf("it answered %s and allows the origin %q", answer.Status, allowed)
	}
	return nil
}

// webhookOrigin names the sender to CloudEvents endpoints.
const webhookOrigin = "valetkey"
