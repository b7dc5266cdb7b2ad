package photo

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestUsageIsRememberedOfSoManyOwners(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	counts := 0
	c := newUsageCache(func(context.Context, string) (usage, error) { counts++; return usage{1, 100}, nil }, func() time.Time { return now })
	allow := func(usage) error { return nil }
	settle, err := c.check(t.Context(), "busy", usage{1, 10}, allow)
	if err != nil {
		t.Fatal(err)
	}
	for n := range usageOwners + 100 {
		if _, err := c.check(t.Context(), fmt.Sprint("owner-", n), usage{}, allow); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.owners) > usageOwners {
		t.Errorf("%d owners are remembered", len(c.owners))
	}
	before := counts
	settle(true)
	var seen usage
	if _, err := c.check(t.Context(), "busy", usage{}, func(u usage) error { seen = u; return nil }); err != nil {
		t.Fatal(err)
	}
	if seen != (usage{2, 110}) || counts != before {
		t.Errorf("who was publishing has %+v after %d more counts", seen, counts-before)
	}
}

func TestUsageIsCountedAgainWhenItIsOldOrWasWrong(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	there, failing := usage{1, 100}, error(nil)
	c := newUsageCache(func(context.Context, string) (usage, error) { return there, failing }, func() time.Time { return now })
	see := func() (seen usage) {
		t.Helper()
		if _, err := c.check(t.Context(), "a", usage{}, func(u usage) error { seen = u; return nil }); err != nil {
			t.Fatal(err)
		}
		return seen
	}
	see()
	there = usage{5, 500} // another replica's doing
	now = now.Add(usageFresh - time.Nanosecond)
	if got := see(); got != (usage{1, 100}) {
		t.Errorf("within its time: %+v", got)
	}
	now = now.Add(time.Nanosecond)
	if got := see(); got != there {
		t.Errorf("after its time: %+v", got)
	}
	there = usage{4, 400}
	c.removed("a")
	if got := see(); got != there {
		t.Errorf("after a removal: %+v", got)
	}
	settle, err := c.check(t.Context(), "a", usage{1, 10}, func(usage) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := see(); got != (usage{5, 410}) {
		t.Errorf("while publishing: %+v", got)
	}
	settle(false)
	if got := see(); got != there {
		t.Errorf("after publishing failed: %+v", got)
	}
	failing = errors.New("away")
	c.removed("a")
	if _, err := c.check(t.Context(), "a", usage{}, func(usage) error { return nil }); !errors.Is(err, failing) {
		t.Errorf("storage that is away: %v", err)
	}
}
