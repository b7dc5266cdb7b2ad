package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewUploadIsAnsweredAsEncodingJSONWould(t *testing.T) {
	for _, a := range []uploadAnswer{
		{ID: "06ewn3", URL: "https://photos.blob.core.windows.net/images/g-a/1?sv=2026-04-06&sig=a%2Bb", BlockSize: 4 << 20,
			ExpiresAt: time.Date(2026, 3, 1, 10, 20, 30, 123456000, time.UTC)},
		{ID: `"`, URL: "http://é/\x01<>&", BlockSize: -1, ExpiresAt: time.Date(2026, 3, 1, 10, 20, 30, 0, time.FixedZone("", 3600))},
	} {
		want, err := marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(a.appendTo(nil))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestOrdinaryBodiesAreReadAsEncodingJSONWould(t *testing.T) {
	for _, text := range []string{`{"name":"a.jpg","type":"image/jpeg","size":4000000}`, `{"size":1}`, `{"type":"a","type":"b"}`, `{}`} {
		var quick, want beginBody
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		want.Name = "" // which nobody asks for
		if !quick.readOrdinary([]byte(text)) || quick != want {
			t.Errorf("%s: %+v, want %+v", text, quick, want)
		}
	}
	for _, text := range []string{`{"size":1,"sise":2}`, `{"size":"1"}`, `{"type":1}`, `{"type":"a","size":1.5}`} {
		var b beginBody
		if b.readOrdinary([]byte(text)) || b != (beginBody{}) {
			t.Errorf("%s: %+v", text, b)
		}
	}
}
