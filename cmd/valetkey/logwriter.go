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

// logWriter gathers lines for a moment and writes them in one go: a busy server makes one system call for many lines,
// and goes on taking lines while one is made. Close writes what is left.
type logWriter struct {
	w io.Writer

	mu      sync.Mutex
	pending []byte
	spare   []byte      // an empty buffer for the next lines, while pending is written
	timer   *time.Timer // nil until the first line
	closed  bool
	err     error

	writing sync.Mutex // taken before mu
}

func newLogWriter(w io.Writer) *logWriter { return &logWriter{w: w} }

// Write takes a line. An error is that of an earlier write: nobody waits for this one. Who fills the batch writes it, so
// that a log that is read slowly slows down those who write too much.
func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	first := len(l.pending) == 0
	l.pending = append(l.pending, p...)
	due, err := l.closed || len(l.pending) >= logBatch, l.err
	switch {
	case due:
	case first && l.timer == nil:
		l.timer = time.AfterFunc(logDelay, func() { _ = l.flush() })
	case first:
		l.timer.Reset(logDelay)
	}
	l.mu.Unlock()
	if due {
		err = l.flush()
	}
	return len(p), err
}

// flush writes what is pending, in the order it came in.
func (l *logWriter) flush() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	batch := l.pending
	l.pending = l.spare[:0]
	l.mu.Unlock()
	var err error
	if len(batch) > 0 {
		_, err = l.w.Write(batch)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = batch
	if len(batch) > 0 {
		l.err = err
	}
	return l.err
}

// Close writes what is left. What is written later goes straight through.
func (l *logWriter) Close() error {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	return l.flush()
}
