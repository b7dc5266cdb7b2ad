package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// slowWriter blocks until it is let go, and counts the writes.
type slowWriter struct {
	mu     sync.Mutex
	b      bytes.Buffer
	writes int
	gate   chan struct{}
}

func (s *slowWriter) Write(p []byte) (int, error) {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.b.Write(p)
}

func TestLogWriterLosesNothingAndGathers(t *testing.T) {
	slow := &slowWriter{gate: make(chan struct{})}
	l := newLogWriter(slow)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() { fmt.Fprintf(l, "line %d\n", i) })
	}
	all.Wait() // nobody waits for the writing
	close(slow.gate)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(slow.b.String(), "\n"); n != 100 {
		t.Errorf("%d of 100 lines", n)
	}
	if slow.writes > 3 {
		t.Errorf("%d writes for lines that came at once", slow.writes)
	}
	fmt.Fprint(l, "late\n")
	if !strings.HasSuffix(slow.b.String(), "late\n") {
		t.Error("a line after Close is lost")
	}
}
