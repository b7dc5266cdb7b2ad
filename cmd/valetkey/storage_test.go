package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/valetkey/valetkey/blobserver/webhook"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// startTestStorage starts a Blob service that the test ends.
func startTestStorage(t *testing.T, set storageSettings) *storageService {
	t.Helper()
	if set.Listen == "" {
		set.Listen = "127.0.0.1:0"
	}
	set.Log, set.NoSync = quiet(), true
	s, err := startStorage(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func sdk(t *testing.T, connectionString string) *azblob.Client {
	t.Helper()
	o := &azblob.ClientOptions{}
	o.Retry = policy.RetryOptions{MaxRetries: -1}
	client, err := azblob.NewClientFromConnectionString(connectionString, o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestStorageIsReachedByItsConnectionString(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := startTestStorage(t, storageSettings{Data: dir})
	if _, err := sdk(t, s.ConnectionString()).CreateContainer(context.Background(), "photos", nil); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"connection-string", "--data", dir}, streams{strings.NewReader(""), &stdout, &stderr}); status != 0 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	if got := strings.TrimSpace(stdout.String()); got != s.ConnectionString() {
		t.Errorf("printed %q, want %q", got, s.ConnectionString())
	}
}

func TestADataFolderKeepsItsKey(t *testing.T) {
	dir := t.TempDir()
	first, err := ensureAccounts(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ensureAccounts(dir)
	if err != nil || again[0].keys[0] != first[0].keys[0] {
		t.Errorf("another key the second time: %v", err)
	}
	other, err := ensureAccounts(t.TempDir())
	if err != nil || other[0].keys[0] == first[0].keys[0] {
		t.Errorf("two folders share a key: %v", err)
	}
}

func TestASecondProcessOnADataFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	startTestStorage(t, storageSettings{Data: dir})
	_, err := startStorage(context.Background(), storageSettings{Data: dir, Listen: "127.0.0.1:0", Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
}

func TestTheDevelopmentAccountStaysOnLoopback(t *testing.T) {
	dev := []storageAccount{{devAccountName, []string{devAccountKey}}}
	s := startTestStorage(t, storageSettings{Data: inMemory, Accounts: dev})
	if _, err := sdk(t, s.ConnectionString()).CreateContainer(context.Background(), "photos", nil); err != nil {
		t.Error(err)
	}
	_, err := startStorage(context.Background(), storageSettings{Data: inMemory, Accounts: dev, Listen: "0.0.0.0:0", Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("served to everybody: %v", err)
	}
}

func TestAccountsAreReadFromText(t *testing.T) {
	for text, ok := range map[string]bool{
		"acct:QUJD": true, "acct:QUJD:REVG": true, "acct": false, "acct:": false, "acct:???": false, "A:QUJD": false, "acct:QUJD:QUJD:QUJD": false,
	} {
		var a storageAccount
		if err := a.UnmarshalText([]byte(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeysRotateWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	s := startTestStorage(t, storageSettings{Data: dir})
	old := sdk(t, s.ConnectionString())
	ctx := context.Background()
	if _, err := old.CreateContainer(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	next := newAccount()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, keyFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(next.name + ":" + next.keys[0] + ":" + s.Key + "\n")
	seen := s.reloadKeys(nil, quiet())
	renewed := sdk(t, connectionString(next.name, next.keys[0], s.URL))
	if _, err := renewed.CreateContainer(ctx, "two", nil); err != nil {
		t.Errorf("new key: %v", err)
	}
	if _, err := old.CreateContainer(ctx, "three", nil); err != nil {
		t.Errorf("old key in the second place: %v", err)
	}
	write("nonsense")
	seen = s.reloadKeys(seen, quiet())
	if _, err := renewed.CreateContainer(ctx, "four", nil); err != nil {
		t.Errorf("a broken file took the keys away: %v", err)
	}
	write(next.name + ":" + next.keys[0] + "\n")
	s.reloadKeys(seen, quiet())
	if _, err := old.CreateContainer(ctx, "five", nil); err == nil {
		t.Error("the dropped key still opens")
	}
}

// writeCertificate makes a self-signed certificate for 127.0.0.1 with the serial number.
func writeCertificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(time.Duration(serial) * time.Minute) // a renewed file has another time
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestHTTPSWithACertificate(t *testing.T) {
	cert, key := writeCertificate(t, t.TempDir(), 1)
	s := startTestStorage(t, storageSettings{Data: inMemory, TLSCert: cert, TLSKey: key})
	if !strings.HasPrefix(s.URL, "https://") {
		t.Errorf("URL %s", s.URL)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(s.URL + "?comp=list")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !bytes.Contains(body, []byte("<Error>")) || resp.TLS.PeerCertificates[0].SerialNumber.Int64() != 1 {
		t.Errorf("%s %s", resp.Status, body)
	}
}

func TestARenewedCertificateIsServed(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	c, err := newReloadingCertificate(cert, key, quiet())
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		c.checked = time.Time{} // as if a second had gone by
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Fatalf("serial %d", n)
	}
	writeCertificate(t, dir, 2)
	if n := serial(); n != 2 {
		t.Errorf("serial %d after the renewal", n)
	}
	if err := os.WriteFile(cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("serial %d with a broken file", n)
	}
}

func TestStorageCommandServesUntilItIsTold(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	var stderr bytes.Buffer
	dir := t.TempDir()
	go func() {
		done <- run(ctx, []string{"storage", "--listen", "127.0.0.1:0", "--data", dir, "--fsync=false"}, streams{strings.NewReader(""), writer, &stderr})
		writer.Close()
	}()
	line := make([]byte, 256)
	n, err := reader.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "Blob service: http://127.0.0.1:") {
		t.Fatalf("%q, %v", line[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	stop()
	if status := <-done; status != 0 {
		t.Errorf("status %d: %s", status, &stderr)
	}
	if !strings.Contains(stderr.String(), "--fsync=false") {
		t.Errorf("no warning: %q", &stderr)
	}
}

func TestWebhooksAreToldOfBlobs(t *testing.T) {
	told := make(chan string, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			w.Header().Set("WebHook-Allowed-Origin", "*")
			return
		}
		var e struct {
			Type string
			Data struct{ URL string }
		}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		told <- e.Type + " " + e.Data.URL
	}))
	defer hook.Close()
	s := startTestStorage(t, storageSettings{Data: t.TempDir(), Webhooks: []webhook.Hook{{URL: hook.URL, Schema: webhook.CloudEvents}}})
	client, ctx := sdk(t, s.ConnectionString()), context.Background()
	if _, err := client.CreateContainer(ctx, "photos", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UploadBuffer(ctx, "photos", "a.jpg", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteBlob(ctx, "photos", "a.jpg", nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Microsoft.Storage.BlobCreated ", "Microsoft.Storage.BlobDeleted "} {
		if got := <-told; got != want+s.URL+"/photos/a.jpg" {
			t.Errorf("told %q, want %q", got, want+s.URL+"/photos/a.jpg")
		}
	}
}
