package grant

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/sas"
)

func TestGrantsAreNarrow(t *testing.T) {
	p := New(nil)
	for name, tt := range map[string]struct {
		grant  Grant
		rights sas.Permissions
		blob   string
		life   time.Duration
	}{
		"stage":  {p.Stage("images", "g-a/1", "id", epoch), sas.Write, "g-a/1", 15 * time.Minute},
		"create": {p.Create("images", epoch), sas.Create, "", 2 * time.Hour},
		"read":   {p.Read("photos", "g-a/1/w320.webp", "", epoch), sas.Read, "g-a/1/w320.webp", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := tt.grant
			if g.Permissions != tt.rights || g.Blob != tt.blob || g.Protocol != sas.HTTPS {
				t.Errorf("grant %+v", g)
			}
			if tt.life > 0 && !g.Expiry.Equal(epoch.Add(tt.life)) {
				t.Errorf("until %v", g.Expiry)
			}
		})
	}
}

func TestGrantsEndWhenTheirSASDoes(t *testing.T) {
	p := New(nil)
	now := epoch.Add(999 * time.Millisecond)
	for name, g := range map[string]Grant{"stage": p.Stage("images", "g-a/1", "id", now), "create": p.Create("images", now)} {
		if signed := sas.TimeOf(g.Expiry); !signed.Time().Equal(g.Expiry) {
			t.Errorf("%s: until %v, but the SAS says %v", name, g.Expiry, signed.Time())
		}
	}
}

func TestReadsAreTheSameWithinAWindow(t *testing.T) {
	p := New(&Options{ReadWindow: time.Hour})
	first := p.Read("photos", "a", "", time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	last := p.Read("photos", "a", "", time.Date(2026, 3, 1, 10, 59, 59, 0, time.UTC))
	if diff := cmp.Diff(first, last); diff != "" {
		t.Error(diff)
	}
	if want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC); !first.Expiry.Equal(want) {
		t.Errorf("until %v, want %v: what is listed at the window's end is good for another window", first.Expiry, want)
	}
	next := p.Read("photos", "a", "", time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC))
	if cmp.Equal(next, first) {
		t.Error("the next window has the same grant")
	}
}

func TestHTTPIsAllowedOnlyWhenSaid(t *testing.T) {
	if p := New(&Options{AllowHTTP: true}).Create("images", epoch).SAS().Protocol; p != "" {
		t.Errorf("spr %q", p)
	}
	if p := New(nil).Create("images", epoch).SAS().Protocol; p != sas.HTTPS {
		t.Errorf("spr %q", p)
	}
}

func TestOperationIsBoundOnlyWhenSaid(t *testing.T) {
	if g := New(nil).Stage("images", "a", "", epoch); g.SignedQuery != nil {
		t.Errorf("bound to %v", g.SignedQuery)
	}
	g := New(&Options{BindOperation: true}).Stage("images", "a", "", epoch)
	if diff := cmp.Diff([]sas.Field{{Name: "comp", Value: "block"}}, g.SignedQuery); diff != "" {
		t.Error(diff)
	}
}
