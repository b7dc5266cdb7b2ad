package diskstore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// crashDir is the environment variable that makes the test binary the process that is killed.
const crashDir = "DISKSTORE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	crashWriters = 6
	crashNames   = 3 // blobs of each writer
)

// A writer takes its blobs through versions 1, 2, 3 and so on, one after another. Every fifth is a delete.
func crashDeletes(version int) bool { return version%5 == 4 }

// crashContent is what a version of a blob holds: it tells which one it is.
func crashContent(blob string, version int) []byte {
	seed := uint64(version)
	for _, c := range blob {
		seed = seed*131 + uint64(c)
	}
	size := int(seed % 7 * 9_001)
	if seed%11 == 0 {
		size = 1<<20 + 77
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(version)), noise(seed, size)...)
}

func crashBlob(writer, n int) blobstore.BlobName {
	return blobstore.BlobName{Account: "acc", Container: "pics", Blob: fmt.Sprintf("%d/%d", writer, n)}
}

// crashChild writes until it is killed. It reads the versions that its blobs have, and prints a line after each
// acknowledged write.
func crashChild(dir string, in io.Reader, out io.Writer) error {
	var versions [crashWriters][crashNames]int
	if err := json.NewDecoder(in).Decode(&versions); err != nil {
		return err
	}
	s, err := Open(dir, &Options{SegmentSize: 8 << 20, KeepEvents: true})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := s.CreateContainer(ctx, pics, blobstore.CreateContainerOptions{}); err != nil && bloberror.CodeOf(err) != bloberror.ContainerAlreadyExists {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for w := range crashWriters {
		go func() {
			for i := 0; ; i++ {
				n := i % crashNames
				name, version := crashBlob(w, n), versions[w][n]+1
				if err := crashWrite(s, name, version); err != nil {
					failed <- fmt.Errorf("%s version %d: %w", name.Blob, version, err)
				}
				versions[w][n] = version
				mu.Lock()
				fmt.Fprintln(out, w, n, version)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

func crashWrite(s *Store, name blobstore.BlobName, version int) error {
	ctx := context.Background()
	data := crashContent(name.Blob, version)
	switch {
	case crashDeletes(version):
		return s.DeleteBlob(ctx, name.At(""), blobstore.DeleteBlobOptions{})
	case version%2 == 0:
		_, err := s.PutBlob(ctx, name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(len(data))})
		return err
	}
	var blocks []blobstore.BlockEntry
	for len(data) > 0 {
		n := min(len(data), 30_000)
		id := blobstore.BlockID(fmt.Sprintf("%04d", len(blocks)))
		if _, err := s.PutBlock(ctx, name, id, bytes.NewReader(data[:n]), blobstore.PutBlockOptions{Size: int64(n)}); err != nil {
			return err
		}
		blocks = append(blocks, blobstore.BlockEntry{ID: id})
		data = data[n:]
	}
	_, err := s.PutBlockList(ctx, name, blocks, blobstore.CommitOptions{})
	return err
}

func TestNoAcknowledgedWriteIsLostWhenTheProcessIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a process fifty times")
	}
	dir := t.TempDir()
	var versions [crashWriters][crashNames]int
	acknowledged, told, last := 0, map[string]int{}, uint64(0)
	const rounds = 50
	for round := range rounds {
		acks := killWhileWriting(t, dir, versions, time.Duration(rand.IntN(120_000))*time.Microsecond)
		acknowledged += len(acks)
		for _, a := range acks {
			versions[a[0]][a[1]] = a[2]
		}
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for w := range crashWriters {
			for n := range crashNames {
				versions[w][n] = survived(t, s, crashBlob(w, n), versions[w][n])
			}
		}
		last = countEvents(t, s, last, told)
		for w := range crashWriters {
			for n := range crashNames {
				if name := crashBlob(w, n).Blob; told[name] != versions[w][n] {
					t.Errorf("%s has version %d, but %d events tell of it", name, versions[w][n], told[name])
				}
			}
		}
		c, err := s.Check(t.Context())
		if err != nil || len(c.Problems) > 0 {
			t.Fatalf("round %d: %+v, %v", round, c, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if acknowledged < rounds { // each is killed after at least one
		t.Errorf("only %d writes were acknowledged", acknowledged)
	}
	t.Logf("%d writes were acknowledged", acknowledged)
}

// killWhileWriting runs the child, kills it some time after its first acknowledged write, and returns what it
// acknowledged: writer, blob, version.
func killWhileWriting(t *testing.T, dir string, versions any, delay time.Duration) (acks [][3]int) {
	t.Helper()
	in, err := json.Marshal(versions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var a [3]int
		if _, err := fmt.Sscan(lines.Text(), &a[0], &a[1], &a[2]); err != nil {
			break // the last line may be cut off
		}
		acks = append(acks, a)
		if kill == nil {
			kill = time.AfterFunc(delay, func() {
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Error(err)
				}
			})
		}
	}
	if kill == nil {
		t.Errorf("the child wrote nothing: %v", cmd.Wait())
		return nil
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child was not killed: %v", err)
	}
	return acks
}

// countEvents adds up, by blob, the kept events after one, and returns the last.
func countEvents(t *testing.T, s *Store, last uint64, told map[string]int) uint64 {
	t.Helper()
	for {
		events, err := s.EventsAfter(last, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return last
		}
		for _, e := range events {
			told[e.Name.Blob]++
			last = e.Sequencer
		}
	}
}

// survived fails the test unless the blob is in its acknowledged version, or in the one that was being written. It
// returns which.
func survived(t *testing.T, s *Store, name blobstore.BlobName, acknowledged int) int {
	t.Helper()
	_, err := s.BlobProperties(t.Context(), name.At(""), blobstore.AccessConditions{})
	if bloberror.CodeOf(err) == bloberror.BlobNotFound {
		switch {
		case acknowledged == 0, crashDeletes(acknowledged):
			return acknowledged
		case crashDeletes(acknowledged + 1):
			return acknowledged + 1
		}
		t.Errorf("%s is gone, version %d was acknowledged", name.Blob, acknowledged)
		return acknowledged
	}
	data := read(t, s, name)
	if len(data) < 8 {
		t.Fatalf("%s has %d bytes", name.Blob, len(data))
	}
	version := int(binary.BigEndian.Uint64(data))
	if version != acknowledged && version != acknowledged+1 || crashDeletes(version) {
		t.Errorf("%s has version %d, version %d was acknowledged", name.Blob, version, acknowledged)
	}
	if !bytes.Equal(data, crashContent(name.Blob, version)) {
		t.Errorf("%s has other bytes than version %d", name.Blob, version)
	}
	return version
}
