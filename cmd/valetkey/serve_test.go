package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// servedSite is a running 'valetkey serve', and a browser that looks at it.
type servedSite struct {
	t         *testing.T
	app, blob string // URLs without a final slash
	stop      func() (status int)
	client    *http.Client

	mu   sync.Mutex
	seen bytes.Buffer // everything that was printed, logged or answered
}

func (s *servedSite) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.Write(p)
}

// serveSite starts 'valetkey serve' on a data folder and stops it with the test, at the latest.
func serveSite(t *testing.T, data string, args ...string) *servedSite {
	t.Helper()
	for _, name := range []string{"VALETKEY_STORAGE", "AZURE_STORAGE_CONNECTION_STRING", "AzureWebJobsStorage"} {
		t.Setenv(name, "")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &servedSite{t: t, client: &http.Client{Jar: jar, Transport: &http.Transport{}}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // the cancellation stands for SIGTERM
	printed, out := io.Pipe()
	status := make(chan int, 1)
	go func() {
		all := append([]string{"serve", "--listen", "127.0.0.1:0", "--storage-listen", "127.0.0.1:0", "--log-level", "debug", "--data", data}, args...)
		code := run(ctx, all, streams{strings.NewReader(""), io.MultiWriter(out, s), s})
		_ = out.Close() // of a pipe: never fails
		status <- code
	}()
	s.stop = sync.OnceValue(func() int {
		cancel()
		s.client.CloseIdleConnections()
		return <-status
	})
	t.Cleanup(func() { s.stop() })
	lines := bufio.NewScanner(printed)
	for lines.Scan() && s.blob == "" {
		if fields := strings.Fields(lines.Text()); strings.HasPrefix(lines.Text(), "  App and API") {
			s.app = fields[3]
		} else if strings.HasPrefix(lines.Text(), "  Blob service") {
			s.blob = fields[2]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, printed) }() // ends with the pipe
	if s.blob == "" {
		t.Fatalf("it does not start: %d, %s", s.stop(), &s.seen)
	}
	return s
}

// do makes a request and notes the whole answer.
func (s *servedSite) do(method, target string, body string, header http.Header) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintln(s, response.Status, response.Header, string(text))
	return response, string(text)
}

type begunUpload struct {
	ID, URL string
}

// begin begins an upload and stages all of it.
func (s *servedSite) begin(data string) (u begunUpload) {
	s.t.Helper()
	response, text := s.do("POST", s.app+"/api/uploads", fmt.Sprintf(`{"name":"a.png","type":"image/png","size":%d}`, len(data)), nil)
	if err := json.Unmarshal([]byte(text), &u); err != nil || response.StatusCode != 201 {
		s.t.Fatalf("%s %s", response.Status, text)
	}
	block := "&comp=block&blockid=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("000000")))
	if response, text := s.do("PUT", u.URL+block, data, nil); response.StatusCode != 201 {
		s.t.Fatalf("%s %s", response.Status, text)
	}
	return u
}

func pngFile(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func completeBody(data string) string { return fmt.Sprintf(`{"name":"a.png","size":%d}`, len(data)) }

// leaks fails the test when goroutines are left that were not there before. Idle connections to the storage, which the
// Azure SDK shares within the process, are its own.
func leaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
	})
}

func TestServeKeepsItsSecretsAndStopsWhole(t *testing.T) {
	leaks(t)
	dir := t.TempDir()
	s := serveSite(t, dir)
	data := pngFile(t)
	u := s.begin(data)
	if response, text := s.do("POST", s.app+"/api/uploads/"+u.ID+"/complete", completeBody(data), nil); response.StatusCode != 200 {
		t.Fatalf("%s %s", response.Status, text)
	}
	for _, path := range []string{"/", "/api/credentials", "/api/photos", "/.auth/me", "/api/nothing", "/nothing", "/api/uploads/x", "/api/photos?cursor=e", "/sas"} {
		s.do("GET", s.app+path, "", nil)
	}
	s.do("GET", s.blob+"/index/secrets/guests", "", nil)
	s.do("GET", strings.Replace(u.URL, "sp=w", "sp=r", 1), "", nil)
	s.do("GET", s.blob+"?comp=list", "", http.Header{"Authorization": {"SharedKey valetkey:AAAA"}})
	if status := s.stop(); status != 0 {
		t.Errorf("status %d", status)
	}
	accounts, err := loadAccounts(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := accounts[0].keys[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	everything := s.seen.String()
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || !strings.Contains(everything, "Valetkey has stopped.") || !strings.Contains(everything, "sig=") {
		t.Fatalf("not everything was seen: %v", err)
	}
	for _, form := range []string{key, url.QueryEscape(key), base64.RawURLEncoding.EncodeToString(raw), fmt.Sprintf("%x", raw), string(raw)} {
		if strings.Contains(everything, form) {
			t.Error("the account key has left the server")
		}
	}
	for line := range strings.Lines(everything) {
		if (strings.HasPrefix(line, "time=") || strings.Contains(line, "level=")) && strings.Contains(line, "sig=") {
			t.Errorf("the log has a signature: %s", line)
		}
	}
}

func TestServeFinishesWhatIsUnderWayWhenItIsStopped(t *testing.T) {
	leaks(t)
	dir := t.TempDir()
	s := serveSite(t, dir)
	data := pngFile(t)
	u := s.begin(data)
	host := strings.TrimPrefix(s.app, "http://")
	connection, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	site, err := url.Parse(s.app)
	if err != nil {
		t.Fatal(err)
	}
	body := completeBody(data)
	fmt.Fprintf(connection, "POST /api/uploads/%s/complete HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		u.ID, host, s.client.Jar.Cookies(site)[0], len(body))
	answers := bufio.NewReader(connection)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // the handler waits for the body
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan int, 1)
	go func() { stopped <- s.stop() }()
	for { // until nobody new is let in
		other, err := net.Dial("tcp", host)
		if err != nil {
			break
		}
		_ = other.Close()
	}
	fmt.Fprint(connection, body)
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Errorf("%s %s, %v", response.Status, text, err)
	}
	if status := <-stopped; status != 0 {
		t.Errorf("status %d", status)
	}
	again := serveSite(t, dir)
	again.client.Jar = s.client.Jar // cookies don't tell ports apart
	if response, text := again.do("GET", again.app+"/api/photos/"+u.ID, "", nil); response.StatusCode != 200 {
		t.Errorf("after a restart: %s %s", response.Status, text)
	}
}

func TestServeBoundsWhatAClientSends(t *testing.T) {
	server := appServer(http.NotFoundHandler(), quiet())
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 {
		t.Errorf("slow clients are waited for without end: %+v", server)
	}
	s := serveSite(t, t.TempDir())
	if response, _ := s.do("GET", s.app+"/api/photos", "", http.Header{"X-Long": {strings.Repeat("a", 40<<10)}}); response.StatusCode != 431 {
		t.Errorf("a header of 40 KiB: %s", response.Status)
	}
	for _, path := range []string{"/api/uploads", "/api/uploads/00000000000000000000000000/complete"} {
		if response, _ := s.do("POST", s.app+path, `{"name":"`+strings.Repeat("a", 20<<10)+`"}`, nil); response.StatusCode != 413 {
			t.Errorf("%s with a body of 20 KiB: %s", path, response.Status)
		}
	}
	if response, _ := s.do("GET", s.app+"/%2e%2e/%2e%2e/etc/passwd", "", nil); response.StatusCode != 404 {
		t.Errorf("a path upwards: %s", response.Status)
	}
}

func TestServeLetsPagesOfItsOwnOriginIn(t *testing.T) {
	s := serveSite(t, t.TempDir(), "--origin", "https://photos.example")
	preflight := func(origin string) *http.Response {
		response, _ := s.do("OPTIONS", s.blob+"/images/a", "", http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"PUT"},
			"Access-Control-Request-Headers": {"x-ms-blob-type"}})
		return response
	}
	for origin, allowed := range map[string]bool{
		s.app: true, "https://photos.example": true, "https://evil.example": false, "null": false, "https://photos.example.evil.example": false,
		"http://photos.example": false, "https://sub.photos.example": false,
	} {
		response := preflight(origin)
		got := response.Header.Get("Access-Control-Allow-Origin")
		if allowed && (response.StatusCode != 200 || got != origin) || !allowed && (response.StatusCode != 403 || got != "") {
			t.Errorf("%s: %s, Access-Control-Allow-Origin %q", origin, response.Status, got)
		}
		read, _ := s.do("GET", s.app+"/api/photos", "", http.Header{"Origin": {origin}})
		if got := read.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s may read somebody's photos: %q", origin, got)
		}
	}
}

func TestCookieIsForHTTPSWhereTheSiteIs(t *testing.T) {
	for public, want := range map[string]string{
		"https://photos.example": "; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax",
		"http://localhost:8080":  "; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String() // what is announced is the public address
		_ = listener.Close()
		s := serveSite(t, t.TempDir(), "--public-url", public, "--listen", address)
		response, _ := s.do("POST", "http://"+address+"/api/uploads", `{"size":1}`, nil)
		cookie := response.Header.Get("Set-Cookie")
		if !strings.HasSuffix(cookie, want) || strings.HasPrefix(cookie, "__Host-") != strings.HasPrefix(public, "https:") {
			t.Errorf("%s: %s", public, cookie)
		}
		s.stop()
	}
}

func TestServeRefusesAddressesThatAreNone(t *testing.T) {
	for _, args := range [][]string{
		{"--origin", "photos.example"}, {"--origin", "https://photos.example/"}, {"--origin", "https://Photos.example"}, {"--origin", "null"},
		{"--public-url", "photos.example"}, {"--public-url", "ftp://photos.example"}, {"--public-url", "https://a:b@photos.example"},
	} {
		status, _, stderr := runCommand(t, append([]string{"serve", "--data", filepath.Join(t.TempDir(), "none")}, args...)...)
		if status != 1 || !strings.Contains(stderr, args[0]) {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
}

func TestWhatADataFolderHoldsIsItsOwnersOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := serveSite(t, dir)
	s.stop()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && path == dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if err == nil && entry.Name() == keyFile && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
