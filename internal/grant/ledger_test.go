package grant

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/sas"
)

func TestLedgerSaysWhoMayDoWhat(t *testing.T) {
	var lines bytes.Buffer
	p := New(&Options{Ledger: NewLedger(&lines, false)})
	p.Record("g-a", p.Stage("images", "g-a/1", "the-id", epoch), epoch)
	want := `time=2026-03-01T10:20:30.000Z level=INFO msg=grant ledger=true owner=g-a kind="service SAS" container=images` +
		" blob=g-a/1 permissions=w id=the-id until=2026-03-01T10:35:30.000Z\n"
	if diff := cmp.Diff(want, lines.String()); diff != "" {
		t.Error(diff)
	}
}

// What slog writes for the same attributes is the reference.
func TestLedgerLooksLikeTheRestOfTheLog(t *testing.T) {
	at := epoch.Add(123456789 * time.Nanosecond).In(time.FixedZone("", 3*3600))
	for name, tt := range map[string]struct {
		json    bool
		handler func(*bytes.Buffer) slog.Handler
	}{
		"text": {false, func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) }},
		"json": {true, func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, g := range []Grant{
				New(nil).Stage("images", "g-a/1", "the-id", at),
				New(nil).Create("images", at), // of no blob and without an id
				{Container: "images", Blob: "a b=c\"d", Permissions: sas.Read | sas.Write, Expiry: at},
			} {
				var ours, theirs bytes.Buffer
				New(&Options{Ledger: NewLedger(&ours, tt.json), SASKind: sas.UserDelegationKind}).Record("g-a", g, at)
				r := slog.NewRecord(at, slog.LevelInfo, "grant", 0)
				r.Add("ledger", true, "owner", "g-a", "kind", sas.UserDelegationKind.String(), "container", g.Container, "blob", g.Blob,
					"permissions", g.Permissions.String(), "id", g.ID, "until", g.Expiry.UTC())
				if err := tt.handler(&theirs).Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(theirs.String(), ours.String()); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// A ledger keeps the text of the last second: the next one, and the same one elsewhere, have texts of their own.
func TestLedgerTellsTimesApart(t *testing.T) {
	var ours, theirs bytes.Buffer
	p := New(&Options{Ledger: NewLedger(&ours, false)})
	handler := slog.NewTextHandler(&theirs, nil)
	elsewhere := time.FixedZone("", -(5*3600 + 1800))
	for _, at := range []time.Time{
		epoch, epoch.Add(time.Millisecond), epoch.Add(999*time.Millisecond + 999*time.Microsecond), epoch.Add(time.Second),
		epoch.Add(time.Second).In(elsewhere), epoch.In(elsewhere), epoch, time.Date(1969, 12, 31, 23, 59, 59, 5e6, time.UTC),
	} {
		p.Record("g-a", Grant{Container: "images", Expiry: at}, at)
		r := slog.NewRecord(at, slog.LevelInfo, "grant", 0)
		r.Add("ledger", true, "owner", "g-a", "kind", sas.ServiceKind.String(), "container", "images", "blob", "", "permissions", "", "id", "", "until", at.UTC())
		if err := handler.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(theirs.String(), ours.String()); diff != "" {
		t.Error(diff)
	}
}

// FuzzLedger: whatever stands in a grant, its line stays one line, and each value can be told from it again.
func FuzzLedger(f *testing.F) {
	f.Add("g-a", "g-a/1")
	f.Add("a\nb", `\" owner=root`)
	f.Add("\x00\xff\u2028", "")
	f.Fuzz(func(t *testing.T, owner, blob string) {
		g := Grant{Container: "images", Blob: blob, Permissions: sas.Write, Expiry: epoch}
		e := entryOf(owner, "service SAS", &g)
		text, line := string(new(textLines).append(nil, epoch, &e)), appendJSON(nil, epoch, &e)
		if strings.Count(text, "\n") != 1 || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("more than one line: %q, %q", text, line)
		}
		for _, value := range []string{" owner=" + quoted(owner) + " ", " blob=" + quoted(blob) + " "} {
			if !strings.Contains(text, value) {
				t.Errorf("no %q in %q", value, text)
			}
		}
		var got struct{ Owner, Blob string }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if got.Owner != jsonOf(owner) || got.Blob != jsonOf(blob) {
			t.Errorf("%q, %q in %q", owner, blob, line)
		}
	})
}

func quoted(s string) string {
	if needsNoQuotes(s) {
		return s
	}
	return strconv.Quote(s)
}

// jsonOf is what is left of a string that JSON has carried: bytes that are no UTF-8 are replaced.
func jsonOf(s string) string {
	text, _ := json.Marshal(s)
	var got string
	_ = json.Unmarshal(text, &got)
	return got
}
