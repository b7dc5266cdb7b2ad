package grant

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/jsontext"
)

// Ledger has a line for each grant: who got which rights to what, until when, never the signature. Its lines look as
// those of log/slog do, so that they can stand in one log with others. It writes them itself because a handler that can
// write anything takes longer than all else that a grant costs.
type Ledger struct {
	w      io.Writer
	append func(line []byte, at time.Time, e entry) []byte
	lines  sync.Pool // of *[]byte
}

// NewLedger makes a ledger that gives w each line in one call, from many goroutines at once: in the form of
// slog.TextHandler or, where asJSON is true, of slog.JSONHandler.
func NewLedger(w io.Writer, asJSON bool) *Ledger {
	l := &Ledger{w: w, append: appendText, lines: sync.Pool{New: func() any { return new([]byte) }}}
	if asJSON {
		l.append = appendJSON
	}
	return l
}

// record writes a line. A grant is not withheld because its line could not be written.
func (l *Ledger) record(at time.Time, e entry) {
	line := l.lines.Get().(*[]byte)
	*line = l.append((*line)[:0], at, e)
	_, _ = l.w.Write(*line)
	l.lines.Put(line)
}

// entry is what a line says.
type entry struct {
	texts [6]struct{ name, value string }
	until time.Time
}

func entryOf(owner, kind string, g *Grant) entry {
	e := entry{until: g.Expiry.UTC()}
	e.texts = [...]struct{ name, value string }{{"owner", owner}, {"kind", kind}, {"container", g.Container}, {"blob", g.Blob},
		{"permissions", g.Permissions.String()}, {"id", g.ID}}
	return e
}

// appendMillis appends a time as slog.TextHandler does, in RFC 3339 and to the millisecond. The layout that says so
// directly takes several times longer, because the time package has a quick way for its own layouts alone.
func appendMillis(line []byte, t time.Time) []byte {
	const upToMillis = len("2006-01-02T15:04:05.000")
	start := len(line)
	t = t.Truncate(time.Millisecond).Add(time.Nanosecond) // so that all nine digits are written
	line = t.AppendFormat(line, time.RFC3339Nano)
	return append(line[:start+upToMillis], line[start+upToMillis+len("000001"):]...)
}

func appendText(line []byte, at time.Time, e entry) []byte {
	line = append(line, "time="...)
	line = appendMillis(line, at)
	line = append(line, " level=INFO msg=grant ledger=true"...)
	for i := range e.texts {
		text := &e.texts[i]
		line = append(append(append(line, ' '), text.name...), '=')
		if isPlain(text.value) {
			line = append(line, text.value...)
		} else {
			line = strconv.AppendQuote(line, text.value)
		}
	}
	line = append(line, " until="...)
	return append(appendMillis(line, e.until), '\n')
}

func appendJSON(line []byte, at time.Time, e entry) []byte {
	line = append(line, `{"time":"`...)
	line = at.AppendFormat(line, time.RFC3339Nano)
	line = append(line, `","level":"INFO","msg":"grant","ledger":true`...)
	for i := range e.texts {
		text := &e.texts[i]
		line = append(append(append(line, `,"`...), text.name...), `":`...)
		line = jsontext.AppendString(line, text.value)
	}
	line = append(line, `,"until":"`...)
	return append(e.until.AppendFormat(line, time.RFC3339Nano), "\"}\n"...)
}

// isPlain tells whether a value needs no quotes. What we name ourselves doesn't.
func isPlain(value string) bool {
	for i := range len(value) {
		if !plain[value[i]] {
			return false
		}
	}
	return value != ""
}

// plain are the bytes that need no quotes.
var plain = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/._") {
		is[c] = true
	}
	return is
}()
