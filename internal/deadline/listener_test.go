package deadline

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// pair is a connection with noted deadlines, its other end, and the clock that they are looked at by.
func pair(t *testing.T) (ours *conn, theirs net.Conn, at *atomic.Int64) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(tcp)
	t.Cleanup(func() { l.Close() })
	began := time.Now()
	at = new(atomic.Int64)
	l.watch.now = func() time.Time { return began.Add(time.Duration(at.Load())) }
	if theirs, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close(); accepted.Close() })
	return accepted.(*conn), theirs, at
}

func wantTimeout(t *testing.T, err error) {
	t.Helper()
	var network net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &network) || !network.Timeout() {
		t.Fatalf("answered %v, want a deadline exceeded", err)
	}
}

func TestEndsAReadWhenItsDeadlineHasPassed(t *testing.T) {
	c, _, at := pair(t)
	deadline := c.watch.now().Add(time.Minute)
	if err := c.SetReadDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		failed <- err
	}()
	at.Store(int64(time.Minute) - 1)
	c.watch.look()
	if c.read.own {
		t.Error("a deadline was set before it was due")
	}
	at.Store(int64(time.Minute))
	c.watch.look()
	wantTimeout(t, <-failed)
}

func TestEndsAWriteWhenItsDeadlineHasPassed(t *testing.T) {
	c, _, at := pair(t)
	if err := c.SetDeadline(c.watch.now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := io.Copy(struct{ io.Writer }{c}, neverEnding{}) // until both ends' buffers are full
		failed <- err
	}()
	at.Store(int64(2 * time.Minute))
	c.watch.look()
	wantTimeout(t, <-failed)
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// What net/http does after each request: a past deadline ends the read in the background, and the next request is read.
func TestAPastDeadlineEndsAReadAtOnceAndIsTakenBack(t *testing.T) {
	c, theirs, at := pair(t)
	failed := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		failed <- err
	}()
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	wantTimeout(t, <-failed)
	for _, next := range []time.Time{{}, c.watch.now().Add(time.Minute)} {
		if err := c.SetReadDeadline(next); err != nil {
			t.Fatal(err)
		}
		if _, err := theirs.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatalf("after a deadline of %v: %v", next, err)
		}
	}
	// One that passed in vain is taken back, too.
	at.Store(int64(time.Hour))
	c.watch.look()
	_, err := c.Read(make([]byte, 1))
	wantTimeout(t, err)
	if err := c.SetReadDeadline(c.watch.now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// The read in the background has often not begun when net/http ends it: then the connection need not be asked at all.
func TestAPastDeadlineLetsNoReadBegin(t *testing.T) {
	c, theirs, _ := pair(t)
	if _, err := theirs.Write([]byte("xy")); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if c.read.own {
		t.Error("the connection was given a deadline")
	}
	_, err := c.Read(make([]byte, 1))
	wantTimeout(t, err)
	_, err = c.WriteTo(io.Discard)
	wantTimeout(t, err)
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	var rest strings.Builder
	if _, err := c.WriteTo(&rest); err != nil || rest.String() != "y" {
		t.Errorf("%q, %v", rest.String(), err)
	}
}

func TestANearDeadlineIsTheConnectionsOwn(t *testing.T) {
	c, _, _ := pair(t)
	looked := c.watch.now()
	for after, own := range map[time.Duration]bool{near - 1: true, near: false} {
		if err := c.SetReadDeadline(looked.Add(after)); err != nil {
			t.Fatal(err)
		}
		if c.read.own != own {
			t.Errorf("in %v: the connection's own %v, want %v", after, c.read.own, own)
		}
	}
}

// net/http lets go of clients that send nothing more, as it does without this package.
func TestServerLetsGoOfIdleAndSlowClients(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(tcp)
	hour := time.Now().Add(time.Hour)
	look := func() {
		l.watch.mu.Lock()
		defer l.watch.mu.Unlock()
		for c := range l.watch.conns {
			c.read.end(hour)
		}
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ReadHeaderTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	for name, sent := range map[string]string{
		"nothing":                "",
		"half a header":          "GET / HTTP/1.1\r\nHost:",
		"a request, and no more": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if _, err := io.WriteString(client, sent); err != nil {
				t.Fatal(err)
			}
			gone := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, client) // ends, or is reset where something was not read
				close(gone)
			}()
			for {
				select {
				case <-gone:
					return
				default:
					look() // until the server has set the deadline
					runtime.Gosched()
				}
			}
		})
	}
}

func TestWatchesOnlyWhatIsOpen(t *testing.T) {
	c, _, _ := pair(t)
	w := c.watch
	if len(w.conns) != 1 || w.timer == nil {
		t.Fatalf("%d connections watched, timer %v", len(w.conns), w.timer)
	}
	for range 2 { // closing twice is allowed
		_ = c.Close()
	}
	w.look() // the timer may have fired just before
	if len(w.conns) != 0 || w.timer != nil {
		t.Errorf("%d connections watched after the last was closed, timer %v", len(w.conns), w.timer)
	}
}

// A file goes from disk to network in the kernel only where the connection is seen to be TCP's.
func TestCopiesAsTCPDoes(t *testing.T) {
	c, theirs, _ := pair(t)
	var to io.ReaderFrom = c
	if _, err := to.ReadFrom(strings.NewReader("whole")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got, err := io.ReadAll(theirs); err != nil || string(got) != "whole" {
		t.Errorf("%q, %v", got, err)
	}
}
