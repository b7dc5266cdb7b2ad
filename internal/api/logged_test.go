package api_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// logged is the log of a test. When the test ends, no line of it may hold a signature or anything that the test calls
// secret.
type logged struct {
	slog.Handler
	mu      *sync.Mutex
	text    *bytes.Buffer
	secrets *[]string
}

// signature is a SAS's or a Shared Key request's, whole or in the form that a URL has it in.
var signature = regexp.MustCompile(`(?i)sig(=|%3D)[A-Za-z0-9%+/]{10}|SharedKey [a-z0-9]+:|Bearer `)

func newLogged(t testing.TB) *logged {
	l := &logged{mu: &sync.Mutex{}, text: &bytes.Buffer{}, secrets: &[]string{}}
	l.Handler = slog.NewTextHandler(l.text, &slog.HandlerOptions{Level: slog.LevelDebug})
	t.Cleanup(func() {
		for line := range strings.Lines(l.String()) {
			if signature.MatchString(line) {
				t.Errorf("the log holds a signature: %s", line)
			}
			for _, secret := range *l.secrets {
				if strings.Contains(line, secret) {
					t.Errorf("the log holds %q: %s", secret, line)
				}
			}
		}
	})
	return l
}

// Handle writes a line.
func (l *logged) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Handler.Handle(ctx, r)
}

// Write takes a line that was made elsewhere.
func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// WithAttrs keeps the lock and the text.
func (l *logged) WithAttrs(attrs []slog.Attr) slog.Handler {
	copied := *l
	copied.Handler = l.Handler.WithAttrs(attrs)
	return &copied
}

// secret must not show up in the log.
func (l *logged) secret(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.secrets = append(*l.secrets, text)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
