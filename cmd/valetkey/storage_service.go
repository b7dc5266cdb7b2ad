package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/blobserver/webhook"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
)

// inMemory as a data folder asks for data that goes when the process ends.
const inMemory = ":memory:"

// storageSettings say what Blob service to start. The zero value of a field that has no comment means "no".
type storageSettings struct {
	Listen   string           // HOST:PORT; port 0 lets the kernel choose
	Data     string           // the data folder, or inMemory
	Accounts []storageAccount // none: those of the data folder, which gets one with a random key
	NoSync   bool             // acknowledge writes that are not on disk yet
	TLSCert  string           // PEM files; both or none
	TLSKey   string

	Client   *http.Client             // fetches copy sources that lie elsewhere; nil: refused
	Tokens   blobserver.TokenVerifier // nil: no bearer tokens
	Events   func(blobstore.Event)    // nil: nobody listens in this process
	Webhooks []webhook.Hook           // who is told of events over HTTP
	// WebhookRetry are the pauses between attempts; none: Event Grid's.
	WebhookRetry []time.Duration
	Log          *slog.Logger // nil: slog.Default()
	AccessLog    *slog.Logger // nil: none
}

// storageService is a running Blob service.
type storageService struct {
	URL     string // of the first account, without a final slash: http://127.0.0.1:10000/valetkey
	Account string // its name
	Key     string // its first key, base64
	Store   blobstore.Store

	accounts *blobserver.Accounts
	http     *http.Server
	data     string
	closer   io.Closer
	hooks    *webhook.Sender // nil without webhooks
	scratch  string          // a temporary folder that goes with the service
	stop     context.CancelFunc
	done     sync.WaitGroup
	failed   chan error
}

// ConnectionString is how Azure's SDKs and tools reach the service.
func (s *storageService) ConnectionString() string { return connectionString(s.Account, s.Key, s.URL) }

// Failed gives the error that ended the service by itself; after Shutdown it gives nothing.
func (s *storageService) Failed() <-chan error { return s.failed }

// startStorage opens the data folder, makes sure that there is an account, and serves until Shutdown. ctx only bounds the
// start. The error is *diskstore.LockedError when another process has the folder.
func startStorage(ctx context.Context, set storageSettings) (_ *storageService, err error) {
	if set.Log == nil {
		set.Log = slog.Default()
	}
	s := &storageService{data: set.Data, failed: make(chan error, 1)}
	if others := set.Events; len(set.Webhooks) > 0 {
		set.Events = func(e blobstore.Event) { // never before the service is served, when there are hooks
			s.hooks.Wake()
			if others != nil {
				others(e)
			}
		}
	}
	store, err := openStore(set)
	if err != nil {
		return nil, err
	}
	s.Store, s.closer = store, store
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close(), s.removeScratch())
		}
	}()
	if err := s.openHooks(set, store); err != nil {
		return nil, err
	}
	ownAccounts := len(set.Accounts) == 0
	if ownAccounts {
		if set.Accounts, err = dataAccounts(set.Data); err != nil {
			return nil, err
		}
	}
	s.Account, s.Key = set.Accounts[0].name, set.Accounts[0].keys[0]
	accounts, err := blobAccounts(set.Accounts)
	if err != nil {
		return nil, err
	}
	if s.accounts, err = blobserver.NewAccounts(accounts...); err != nil {
		return nil, err
	}
	listener, err := listen(ctx, set)
	if err != nil {
		return nil, err
	}
	s.URL = endpointURL(listener.Addr(), set.TLSCert != "") + "/" + s.Account
	if set.Data != inMemory {
		if err := os.WriteFile(filepath.Join(set.Data, endpointFile), []byte(s.URL+"\n"), 0o600); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	s.serve(listener, set, ownAccounts && set.Data != inMemory)
	return s, nil
}

// openHooks makes ready to tell the webhooks of the store's events, those that they missed included.
func (s *storageService) openHooks(set storageSettings, events webhook.Journal) (err error) {
	if len(set.Webhooks) == 0 {
		return nil
	}
	dir := filepath.Join(set.Data, "events")
	if set.Data == inMemory {
		if s.scratch, err = os.MkdirTemp("", "valetkey-events-"); err != nil {
			return err
		}
		dir = s.scratch
	}
	s.hooks, err = webhook.Open(dir, events, set.Webhooks, &webhook.Options{Backoff: set.WebhookRetry, Log: set.Log})
	return err
}

func (s *storageService) removeScratch() error {
	if s.scratch == "" {
		return nil
	}
	return os.RemoveAll(s.scratch)
}

// endpointFile is where a data folder says under which URL it was last served.
const endpointFile = "endpoint"

func openStore(set storageSettings) (*diskstore.Store, error) {
	o := &diskstore.Options{NoSync: set.NoSync, Events: set.Events, KeepEvents: len(set.Webhooks) > 0, Logger: set.Log}
	if set.Data == inMemory {
		return diskstore.OpenTemp(o)
	}
	store, err := diskstore.Open(filepath.Join(set.Data, "blobs"), o)
	var locked *diskstore.LockedError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("the data folder %s is in use by another process: stop that one, or name another folder with --data (%w)", set.Data, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the data folder: %w", err)
	}
	return store, nil
}

func dataAccounts(dir string) ([]storageAccount, error) {
	if dir == inMemory {
		return []storageAccount{newAccount()}, nil
	}
	return ensureAccounts(dir)
}

func listen(ctx context.Context, set storageSettings) (net.Listener, error) {
	if (set.TLSCert == "") != (set.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", set.Listen)
	if err != nil {
		return nil, fmt.Errorf("the Blob service cannot listen: %w", err)
	}
	for _, a := range set.Accounts {
		if a.name == devAccountName && a.keys[0] == devAccountKey && !isLoopback(listener.Addr()) {
			return nil, errors.Join(errors.New("the development account has a key that everybody knows: it is served on loopback only, such as --listen 127.0.0.1:10000"), listener.Close())
		}
	}
	if set.TLSCert == "" {
		return listener, nil
	}
	certificate, err := newReloadingCertificate(set.TLSCert, set.TLSKey, set.Log)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{
		GetCertificate: certificate.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}), nil
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// endpointURL is where a listener is reached from this machine.
func endpointURL(addr net.Addr, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func (s *storageService) serve(listener net.Listener, set storageSettings, watchKeys bool) {
	handler := blobserver.New(s.Store, s.accounts, &blobserver.Options{
		Log: set.Log, AccessLog: set.AccessLog, Client: set.Client, Tokens: set.Tokens,
	})
	s.http = handler.HTTPServer()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.done.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("the Blob service stopped: %w", err)
		}
	})
	if s.hooks != nil {
		s.done.Go(func() { s.hooks.Run(ctx, strings.TrimSuffix(s.URL, "/"+s.Account)) })
	}
	if watchKeys {
		s.done.Go(func() { s.watchKeys(ctx, set.Log) })
	}
}

// keyPoll is how often the key file is looked at, for keys that were rotated.
const keyPoll = 2 * time.Second

func (s *storageService) watchKeys(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(keyPoll)
	defer ticker.Stop()
	var last []storageAccount
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			last = s.reloadKeys(last, log)
		}
	}
}

// reloadKeys takes the accounts of the key file into use when they are not those seen last, which it returns. A file
// that makes no sense changes nothing.
func (s *storageService) reloadKeys(last []storageAccount, log *slog.Logger) []storageAccount {
	now, err := loadAccounts(s.data)
	if err != nil {
		log.Warn("the accounts' keys were not reloaded", "error", err)
		return last
	}
	if reflect.DeepEqual(now, last) {
		return last
	}
	accounts, err := blobAccounts(now)
	if err == nil {
		err = s.accounts.Replace(accounts...)
	}
	if err != nil {
		log.Warn("the accounts' keys were not reloaded", "error", err)
		return last
	}
	if last != nil {
		log.Info("the accounts' keys were reloaded", "accounts", s.accounts.Names())
	}
	return now
}

// Shutdown stops listening, lets requests end until ctx does, and closes the store.
func (s *storageService) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = s.http.Close() // who has not ended by now is cut off
	}
	s.stop()
	s.done.Wait()
	return errors.Join(err, s.closer.Close(), s.removeScratch())
}
