// Package storetest is the conformance suite that every [blobstore.Store] passes: a case for each sentence of the
// interface's comments.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// Run runs the suite. open makes an empty store for one test, which takes the time from now and is closed by the test's
// cleanup.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) blobstore.Store) {
	for _, area := range []struct {
		name  string
		tests []test
	}{
		{"service", serviceTests},
		{"containers", containerTests},
		{"put blob", putBlobTests},
		{"blocks", blockTests},
		{"reading", readTests},
		{"properties", propertyTests},
		{"conditions", conditionTests},
		{"leases", leaseTests},
		{"snapshots", snapshotTests},
		{"deleting", deleteTests},
		{"copying", copyTests},
		{"listing", listTests},
		{"tags", tagTests},
		{"concurrency", concurrencyTests},
	} {
		t.Run(area.name, func(t *testing.T) {
			for _, test := range area.tests {
				t.Run(test.name, func(t *testing.T) {
					c := &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
					e := &env{T: t, clock: c, Store: open(t, c.time), ctx: t.Context()}
					e.must(e.CreateContainer(e.ctx, pics, blobstore.CreateContainerOptions{}))
					test.run(e)
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(e *env)
}

// pics is a container that every test finds; none is one that does not exist.
var (
	pics = blobstore.ContainerName{Account: "acc", Container: "pics"}
	none = blobstore.ContainerName{Account: "acc", Container: "none"}
)

func blob(name string) blobstore.BlobName {
	return blobstore.BlobName{Account: pics.Account, Container: pics.Container, Blob: name}
}

var missing = blobstore.BlobName{Account: none.Account, Container: none.Container, Blob: "b"}

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env is one test's store with what tests do all the time.
type env struct {
	*testing.T
	*clock
	blobstore.Store
	ctx context.Context
}

// no are conditions that ask for nothing.
var no blobstore.AccessConditions

// must ends the test on an error; the first argument is not looked at.
func (e *env) must(_ any, err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) ok(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// code fails the test unless the error has the code.
func (e *env) code(want bloberror.Code, err error) {
	e.Helper()
	var typed *bloberror.Error
	if !errors.As(err, &typed) || typed.Code != want {
		e.Errorf("got %v, want %s", err, want)
	}
}

// code2 is code for a method with a result.
func (e *env) code2(want bloberror.Code) func(any, error) {
	e.Helper()
	return func(_ any, err error) {
		e.Helper()
		e.code(want, err)
	}
}

func (e *env) put(name, content string) blobstore.PutResult {
	e.Helper()
	return e.putWith(name, content, blobstore.PutBlobOptions{})
}

func (e *env) putWith(name, content string, o blobstore.PutBlobOptions) blobstore.PutResult {
	e.Helper()
	o.Size = int64(len(content))
	res, err := e.PutBlob(e.ctx, blob(name), bytes.NewReader([]byte(content)), o)
	e.ok(err)
	return res
}

func (e *env) tryPut(name string, o blobstore.PutBlobOptions) error {
	o.Size = 3
	_, err := e.PutBlob(e.ctx, blob(name), bytes.NewReader([]byte("new")), o)
	return err
}

func (e *env) stage(name string, id blobstore.BlockID, content string) {
	e.Helper()
	_, err := e.PutBlock(e.ctx, blob(name), id, bytes.NewReader([]byte(content)), blobstore.PutBlockOptions{Size: int64(len(content))})
	e.ok(err)
}

// commit commits the blocks, taking the latest of each id.
func (e *env) commit(name string, ids ...blobstore.BlockID) blobstore.Change {
	e.Helper()
	c, err := e.PutBlockList(e.ctx, blob(name), latest(ids...), blobstore.CommitOptions{})
	e.ok(err)
	return c
}

func latest(ids ...blobstore.BlockID) (entries []blobstore.BlockEntry) {
	for _, id := range ids {
		entries = append(entries, blobstore.BlockEntry{ID: id})
	}
	return entries
}

func (e *env) props(ref blobstore.BlobRef) blobstore.BlobProperties {
	e.Helper()
	p, err := e.BlobProperties(e.ctx, ref, no)
	e.ok(err)
	return p
}

// read returns the whole blob or snapshot.
func (e *env) read(ref blobstore.BlobRef) string {
	e.Helper()
	r, err := e.Open(e.ctx, ref, no)
	e.ok(err)
	defer r.Close()
	return e.readRange(r, 0, r.Properties().Size)
}

func (e *env) readRange(r blobstore.Reader, offset, length int64) string {
	e.Helper()
	rr, err := r.Range(offset, length)
	e.ok(err)
	defer rr.Close()
	b, err := io.ReadAll(rr)
	e.ok(err)
	return string(b)
}

func (e *env) wants(ref blobstore.BlobRef, content string) {
	e.Helper()
	if got := e.read(ref); got != content {
		e.Errorf("read %d bytes %.40q, want %d bytes %.40q", len(got), got, len(content), content)
	}
}

// gone fails the test unless the blob is not found.
func (e *env) gone(ref blobstore.BlobRef) {
	e.Helper()
	_, err := e.BlobProperties(e.ctx, ref, no)
	e.code(bloberror.BlobNotFound, err)
}

// noise is content that does not compress and differs by seed.
func noise(seed uint64, size int) string {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// collector is a store that can be told to expire and reclaim, instead of doing it when it sees fit. Tests of expiry are
// skipped for others.
type collector interface {
	Collect(ctx context.Context) error
}
