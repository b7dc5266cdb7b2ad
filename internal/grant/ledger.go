package grant

import (
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/internal/jsontext"
)

// Ledger has a line for each grant: who got which rights to what, until when, never the signature. Its lines look as
// those of log/slog do, so that they can stand in one log with others. It writes them itself because a handler that can
// write anything takes longer than all else that a grant costs.
type Ledger struct {
	w      io.Writer
	asJSON bool
	text   textLines
	lines  sync.Pool // of *[]byte: room for a line
}

// NewLedger makes a ledger that gives w each line in one call, from many goroutines at once: in the form of
// slog.TextHandler or, where asJSON is true, of slog.JSONHandler.
func NewLedger(w io.Writer, asJSON bool) *Ledger {
	return &Ledger{w: w, asJSON: asJSON, lines: sync.Pool{New: func() any { return new([]byte) }}}
}

// record writes the line of a grant that owner got. A grant is not withheld because its line could not be written.
func (l *Ledger) record(at time.Time, owner, kind string, g *Grant) {
	e := entryOf(owner, kind, g)
	room := l.lines.Get().(*[]byte)
	defer l.lines.Put(room)
	line := (*room)[:0]
	if l.asJSON {
		line = appendJSON(line, at, &e)
	} else {
		line = l.text.append(line, at, &e)
	}
	*room = line
	_, _ = l.w.Write(line)
}

// entry is what a line says.
type entry struct {
	texts [6]struct{ name, value string }
	until time.Time
}

func entryOf(owner, kind string, g *Grant) entry {
	return entry{until: g.Expiry.UTC(), texts: [...]struct{ name, value string }{{"owner", owner}, {"kind", kind},
		{"container", g.Container}, {"blob", g.Blob}, {"permissions", g.Permissions.String()}, {"id", g.ID}}}
}

// timeText appends times as slog.TextHandler writes them: in RFC 3339, to the millisecond. It keeps the text of the last
// second, because most lines say the same one and formatting a time takes longer than the rest of a line.
type timeText struct{ last atomic.Pointer[secondText] }

type secondText struct {
	second     int64
	zone       *time.Location
	date, tail string // "2006-01-02T15:04:05" and "Z" or "+07:00"
}

func (c *timeText) append(line []byte, t time.Time) []byte {
	kept := c.last.Load()
	if kept == nil || kept.second != t.Unix() || kept.zone != t.Location() {
		kept = &secondText{t.Unix(), t.Location(), t.Format("2006-01-02T15:04:05"), t.Format("Z07:00")}
		c.last.Store(kept)
	}
	millis := t.Nanosecond() / int(time.Millisecond)
	line = append(line, kept.date...)
	line = append(line, '.', '0'+byte(millis/100), '0'+byte(millis/10%10), '0'+byte(millis%10))
	return append(line, kept.tail...)
}

// textLines writes lines as slog.TextHandler does.
type textLines struct{ at, until timeText }

func (l *textLines) append(line []byte, at time.Time, e *entry) []byte {
	line = append(line, "time="...)
	line = l.at.append(line, at)
	line = append(line, " level=INFO msg=grant ledger=true"...)
	for i := range e.texts {
		text := &e.texts[i]
		line = append(append(append(line, ' '), text.name...), '=')
		switch {
		case needsNoQuotes(text.value):
			line = append(line, text.value...)
		case jsontext.IsPlain(text.value):
			line = append(append(append(line, '"'), text.value...), '"')
		default:
			line = strconv.AppendQuote(line, text.value)
		}
	}
	line = append(line, " until="...)
	return append(l.until.append(line, e.until), '\n')
}

func appendJSON(line []byte, at time.Time, e *entry) []byte {
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

// needsNoQuotes holds for most of what we name ourselves.
func needsNoQuotes(value string) bool {
	for i := range len(value) {
		if !unquoted[value[i]] {
			return false
		}
	}
	return value != ""
}

// unquoted are the bytes that need no quotes.
var unquoted = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/._") {
		is[c] = true
	}
	return is
}()
