package diskstore

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

// These benchmarks stand the store beside the least that any durable handler does: write the body to a file and
// fdatasync it ("bare"), with crypto/md5 in line ("bare+md5"). Run them together, since only the ratios mean anything:
//
//	go test -run xxx -bench 'Put|Stage' -benchtime 300x ./blobstore/diskstore

// clients runs f from n goroutines until it was called b.N times; i tells the calls apart.
func clients(b *testing.B, n int, f func(client, i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for c := range n {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				if err := f(c, i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
}

// bare writes the body as a handler without a store would.
func bare(path string, body io.Reader, digest hash.Hash) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	w := io.Writer(f)
	if digest != nil {
		w = io.MultiWriter(digest, f)
	}
	if _, err := io.CopyBuffer(onlyWriter{w}, onlyReader{body}, buf[:]); err != nil {
		return err
	}
	if digest != nil {
		digest.Sum(nil)
	}
	return syncData(f)
}

func BenchmarkPutBlob(b *testing.B) {
	for _, size := range []int{100 << 10, 4 << 20} {
		data := noise(1, size)
		for _, n := range []int{1, 8, 32} {
			at := fmt.Sprintf("%dKB/%d/", size>>10, n)
			for _, hashed := range []bool{false, true} {
				name := "bare"
				if hashed {
					name = "bare+md5"
				}
				b.Run(at+name, func(b *testing.B) {
					dir := b.TempDir()
					b.SetBytes(int64(size))
					clients(b, n, func(c, i int) error {
						var digest hash.Hash
						if hashed {
							digest = md5.New()
						}
						return bare(filepath.Join(dir, fmt.Sprint(i%64)), bytes.NewReader(data), digest)
					})
				})
			}
			b.Run(at+"store", func(b *testing.B) {
				s := openWithContainer(b, nil)
				b.SetBytes(int64(size))
				clients(b, n, func(c, i int) error {
					name := photo
					name.Blob = fmt.Sprint(i % 64)
					_, err := s.PutBlob(context.Background(), name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(size)})
					return err
				})
			})
		}
	}
}

// BenchmarkStageAndCommit is a photo as the app sends it (one block) and a large file (eight blocks, staged side by
// side), each with its commit.
func BenchmarkStageAndCommit(b *testing.B) {
	for _, shape := range []struct{ blocks, size, clients int }{{1, 4 << 20, 1}, {1, 4 << 20, 8}, {1, 4 << 20, 32}, {8, 8 << 20, 1}, {8, 8 << 20, 4}} {
		data := noise(1, shape.size)
		at := fmt.Sprintf("%dx%dMB/%d/", shape.blocks, shape.size>>20, shape.clients)
		b.Run(at+"bare", func(b *testing.B) {
			dir := b.TempDir()
			b.SetBytes(int64(shape.blocks * shape.size))
			clients(b, shape.clients, func(c, i int) error {
				parts := make([]io.Reader, shape.blocks)
				for p := range parts {
					parts[p] = bytes.NewReader(data)
				}
				return bare(filepath.Join(dir, fmt.Sprint(c)), io.MultiReader(parts...), nil)
			})
		})
		b.Run(at+"store", func(b *testing.B) {
			s := openWithContainer(b, nil)
			b.SetBytes(int64(shape.blocks * shape.size))
			clients(b, shape.clients, func(c, i int) error {
				name := photo
				name.Blob = fmt.Sprint(c)
				return stageAndCommit(s, name, data, shape.blocks)
			})
		})
	}
}

func stageAndCommit(s *Store, name blobstore.BlobName, data []byte, blocks int) error {
	entries := make([]blobstore.BlockEntry, blocks)
	errs := make(chan error, blocks)
	for i := range entries {
		entries[i].ID = blobstore.BlockID(fmt.Sprintf("%02d", i))
		go func() {
			_, err := s.PutBlock(context.Background(), name, entries[i].ID, bytes.NewReader(data), blobstore.PutBlockOptions{Size: int64(len(data))})
			errs <- err
		}()
	}
	for range entries {
		if err := <-errs; err != nil {
			return err
		}
	}
	_, err := s.PutBlockList(context.Background(), name, entries, blobstore.CommitOptions{})
	return err
}

func BenchmarkGet(b *testing.B) {
	for _, shape := range []struct{ blob, length int }{{100 << 10, 100 << 10}, {4 << 20, 4 << 20}, {64 << 20, 64 << 10}} {
		data := noise(1, min(shape.blob, 8<<20))
		s := openWithContainer(b, &Options{NoSync: true})
		if err := stageAndCommit(s, photo, data, shape.blob/len(data)); err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(b.TempDir(), "file")
		if err := os.WriteFile(path, bytes.Repeat(data, shape.blob/len(data)), 0o600); err != nil {
			b.Fatal(err)
		}
		at := fmt.Sprintf("%dKBof%dKB/", shape.length>>10, shape.blob>>10)
		b.Run(at+"bare", func(b *testing.B) {
			b.SetBytes(int64(shape.length))
			clients(b, 8, func(c, i int) error {
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				defer f.Close()
				if _, err := f.Seek(int64(i*shape.length%shape.blob), io.SeekStart); err != nil {
					return err
				}
				_, err = copyPiece(onlyWriter{io.Discard}, f, int64(shape.length))
				return err
			})
		})
		b.Run(at+"store", func(b *testing.B) {
			b.SetBytes(int64(shape.length))
			clients(b, 8, func(c, i int) error {
				r, err := s.Open(context.Background(), photo.At(""), blobstore.AccessConditions{})
				if err != nil {
					return err
				}
				defer r.Close()
				rr, err := r.Range(int64(i*shape.length%shape.blob), int64(shape.length))
				if err != nil {
					return err
				}
				defer rr.Close()
				_, err = rr.WriteTo(onlyWriter{io.Discard})
				return err
			})
		})
	}
}

// fill puts count small blobs into the container, many side by side.
func fill(b testing.TB, s *Store, count int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				name := photo
				name.Blob = fmt.Sprintf("owners/%04d/%08d.jpg", i/1000, i)
				_, err := s.PutBlockList(context.Background(), name, nil, blobstore.CommitOptions{Metadata: map[string]string{"width": "4000"},
					Headers: blobstore.HTTPHeaders{ContentType: "image/jpeg"}})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkList lists a whole page of 5,000 somewhere in the middle.
func BenchmarkList(b *testing.B) {
	for _, count := range []int{10_000, 1_000_000} {
		if count > 10_000 && testing.Short() {
			continue
		}
		s := openWithContainer(b, &Options{NoSync: true})
		fill(b, s, count)
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			marker := fmt.Sprintf("owners/%04d/", count/2000)
			for b.Loop() {
				page, err := s.ListBlobs(context.Background(), pics, blobstore.ListBlobsOptions{Marker: marker})
				if err != nil || len(page.Entries) != blobstore.MaxListPage {
					b.Fatal(len(page.Entries), err)
				}
			}
		})
	}
}

// BenchmarkPutWhileListing is eight clients that put 100 KB blobs, alone and beside two that list pages of 100 of
// 10,000 blobs without pause.
func BenchmarkPutWhileListing(b *testing.B) {
	data := noise(1, 100<<10)
	for _, listers := range []int{0, 2} {
		b.Run(fmt.Sprint(listers), func(b *testing.B) {
			s := openWithContainer(b, nil)
			fill(b, s, 10_000)
			done := make(chan struct{})
			var wg sync.WaitGroup
			for range listers {
				wg.Go(func() {
					o := blobstore.ListBlobsOptions{Max: 100}
					for {
						select {
						case <-done:
							return
						default:
						}
						page, err := s.ListBlobs(context.Background(), pics, o)
						if err != nil {
							b.Error(err)
							return
						}
						o.Marker = page.NextMarker
						runtime.Gosched() // where a server would wait for the next request
					}
				})
			}
			b.SetBytes(int64(len(data)))
			clients(b, 8, func(c, i int) error {
				name := photo
				name.Blob = fmt.Sprint(i % 64)
				_, err := s.PutBlob(context.Background(), name, bytes.NewReader(data), blobstore.PutBlobOptions{Size: int64(len(data))})
				return err
			})
			close(done)
			wg.Wait()
		})
	}
}
