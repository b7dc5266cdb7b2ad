// Package deadline spares a busy HTTP server the timers of its connections. net/http sets two deadlines for each request,
// and moving a timer costs about as much as signing a SAS; here a deadline is only noted, and one look at all connections,
// now and then, ends what waits in vain.
package deadline

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Listener gives out TCP connections whose deadlines may be late by up to [Coarseness], unless they are near.
type Listener struct {
	net.Listener
	watch watch
}

// Coarseness is how often deadlines are looked at. Those that are nearer are kept to the moment.
const Coarseness = time.Second

// near is how long after the last look a deadline is near: by now, the next look may be almost due.
const near = 2 * Coarseness

// Listen wraps a listener. Connections that are not TCP's are left as they are.
func Listen(l net.Listener) *Listener {
	return &Listener{Listener: l, watch: watch{now: time.Now, conns: map[*conn]struct{}{}}}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := accepted.(*net.TCPConn)
	if !ok {
		return accepted, nil
	}
	c := &conn{TCPConn: tcp, watch: &l.watch}
	c.read.set, c.write.set = tcp.SetReadDeadline, tcp.SetWriteDeadline
	l.watch.add(c)
	return c, nil
}

// watch looks at the deadlines of open connections, as long as there are any.
type watch struct {
	now    func() time.Time
	looked atomic.Int64 // when, in nanoseconds since 1970

	mu    sync.Mutex
	conns map[*conn]struct{}
	timer *time.Timer // nil while there is nothing to watch
}

func (w *watch) add(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = struct{}{}
	if w.timer == nil {
		w.looked.Store(w.now().UnixNano())
		w.timer = time.AfterFunc(Coarseness, w.look)
	}
}

func (w *watch) remove(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
	if len(w.conns) == 0 && w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.looked.Store(now.UnixNano())
	for c := range w.conns {
		c.read.end(now)
		c.write.end(now)
	}
	if w.timer != nil {
		w.timer.Reset(Coarseness)
	}
}

// isNear tells whether a deadline, or none, has to be kept to the moment. It reads no clock, which would take half as long
// as the rest of noting one.
func (w *watch) isNear(t time.Time) bool {
	return !t.IsZero() && t.UnixNano()-w.looked.Load() < int64(near)
}

// isPast tells whether a deadline has passed for certain.
func (w *watch) isPast(t time.Time) bool { return t.UnixNano() < w.looked.Load() }

// conn is a TCP connection whose deadlines are noted.
type conn struct {
	*net.TCPConn
	watch       *watch
	read, write half
}

// Read reads. Once the deadline has passed the connection isn't asked.
func (c *conn) Read(p []byte) (int, error) {
	if !c.read.begin() {
		return 0, os.ErrDeadlineExceeded
	}
	defer c.read.done()
	return c.TCPConn.Read(p)
}

// WriteTo does what [conn.Read] does for who would rather have everything.
func (c *conn) WriteTo(w io.Writer) (int64, error) {
	if !c.read.begin() {
		return 0, os.ErrDeadlineExceeded
	}
	defer c.read.done()
	return c.TCPConn.WriteTo(w)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	near := c.watch.isNear(t)
	if near && c.watch.isPast(t) && c.read.refuse() {
		return nil
	}
	return c.read.note(t, near)
}

func (c *conn) SetWriteDeadline(t time.Time) error { return c.write.note(t, c.watch.isNear(t)) }

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) Close() error {
	c.watch.remove(c)
	return c.TCPConn.Close()
}

// half is the deadline of one direction.
type half struct {
	set func(time.Time) error // the connection's own

	mu      sync.Mutex
	due     time.Time // noted; zero: none, or the connection keeps it itself
	own     bool      // the connection has a deadline of its own set
	refuses bool      // it has passed, for who begins; the connection need not know
	busy    int       // how many are under way
}

// begin is called before a transfer, and reports whether there is time for it; done is called after it.
func (h *half) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuses {
		return false
	}
	h.busy++
	return true
}

func (h *half) done() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy--
}

// refuse lets no transfer begin until the next deadline is noted. It reports false where one is under way, which only the
// connection can end. net/http refuses after each request, when what would have read in the background has hardly begun.
func (h *half) refuse() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy > 0 {
		return false
	}
	h.due, h.refuses = time.Time{}, true
	return true
}

// note takes a new deadline. One that is exact, because it is near or past, is the connection's: net/http ends a read by
// setting one.
func (h *half) note(t time.Time, exact bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuses = false
	if exact {
		h.due, h.own = time.Time{}, true
		return h.set(t)
	}
	h.due = t
	if !h.own {
		return nil
	}
	h.own = false
	return h.set(time.Time{})
}

var longAgo = time.Unix(1, 0)

// end makes who waits give up, where the time has come.
func (h *half) end(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.due.IsZero() || h.due.After(now) {
		return
	}
	_ = h.set(longAgo) // fails only on a connection that is closed
	h.due, h.own = time.Time{}, true
}
