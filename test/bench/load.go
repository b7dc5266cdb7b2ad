package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is a request that is sent over and over on connections that are kept.
type load struct {
	method, path, body string
	header             string // lines that end in \r\n
}

// rate sends the request on so many connections for a while and returns how many answers a second came. Any answer but
// a success is an error. The client is as lean as can be, because it shares the machine with what it measures.
func (l load) rate(ctx context.Context, server string, connections int, during time.Duration) (float64, error) {
	u, err := url.Parse(server)
	if err != nil {
		return 0, err
	}
	request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", l.method, l.path, u.Host, l.header, len(l.body), l.body)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answers atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	end := began.Add(during)
	for range connections {
		all.Go(func() {
			n, err := repeat(ctx, u.Host, request, end)
			answers.Add(n)
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	return float64(answers.Load()) / time.Since(began).Seconds(), nil
}

func repeat(ctx context.Context, host string, request []byte, end time.Time) (n int64, err error) {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	answers := bufio.NewReaderSize(conn, 16<<10)
	for time.Now().Before(end) {
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := readAnswer(answers); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// readAnswer reads one answer and wants a 2xx.
func readAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(status) < 12 || status[9] != '2' {
		return fmt.Errorf("answered %s", strings.TrimSpace(string(status)))
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer without Content-Length")
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}
