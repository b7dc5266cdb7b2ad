package main

import (
	"crypto/md5"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// bareCommand makes this program its own peer, in a process of its own: the least that could do the same work.
const bareCommand = "bare"

// serveBare serves until it is killed. args are "answer SIZE", "store DIR plain|durable|md5", or "middleware
// CONNECTION-STRING".
func serveBare(args []string) {
	var handler http.Handler
	switch args[0] {
	case "answer":
		size, err := strconv.Atoi(args[1])
		if err != nil {
			fail(err)
		}
		handler = bareAnswer(size)
	case "store":
		handler = &bareStore{dir: args[1], sync: args[2] != "plain", md5: args[2] == "md5"}
	case "middleware":
		var err error
		if handler, err = middleware(args[1]); err != nil {
			fail(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	fail(http.Serve(listener, handler))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// bareAnswer answers every request with a JSON text of so many bytes.
func bareAnswer(size int) http.Handler {
	body := []byte(`"` + strings.Repeat("x", max(size-2, 0)) + `"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// bareStore writes each body to a file of its own, over and over the same few for each connection, and knows nothing
// else of storage.
type bareStore struct {
	dir       string
	sync, md5 bool
	count     atomic.Int64
}

func (s *bareStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.write(r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *bareStore) write(r *http.Request) error {
	const kept = 64 // files, so that the disk doesn't fill
	name := filepath.Join(s.dir, strconv.FormatInt(s.count.Add(1)%kept, 10))
	temporary := fmt.Sprintf("%s.%d", name, s.count.Add(1))
	file, err := os.Create(temporary)
	if err != nil {
		return err
	}
	defer file.Close()
	var sum hash.Hash
	body := io.Reader(r.Body)
	if s.md5 {
		sum = md5.New()
		body = io.TeeReader(body, sum)
	}
	// Hidden from io.Copy: a file's ReadFrom would copy 32 KiB at a time.
	if _, err := io.CopyBuffer(struct{ io.Writer }{file}, body, make([]byte, 256<<10)); err != nil {
		return err
	}
	if s.sync {
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return err
		}
	}
	return os.Rename(temporary, name)
}
