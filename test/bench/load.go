package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// exchange is one request: its head, up to and with the empty line, and its body.
type exchange struct {
	head []byte
	body []byte
}

// load makes the requests of one connection, in turn. Connections are numbered from 0, and so are the requests of each.
type load func(connection, n int) exchange

// same is a load that sends one request over and over. header holds whole lines that end in \r\n.
func same(method, server, path, header, body string) load {
	e := exchange{head(method, server, path, header, len(body)), []byte(body)}
	return func(int, int) exchange { return e }
}

func head(method, server, path, header string, length int) []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", method, path, hostOf(server), header, length)
}

func hostOf(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	return u.Host
}

// traffic is what a load came to.
type traffic struct {
	answers int64
	bytes   int64 // of bodies, sent and received
	took    time.Duration
}

func (t traffic) rate() float64      { return float64(t.answers) / t.took.Seconds() }
func (t traffic) megabytes() float64 { return float64(t.bytes) / 1e6 / t.took.Seconds() }

// drive sends a load on so many kept connections, until a time is over or, where limit is positive, each has sent that
// many requests. Any answer but a success is an error. The client is as lean as can be, because it shares the machine
// with what it measures.
func drive(ctx context.Context, server string, connections int, during time.Duration, limit int, next load) (traffic, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answers, bytes atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for c := range connections {
		all.Go(func() {
			err := converse(ctx, hostOf(server), began.Add(during), limit, func(n int) exchange { return next(c, n) }, &answers, &bytes)
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return traffic{}, err
	}
	return traffic{answers.Load(), bytes.Load(), time.Since(began)}, nil
}

func converse(ctx context.Context, host string, end time.Time, limit int, next func(int) exchange, answers, bytes *atomic.Int64) error {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	reader := bufio.NewReaderSize(conn, 16<<10)
	scratch := make([]byte, 256<<10)
	for n := 0; (limit > 0 && n < limit) || (limit <= 0 && time.Now().Before(end)); n++ {
		e := next(n)
		parts := net.Buffers{e.head, e.body}
		if _, err := parts.WriteTo(conn); err != nil {
			return err
		}
		received, err := readAnswer(reader, scratch)
		if err != nil {
			return fmt.Errorf("%.60q: %w", e.head, err)
		}
		answers.Add(1)
		bytes.Add(int64(len(e.body)) + received)
	}
	return nil
}

// readAnswer reads one answer, wants a 2xx and returns its body's length.
func readAnswer(r *bufio.Reader, scratch []byte) (int64, error) {
	status, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	length, chunked := int64(-1), false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if chunked {
		length, err = io.Copy(io.Discard, httputil.NewChunkedReader(r))
		if err == nil {
			_, err = r.Discard(2) // the empty line after the last chunk
		}
	} else {
		err = discard(r, max(length, 0), scratch)
	}
	if err == nil && (len(status) < 12 || status[9] != '2') {
		err = fmt.Errorf("answered %s", strings.TrimSpace(status))
	}
	return max(length, 0), err
}

func discard(r *bufio.Reader, left int64, scratch []byte) error {
	for left > 0 {
		n, err := r.Read(scratch[:min(left, int64(len(scratch)))])
		left -= int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}
