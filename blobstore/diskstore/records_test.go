package diskstore

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/valetkey/valetkey/blobstore"
)

func fullRecord() *blobRecord {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123, time.UTC)
	return &blobRecord{
		tick: 0x8DF481E0EA101DE, created: -5, modified: 1_777_000_000, size: 1 << 40, content: 77,
		headers:  blobstore.HTTPHeaders{CacheControl: "a", ContentDisposition: "b", ContentEncoding: "c", ContentLanguage: "d", ContentType: "e", ContentMD5: []byte("0123456789abcdef")},
		metadata: map[string]string{"k": "v", "K2": ""}, tags: map[string]string{"t": "ü"},
		tier: blobstore.TierCool, tierChanged: 3,
		lease:   blobstore.Lease{ID: "A", Duration: blobstore.LeaseInfinite, Expiry: at, BreakTime: at},
		copied:  &blobstore.CopyInfo{ID: "id", Source: "src", Completed: at, Size: 9},
		deleted: 5, deletedUntil: 6,
	}
}

var allowRecords = cmp.AllowUnexported(blobRecord{}, stagingRecord{}, extent{}, place{}, row{}, contentHead{})

func TestRecordsReadBackAsWritten(t *testing.T) {
	for _, r := range []*blobRecord{{}, fullRecord()} {
		got, err := decodeBlob(r.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, allowRecords); diff != "" {
			t.Error(diff)
		}
	}
	st := &stagingRecord{id: 1, lastPut: 2, count: 3, idLength: 64}
	if got, err := decodeStaging(st.encode()); err != nil || *got != *st {
		t.Errorf("got %+v, %v", got, err)
	}
	e := &extent{place: place{3, 4096}, length: chunkSize + 1, refs: 2, sums: []uint64{1, 1 << 63}}
	got, err := decodeExtent(e.place, e.encode())
	if diff := cmp.Diff(e, got, allowRecords); diff != "" || err != nil {
		t.Error(diff, err)
	}
	h := &contentHead{refs: 1, count: 2, rows: []row{{"id", place{1, 2}, 3}, {"", place{4, 5}, 6}}}
	head, err := decodeContentHead(h.encode())
	if diff := cmp.Diff(h, head, allowRecords); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestDamagedRecordsAreErrors(t *testing.T) {
	whole := fullRecord().encode()
	for n := range whole {
		if _, err := decodeBlob(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes were accepted", n, len(whole))
		}
	}
	if _, err := decodeBlob(append(whole, 0)); err == nil {
		t.Error("a record with a byte too much was accepted")
	}
	whole[0]++
	if _, err := decodeBlob(whole); err == nil {
		t.Error("a record of another version was accepted")
	}
}

func FuzzDecodeRecords(f *testing.F) {
	f.Add((&blobRecord{}).encode())
	f.Add(fullRecord().encode())
	f.Add((&stagingRecord{id: 1, count: 2}).encode())
	f.Add((&extent{length: 5, refs: 1, sums: []uint64{9}}).encode())
	f.Add((&contentHead{refs: 1, count: 1, rows: []row{{"id", place{1, 2}, 3}}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := decodeBlob(b); err == nil {
			again, err := decodeBlob(r.encode())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, again, allowRecords); diff != "" {
				t.Fatal(diff)
			}
		}
		if r, err := decodeStaging(b); err == nil && (r.count < 0 || r.idLength < 0) {
			t.Fatalf("%+v", r)
		}
		if e, err := decodeExtent(place{}, b); err == nil {
			if again, err := decodeExtent(place{}, e.encode()); err != nil || !cmp.Equal(e, again, allowRecords) {
				t.Fatalf("%+v became %+v, %v", e, again, err)
			}
		}
		if h, err := decodeContentHead(b); err == nil && (len(h.rows) > rowsPerPage || len(h.rows) > h.count) {
			t.Fatalf("%d rows of %d", len(h.rows), h.count)
		}
		for _, k := range []func(){func() { decodeRow(b) }, func() { decodeRows(b) }, func() { decodeContainer(b) }, func() { placeOfKey(b) }} {
			k()
		}
	})
}

func FuzzCutName(f *testing.F) {
	f.Add(appendName(nil, "a\x00b"))
	f.Add([]byte{0})
	f.Add([]byte{0, 2})
	f.Fuzz(func(t *testing.T, key []byte) {
		name, rest, ok := cutName(key)
		if ok && !bytes.Equal(append(appendName(nil, name), rest...), key) {
			t.Fatalf("%q is not %q and %q", key, name, rest)
		}
		parseBlobKey(key)
		decodeMarker(string(key))
	})
}

func TestKeysSortAsNamesDo(t *testing.T) {
	letters := rapid.StringOf(rapid.SampledFrom([]rune{0, 1, 'a', 'b', 0xFF, 'ü'}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		ka, kb := versionKey(nameKey(7, a), 1), versionKey(nameKey(7, b), baseVersion)
		want := bytes.Compare([]byte(a), []byte(b))
		if a == b {
			want = -1 // a snapshot stands before its blob
		}
		if got := bytes.Compare(ka, kb); got != want {
			t.Fatalf("%q and %q: %d, want %d", a, b, got, want)
		}
		name, version, ok := parseBlobKey(ka[8:])
		if !ok || name != a || version != 1 {
			t.Fatalf("%q became %q, %d", a, name, version)
		}
	})
}

func TestAfterIsTheEndOfAPrefix(t *testing.T) {
	for _, tc := range []struct{ prefix, want string }{{"a", "b"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"ab", "ac"}} {
		if got := string(after([]byte(tc.prefix))); got != tc.want {
			t.Errorf("after %q is %q, want %q", tc.prefix, got, tc.want)
		}
	}
	if got := after([]byte{0xFF, 0xFF}); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestTicks(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123_456_700, time.UTC)
	tick := tickOf(at)
	if !timeOf(tick).Equal(at) || snapshotOf(tick) != "2026-05-01T12:00:00.1234567Z" {
		t.Errorf("got %v, %s", timeOf(tick), snapshotOf(tick))
	}
	if got, ok := versionOf(snapshotOf(tick)); got != tick || !ok {
		t.Errorf("got %d, want %d", got, tick)
	}
	if _, ok := versionOf("2026-05-01"); ok {
		t.Error("a date alone named a snapshot")
	}
	for tick, want := range map[uint64]blobstore.ETag{0: "0x0", 1: "0x1", 0x8DF0: "0x8DF0", ^uint64(0): "0xFFFFFFFFFFFFFFFF"} {
		if got := etagOf(tick); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
