package storetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

func (e *env) lists(name string) blobstore.BlockLists {
	e.Helper()
	l, err := e.BlockList(e.ctx, blob(name).At(""), blobstore.AllBlocks, no)
	e.ok(err)
	return l
}

func (e *env) tryCommit(name string, entries ...blobstore.BlockEntry) error {
	_, err := e.PutBlockList(e.ctx, blob(name), entries, blobstore.CommitOptions{})
	return err
}

var blockTests = []test{
	{"a blob is its blocks in the order of the list", func(e *env) {
		e.stage("b", "2", "two")
		e.stage("b", "1", "one")
		e.stage("b", "3", "unused")
		want := []blobstore.Block{{ID: "1", Size: 3}, {ID: "2", Size: 3}, {ID: "3", Size: 6}}
		if diff := cmp.Diff(blobstore.BlockLists{Uncommitted: want}, e.lists("b")); diff != "" {
			e.Error(diff)
		}
		e.gone(blob("b").At(""))
		c := e.commit("b", "2", "1", "2")
		e.wants(blob("b").At(""), "twoonetwo")
		lists := blobstore.BlockLists{Exists: true, Change: c, Size: 9, Committed: []blobstore.Block{{ID: "2", Size: 3}, {ID: "1", Size: 3}, {ID: "2", Size: 3}}}
		if diff := cmp.Diff(lists, e.lists("b")); diff != "" {
			e.Error(diff)
		}
	}},
	{"the kind selects which blocks are listed", func(e *env) {
		e.stage("b", "1", "one")
		e.commit("b", "1")
		e.stage("b", "2", "two")
		for kind, want := range map[blobstore.BlockListKind][2]int{blobstore.CommittedBlocks: {1, 0}, blobstore.UncommittedBlocks: {0, 1}, blobstore.AllBlocks: {1, 1}} {
			l, err := e.BlockList(e.ctx, blob("b").At(""), kind, no)
			e.ok(err)
			if got := [2]int{len(l.Committed), len(l.Uncommitted)}; got != want {
				e.Errorf("kind %d: got %v, want %v", kind, got, want)
			}
		}
	}},
	{"a block staged again replaces the first", func(e *env) {
		e.stage("b", "1", "first")
		e.stage("b", "1", "second!")
		if l := e.lists("b"); !cmp.Equal(l.Uncommitted, []blobstore.Block{{ID: "1", Size: 7}}) {
			e.Errorf("got %v", l.Uncommitted)
		}
		e.commit("b", "1")
		e.wants(blob("b").At(""), "second!")
	}},
	{"sources say where a block is looked for", func(e *env) {
		e.stage("b", "1", "old1")
		e.stage("b", "2", "old2")
		e.commit("b", "1", "2")
		e.stage("b", "1", "new1")
		e.code(bloberror.InvalidBlockList, e.tryCommit("b", blobstore.BlockEntry{ID: "2", From: blobstore.BlockUncommitted}))
		e.code(bloberror.InvalidBlockList, e.tryCommit("b", blobstore.BlockEntry{ID: "3"}))
		e.wants(blob("b").At(""), "old1old2")
		e.ok(e.tryCommit("b", blobstore.BlockEntry{ID: "1", From: blobstore.BlockCommitted}, blobstore.BlockEntry{ID: "1"},
			blobstore.BlockEntry{ID: "1", From: blobstore.BlockUncommitted}, blobstore.BlockEntry{ID: "2"}))
		e.wants(blob("b").At(""), "old1new1new1old2")
		e.code(bloberror.InvalidBlockList, e.tryCommit("c", blobstore.BlockEntry{ID: "1"}))
		e.gone(blob("c").At(""))
	}},
	{"a blob that was put has no blocks to reuse", func(e *env) {
		e.put("b", "content")
		e.code(bloberror.InvalidBlockList, e.tryCommit("b", blobstore.BlockEntry{ID: "1", From: blobstore.BlockCommitted}))
	}},
	{"an empty list makes an empty blob", func(e *env) {
		e.commit("b")
		e.wants(blob("b").At(""), "")
	}},
	{"properties are what was given", func(e *env) {
		e.stage("b", "1", "one")
		o := blobstore.CommitOptions{Headers: blobstore.HTTPHeaders{ContentType: "image/png", ContentMD5: []byte("0123456789abcdef")},
			Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}, Tier: blobstore.TierCold}
		c, err := e.PutBlockList(e.ctx, blob("b"), latest("1"), o)
		e.ok(err)
		want := blobstore.BlobProperties{Change: c, Created: e.time(), Size: 3, HTTPHeaders: o.Headers, Metadata: o.Metadata, TagCount: 1,
			Tier: blobstore.TierCold, TierChanged: e.time(), Lease: blobstore.LeaseInfo{State: blobstore.LeaseAvailable}}
		if diff := cmp.Diff(want, e.props(blob("b").At(""))); diff != "" {
			e.Error(diff)
		}
	}},
	{"ids have one length within a blob", func(e *env) {
		e.stage("b", "12", "x")
		_, err := e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader("x"), blobstore.PutBlockOptions{Size: 1})
		e.code(bloberror.InvalidBlobOrBlock, err)
		e.stage("c", "1", "x")
	}},
	{"ids have bounds", func(e *env) {
		for size, ok := range map[int]bool{0: false, 1: true, 64: true, 65: false} {
			id := blobstore.BlockID(strings.Repeat("x", size))
			_, err := e.PutBlock(e.ctx, blob(fmt.Sprint(size)), id, strings.NewReader("x"), blobstore.PutBlockOptions{Size: 1})
			if ok {
				e.ok(err)
				continue
			}
			e.code(bloberror.InvalidBlockID, err)
			e.code(bloberror.InvalidBlockID, e.tryCommit("b", blobstore.BlockEntry{ID: id}))
		}
	}},
	{"a list has at most fifty thousand blocks", func(e *env) {
		e.stage("b", "1", "x")
		entries := make([]blobstore.BlockEntry, blobstore.MaxCommittedBlocks+1)
		for i := range entries {
			entries[i].ID = "1"
		}
		e.code(bloberror.BlockListTooLong, e.tryCommit("b", entries...))
		e.ok(e.tryCommit("b", entries[1:]...))
		e.wants(blob("b").At(""), strings.Repeat("x", blobstore.MaxCommittedBlocks))
		r, err := e.Open(e.ctx, blob("b").At(""), no)
		e.ok(err)
		defer r.Close()
		if got := e.readRange(r, 49_000, 700); got != strings.Repeat("x", 700) {
			e.Errorf("range: %d bytes", len(got))
		}
	}},
	{"block sizes have bounds", func(e *env) {
		_, err := e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader(""), blobstore.PutBlockOptions{Size: 0})
		e.code(bloberror.InvalidHeaderValue, err)
		_, err = e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader(""), blobstore.PutBlockOptions{Size: blobstore.MaxBlockSize + 1})
		e.code(bloberror.RequestBodyTooLarge, err)
	}},
	{"sums are returned and compared", func(e *env) {
		put := func(o blobstore.PutBlockOptions) (blobstore.PutResult, error) {
			o.Size = 7
			return e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader("content"), o)
		}
		res, err := put(blobstore.PutBlockOptions{})
		e.ok(err)
		if res.MD5 != nil || string(res.CRC64) != string(crc64Of("content")) {
			e.Errorf("got %x, %x", res.MD5, res.CRC64)
		}
		res, err = put(blobstore.PutBlockOptions{ExpectMD5: md5Of("content"), ExpectCRC64: crc64Of("content")})
		e.ok(err)
		if string(res.MD5) != string(md5Of("content")) {
			e.Errorf("got %x", res.MD5)
		}
		e.code2(bloberror.MD5Mismatch)(put(blobstore.PutBlockOptions{ExpectMD5: md5Of("x")}))
		e.code2(bloberror.CRC64Mismatch)(put(blobstore.PutBlockOptions{ExpectCRC64: crc64Of("x")}))
		_, err = e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader("short"), blobstore.PutBlockOptions{Size: 7})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			e.Errorf("short: %v", err)
		}
		_, err = e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader("too long"), blobstore.PutBlockOptions{Size: 7})
		e.code(bloberror.RequestBodyTooLarge, err)
	}},
	{"what is missing is not found", func(e *env) {
		_, err := e.PutBlock(e.ctx, missing, "1", strings.NewReader("x"), blobstore.PutBlockOptions{Size: 1})
		e.code(bloberror.ContainerNotFound, err)
		e.code2(bloberror.ContainerNotFound)(e.PutBlockList(e.ctx, missing, nil, blobstore.CommitOptions{}))
		e.code2(bloberror.ContainerNotFound)(e.BlockList(e.ctx, missing.At(""), blobstore.AllBlocks, no))
		e.code2(bloberror.BlobNotFound)(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, no))
	}},
	{"a commit obeys create-only and conditions", func(e *env) {
		e.put("b", "old")
		e.stage("b", "1", "new")
		e.code2(bloberror.UnauthorizedBlobOverwrite)(e.PutBlockList(e.ctx, blob("b"), latest("1"), blobstore.CommitOptions{CreateOnly: true}))
		any := blobstore.AccessConditions{IfNoneMatch: []blobstore.ETag{blobstore.AnyETag}}
		e.code2(bloberror.BlobAlreadyExists)(e.PutBlockList(e.ctx, blob("b"), latest("1"), blobstore.CommitOptions{Conditions: any}))
		e.wants(blob("b").At(""), "old")
		if l := e.lists("b"); len(l.Uncommitted) != 1 {
			e.Errorf("a refused commit lost the staged blocks: %+v", l)
		}
		e.commit("b", "1")
		e.wants(blob("b").At(""), "new")
	}},
	{"a leased blob takes blocks with its lease id only", func(e *env) {
		e.put("b", "old")
		e.acquire("b", "A", blobstore.LeaseInfinite)
		stage := func(lease string) error {
			_, err := e.PutBlock(e.ctx, blob("b"), "1", strings.NewReader("new"), blobstore.PutBlockOptions{Size: 3, LeaseID: lease})
			return err
		}
		e.code(bloberror.LeaseIDMissing, stage(""))
		e.code(bloberror.LeaseIDMismatchWithBlobOperation, stage("B"))
		e.ok(stage("A"))
		e.code(bloberror.LeaseIDMissing, e.tryCommit("b", latest("1")...))
		e.must(e.PutBlockList(e.ctx, blob("b"), latest("1"), blobstore.CommitOptions{Conditions: blobstore.AccessConditions{LeaseID: "A"}}))
		e.code2(bloberror.LeaseIDMismatchWithBlobOperation)(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, blobstore.AccessConditions{LeaseID: "B"}))
		e.must(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, blobstore.AccessConditions{LeaseID: "A"}))
	}},
	{"block lists look at tag conditions", func(e *env) {
		e.putWith("b", "x", blobstore.PutBlobOptions{Tags: map[string]string{"k": "v"}})
		c := blobstore.AccessConditions{IfTags: e.condition(`"k" = 'w'`), IfMatch: []blobstore.ETag{"0x1"}}
		e.code2(bloberror.ConditionNotMet)(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, c))
		c.IfTags = e.condition(`"k" = 'v'`)
		e.must(e.BlockList(e.ctx, blob("b").At(""), blobstore.AllBlocks, c))
	}},
	{"a snapshot keeps its blocks and has no uncommitted ones", func(e *env) {
		e.stage("b", "1", "one")
		e.commit("b", "1")
		snapshot := e.snapshot("b")
		e.stage("b", "2", "two")
		e.commit("b", "2")
		e.stage("b", "3", "three")
		l, err := e.BlockList(e.ctx, snapshot, blobstore.AllBlocks, no)
		e.ok(err)
		if !cmp.Equal(l.Committed, []blobstore.Block{{ID: "1", Size: 3}}) || len(l.Uncommitted) != 0 {
			e.Errorf("got %+v", l)
		}
		e.wants(snapshot, "one")
	}},
	{"staging changes nothing that readers see", func(e *env) {
		e.put("b", "old")
		before := e.props(blob("b").At(""))
		e.advance(time.Minute)
		e.stage("b", "1", "new")
		if diff := cmp.Diff(before, e.props(blob("b").At(""))); diff != "" {
			e.Error(diff)
		}
	}},
}
