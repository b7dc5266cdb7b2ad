package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// countingWriter keeps what is written and how often.
type countingWriter struct {
	text   strings.Builder
	writes int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	return w.text.Write(p)
}

func TestLogWriterGathersForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w countingWriter
		l := newLogWriter(&w)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { fmt.Fprintf(l, "line %d\n", i) })
		}
		all.Wait()
		time.Sleep(logDelay)
		synctest.Wait()
		if n := strings.Count(w.text.String(), "\n"); n != 100 || w.writes != 1 {
			t.Errorf("%d of 100 lines in %d writes", n, w.writes)
		}
		fmt.Fprint(l, "later\n")
		if err := l.Close(); err != nil || !strings.HasSuffix(w.text.String(), "later\n") {
			t.Errorf("closed: %v, %q", err, w.text.String())
		}
		fmt.Fprint(l, "too late\n")
		if !strings.HasSuffix(w.text.String(), "too late\n") {
			t.Error("a line after Close is lost")
		}
	})
}

func TestLogWriterHoldsOnlySoMuch(t *testing.T) {
	var w countingWriter
	l := newLogWriter(&w)
	defer l.Close()
	line := strings.Repeat("x", logBatch/2)
	fmt.Fprint(l, line)
	if w.writes != 0 {
		t.Error("half a batch was written at once")
	}
	fmt.Fprint(l, line)
	if w.writes != 1 || w.text.Len() != logBatch {
		t.Errorf("%d bytes in %d writes", w.text.Len(), w.writes)
	}
}
