package blobserver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// slowClient sends step bytes after every pause, as a connection with a deadline brings them.
type slowClient struct {
	http.ResponseWriter // never used
	step                int
	pause               time.Duration
	deadline            time.Time
}

func (c *slowClient) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

func (c *slowClient) Read(p []byte) (int, error) {
	if wait := time.Until(c.deadline); wait < c.pause {
		time.Sleep(wait)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(c.pause)
	return min(c.step, len(p)), nil
}

func (c *slowClient) Close() error { return nil }

func TestABodyMustComeAtTheLeastRate(t *testing.T) {
	const stall, piece = 30 * time.Second, 160
	for _, c := range []struct {
		name  string
		step  int
		pause time.Duration
		cut   time.Duration // 0: never
	}{
		{"a byte in time for silence to end", 1, 29 * time.Second, stall},
		{"a byte less than it takes", 15, 3 * time.Second, stall},
		{"just enough in just the time", 16, 3*time.Second - 1, 0},
		{"nothing", 0, time.Hour, stall},
		{"fast", piece, time.Millisecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &slowClient{step: c.step, pause: c.pause}
				body := &stallReader{body: client, control: http.NewResponseController(client), stall: stall, piece: piece}
				began := time.Now()
				_, err := io.ReadFull(body, make([]byte, 20*piece))
				switch took := time.Since(began); {
				case c.cut == 0 && err != nil:
					t.Errorf("cut off after %v: %v", took, err)
				case c.cut > 0 && (!errors.Is(err, errStalled) || took != c.cut):
					t.Errorf("%v after %v, want it cut off after %v", err, took, c.cut)
				}
			})
		})
	}
}

func TestOnlyTheTimeOfTheClientCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &slowClient{step: 1, pause: time.Second}
		body := &stallReader{body: client, control: http.NewResponseController(client), stall: 30 * time.Second, piece: 20}
		for range 40 {
			if _, err := body.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // the store's
		}
	})
}
