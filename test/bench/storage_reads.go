package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/internal/azure"
)

// gets reads whole blobs and ranges, beside nginx with the same bytes.
func (s *storageSuite) gets(ctx context.Context) error {
	large, small, whole := s.data[:4*mib], s.data[:100*kib], s.data
	web, stop, err := s.nginx(ctx, map[string][]byte{"large": large, "small": small, "whole": whole})
	if err != nil {
		return err
	}
	defer stop()
	endpoints := []*endpoint{s.ours}
	if s.azurite != nil {
		endpoints = append(endpoints, s.azurite)
	}
	for _, e := range endpoints {
		blob := e.staged(8, s.data[:8*mib]) // becomes staged/0/0
		if _, err := drive(ctx, e.base, 1, 0, 9, blob); err != nil {
			return err
		}
		for name, body := range map[string][]byte{"large": large, "small": small} {
			if _, err := drive(ctx, e.base, 1, 0, 1, func(int, int) exchange { return e.put(name, body) }); err != nil {
				return err
			}
		}
	}
	// Ranges walk through the blob, each connection from a place of its own.
	ranged := func(c, n int) string {
		const size = 64 * kib
		from := (c*7919 + n) * size % (64*mib - size)
		return fmt.Sprintf("Range: bytes=%d-%d\r\n", from, from+size-1)
	}
	for _, m := range []struct {
		work  string
		of    func(e *endpoint) load
		web   load
		bound float64
	}{
		{"Get Blob 4 MiB", func(e *endpoint) load { return func(int, int) exchange { return e.get("large", "") } }, same("GET", web, "/large", "", ""), 0.9},
		{"Get Blob 100 KiB", func(e *endpoint) load { return func(int, int) exchange { return e.get("small", "") } }, same("GET", web, "/small", "", ""), 0.6},
		{"Get Blob, ranges of 64 KiB of 64 MiB", func(e *endpoint) load {
			return func(c, n int) exchange { return e.get("staged/0/0", ranged(c, n)) }
		}, func(c, n int) exchange { return exchange{head: head("GET", web, "/whole", ranged(c, n), 0)} }, 0.6},
	} {
		contenders := []contender{{s.ours.process, m.of(s.ours)}, {&process{name: "nginx", url: web}, m.web}}
		bounds := []float64{m.bound, 10}
		if s.azurite != nil {
			contenders = append(contenders, contender{s.azurite.process, m.of(s.azurite)})
		}
		if web == "" {
			contenders, bounds = append(contenders[:1], contenders[2:]...), bounds[1:]
		}
		for _, clients := range []int{8, 32} {
			got, err := s.inTurns(ctx, clients, contenders...)
			if err != nil {
				return err
			}
			for i, c := range contenders[1:] {
				s.add(atLeast(fmt.Sprintf("%s, %d clients", m.work, clients), mbps(got[0]), c.server.name+" "+mbps(got[i+1]), got[0]/got[i+1], bounds[i]))
			}
		}
	}
	return nil
}

// nginx serves files as Debian's does, or nothing where it isn't installed.
func (s *storageSuite) nginx(ctx context.Context, files map[string][]byte) (url string, stop func(), err error) {
	binary, err := exec.LookPath("nginx")
	if err != nil {
		s.report.notes = append(s.report.notes, "nginx is not installed here: apt-get install nginx-light.")
		return "", func() {}, nil
	}
	dir := filepath.Join(s.scratch, "nginx")
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o755); err != nil {
		return "", nil, err
	}
	if err := os.Chmod(s.scratch, 0o755); err != nil {
		return "", nil, err
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, "files", name), body, 0o644); err != nil {
			return "", nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	config := fmt.Sprintf(`daemon off; pid %[1]s/pid; worker_processes 2; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_body_temp_path %[1]s/a;
proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
server { listen 127.0.0.1:%[2]d; root %[1]s/files; } }`, dir, port)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o644); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "-c", filepath.Join(dir, "nginx.conf"), "-p", dir)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	return url, func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }, untilAnswers(ctx, url+"/small")
}

// lists pages through 10,000 and 1,000,000 blobs, 5,000 a page.
func (s *storageSuite) lists(ctx context.Context) error {
	const few, many = 10_000, 1_000_000
	pages := map[int]float64{}
	for _, count := range []int{few, many} {
		e, err := s.filled(ctx, count)
		if err != nil {
			return err
		}
		defer e.stop()
		page := exchange{head: head("GET", e.base, e.path+"/bench?restype=container&comp=list&maxresults=5000&prefix=b&"+e.query, versionHeader, 0)}
		var times []float64
		for range 2*s.times + 1 {
			got, err := drive(ctx, e.base, 1, 0, 4, func(int, int) exchange { return page })
			if err != nil {
				return err
			}
			times = append(times, got.took.Seconds()*1000/float64(got.answers))
		}
		pages[count] = median(times)
	}
	s.add(atMost("List Blobs, a page of 5,000 of 1,000,000", fmt.Sprintf("%.1f ms", pages[many]), fmt.Sprintf("of 10,000 %.1f ms", pages[few]), pages[many]/pages[few], 2))
	if s.azurite == nil {
		return nil
	}
	fill := func(c, n int) exchange { return s.azurite.put(blobName(c*few/8+n), []byte("x")) }
	if _, err := drive(ctx, s.azurite.base, 8, 0, few/8, fill); err != nil {
		return err
	}
	page := exchange{head: head("GET", s.azurite.base, s.azurite.path+"/bench?restype=container&comp=list&maxresults=5000&prefix=b&"+s.azurite.query, versionHeader, 0)}
	got, err := drive(ctx, s.azurite.base, 1, 0, 3, func(int, int) exchange { return page })
	if err != nil {
		return err
	}
	ms := got.took.Seconds() * 1000 / float64(got.answers)
	s.add(atLeast("List Blobs, a page of 5,000 of 10,000", fmt.Sprintf("%.1f ms", pages[few]), fmt.Sprintf("azurite %.0f ms", ms), ms/pages[few], 50))
	return nil
}

func blobName(n int) string { return fmt.Sprintf("b%07d", n) }

// filled is a service over a folder with so many empty blobs, which are put there without HTTP.
func (s *storageSuite) filled(ctx context.Context, count int) (*endpoint, error) {
	folder := fmt.Sprintf("filled-%d", count)
	dir := filepath.Join(s.scratch, folder)
	if _, err := os.Stat(dir); err != nil {
		if err := fill(ctx, filepath.Join(dir, "blobs"), count); err != nil {
			return nil, err
		}
	}
	return s.startStorage(ctx, folder)
}

func fill(ctx context.Context, dir string, count int) error {
	store, err := diskstore.Open(dir, &diskstore.Options{NoSync: true})
	if err != nil {
		return err
	}
	container := blobstore.ContainerName{Account: azure.DevAccount, Container: "bench"}
	if err := fillContainer(ctx, store, container, count); err != nil {
		_ = store.Close() // the first error is the one that counts
		return err
	}
	return store.Close()
}

// coldStart is from the start of the process to its first answer, with 100,000 blobs in the folder.
func (s *storageSuite) coldStart(ctx context.Context) error {
	var starts []float64
	for range s.times + 1 {
		began := time.Now()
		e, err := s.filled(ctx, 100_000)
		if err != nil {
			return err
		}
		_, err = drive(ctx, e.base, 1, 0, 1, func(int, int) exchange { return e.get(blobName(0), "") })
		starts = append(starts, time.Since(began).Seconds())
		e.stop()
		if err != nil {
			return err
		}
	}
	cold := median(starts[1:]) // the first had the folder to fill
	s.add(row{"from the start of the process to its first answer, 100,000 blobs", fmt.Sprintf("%.0f ms", cold*1000), "", 0, "<= 100 ms", cold <= 0.1})
	return nil
}
