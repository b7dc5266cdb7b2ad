package api_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/internal/photo"
)

func TestGalleryIsNewestFirstAndPaged(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	var want []string
	for i := range 5 {
		p := v.publish(jpegPhoto(t, 40+i, 30))
		want = append([]string{p.ID}, want...)
		h.clock.Advance(time.Second)
	}
	var got []string
	path := "/api/photos?limit=2"
	for pages := 1; ; pages++ {
		var page struct {
			Photos []photoJSON
			Cursor string
		}
		v.call("GET", path, nil).want(200).into(&page)
		for _, p := range page.Photos {
			got = append(got, p.ID)
		}
		if page.Cursor == "" || pages == 10 {
			break
		}
		path = "/api/photos?limit=2&cursor=" + page.Cursor
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "cursor=%25"} {
		v.call("GET", "/api/photos?"+query, nil).problem(400, "bad-request")
	}
	v.call("GET", "/api/photos?owner=g-somebody", nil).problem(404, "not-found")
}

func TestRename(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 40, 30))
	v.call("PATCH", "/api/photos/"+p.ID, map[string]string{"title": "  Sommer\nam \u202eMeer "}).want(200).into(&p)
	if p.Title != "Sommer am Meer" {
		t.Errorf("title %q", p.Title)
	}
	v.call("GET", "/api/photos/"+p.ID, nil).want(200).into(&p)
	if p.Title != "Sommer am Meer" {
		t.Errorf("title kept: %q", p.Title)
	}
	v.call("PATCH", "/api/photos/"+p.ID, `{}`).problem(400, "bad-request")
}

func TestDeleteRemovesEveryImage(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 700, 30))
	v.call("DELETE", "/api/photos/"+p.ID, nil).want(204)
	h.nothingBehind(photo.LandingContainer, photo.PublishedContainer, photo.IndexContainer)
	v.call("DELETE", "/api/photos/"+p.ID, nil).problem(404, "not-found")
	v.call("GET", "/api/photos/"+p.ID, nil).problem(404, "not-found")
}

func TestURLsStayTheSameWithinAWindow(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 40, 30))
	var later, muchLater photoJSON
	h.clock.Advance(time.Second)
	v.call("GET", "/api/photos/"+p.ID, nil).want(200).into(&later)
	if later.Variants[0].URL != p.Variants[0].URL {
		t.Error("a second later the URL is another one")
	}
	h.clock.Advance(2 * time.Hour)
	v.call("GET", "/api/photos/"+p.ID, nil).want(200).into(&muchLater)
	if muchLater.Variants[0].URL == p.Variants[0].URL {
		t.Error("two hours later the URL is still the same")
	}
	get(t, muchLater.Variants[0].URL)
	if response, err := http.Get(p.Variants[0].URL); err != nil || response.StatusCode != 403 {
		t.Errorf("the old URL still opens: %v, %v", response, err)
	}
}

func TestCredentials(t *testing.T) {
	h := start(t, &settings{api: api.Options{Origins: []string{"https://photos.example"}}})
	v := h.visitor()
	var c map[string]string
	v.call("GET", "/api/credentials", nil).want(200).into(&c)
	if len(c) != 2 || c["url"] != h.account.BlobURL() || !strings.Contains(c["sasKey"], "sp=c&") || !strings.Contains(c["sasKey"], "sr=c&") {
		t.Errorf("credentials %v", c)
	}
	data := jpegPhoto(t, 300, 200)
	blob := c["url"] + "/" + photo.LandingContainer + "/Strand.jpg?" + c["sasKey"]
	v.put(blob, data).want(201)
	if a := v.put(blob, data); a.status != 403 {
		t.Errorf("overwriting with the right to create: %d", a.status)
	}
	v.put(c["url"]+"/"+photo.LandingContainer+"/not.jpg?"+c["sasKey"], []byte("no photo")).want(201)
	for range 2 { // the second time there is nothing to do
		if err := h.photos.PublishLanded(t.Context()); err != nil {
			t.Fatal(err)
		}
		var page struct{ Photos []photoJSON }
		v.call("GET", "/api/photos?owner=public", nil).want(200).into(&page)
		if len(page.Photos) != 1 || page.Photos[0].Title != "Strand" {
			t.Errorf("public photos %+v", page.Photos)
		}
		h.nothingBehind(photo.LandingContainer)
	}
}

func TestCredentialsAreSharedWithListedOriginsOnly(t *testing.T) {
	h := start(t, &settings{api: api.Options{Origins: []string{"https://photos.example"}}})
	for origin, want := range map[string]string{"https://photos.example": "https://photos.example", "https://evil.example": ""} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/api/credentials", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		a := h.visitor().send(request).want(200)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != want || a.header.Get("Vary") != "Origin" {
			t.Errorf("from %s: Access-Control-Allow-Origin %q, want %q", origin, got, want)
		}
	}
}

// Nothing differs by origin where no origin is listed, and nobody can look an answer up of which no log tells.
func TestAnswersSayNoMoreThanHelps(t *testing.T) {
	var quiet bytes.Buffer
	for name, tt := range map[string]struct {
		log   *slog.Logger
		named bool
	}{
		"every call is logged": {nil, true},
		"refusals are logged":  {slog.New(slog.NewTextHandler(&quiet, nil)), false},
	} {
		t.Run(name, func(t *testing.T) {
			v := start(t, &settings{api: api.Options{Log: tt.log}}).visitor()
			a := v.call("GET", "/api/credentials", nil).want(200)
			if id := a.header.Get("X-Request-Id"); (id != "") != tt.named || a.header.Get("Vary") != "" {
				t.Errorf("request id %q, Vary %q", id, a.header.Get("Vary"))
			}
			v.call("GET", "/api/nothing", nil).problem(404, "not-found") // which looks at its request id
		})
	}
	if lines := strings.Count(quiet.String(), "\n"); lines != 1 || !strings.Contains(quiet.String(), "status=404") {
		t.Errorf("%d lines: %s", lines, quiet.String())
	}
}

func TestCredentialsOff(t *testing.T) {
	v := start(t, &settings{api: api.Options{CredentialsOff: true}}).visitor()
	v.call("GET", "/api/credentials", nil).problem(404, "not-found")
	v.call("GET", "/api/photos?owner=public", nil).problem(404, "not-found")
}

func TestMe(t *testing.T) {
	v := start(t, &settings{}).visitor()
	var me struct {
		ClientPrincipal *struct{ UserID string }
	}
	v.call("GET", "/.auth/me", nil).want(200).into(&me)
	if me.ClientPrincipal != nil {
		t.Errorf("a stranger is %+v", me.ClientPrincipal)
	}
	v.begin(10)
	v.call("GET", "/.auth/me", nil).want(200).into(&me)
	if me.ClientPrincipal == nil || !photo.ValidOwner(me.ClientPrincipal.UserID) {
		t.Errorf("a guest is %+v", me.ClientPrincipal)
	}
}
