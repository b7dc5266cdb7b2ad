package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

var concurrencyTests = []test{
	{"of many creators one wins", func(e *env) {
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				err := e.tryPut("b", blobstore.PutBlobOptions{Conditions: blobstore.AccessConditions{IfNoneMatch: []blobstore.ETag{blobstore.AnyETag}}})
				switch {
				case err == nil:
					won.Add(1)
				case bloberror.CodeOf(err) != bloberror.BlobAlreadyExists:
					e.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			e.Errorf("%d won", won.Load())
		}
	}},
	{"no update is lost under If-Match", func(e *env) {
		e.putWith("b", "", blobstore.PutBlobOptions{Metadata: map[string]string{"n": ""}})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					for {
						p, err := e.BlobProperties(e.ctx, blob("b").At(""), no)
						if err != nil {
							e.Error(err)
							return
						}
						m := map[string]string{"n": p.Metadata["n"] + "x"}
						_, err = e.SetBlobMetadata(e.ctx, blob("b"), m, blobstore.AccessConditions{IfMatch: []blobstore.ETag{p.ETag}})
						if err == nil {
							break
						}
						if bloberror.CodeOf(err) != bloberror.ConditionNotMet {
							e.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		if got := len(e.props(blob("b").At("")).Metadata["n"]); got != 40 {
			e.Errorf("%d of 40 updates", got)
		}
	}},
	{"readers see one whole state while it is overwritten", func(e *env) {
		content := func(i int) string { return strings.Repeat(fmt.Sprintf("%04d", i), 80<<10) }
		e.put("b", content(0))
		done := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					r, err := e.Open(e.ctx, blob("b").At(""), no)
					if err != nil {
						e.Error(err)
						return
					}
					rr, err := r.Range(0, r.Properties().Size)
					if err != nil {
						e.Error(err)
						return
					}
					b, err := io.ReadAll(rr)
					if err != nil || string(b) != strings.Repeat(string(b[:4]), 80<<10) {
						e.Errorf("%d bytes, %v", len(b), err)
					}
					rr.Close()
					r.Close()
				}
			})
		}
		for i := range 30 {
			e.put("b", content(i))
			e.collect()
		}
		close(done)
		wg.Wait()
	}},
	{"blocks of one blob staged side by side", func(e *env) {
		var wg sync.WaitGroup
		var ids []blobstore.BlockID
		want := ""
		for i := range 32 {
			id, content := blobstore.BlockID(fmt.Sprintf("%02d", i)), noise(uint64(i), 10_000+i)
			ids = append(ids, id)
			want += content
			wg.Go(func() {
				_, err := e.PutBlock(e.ctx, blob("b"), id, strings.NewReader(content), blobstore.PutBlockOptions{Size: int64(len(content))})
				if err != nil {
					e.Error(err)
				}
			})
		}
		wg.Wait()
		e.commit("b", ids...)
		e.wants(blob("b").At(""), want)
	}},
	{"a cancelled request changes nothing", func(e *env) {
		e.put("b", "old")
		ctx, cancel := context.WithCancel(e.ctx)
		cancel()
		all := map[string]error{}
		all["PutBlob"] = second(e.PutBlob(ctx, blob("b"), strings.NewReader("x"), blobstore.PutBlobOptions{Size: 1}))
		all["PutBlock"] = second(e.PutBlock(ctx, blob("b"), "1", strings.NewReader("x"), blobstore.PutBlockOptions{Size: 1}))
		all["PutBlockList"] = second(e.PutBlockList(ctx, blob("b"), nil, blobstore.CommitOptions{}))
		all["Open"] = second(e.Open(ctx, blob("b").At(""), no))
		all["SetBlobMetadata"] = second(e.SetBlobMetadata(ctx, blob("b"), nil, no))
		all["DeleteBlob"] = e.DeleteBlob(ctx, blob("b").At(""), blobstore.DeleteBlobOptions{})
		all["DeleteContainer"] = e.DeleteContainer(ctx, pics, no)
		all["ListBlobs"] = second(e.ListBlobs(ctx, pics, blobstore.ListBlobsOptions{}))
		all["ListContainers"] = second(e.ListContainers(ctx, "acc", blobstore.ListContainersOptions{}))
		all["SnapshotBlob"] = second(e.SnapshotBlob(ctx, blob("b"), blobstore.SnapshotOptions{}))
		all["CopyBlob"] = second(e.CopyBlob(ctx, blob("c"), blob("b").At(""), blobstore.CopyOptions{}))
		for name, err := range all {
			if !errors.Is(err, context.Canceled) {
				e.Errorf("%s: %v", name, err)
			}
		}
		e.wants(blob("b").At(""), "old")
	}},
	{"a request cancelled while its body comes changes nothing", func(e *env) {
		ctx, cancel := context.WithCancel(e.ctx)
		body := io.MultiReader(strings.NewReader(noise(1, 1<<20)), readerFunc(func(p []byte) (int, error) {
			cancel()
			return copy(p, "x"), nil
		}))
		_, err := e.PutBlob(ctx, blob("b"), body, blobstore.PutBlobOptions{Size: 4 << 20})
		if !errors.Is(err, context.Canceled) {
			e.Errorf("got %v", err)
		}
		e.gone(blob("b").At(""))
	}},
}

func second[T any](_ T, err error) error { return err }

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
