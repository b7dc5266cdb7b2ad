package main

import (
	"io"
	"sync"
	"time"
)

const (
	logDelay = 20 * time.Millisecond // how long a line may wait for others
	logBatch = 64 << 10              // how many bytes wait at most
)

// logWriter gathers lines for a moment and writes them in one go: a busy server makes one system call for many lines.
// Close writes what is left.
type logWriter struct {
	w io.Writer

	mu      sync.Mutex
	pending []byte
	timer   *time.Timer // nil until the first line
	closed  bool
	err     error
}

func newLogWriter(w io.Writer) *logWriter { return &logWriter{w: w} }

// Write takes a line. An error is that of an earlier write: nobody waits for this one.
func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.w.Write(p)
	}
	first := len(l.pending) == 0
	l.pending = append(l.pending, p...)
	switch {
	case len(l.pending) >= logBatch:
		l.flush()
	case first && l.timer == nil:
		l.timer = time.AfterFunc(logDelay, l.due)
	case first:
		l.timer.Reset(logDelay)
	}
	return len(p), l.err
}

func (l *logWriter) due() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
}

func (l *logWriter) flush() {
	if len(l.pending) > 0 {
		_, l.err = l.w.Write(l.pending)
		l.pending = l.pending[:0]
	}
}

// Close writes what is left. What is written later goes straight through.
func (l *logWriter) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	return l.err
}
