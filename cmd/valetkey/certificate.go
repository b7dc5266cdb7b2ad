package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// reloadingCertificate is a certificate that is read again when its files change, so that a renewed one needs no restart.
type reloadingCertificate struct {
	certPath, keyPath string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time // modification times of the two files
	checked time.Time
}

// certificatePoll is how often, at most, the files are looked at.
const certificatePoll = time.Second

func newReloadingCertificate(certPath, keyPath string, log *slog.Logger) (*reloadingCertificate, error) {
	c := &reloadingCertificate{certPath: certPath, keyPath: keyPath, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// get is a tls.Config's GetCertificate.
func (c *reloadingCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= certificatePoll {
		c.checked = now
		c.reload()
	}
	return c.current, nil
}

// reload reads the files if they have changed; a pair that does not fit leaves the present one in use.
func (c *reloadingCertificate) reload() {
	stamp, err := c.stat()
	if err == nil && stamp == c.stamp {
		return
	}
	if err == nil {
		err = c.load()
	}
	if err != nil {
		c.log.Warn("the TLS certificate was not reloaded", "error", err)
		return
	}
	c.log.Info("the TLS certificate was reloaded", "file", c.certPath)
}

func (c *reloadingCertificate) load() error {
	stamp, err := c.stat()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certPath, c.keyPath)
	if err != nil {
		return fmt.Errorf("the TLS certificate cannot be used: %w", err)
	}
	c.current, c.stamp = &pair, stamp
	return nil
}

func (c *reloadingCertificate) stat() (stamp [2]time.Time, err error) {
	for i, path := range []string{c.certPath, c.keyPath} {
		info, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}
