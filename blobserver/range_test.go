package blobserver

import (
	"testing"

	"github.com/valetkey/valetkey/bloberror"
)

func TestRanges(t *testing.T) {
	for _, tt := range []struct {
		value          string
		size           int64
		offset, length int64
	}{
		{"bytes=0-0", 10, 0, 1},
		{"bytes=0-9", 10, 0, 10},
		{"bytes=5-", 10, 5, 5},
		{"bytes=5-100", 10, 5, 5},
		{"bytes=-3", 10, 7, 3},
		{"bytes=-30", 10, 0, 10},
		{" bytes=1-2 ", 10, 1, 2},
		{"bytes=0-9223372036854775807", 10, 0, 10},
	} {
		r, ok := parseRange(tt.value)
		if !ok {
			t.Errorf("%q is no range", tt.value)
			continue
		}
		offset, length, err := r.within(tt.size)
		if err != nil || offset != tt.offset || length != tt.length {
			t.Errorf("%q of %d: %d+%d, %v; want %d+%d", tt.value, tt.size, offset, length, err, tt.offset, tt.length)
		}
	}
}

func TestRangesThatAreIgnored(t *testing.T) {
	for _, value := range []string{"", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2",
		"bytes=99999999999999999999-", "bytes=--1", "0-5"} {
		if r, ok := parseRange(value); ok {
			t.Errorf("%q read as %+v", value, r)
		}
	}
}

func TestRangesOutsideTheBlob(t *testing.T) {
	for _, tt := range []struct {
		value string
		size  int64
	}{{"bytes=10-", 10}, {"bytes=10-12", 10}, {"bytes=0-", 0}, {"bytes=-5", 0}, {"bytes=-0", 10}} {
		r, _ := parseRange(tt.value)
		if _, _, err := r.within(tt.size); bloberror.CodeOf(err) != bloberror.InvalidRange {
			t.Errorf("%q of %d: %v", tt.value, tt.size, err)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, v := range []string{"bytes=0-0", "bytes=-1", "bytes=5-", "bytes=9-3", "bytes=0-18446744073709551615"} {
		f.Add(v, int64(10))
	}
	f.Fuzz(func(t *testing.T, value string, size int64) {
		r, ok := parseRange(value)
		if !ok || size < 0 {
			return
		}
		offset, length, err := r.within(size)
		if err == nil && (offset < 0 || length < 1 || offset > size-length) {
			t.Fatalf("%q of %d gives %d+%d", value, size, offset, length)
		}
	})
}
