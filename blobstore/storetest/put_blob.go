package storetest

import (
	"crypto/md5"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/crc64nvme"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func md5Of(s string) []byte {
	sum := md5.Sum([]byte(s))
	return sum[:]
}

func crc64Of(s string) []byte {
	return binary.LittleEndian.AppendUint64(nil, crc64nvme.Checksum([]byte(s)))
}

var putBlobTests = []test{
	{"bytes and sums of any size", func(e *env) {
		for _, size := range []int{0, 1, 63, 64, 65, 4095, 4096, 4097, 32<<10 - 1, 32 << 10, 256 << 10, 256<<10 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 7} {
			content := noise(uint64(size), size)
			res := e.put("b", content)
			if string(res.MD5) != string(md5Of(content)) || string(res.CRC64) != string(crc64Of(content)) {
				e.Errorf("%d bytes: wrong sums %x, %x", size, res.MD5, res.CRC64)
			}
			e.wants(blob("b").At(""), content)
			if p := e.props(blob("b").At("")); p.Size != int64(size) || string(p.ContentMD5) != string(res.MD5) {
				e.Errorf("%d bytes: size %d, md5 %x", size, p.Size, p.ContentMD5)
			}
		}
	}},
	{"properties are what was given", func(e *env) {
		o := blobstore.PutBlobOptions{
			Headers: blobstore.HTTPHeaders{CacheControl: "no-cache", ContentDisposition: "inline", ContentEncoding: "gzip",
				ContentLanguage: "en", ContentType: "image/jpeg", ContentMD5: []byte("not looked at")},
			Metadata: map[string]string{"Name": "Grüße"},
			Tags:     map[string]string{"a": "1", "b": "2"},
			Tier:     blobstore.TierCool,
		}
		res := e.putWith("b", "content", o)
		o.Headers.ContentMD5 = md5Of("content")
		want := blobstore.BlobProperties{Change: res.Change, Created: e.time(), Size: 7, HTTPHeaders: o.Headers, Metadata: o.Metadata,
			TagCount: 2, Tier: blobstore.TierCool, TierChanged: e.time(), Lease: blobstore.LeaseInfo{State: blobstore.LeaseAvailable}}
		if diff := cmp.Diff(want, e.props(blob("b").At(""))); diff != "" {
			e.Error(diff)
		}
		if !res.LastModified.Equal(e.time()) {
			e.Errorf("last modified %v", res.LastModified)
		}
	}},
	{"an overwrite replaces everything but the creation time", func(e *env) {
		first := e.putWith("b", "old", blobstore.PutBlobOptions{Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"k": "v"}})
		e.advance(3 * time.Second)
		second := e.put("b", "newer")
		p := e.props(blob("b").At(""))
		if first.ETag == second.ETag || len(p.Metadata) != 0 || p.TagCount != 0 || p.Tier != blobstore.TierHot || !p.TierInferred ||
			!p.Created.Equal(first.LastModified) || !p.LastModified.Equal(e.time()) {
			e.Errorf("got %+v", p)
		}
		e.wants(blob("b").At(""), "newer")
	}},
	{"names are opaque", func(e *env) {
		names := []string{"a", "A", "../../etc/passwd", "/", "//", "a/", "a//b", ".", "..", " ", "Grüße 🎉.jpg", "e\u0301", "é", "\x00", "a\x00b",
			"a\x00", "\xff\xfe", "CON", "a\\b", "%2e%2e", strings.Repeat("ü", 1024)}
		for _, name := range names {
			e.put(name, "content of "+name)
		}
		for _, name := range names {
			e.wants(blob(name).At(""), "content of "+name)
		}
		e.gone(blob("b").At(""))
	}},
	{"a missing container is not found", func(e *env) {
		_, err := e.PutBlob(e.ctx, missing, strings.NewReader(""), blobstore.PutBlobOptions{})
		e.code(bloberror.ContainerNotFound, err)
	}},
	{"a body that is not what was announced is refused", func(e *env) {
		for _, tc := range []struct {
			name string
			o    blobstore.PutBlobOptions
			want bloberror.Code
		}{
			{"md5", blobstore.PutBlobOptions{ExpectMD5: md5Of("other")}, bloberror.MD5Mismatch},
			{"crc64", blobstore.PutBlobOptions{ExpectCRC64: crc64Of("other")}, bloberror.CRC64Mismatch},
		} {
			tc.o.Size = 7
			_, err := e.PutBlob(e.ctx, blob("b"), strings.NewReader("content"), tc.o)
			e.code(tc.want, err)
			e.gone(blob("b").At(""))
		}
		e.putWith("b", "content", blobstore.PutBlobOptions{ExpectMD5: md5Of("content"), ExpectCRC64: crc64Of("content")})
		e.putWith("empty", "", blobstore.PutBlobOptions{ExpectMD5: md5Of(""), ExpectCRC64: crc64Of("")})
	}},
	{"a body that ends early or late is refused", func(e *env) {
		_, err := e.PutBlob(e.ctx, blob("b"), strings.NewReader("1234"), blobstore.PutBlobOptions{Size: 5})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			e.Errorf("short: %v", err)
		}
		_, err = e.PutBlob(e.ctx, blob("b"), strings.NewReader("123456"), blobstore.PutBlobOptions{Size: 5})
		e.code(bloberror.RequestBodyTooLarge, err)
		_, err = e.PutBlob(e.ctx, blob("b"), strings.NewReader("1"), blobstore.PutBlobOptions{Size: 0})
		e.code(bloberror.RequestBodyTooLarge, err)
		broken := errors.New("connection reset")
		_, err = e.PutBlob(e.ctx, blob("b"), io.MultiReader(strings.NewReader("12"), iotest.ErrReader(broken)), blobstore.PutBlobOptions{Size: 5})
		if !errors.Is(err, broken) {
			e.Errorf("broken: %v", err)
		}
		e.gone(blob("b").At(""))
	}},
	{"the greatest size is bounded", func(e *env) {
		_, err := e.PutBlob(e.ctx, blob("b"), strings.NewReader(""), blobstore.PutBlobOptions{Size: blobstore.MaxBlobPutSize + 1})
		e.code(bloberror.RequestBodyTooLarge, err)
		_, err = e.PutBlob(e.ctx, blob("b"), strings.NewReader(""), blobstore.PutBlobOptions{Size: blobstore.MaxBlobPutSize})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			e.Errorf("at the bound: %v", err)
		}
	}},
	{"create only does not overwrite", func(e *env) {
		e.putWith("b", "old", blobstore.PutBlobOptions{CreateOnly: true})
		e.code(bloberror.UnauthorizedBlobOverwrite, e.tryPut("b", blobstore.PutBlobOptions{CreateOnly: true}))
		e.wants(blob("b").At(""), "old")
	}},
	{"what is refused is refused before the body is read", func(e *env) {
		e.put("b", "old")
		_, err := e.PutBlob(e.ctx, blob("b"), iotest.ErrReader(errors.New("body was read")), blobstore.PutBlobOptions{Size: 1, CreateOnly: true})
		e.code(bloberror.UnauthorizedBlobOverwrite, err)
	}},
	{"uncommitted blocks are dropped", func(e *env) {
		e.stage("b", "id", "staged")
		e.put("b", "put")
		l, err := e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, no)
		e.ok(err)
		if len(l.Committed) != 0 || len(l.Uncommitted) != 0 {
			e.Errorf("got %+v", l)
		}
	}},
	{"many blobs in a row get different entity tags", func(e *env) {
		seen := map[blobstore.ETag]bool{}
		for range 50 {
			etag := e.put("b", "same").ETag
			if seen[etag] {
				e.Fatalf("%s twice", etag)
			}
			seen[etag] = true
		}
	}},
}
