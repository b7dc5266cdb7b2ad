package main

import (
	"io"
	"sync"
)

// maxUnwritten is how many bytes of log may wait; who logs more waits for the writing.
const maxUnwritten = 1 << 20

// logWriter writes what has gathered while the last write was under way in one go: no line waits for another, but a busy
// server makes one system call for many lines. Close writes what is left.
type logWriter struct {
	w io.Writer

	mu      sync.Mutex
	changed sync.Cond // there is something to write, or room again, or the end
	pending []byte
	closed  bool
	err     error
	done    chan struct{}
}

func newLogWriter(w io.Writer) *logWriter {
	l := &logWriter{w: w, done: make(chan struct{})}
	l.changed.L = &l.mu
	go l.run()
	return l
}

// Write takes a line. An error is that of an earlier write: nobody waits for this one.
func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) > maxUnwritten && !l.closed {
		l.changed.Wait()
	}
	if l.closed {
		return l.w.Write(p)
	}
	if len(l.pending) == 0 {
		l.changed.Broadcast()
	}
	l.pending = append(l.pending, p...)
	return len(p), l.err
}

func (l *logWriter) run() {
	defer close(l.done)
	var writing []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.pending) == 0 && !l.closed {
			l.changed.Wait()
		}
		if len(l.pending) == 0 {
			return
		}
		writing, l.pending = l.pending, writing[:0]
		l.mu.Unlock()
		_, err := l.w.Write(writing)
		l.mu.Lock()
		l.err = err
		l.changed.Broadcast()
	}
}

// Close writes what is left. What is written later goes straight through.
func (l *logWriter) Close() error {
	l.mu.Lock()
	l.closed = true
	l.changed.Broadcast()
	l.mu.Unlock()
	<-l.done
	return l.err
}
