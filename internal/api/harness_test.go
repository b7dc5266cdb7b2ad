package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/azure/azuretest"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/identity"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
	"github.com/valetkey/valetkey/sas"
)

// harness is the API over a real Blob service, and a contract that every answer is held to.
type harness struct {
	t       testing.TB
	handler http.Handler
	url     string
	account *azure.Account
	photos  *photo.Service
	clock   *azuretest.Clock
	storage *http.Client // reaches the Blob endpoint
	log     *logged
}

type settings struct {
	delegated bool              // the account is reached with an identity, and SAS are signed with user delegation keys
	trouble   azuretest.Trouble // stands between the API and the account
	photo     photo.Options
	grant     grant.Options
	api       api.Options
	limiter   grant.LimiterOptions
	imaging   imaging.Options
}

func start(t testing.TB, s *settings) *harness {
	t.Helper()
	h := &harness{t: t, clock: azuretest.NewClock()}
	h.storage = http.DefaultClient
	if s.delegated {
		delegated := azuretest.OpenDelegated(t, h.clock)
		h.account, h.storage = delegated.Account, delegated.Server.Client()
		s.grant.BindOperation, s.grant.SASKind = true, sas.UserDelegationKind
	} else {
		h.account = azuretest.OpenThrough(t, h.clock, s.trouble.Between)
	}
	h.log = newLogged(t)
	for _, log := range []**slog.Logger{&s.photo.Log, &s.api.Log} {
		if *log == nil {
			*log = slog.New(h.log)
		}
	}
	if s.grant.Ledger == nil {
		s.grant.Ledger = grant.NewLedger(h.log, false)
	}
	pipeline, err := imaging.New(&s.imaging)
	if err != nil {
		t.Fatal(err)
	}
	s.grant.AllowHTTP = !s.delegated
	s.photo.Now, s.api.Now = h.clock.Now, h.clock.Now
	h.photos = photo.New(h.account, pipeline, grant.New(&s.grant), &s.photo)
	if err := photo.CreateContainers(t.Context(), h.account); err != nil {
		t.Fatal(err)
	}
	guests, err := identity.NewGuests(bytes.Repeat([]byte{7}, identity.MinSecret), &identity.GuestOptions{Insecure: true, Now: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.api.Limiter = grant.NewLimiter(&s.limiter)
	h.handler = api.New(h.photos, guests, &s.api)
	server := httptest.NewServer(h.handler)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// visitor is a browser: it keeps its cookie.
type visitor struct {
	h      *harness
	client *http.Client
}

func (h *harness) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &visitor{h, &http.Client{Jar: jar}}
}

// in is the same visitor in a subtest.
func (v *visitor) in(t *testing.T) *visitor {
	h := *v.h
	h.t = t
	return &visitor{&h, v.client}
}

// answer is a response that was held to the contract.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (v *visitor) call(method, path string, body any) *answer {
	v.h.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		if err != nil {
			v.h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(v.h.t.Context(), method, v.h.url+path, reader)
	if err != nil {
		v.h.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return v.send(request)
}

func (v *visitor) send(request *http.Request) *answer {
	v.h.t.Helper()
	response, err := v.client.Do(request)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer response.Body.Close()
	a := &answer{t: v.h.t, status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		v.h.t.Fatal(err)
	}
	holdToContract(v.h.t, request, a)
	if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
		v.h.t.Errorf("%s %s: Referrer-Policy %q", request.Method, request.URL.Path, got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		v.h.t.Errorf("%s %s: Cache-Control %q", request.Method, request.URL.Path, got)
	}
	return a
}

// document is api/openapi.yaml.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	document, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	return document, document.Validate(context.Background())
})

// contract finds what the document says of a call.
var contract = sync.OnceValues(func() (routers.Router, error) {
	document, err := document()
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(document)
})

// Clients choose their words by the reason, so they have to know of each.
func TestContractNamesEveryReason(t *testing.T) {
	document, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	for _, reason := range imaging.Reasons() {
		want = append(want, string(reason))
	}
	if got := document.Components.Schemas["Problem"].Value.Properties["reason"].Value.Enum; !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
}

func holdToContract(t testing.TB, request *http.Request, a *answer) {
	t.Helper()
	router, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	described := request.Clone(t.Context())
	described.URL.Scheme, described.URL.Host = "", ""
	route, parameters, err := router.FindRoute(described)
	if err != nil {
		return // a call that the contract doesn't know, made on purpose
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: described, PathParams: parameters, Route: route},
		Status:                 a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	input.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("%s %s is not what the contract says: %v", request.Method, request.URL.Path, err)
	}
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// problem wants a problem of a type ("too-large") and returns it.
func (a *answer) problem(status int, kind string) api.Problem {
	a.t.Helper()
	a.want(status)
	var p api.Problem
	a.into(&p)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("Content-Type %q", got)
	}
	if p.Type != "urn:valetkey:problem:"+kind || p.Title == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Errorf("problem %s, want one of type %s with a title and the request's id", a.body, kind)
	}
	return p
}

func (a *answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

type upload struct {
	ID        string
	URL       string
	BlockSize int64
	ExpiresAt time.Time
	Blocks    []struct {
		ID   string
		Size int64
	}
}

type photoJSON struct {
	ID, Title     string
	Width, Height int
	Bytes         int64
	Variants      []struct {
		Width, Height int
		Type, URL     string
	}
	Original struct {
		Type, URL string
		Bytes     int64
	}
	Details *struct {
		TakenAt time.Time
		Camera  string
		Place   *struct{ Latitude, Longitude float64 }
	}
}

func (v *visitor) begin(size int64) upload {
	v.h.t.Helper()
	var u upload
	v.call("POST", "/api/uploads", map[string]any{"name": "photo.jpg", "type": "image/jpeg", "size": size}).want(201).into(&u)
	return u
}

// stage sends data in blocks as a browser does.
func (v *visitor) stage(u upload, data []byte) {
	v.h.t.Helper()
	for n := 0; len(data) > 0; n++ {
		size := min(int(u.BlockSize), len(data))
		v.put(u.URL+"&comp=block&blockid="+azuretest.BlockID(n), data[:size]).want(201)
		data = data[size:]
	}
}

// put sends bytes to the Blob endpoint, which is none of the contract's business.
func (v *visitor) put(url string, data []byte) *answer {
	v.h.t.Helper()
	request, err := http.NewRequestWithContext(v.h.t.Context(), http.MethodPut, url, bytes.NewReader(data))
	if err != nil {
		v.h.t.Fatal(err)
	}
	request.Header.Set("x-ms-version", "2026-04-06")
	request.Header.Set("x-ms-blob-type", "BlockBlob")
	response, err := v.h.storage.Do(request)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	return &answer{t: v.h.t, status: response.StatusCode, header: response.Header, body: body}
}

func (v *visitor) complete(u upload, size int) *answer {
	v.h.t.Helper()
	return v.call("POST", "/api/uploads/"+u.ID+"/complete", map[string]any{"name": "photo.jpg", "size": size})
}

// publish does a whole upload.
func (v *visitor) publish(data []byte) photoJSON {
	v.h.t.Helper()
	u := v.begin(int64(len(data)))
	v.stage(u, data)
	var p photoJSON
	v.complete(u, len(data)).want(200).into(&p)
	return p
}

// nothingBehind checks that a container holds nothing, not even staged blocks.
func (h *harness) nothingBehind(containers ...string) {
	h.t.Helper()
	for _, container := range containers {
		for blob, err := range h.account.Container(container).All(h.t.Context(), azure.ListOptions{Uncommitted: true}) {
			if err != nil {
				h.t.Fatal(err)
			}
			h.t.Errorf("%s/%s was left behind", container, blob.Name)
		}
	}
}

// jpegPhoto makes a photo that does not compress to nothing.
func jpegPhoto(t *testing.T, width, height int) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.RGBA{uint8(x * y), uint8(x + 3*y), uint8(x ^ y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
