package blobserver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

var (
	errStalled    = errors.New("blobserver: the client went silent in the middle of its body")
	errBrokenBody = errors.New("blobserver: the body ended early")
)

// stallReader is a request body that fails when the client takes longer than stall over piece bytes, however long the
// whole takes. Only the time that is spent waiting for the client counts.
type stallReader struct {
	body    io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
	piece   int64
	until   time.Time     // the connection's deadline
	left    time.Duration // for the rest of the present piece
	missing int64         // bytes of it
}

func (b *stallReader) Read(p []byte) (int, error) {
	if b.missing <= 0 {
		b.missing, b.left = b.piece, b.stall
	}
	now := time.Now()
	// Moving the deadline is a lock and a timer; a quarter of the time's precision is enough.
	if ahead := b.until.Sub(now); ahead > b.left || ahead < b.left*3/4 || b.left <= 0 {
		b.until = now.Add(b.left)
		_ = b.control.SetReadDeadline(b.until) // a test's recorder has no deadlines
	}
	n, err := b.body.Read(p)
	b.left -= time.Since(now)
	b.missing -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		// From here on net/http reads in the background to see the client go. A deadline that passes while the store
		// still works would look like that, and cancel the request.
		_ = b.control.SetReadDeadline(time.Time{})
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errors.Join(errStalled, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, errors.Join(errBrokenBody, err)
	}
	return n, err
}

func (b *stallReader) Close() error { return b.body.Close() }

// answerWriter counts what is sent, for the access log, and fails a client that takes nothing for a while.
type answerWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	status  int
	written int64
	length  int64 // the announced Content-Length, -1 when there is none
	expose  []string
}

// Unwrap lets http.ResponseController find the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.length = status, -1
	if n, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64); err == nil {
		w.length = n
	}
	w.exposeHeaders()
	w.extendDeadline()
	w.ResponseWriter.WriteHeader(status)
}

// extendDeadline gives the client another while to take what is sent.
func (w *answerWriter) extendDeadline() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.stall)) // a test's recorder has no deadlines
}

// Write sends p in pieces, each with its own deadline.
func (w *answerWriter) Write(p []byte) (n int, err error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	for {
		w.extendDeadline()
		sent, err := w.ResponseWriter.Write(p[n:min(len(p), n+sendPiece)])
		n += sent
		w.written += int64(sent)
		if err != nil || n >= len(p) {
			return n, err
		}
	}
}

// sendPiece is how many bytes are handed to the connection at once. Each piece has WriteStall to get through, so with
// the default of 30 seconds a client may be as slow as 17 KB/s.
const sendPiece = 512 << 10

// ReadFrom sends src in pieces, each with its own deadline; from a file, the kernel copies them (sendfile).
func (w *answerWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(writerOnly{w}, src)
	}
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	var total int64
	for limited.N > 0 {
		w.extendDeadline()
		piece := &io.LimitedReader{R: limited.R, N: min(limited.N, sendPiece)}
		n, err := to.ReadFrom(piece)
		limited.N -= n
		total += n
		w.written += n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }

// short reports whether less was sent than announced.
func (w *answerWriter) short() bool { return w.length >= 0 && w.written < w.length }
