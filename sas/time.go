package sas

import "time"

// timeLayouts are the forms that a time may have in a SAS, in UTC. Source: "Create a service SAS", formatting DateTime
// values. The reference also speaks of other offsets than Z; nothing writes them, and they are refused.
var timeLayouts = [...]string{
	"2006-01-02",
	"2006-01-02T15:04Z",
	"2006-01-02T15:04:05Z",
	"2006-01-02T15:04:05.0000000Z",
}

// Time is a moment in a SAS together with its exact text, because the text is what is signed. The zero Time is absent.
type Time struct {
	at      time.Time
	text    string                            // as parsed; empty when seconds holds the text
	seconds [len("2006-01-02T15:04:05Z")]byte // inline, so that signing need not allocate
}

// TimeOf makes a Time of t, cut to the second and written in UTC as "2006-01-02T15:04:05Z", which is what the SDKs write.
// The zero time.Time gives the zero Time.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	at := time.Unix(t.Unix(), 0).UTC()
	out := Time{at: at}
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	if year < 0 || year > 9999 {
		out.text = at.Format("2006-01-02T15:04:05Z") // wider than the array, and not a time that Azure takes
		return out
	}
	b := append2(append2(out.seconds[:0], year/100), year%100)
	b = append2(append(b, '-'), int(month))
	b = append2(append(b, '-'), day)
	b = append2(append(b, 'T'), hour)
	b = append2(append(b, ':'), minute)
	_ = append(append2(append(b, ':'), second), 'Z')
	return out
}

// ParseTime reads a time and keeps its text: a date, or to the minute, the second or seven fractional digits, ending in
// Z.
func ParseTime(s string) (Time, error) {
	t, ok := parseTime(s)
	if !ok {
		return Time{}, invalid(Malformed, "time", quote(s)+" is not a UTC time such as 2006-01-02T15:04:05Z")
	}
	return t, nil
}

func parseTime(s string) (Time, bool) {
	for _, layout := range timeLayouts {
		if len(s) != len(layout) { // time.Parse takes fractions of any length, and short hours
			continue
		}
		if t, err := time.Parse(layout, s); err == nil && !t.IsZero() {
			return Time{at: t, text: s}, true
		}
	}
	return Time{}, false
}

// Time is the moment, in UTC.
func (t Time) Time() time.Time { return t.at }

// IsZero reports whether the time is absent.
func (t Time) IsZero() bool { return t.at.IsZero() }

// String is the exact text that is signed; empty when absent.
func (t Time) String() string {
	if t.text != "" {
		return t.text
	}
	return string(t.append(nil))
}

func (t *Time) append(dst []byte) []byte {
	switch {
	case t.text != "":
		return append(dst, t.text...)
	case t.at.IsZero():
		return dst
	}
	return append(dst, t.seconds[:]...)
}

func append2(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
