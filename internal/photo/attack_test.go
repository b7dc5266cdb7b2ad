package photo_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
)

// send makes a request with what a client was given.
func send(t *testing.T, method, url string, body []byte, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-ms-version", "2026-04-06")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

const blockBlob = "x-ms-blob-type: BlockBlob"

// another is a second replica over the same account.
func (f *fixture) another(o photo.Options) *photo.Service {
	f.t.Helper()
	pipeline, err := imaging.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	o.Now = f.clock.Now
	return photo.New(f.account, pipeline, grant.New(&grant.Options{AllowHTTP: true}), &o)
}

func TestALeaseKeepsNobodyFromCleaningUp(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	s := f.another(photo.Options{})
	data := pngPhoto(t, 20, 10)
	leased := func(content []byte) photo.ID {
		u, err := s.Begin(ctx, owner, "image/png", int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		if status := send(t, "PUT", u.URL, content, blockBlob); status != 201 {
			t.Fatalf("writing: %d", status)
		}
		if status := send(t, "PUT", u.URL+"&comp=snapshot", nil); status != 201 {
			t.Fatalf("taking a snapshot: %d", status)
		}
		if status := send(t, "PUT", u.URL+"&comp=lease", nil, "x-ms-lease-action: acquire", "x-ms-lease-duration: -1"); status != 201 {
			t.Fatalf("leasing: %d", status)
		}
		return u.ID
	}
	id := leased(data)
	if _, err := s.Complete(ctx, owner, id, photo.About{Filename: "a.png"}, int64(len(data))); err != nil {
		t.Errorf("completing: %v", err)
	}
	if err := s.Delete(ctx, owner, id); err != nil {
		t.Error(err)
	}
	if err := s.Abort(ctx, owner, leased([]byte("aborted"))); err != nil {
		t.Errorf("aborting: %v", err)
	}
	leased([]byte("abandoned"))
	f.clock.Advance(25 * time.Hour)
	if err := s.Sweep(ctx); err != nil {
		t.Errorf("sweeping: %v", err)
	}
	f.nothingBut("")
}

func TestANameFromTheFutureIsNoHidingPlace(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	landing := f.account.Container(photo.LandingContainer)
	later, err := photo.NewID(f.clock.Now().AddDate(100, 0, 0), bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if err := landing.Put(ctx, "public/"+string(later), []byte("hoard"), azure.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	f.nothingBut("")
}

func TestMoreThanMayBeUploadedDoesNotStay(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	s := f.another(photo.Options{MaxUpload: 1000})
	u, err := s.Begin(ctx, owner, "image/png", 1000)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.Begin(ctx, owner, "image/png", 1000)
	if err != nil {
		t.Fatal(err)
	}
	f.stage(u.ID, make([]byte, 1001))
	f.stage(kept.ID, make([]byte, 1000))
	whole, err := s.Begin(ctx, owner, "image/png", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if status := send(t, "PUT", whole.URL, make([]byte, 1001), blockBlob); status != 201 {
		t.Fatal(status)
	}
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if got := f.names(photo.LandingContainer); !slices.Equal(got, []string{owner + "/" + string(kept.ID)}) {
		t.Errorf("after the sweep: %v", got)
	}
}

func TestWhatNobodyCanReadIsRefused(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	s := f.another(photo.Options{})
	data := pngPhoto(t, 20, 10)
	u, err := s.Begin(ctx, owner, "image/png", int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if status := send(t, "PUT", u.URL, data, blockBlob, "x-ms-access-tier: Archive"); status != 201 {
		t.Fatal(status)
	}
	var refusal *imaging.Refusal
	if _, err := s.Complete(ctx, owner, u.ID, photo.About{Filename: "a.png"}, int64(len(data))); !errors.As(err, &refusal) {
		t.Errorf("archived: %v", err)
	}
	endpoint, query, err := s.Credentials(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if status := send(t, "PUT", endpoint+"/"+photo.LandingContainer+"/a.png?"+query, data, blockBlob, "x-ms-access-tier: Archive"); status != 201 {
		t.Fatal(status)
	}
	if err := s.PublishLanded(ctx); err != nil {
		t.Errorf("landed archived: %v", err)
	}
	f.nothingBut("")
}

// Names that a client may choose with the container SAS of GET /api/credentials.
var trickyNames = []string{
	"../photos/g-somebody/photo/original.png", "..", "a/../../index/owners/x", "/leading", "a//b", "trailing/", ".", "a\x01b.png",
	"a\uFFFEb", "a\r\nX-Evil: 1", "a b+c%2Fd?e#f&g=h", `back\slash`, "\u202egnp.exe", "ünï.png", "<script>", `"quoted"`,
	"public/not-an-id", "owners/x", strings.Repeat("n", 1024), "{g-somebody}", "photos.",
}

func TestTrickyNamesReachNothingElse(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	s := f.another(photo.Options{})
	id, err := f.Import(ctx, owner, "mine.png", f.clock.Now(), pngPhoto(t, 20, 10))
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Concat(f.names(photo.PublishedContainer), f.names(photo.IndexContainer))
	endpoint, query, err := s.Credentials(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range trickyNames {
		escaped := ""
		for _, b := range []byte(name) {
			escaped += fmt.Sprintf("%%%02X", b)
		}
		content := []byte("no photo")
		if i%2 == 0 {
			content = pngPhoto(t, 30+i, 10)
		}
		if status := send(t, "PUT", endpoint+"/"+photo.LandingContainer+"/"+escaped+"?"+query, content, blockBlob); status != 201 {
			t.Errorf("%q: %d", name, status)
		}
	}
	if err := s.PublishLanded(ctx); err != nil {
		t.Error(err)
	}
	if got := f.names(photo.LandingContainer); len(got) > 0 {
		t.Errorf("left where uploads land: %q", got)
	}
	if _, err := f.Get(ctx, owner, id); err != nil {
		t.Errorf("somebody's photo: %v", err)
	}
	after := slices.Concat(f.names(photo.PublishedContainer), f.names(photo.IndexContainer))
	for _, name := range before {
		if !slices.Contains(after, name) {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) && !strings.HasPrefix(name, "public/") && !strings.HasPrefix(name, "owners/public/") {
			t.Errorf("%s has appeared", name)
		}
	}
	page, err := s.List(ctx, photo.PublicOwner, 200, "")
	if err != nil || len(page.Photos) != (len(trickyNames)+1)/2 {
		t.Errorf("%d photos are public, %v", len(page.Photos), err)
	}
	for _, p := range page.Photos {
		if strings.ContainsAny(p.Title, "\r\n/\\\u202e\x01") {
			t.Errorf("title %q", p.Title)
		}
		if status := send(t, "GET", p.Original.URL, nil); status != 200 {
			t.Errorf("%q cannot be read: %d", p.Title, status)
		}
	}
}
