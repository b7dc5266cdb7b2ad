package api_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/photo"
)

func TestUploadBecomesAPhoto(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{BlockSize: 16 << 10}})
	v := h.visitor()
	data := jpegPhoto(t, 700, 500)
	u := v.begin(int64(len(data)))
	if u.BlockSize != 16<<10 || !u.ExpiresAt.Equal(h.clock.Now().Add(15*time.Minute)) || u.Blocks != nil {
		t.Errorf("upload %+v", u)
	}
	v.stage(u, data)
	var p, again photoJSON
	v.complete(u, len(data)).want(200).into(&p)
	if p.ID != u.ID || p.Title != "photo" || p.Width != 700 || p.Height != 500 {
		t.Errorf("photo %+v", p)
	}
	v.complete(u, len(data)).want(200).into(&again)
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("completed again it is another photo: %s", diff)
	}
	h.nothingBehind(photo.LandingContainer)
	for _, variant := range p.Variants {
		if a := get(t, variant.URL); a.header.Get("Content-Type") != variant.Type || len(a.body) == 0 {
			t.Errorf("variant %d: %v", variant.Width, a.header)
		}
	}
	original := get(t, p.Original.URL)
	if int64(len(original.body)) != p.Original.Bytes || original.header.Get("Content-Disposition") != "attachment; filename=photo.jpg" {
		t.Errorf("original: %d bytes, %v", len(original.body), original.header)
	}
}

func get(t *testing.T, url string) *answer {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return (&answer{t: t, status: response.StatusCode, header: response.Header, body: body}).want(200)
}

func TestResumeNamesWhatIsStagedAndRenews(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{BlockSize: 10_000}})
	v := h.visitor()
	data := jpegPhoto(t, 400, 300)
	u := v.begin(int64(len(data)))
	first := u.URL + "&comp=block&blockid=" + azuretest.BlockID(0)
	v.put(first, data[:10_000]).want(201)
	h.clock.Advance(16 * time.Minute)
	if a := v.put(first, data[:10_000]); a.status != 403 || a.header.Get("x-ms-error-code") != "AuthenticationFailed" {
		t.Errorf("an expired SAS: %d %v", a.status, a.header)
	}
	var resumed upload
	v.call("GET", "/api/uploads/"+u.ID, nil).want(200).into(&resumed)
	if len(resumed.Blocks) != 1 || resumed.Blocks[0].ID != azuretest.BlockID(0) || resumed.Blocks[0].Size != 10_000 {
		t.Errorf("blocks %+v", resumed.Blocks)
	}
	v.stage(resumed, data)
	v.complete(resumed, len(data)).want(200)
}

func TestResumeTellsThatEverythingArrived(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{UploadWindow: time.Hour}})
	v, other := h.visitor(), h.visitor()
	other.begin(1)
	data := jpegPhoto(t, 400, 300)
	resume := func(v *visitor, u upload) map[string]any {
		var answer map[string]any
		v.call("GET", "/api/uploads/"+u.ID, nil).want(200).into(&answer)
		return answer
	}
	arrived := func(u upload) map[string]any { return map[string]any{"id": u.ID, "arrived": true} }

	committed := v.begin(int64(len(data))) // and whoever committed it died before anything else
	v.stage(committed, data)
	name, _, _ := strings.Cut(strings.TrimPrefix(committed.URL, h.account.BlobURL()+"/"+photo.LandingContainer+"/"), "?")
	if _, err := h.account.Container(photo.LandingContainer).Commit(t.Context(), name, []string{azuretest.BlockID(0)}, "image/jpeg"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(arrived(committed), resume(v, committed)); diff != "" {
		t.Errorf("committed: %s", diff)
	}
	if answer := resume(other, committed); answer["arrived"] != nil || answer["blocks"] != nil {
		t.Errorf("somebody else is told %v", answer)
	}

	published := v.begin(int64(len(data)))
	v.stage(published, data)
	var p photoJSON
	v.complete(published, len(data)).want(200).into(&p)
	if diff := cmp.Diff(arrived(published), resume(v, published)); diff != "" {
		t.Errorf("published: %s", diff)
	}

	h.clock.Advance(time.Hour + time.Millisecond)
	if diff := cmp.Diff(arrived(published), resume(v, published)); diff != "" {
		t.Errorf("published, after the window: %s", diff)
	}
	var again photoJSON
	v.complete(published, len(data)).want(200).into(&again)
	if again.ID != p.ID {
		t.Errorf("photo %s has become %s", p.ID, again.ID)
	}
	v.call("GET", "/api/uploads/"+committed.ID, nil).problem(410, "expired")
	v.complete(committed, len(data)).problem(410, "expired")
}

func TestUploadWindowEnds(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{UploadWindow: time.Hour}})
	v := h.visitor()
	u := v.begin(1000)
	h.clock.Advance(time.Hour)
	v.call("GET", "/api/uploads/"+u.ID, nil).want(200)
	h.clock.Advance(time.Millisecond)
	v.call("GET", "/api/uploads/"+u.ID, nil).problem(410, "expired")
	v.complete(u, 1000).problem(410, "expired")
}

func TestAbortLeavesNothing(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	u := v.begin(4)
	v.stage(u, []byte("data"))
	v.call("DELETE", "/api/uploads/"+u.ID, nil).want(204)
	h.nothingBehind(photo.LandingContainer)
	v.complete(u, 4).problem(409, "incomplete")
}

func TestWhatIsNoPhotoIsRefusedAndRemoved(t *testing.T) {
	whole := jpegPhoto(t, 300, 200)
	for name, tt := range map[string]struct {
		data   []byte
		reason string
		detail string
	}{
		"text":      {[]byte("just some text, no image at all"), "not-an-image", "This is not an image that we know."},
		"html":      {[]byte("<!doctype html><script>alert(1)</script>"), "not-an-image", "This is a web page."},
		"svg":       {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "unsupported-format", "This is an SVG drawing"},
		"truncated": {whole[:len(whole)/2], "truncated", "The file ends too early"},
		"bomb":      {pngClaiming(60_000, 60_000), "too-many-pixels", "The picture "},
		"tiff": {[]byte("II*\x00\x08\x00\x00\x00\x01\x00\x03\x01\x03\x00\x01\x00\x00\x00\x51\xc3\x00\x00\x00\x00\x00\x00"),
			"unsupported-format", "This is a TIFF with WebP compression; LZW"},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, &settings{})
			v := h.visitor()
			u := v.begin(int64(len(tt.data)))
			v.stage(u, tt.data)
			p := v.complete(u, len(tt.data)).problem(422, "not-an-image")
			if p.Reason != tt.reason || !strings.HasPrefix(p.Detail, tt.detail) {
				t.Errorf("problem %+v, want reason %q: %q", p, tt.reason, tt.detail)
			}
			h.nothingBehind(photo.LandingContainer, photo.PublishedContainer, photo.IndexContainer)
		})
	}
}

// pngClaiming is a whole PNG of a few bytes whose header says that it is as large as that.
func pngClaiming(width, height uint32) []byte {
	header := []byte{0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0}
	binary.BigEndian.PutUint32(header[0:], width)
	binary.BigEndian.PutUint32(header[4:], height)
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	_, _ = z.Write(make([]byte, 1000)) // a buffer takes everything
	_ = z.Close()
	png := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		name string
		data []byte
	}{{"IHDR", header}, {"IDAT", pixels.Bytes()}, {"IEND", nil}} {
		png = binary.BigEndian.AppendUint32(png, uint32(len(chunk.data)))
		named := append([]byte(chunk.name), chunk.data...)
		png = binary.BigEndian.AppendUint32(append(png, named...), crc32.ChecksumIEEE(named))
	}
	return png
}

func TestDeclaredSizeIsCheckedAgainstWhatWasStaged(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{BlockSize: 10_000}})
	v := h.visitor()
	data := jpegPhoto(t, 400, 300)
	u := v.begin(int64(len(data)))
	blocks := (len(data) + 9999) / 10_000
	if p := v.complete(u, len(data)).problem(409, "incomplete"); len(p.Missing) != blocks {
		t.Errorf("nothing staged, %d blocks missing, want %d", len(p.Missing), blocks)
	}
	v.stage(u, data)
	v.complete(u, len(data)-1).problem(409, "incomplete")
	if p := v.complete(u, len(data)+10_000).problem(409, "incomplete"); len(p.Missing) != 1 || p.Missing[0] != azuretest.BlockID(blocks) {
		t.Errorf("missing %v", p.Missing)
	}
	foreign := base64.StdEncoding.EncodeToString([]byte("foreig"))
	v.put(u.URL+"&comp=block&blockid="+foreign, []byte("x")).want(201)
	if p := v.complete(u, len(data)).problem(409, "incomplete"); len(p.Unexpected) != 1 || p.Unexpected[0] != foreign {
		t.Errorf("unexpected %v", p.Unexpected)
	}
}

func TestBlockSentTwiceCountsOnce(t *testing.T) {
	h := start(t, &settings{})
	v := h.visitor()
	data := jpegPhoto(t, 200, 100)
	u := v.begin(int64(len(data)))
	v.stage(u, []byte("something else first"))
	v.stage(u, data)
	v.complete(u, len(data)).want(200)
}

func TestTooLarge(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{MaxUpload: 5000}})
	v := h.visitor()
	v.begin(5000)
	if p := v.call("POST", "/api/uploads", `{"name":"a","type":"image/png","size":5001}`).problem(413, "too-large"); p.Limit != 5000 {
		t.Errorf("limit %d", p.Limit)
	}
	u := v.begin(10)
	v.stage(u, bytes.Repeat([]byte{1}, 5001)) // it lied
	v.complete(u, 10).problem(413, "too-large")
	h.nothingBehind(photo.LandingContainer)
}

func TestBlobWrittenWholeIsCheckedLikeAnyOther(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{MaxUpload: 100_000}})
	v := h.visitor()
	data := jpegPhoto(t, 200, 100)
	u := v.begin(int64(len(data)))
	v.put(u.URL, data).want(201) // the right to stage blocks is the right to write; it gains nobody anything
	v.complete(u, len(data)).want(200)
	large := v.begin(10)
	v.put(large.URL, bytes.Repeat([]byte{1}, 100_001)).want(201)
	v.complete(large, 10).problem(413, "too-large")
	h.nothingBehind(photo.LandingContainer)
}

func TestQuota(t *testing.T) {
	h := start(t, &settings{photo: photo.Options{QuotaPhotos: 1}})
	v := h.visitor()
	second := v.begin(1000) // begun while there was room
	p := v.publish(jpegPhoto(t, 100, 100))
	v.call("POST", "/api/uploads", `{"name":"a","type":"image/png","size":10}`).problem(403, "quota")
	data := jpegPhoto(t, 100, 90)
	v.stage(second, data)
	v.complete(second, len(data)).problem(403, "quota")
	h.nothingBehind(photo.LandingContainer)
	h.visitor().begin(10) // another owner has a quota of their own
	v.call("DELETE", "/api/photos/"+p.ID, nil).want(204)
	v.publish(data)

	small := start(t, &settings{photo: photo.Options{QuotaBytes: 9999}}).visitor()
	small.begin(9999)
	small.call("POST", "/api/uploads", `{"name":"a","type":"image/png","size":10000}`).problem(403, "quota")
}

func TestRateLimit(t *testing.T) {
	h := start(t, &settings{limiter: grant.LimiterOptions{PerSecond: 1, Burst: 2}})
	v := h.visitor()
	v.begin(10)
	h.visitor().begin(10) // the same address
	a := v.call("POST", "/api/uploads", `{"name":"a","type":"image/png","size":10}`)
	a.problem(429, "rate-limited")
	if got := a.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	if c := v.call("GET", "/api/credentials", nil); c.status != 429 {
		t.Errorf("credentials: %d", c.status)
	}
	h.clock.Advance(time.Second)
	v.begin(10)
}

func TestOthersUploadsAndPhotosAreNotFound(t *testing.T) {
	h := start(t, &settings{})
	owner, other, stranger := h.visitor(), h.visitor(), h.visitor()
	u := owner.begin(10)
	p := owner.publish(jpegPhoto(t, 100, 100))
	other.begin(10) // has a cookie of its own
	for _, v := range []*visitor{other, stranger} {
		v.call("GET", "/api/photos/"+p.ID, nil).problem(404, "not-found")
		v.call("PATCH", "/api/photos/"+p.ID, `{"title":"mine"}`).problem(404, "not-found")
		v.call("DELETE", "/api/photos/"+p.ID, nil).problem(404, "not-found")
		var page struct{ Photos []photoJSON }
		v.call("GET", "/api/photos", nil).want(200).into(&page)
		if len(page.Photos) != 0 {
			t.Errorf("sees %+v", page.Photos)
		}
	}
	stranger.call("GET", "/api/uploads/"+u.ID, nil).problem(404, "not-found")
	stranger.complete(u, 10).problem(404, "not-found")
	// Another owner's call is about another blob: nothing of the first one's can be reached by it.
	other.complete(u, 10).problem(409, "incomplete")
	other.call("DELETE", "/api/uploads/"+u.ID, nil).want(204)
	owner.stage(u, []byte("0123456789"))
	var mine upload
	owner.call("GET", "/api/uploads/"+u.ID, nil).want(200).into(&mine)
	if len(mine.Blocks) != 1 {
		t.Errorf("the owner's blocks: %+v", mine.Blocks)
	}
	owner.call("GET", "/api/photos/"+p.ID, nil).want(200)
}

func TestForgedCookieIsNobody(t *testing.T) {
	h := start(t, &settings{})
	owner := h.visitor()
	p := owner.publish(jpegPhoto(t, 100, 100))
	request, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/api/photos/"+p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range owner.client.Jar.Cookies(request.URL) {
		c.Value = c.Value[:len(c.Value)-2] + "AA"
		request.AddCookie(c)
	}
	h.visitor().send(request).problem(404, "not-found")
}

func TestBadRequests(t *testing.T) {
	h := start(t, &settings{api: api.Options{MaxBody: 100}})
	v := h.visitor()
	for name, tt := range map[string]struct {
		body, field string
	}{
		"no JSON":       {`name=a`, ""},
		"empty":         {``, ""},
		"cut off":       {`{"name":"a"`, ""},
		"unknown field": {`{"name":"a","type":"image/png","size":1,"admin":true}`, "admin"},
		"wrong type":    {`{"name":"a","size":"1"}`, "size"},
		"a fraction":    {`{"name":"a","size":1.5}`, "size"},
		"an array":      {`[]`, ""},
		"a number":      {`{"name":7,"size":1}`, "name"},
		"no size":       {`{"name":"a","type":"image/png"}`, "size"},
		"negative size": {`{"name":"a","type":"image/png","size":-1}`, "size"},
		"two values":    {`{"name":"a","size":1}{}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := v.in(t).call("POST", "/api/uploads", tt.body).problem(400, "bad-request")
			if p.Field != tt.field || p.Detail == "" || strings.Contains(p.Detail, "api.") || strings.Contains(p.Detail, "int64") {
				t.Errorf("problem %+v, want field %q, in JSON's words", p, tt.field)
			}
		})
	}
	v.call("POST", "/api/uploads", `{"name":"`+strings.Repeat("a", 100)+`"}`).problem(413, "body-too-large")
	v.call("POST", "/api/uploads", `{"size":1}`+strings.Repeat(" ", 100)).problem(413, "body-too-large")
	v.call("POST", "/api/uploads", `{"name":"a","type":"image/svg+xml","size":1}`).problem(415, "unsupported-type")
	v.call("POST", "/api/uploads", `{"name":"a","type":";;","size":1}`).problem(415, "unsupported-type")
	v.call("POST", "/api/uploads", `{"name":"a","size":1}`).want(201)
	v.call("GET", "/api/uploads/..%2f..%2fetc", nil).problem(404, "not-found")
	v.call("GET", "/api/nothing", nil).problem(404, "not-found")
	a := v.call("PUT", "/api/uploads", nil)
	a.problem(405, "method-not-allowed")
	if a.header.Get("Allow") != "POST" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}

// What a body may have is counted whether or not its length is told beforehand.
func TestBodyLimit(t *testing.T) {
	const limit = 100
	h := start(t, &settings{api: api.Options{MaxBody: limit}})
	whole := `{"name":"a","type":"image/png","size":1}`
	for length, status := range map[int]int{limit: 201, limit + 1: 413} {
		for name, told := range map[string]int64{"told": int64(length), "untold": -1} {
			body := io.NopCloser(strings.NewReader(whole + strings.Repeat(" ", length-len(whole))))
			request, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/uploads", body)
			if err != nil {
				t.Fatal(err)
			}
			request.ContentLength = told
			if a := h.visitor().send(request); a.status != status {
				t.Errorf("%d bytes, %s: %d, want %d", length, name, a.status, status)
			}
		}
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	h := start(t, &settings{})
	for name, header := range map[string]http.Header{
		"Sec-Fetch-Site": {"Sec-Fetch-Site": {"cross-site"}},
		"Origin":         {"Origin": {"https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/uploads", strings.NewReader(`{"size":1}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = header
			h.visitor().in(t).send(request).problem(403, "cross-origin")
		})
	}
}
