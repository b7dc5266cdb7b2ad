package azure_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/sas"
)

func stageValues(clock *azuretest.Clock) sas.Service {
	return sas.Service{Container: "images", Blob: "g-a/1", Permissions: sas.Write, Protocol: sas.HTTPS,
		Expiry: sas.TimeOf(clock.Now().Add(15 * time.Minute))}
}

const correlationID = "01234567-89ab-cdef-0102-030405060708"

func TestDelegationKeyIsFetchedOnceAndRenewedBeforeItEnds(t *testing.T) {
	clock := azuretest.NewClock()
	account := azuretest.OpenDelegated(t, clock)
	sign := func() {
		if _, err := account.Sign(t.Context(), stageValues(clock), azure.Delegated{}); err != nil {
			t.Error(err)
		}
	}
	var together sync.WaitGroup
	for range 50 {
		together.Go(sign)
	}
	together.Wait()
	if n := account.Keys.Load(); n != 1 {
		t.Errorf("%d keys for 50 SAS", n)
	}
	clock.Advance(2*time.Hour + 59*time.Minute)
	sign()
	if n := account.Keys.Load(); n != 1 {
		t.Errorf("%d keys while the first is good for hours", n)
	}
	clock.Advance(2*time.Hour + 50*time.Minute) // now a SAS would outlive the key: it has to wait for the next
	sign()
	if n := account.Keys.Load(); n != 2 {
		t.Errorf("%d keys after the first one's end", n)
	}
}

func TestDelegatedSASSaysWhoseGrantItIs(t *testing.T) {
	clock := azuretest.NewClock()
	account := azuretest.OpenDelegated(t, clock)
	signed, err := account.Sign(t.Context(), stageValues(clock), azure.Delegated{CorrelationID: correlationID})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("scid") != correlationID || q.Get("skoid") == "" || q.Get("spr") != "https" || q.Get("sp") != "w" || q.Get("sr") != "b" {
		t.Errorf("SAS %v", q)
	}
	if account.SASKind() != sas.UserDelegationKind {
		t.Errorf("kind %v", account.SASKind())
	}
}

func TestBoundOperationIsTheOnlyOne(t *testing.T) {
	clock := azuretest.NewClock()
	account := azuretest.OpenDelegated(t, clock)
	container := account.Container("images")
	if err := container.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, err := account.TakesSignedQuery(t.Context(), "images", account.Server.Client()); err != nil || !ok {
		t.Errorf("signed query parameters: %v, %v", ok, err)
	}
	for blob, err := range container.All(t.Context(), azure.ListOptions{Uncommitted: true}) {
		t.Errorf("trying left %s behind (%v)", blob.Name, err)
	}
	signed, err := account.Sign(t.Context(), stageValues(clock), azure.Delegated{SignedQuery: []sas.Field{{Name: "comp", Value: "block"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		method, query, body string
		status              int
	}{
		"stage a block":  {"PUT", "&comp=block&blockid=MDAwMDAw", "data", 201},
		"write the blob": {"PUT", "", "data", 403},
		"commit":         {"PUT", "&comp=blocklist", "<BlockList/>", 403},
		"set metadata":   {"PUT", "&comp=metadata", "", 403},
		"twice":          {"PUT", "&comp=block&comp=blocklist&blockid=MDAwMDAw", "<BlockList/>", 403},
		"read":           {"GET", "&comp=block", "", 403},
		"delete":         {"DELETE", "&comp=block", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), tt.method, signed+tt.query, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("x-ms-blob-type", "BlockBlob")
			response, err := account.Server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != tt.status && (tt.status == 201 || response.StatusCode < 400) {
				t.Errorf("status %d, want %d", response.StatusCode, tt.status)
			}
		})
	}
}

func TestKeySignerBindsNothing(t *testing.T) {
	account := azuretest.Open(t, azuretest.NewClock())
	if ok, err := account.TakesSignedQuery(t.Context(), "images", http.DefaultClient); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestDelegationKeyServesWhoNeedsItLongerToo(t *testing.T) {
	clock := azuretest.NewClock()
	account := azuretest.OpenDelegated(t, clock)
	var together sync.WaitGroup
	for n := range 20 {
		together.Go(func() {
			values := stageValues(clock)
			values.Expiry = sas.TimeOf(clock.Now().Add(time.Duration(n%2) * 24 * time.Hour).Add(time.Minute))
			if _, err := account.Sign(t.Context(), values, azure.Delegated{}); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if n := account.Keys.Load(); n > 2 {
		t.Errorf("%d keys", n)
	}
}

func TestDelegationKeyLivesAsLongAsASASTakes(t *testing.T) {
	clock := azuretest.NewClock()
	account := azuretest.OpenDelegated(t, clock)
	for range 3 {
		values := stageValues(clock)
		values.Expiry = sas.TimeOf(clock.Now().Add(24 * time.Hour))
		if _, err := account.Sign(t.Context(), values, azure.Delegated{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := account.Keys.Load(); n != 1 {
		t.Errorf("%d keys for three SAS of a day", n)
	}
}
