package api_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/photo"
)

// bodies are what the calls that take one are sent, where id stands for somebody else's.
var bodies = map[string]string{
	"POST /api/uploads": `{"name":"a.jpg","type":"image/jpeg","size":10}`, "POST /api/uploads/{id}/complete": `{"name":"a.jpg","size":10}`,
	"PATCH /api/photos/{id}": `{"title":"mine now"}`,
}

func TestNoCallReachesWhatIsSomebodyElses(t *testing.T) {
	h := start(t, &settings{})
	victim, other, stranger := h.visitor(), h.visitor(), h.visitor()
	p := victim.publish(jpegPhoto(t, 100, 80))
	u := victim.begin(10)
	victim.stage(u, []byte("0123456789"))
	other.begin(10) // gives it a cookie of its own
	name, _, _ := strings.Cut(strings.TrimPrefix(u.URL, h.account.BlobURL()+"/"+photo.LandingContainer+"/"), "/")
	document, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for route, item := range document.Paths.Map() {
		for method := range item.Operations() {
			body := any(nil)
			if text, ok := bodies[method+" "+route]; ok {
				body = text
			}
			for _, id := range []string{p.ID, u.ID} {
				for _, v := range []*visitor{other, stranger} {
					calls++
					a := v.call(method, strings.ReplaceAll(route, "{id}", id), body)
					if strings.Contains(string(a.body), name) {
						t.Errorf("%s %s tells of somebody else's: %s", method, route, a.body)
					}
				}
			}
		}
	}
	if calls < 40 {
		t.Errorf("only %d calls were tried", calls)
	}
	var still photoJSON
	victim.call("GET", "/api/photos/"+p.ID, nil).want(200).into(&still)
	if still.Title != p.Title || get(t, still.Original.URL).status != 200 {
		t.Errorf("the photo has become %+v", still)
	}
	var resumed upload
	victim.call("GET", "/api/uploads/"+u.ID, nil).want(200).into(&resumed)
	if len(resumed.Blocks) != 1 {
		t.Errorf("the upload has become %+v", resumed)
	}
}

func TestIDsThatAreNoneLeadNowhere(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 100, 80))
	for _, id := range []string{
		"..%2f" + p.ID, p.ID + "%2f", p.ID + "%00", strings.ToUpper(p.ID), p.ID + "x", p.ID[1:], "%2e%2e%2f%2e%2e%2fsecrets%2fguests",
		p.ID + "%2foriginal.jpg", "z" + p.ID[1:], p.ID[:25] + "%20", p.ID[:25] + "l", "%ff%fe", strings.Repeat("0", 5000), "*",
	} {
		for _, path := range []string{"/api/photos/", "/api/uploads/"} {
			for _, method := range []string{"GET", "DELETE"} {
				if a := v.call(method, path+id, nil); a.status != 404 {
					t.Errorf("%s %s%.60s: %d", method, path, id, a.status)
				}
			}
		}
	}
	v.call("GET", "/api/photos/"+p.ID, nil).want(200)
}

func TestACursorThatIsNoneIsABadRequest(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 100, 80))
	for cursor, status := range map[string]int{
		"2!v1!%%%": 400, "": 200, "owners/zzz": 200, "../../secrets/": 200, "\x00": 200, "secrets/guests": 200, strings.Repeat("z", 2049): 400,
	} {
		a := v.call("GET", "/api/photos?cursor="+base64.RawURLEncoding.EncodeToString([]byte(cursor)), nil).want(status)
		if strings.Contains(strings.ReplaceAll(string(a.body), p.ID, ""), "secrets") {
			t.Errorf("%s", a.body)
		}
	}
	v.call("GET", "/api/photos?cursor=not+base64", nil).problem(400, "bad-request")
}

func TestForwardedHeadersAreNotBelieved(t *testing.T) {
	h := start(t, &settings{limiter: grant.LimiterOptions{PerSecond: 1, Burst: 3}})
	spoofed := http.Header{}
	statuses := []int{}
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
		for name, value := range map[string]string{
			"X-Forwarded-For": address, "X-Real-Ip": address, "Forwarded": "for=" + address + ";host=evil.example;proto=https",
			"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Original-Url": "/api/photos", "X-Http-Method-Override": "DELETE",
			"X-Ms-Client-Principal":    base64.StdEncoding.EncodeToString([]byte(`{"userId":"admin","userRoles":["admin"],"identityProvider":"aad","userDetails":"a"}`)),
			"X-Ms-Client-Principal-Id": "admin",
		} {
			spoofed.Set(name, value)
		}
		r, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/uploads", strings.NewReader(`{"size":1}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = spoofed.Clone()
		a := h.visitor().send(r)
		statuses = append(statuses, a.status)
		if strings.Contains(string(a.body)+a.header.Get("Set-Cookie"), "evil.example") || strings.Contains(a.header.Get("Set-Cookie"), "admin") {
			t.Errorf("%s %v", a.body, a.header)
		}
	}
	if !slices.Equal(statuses, []int{201, 201, 201, 429}) {
		t.Errorf("who changes X-Forwarded-For is not limited: %v", statuses)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/.auth/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = spoofed.Clone()
	if a := h.visitor().send(r).want(200); !strings.Contains(string(a.body), `"clientPrincipal":null`) {
		t.Errorf("a principal was believed: %s", a.body)
	}
}

func TestAnIPv6NetworkIsOneCaller(t *testing.T) {
	h := start(t, &settings{limiter: grant.LimiterOptions{PerSecond: 1, Burst: 2}})
	for _, tt := range []struct {
		from   string
		status int
	}{
		{"[2001:db8::1]:1", 201}, {"[2001:db8::ffff:2]:2", 201}, {"[2001:db8::3]:3", 429}, {"[2001:db8:0:1::1]:1", 201},
		{"192.0.2.1:1", 201}, {"[::ffff:192.0.2.1]:1", 201}, {"192.0.2.1:2", 429}, {"192.0.2.2:2", 201},
	} {
		r := httptest.NewRequest("POST", "/api/uploads", strings.NewReader(`{"size":1}`))
		r.RemoteAddr = tt.from
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("from %s: %d, want %d", tt.from, w.Code, tt.status)
		}
	}
}

func TestOddTitlesMakeHarmlessFileNames(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 40, 30))
	for title, want := range map[string]string{
		"Strand":                  "Strand.jpg",
		`a"b; filename="evil.exe`: `a"b; filename="evil.exe.jpg`,
		"../../etc/passwd":        "_.._etc_passwd.jpg",
		`..\..\windows`:           `_.._windows.jpg`,
		"a\r\nSet-Cookie: x=y":    "a Set-Cookie: x=y.jpg",
		"Grüße aus Ōsaka 🗻":       "Grüße aus Ōsaka 🗻.jpg",
		"invoice\u202egpj.exe":    "invoicegpj.exe.jpg",
		"100% *'() sure":          "100% *'() sure.jpg",
		"":                        p.ID + ".jpg",
		".":                       p.ID + ".jpg",
		"...hidden":               "hidden.jpg",
		"\x00\x01\x7f":            p.ID + ".jpg",
		strings.Repeat("ü", 300):  strings.Repeat("ü", photo.MaxTitle) + ".jpg",
		"family 👨\u200d👩\u200d👧 \uFFFD end": "family 👨\u200d👩\u200d👧 end.jpg",
	} {
		var renamed photoJSON
		v.call("PATCH", "/api/photos/"+p.ID, map[string]string{"title": title}).want(200).into(&renamed)
		a := get(t, renamed.Original.URL)
		header := a.header.Get("Content-Disposition")
		kind, parameters, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || parameters["filename"] != want || path.Base(want) != want {
			t.Errorf("%q: %s is %q, want %q (%v)", title, header, parameters["filename"], want, err)
		}
	}
}

func TestAnErrorTellsNothingOfTheInside(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	v.begin(10)
	index := h.account.Container(photo.IndexContainer)
	me := struct{ ClientPrincipal struct{ UserID string } }{}
	v.call("GET", "/.auth/me", nil).want(200).into(&me)
	id, err := photo.NewID(h.clock.Now(), strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	// An entry that somebody else's program wrote: the server's own trouble.
	err = index.Put(t.Context(), "owners/"+me.ClientPrincipal.UserID+"/"+string(id), nil, azure.PutOptions{Metadata: map[string]string{"v": "inner-9000"}})
	if err != nil {
		t.Fatal(err)
	}
	a := v.call("GET", "/api/photos/"+string(id), nil)
	if p := a.problem(500, "internal"); !strings.Contains(h.log.String(), p.RequestID) || !strings.Contains(h.log.String(), "inner-9000") {
		t.Errorf("the cause is not in the log under %s", p.RequestID)
	}
	for _, inside := range []string{"inner-9000", "index", me.ClientPrincipal.UserID, "goroutine", ".go:", h.account.Name(), "127.0.0.1"} {
		if strings.Contains(string(a.body), inside) {
			t.Errorf("the answer tells %q: %s", inside, a.body)
		}
	}
}

func TestStorageThatIsAwayIsSaidSo(t *testing.T) {
	s := &settings{}
	h := start(t, s)
	v := h.visitor()
	v.begin(10)
	s.trouble.FailAt(1, false)
	a := v.call("GET", "/api/photos", nil)
	if a.problem(503, "storage-unavailable"); a.header.Get("Retry-After") == "" || strings.Contains(string(a.body), "127.0.0.1") {
		t.Errorf("%v %s", a.header, a.body)
	}
}

func TestThePublicGalleryCannotBeChanged(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	var c struct{ SASKey, URL string }
	v.call("GET", "/api/credentials", nil).want(200).into(&c)
	v.put(c.URL+"/"+photo.LandingContainer+"/a.jpg?"+c.SASKey, jpegPhoto(t, 40, 30)).want(201)
	if err := h.photos.PublishLanded(t.Context()); err != nil {
		t.Fatal(err)
	}
	var page struct{ Photos []photoJSON }
	v.call("GET", "/api/photos?owner=public", nil).want(200).into(&page)
	for _, visitor := range []*visitor{v, h.visitor()} {
		visitor.call("DELETE", "/api/photos/"+page.Photos[0].ID, nil).problem(404, "not-found")
		visitor.call("PATCH", "/api/photos/"+page.Photos[0].ID, `{"title":"mine"}`).problem(404, "not-found")
		visitor.call("DELETE", "/api/photos/"+page.Photos[0].ID+"?owner=public", nil).problem(404, "not-found")
	}
	v.call("GET", "/api/photos?owner=public", nil).want(200).into(&page)
	if len(page.Photos) != 1 {
		t.Errorf("%+v", page.Photos)
	}
}

func TestWhatIsServedIsAnImageAndNothingElse(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	// A picture that is a page as well, and that says so.
	data := append(jpegPhoto(t, 700, 300), "<!doctype html><script>alert(1)</script>"...)
	u := v.begin(int64(len(data)))
	v.stage(u, data)
	var p photoJSON
	v.complete(u, len(data)).want(200).into(&p)
	urls := map[string]string{p.Original.URL: "image/jpeg"}
	for _, variant := range p.Variants {
		urls[variant.URL] = "image/webp"
	}
	for signed, kind := range urls {
		a := get(t, signed)
		if a.header.Get("Content-Type") != kind || a.header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(string(a.body), "<script") {
			t.Errorf("%v", a.header)
		}
	}
	site, storage := mustHost(t, h.url), mustHost(t, p.Original.URL)
	if site == storage {
		t.Errorf("the app and the blobs share the origin %s", site)
	}
}

func mustHost(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestATakedownIsWholeAndAtOnce(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	p := v.publish(jpegPhoto(t, 700, 300))
	urls := []string{p.Original.URL}
	for _, variant := range p.Variants {
		urls = append(urls, variant.URL)
	}
	v.call("DELETE", "/api/photos/"+p.ID, nil).want(204)
	for _, signed := range urls {
		if status, _ := h.read(t, signed); status != 404 {
			t.Errorf("still served: %d", status)
		}
	}
}

func TestCompleteManyTimesAtOnceIsOnePhoto(t *testing.T) {
	s := &settings{}
	h := start(t, s)
	v := h.visitor()
	data := jpegPhoto(t, 400, 300)
	u := v.begin(int64(len(data)))
	v.stage(u, data)
	// Who comes first hangs up in the middle of it; the others must not suffer from that.
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	body := fmt.Sprintf(`{"name":"a.jpg","size":%d}`, len(data))
	first, err := http.NewRequestWithContext(ctx, "POST", h.url+"/api/uploads/"+u.ID+"/complete", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	var once sync.Once
	s.trouble.Before(func(r *http.Request) {
		once.Do(func() {
			for range 8 {
				together.Go(func() {
					if a := v.complete(u, len(data)); a.status != 200 {
						t.Errorf("%d %s", a.status, a.body)
					}
				})
			}
			hangUp()
		})
	})
	if response, err := v.client.Do(first); err == nil {
		_ = response.Body.Close()
		t.Error("the first did not hang up")
	}
	together.Wait()
	var page struct{ Photos []photoJSON }
	v.call("GET", "/api/photos", nil).want(200).into(&page)
	if len(page.Photos) != 1 {
		t.Errorf("%d photos", len(page.Photos))
	}
	h.nothingBehind(photo.LandingContainer)
}
