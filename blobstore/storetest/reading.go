package storetest

import (
	"bytes"
	"io"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// onlyWriter hides every method of a writer but Write.
type onlyWriter struct{ io.Writer }

var readTests = []test{
	{"ranges, by Read and by WriteTo", func(e *env) {
		one, two := noise(1, 3<<20+5), noise(2, 1<<20)
		e.stage("b", "1", one)
		e.stage("b", "2", two)
		e.stage("b", "3", "tail")
		e.commit("b", "1", "2", "3")
		whole := one + two + "tail"
		r, err := e.Open(e.ctx, blob("b").At(""), no)
		e.ok(err)
		defer r.Close()
		size := int64(len(whole))
		for _, rg := range [][2]int64{{0, size}, {0, 0}, {size, 0}, {0, 1}, {size - 1, 1}, {3<<20 + 4, 2}, {3<<20 + 5, 1 << 20},
			{1 << 20, 1 << 20}, {1<<20 - 1, 2}, {size - 5, 5}, {100, 3 << 20}} {
			want := whole[rg[0] : rg[0]+rg[1]]
			if got := e.readRange(r, rg[0], rg[1]); got != want {
				e.Errorf("%v by Read: wrong bytes", rg)
			}
			for _, w := range []func(*bytes.Buffer) io.Writer{func(b *bytes.Buffer) io.Writer { return b }, func(b *bytes.Buffer) io.Writer { return onlyWriter{b} }} {
				rr, err := r.Range(rg[0], rg[1])
				e.ok(err)
				var b bytes.Buffer
				n, err := rr.WriteTo(w(&b))
				e.ok(err)
				if n != rg[1] || b.String() != want {
					e.Errorf("%v by WriteTo: wrong %d bytes", rg, n)
				}
				e.ok(rr.Close())
			}
		}
	}},
	{"what does not lie within the blob is refused", func(e *env) {
		e.put("b", "1234")
		r, err := e.Open(e.ctx, blob("b").At(""), no)
		e.ok(err)
		defer r.Close()
		for _, rg := range [][2]int64{{-1, 1}, {0, 5}, {4, 1}, {5, 0}, {0, -1}, {1, 1<<63 - 1}} {
			if rr, err := r.Range(rg[0], rg[1]); err == nil {
				e.Errorf("%v was accepted", rg)
				rr.Close()
			}
		}
	}},
	{"an opened blob stays as it was", func(e *env) {
		old := noise(1, 2<<20)
		res := e.put("b", old)
		r, err := e.Open(e.ctx, blob("b").At(""), no)
		e.ok(err)
		defer r.Close()
		first, err := r.Range(0, 1<<20)
		e.ok(err)
		defer first.Close()
		e.put("b", "new")
		e.ok(e.DeleteBlob(e.ctx, blob("b").At(""), blobstore.DeleteBlobOptions{}))
		e.collect()
		if r.Properties().ETag != res.ETag {
			e.Errorf("etag %s", r.Properties().ETag)
		}
		b, err := io.ReadAll(first)
		e.ok(err)
		if string(b)+e.readRange(r, 1<<20, 1<<20) != old {
			e.Error("the bytes changed")
		}
	}},
	{"several ranges side by side", func(e *env) {
		e.put("b", "0123456789")
		r, err := e.Open(e.ctx, blob("b").At(""), no)
		e.ok(err)
		defer r.Close()
		a, err := r.Range(0, 5)
		e.ok(err)
		defer a.Close()
		b, err := r.Range(5, 5)
		e.ok(err)
		defer b.Close()
		var got strings.Builder
		for range 5 {
			for _, rr := range []io.Reader{a, b} {
				var one [1]byte
				_, err := io.ReadFull(rr, one[:])
				e.ok(err)
				got.Write(one[:])
			}
		}
		if got.String() != "0516273849" {
			e.Errorf("got %s", got.String())
		}
	}},
	{"what is missing is not found", func(e *env) {
		e.stage("staged", "1", "x")
		e.put("b", "x")
		for ref, want := range map[blobstore.BlobRef]bloberror.Code{
			missing.At(""):                               bloberror.ContainerNotFound,
			blob("none").At(""):                          bloberror.BlobNotFound,
			blob("staged").At(""):                        bloberror.BlobNotFound,
			blob("b").At("2020-01-01T00:00:00.0000000Z"): bloberror.BlobNotFound,
			blob("b").At("nonsense"):                     bloberror.BlobNotFound,
		} {
			e.code2(want)(e.Open(e.ctx, ref, no))
			e.code2(want)(e.BlobProperties(e.ctx, ref, no))
			e.code2(want)(e.BlobTags(e.ctx, ref, no))
		}
	}},
	{"an archived blob is not readable, its properties are", func(e *env) {
		e.putWith("b", "x", blobstore.PutBlobOptions{Tier: blobstore.TierArchive})
		e.code2(bloberror.BlobArchived)(e.Open(e.ctx, blob("b").At(""), no))
		if p := e.props(blob("b").At("")); p.Tier != blobstore.TierArchive {
			e.Errorf("tier %s", p.Tier)
		}
		e.put("b", "overwritten")
		e.wants(blob("b").At(""), "overwritten")
	}},
}

// collect reclaims space at once, where the store can.
func (e *env) collect() {
	e.Helper()
	if s, ok := e.Store.(collector); ok {
		e.ok(s.Collect(e.ctx))
	}
}
