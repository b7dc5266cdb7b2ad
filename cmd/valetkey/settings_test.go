package main

import "testing"

func TestByteSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "123": 123, "100KiB": 100 << 10, "64MiB": 64 << 20, "64 MiB": 64 << 20, "5GiB": 5 << 30, "1TiB": 1 << 40,
	} {
		var b byteSize
		if err := b.UnmarshalText([]byte(in)); err != nil || int64(b) != want {
			t.Errorf("%q: %d, %v", in, b, err)
		}
	}
	for _, in := range []string{"", "MiB", "-1", "1.5GiB", "10MB", "99999999TiB", "1 2"} {
		var b byteSize
		if err := b.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q is taken for %d", in, b)
		}
	}
}

func TestOrigins(t *testing.T) {
	for in, want := range map[string][]string{
		"http://127.0.0.1:8080":      {"http://127.0.0.1:8080", "http://localhost:8080"},
		"http://localhost:8080":      {"http://localhost:8080", "http://127.0.0.1:8080"},
		"https://photos.example/app": {"https://photos.example"},
		"http://192.0.2.1:80":        {"http://192.0.2.1:80"},
	} {
		got := origins(in)
		if len(got) != len(want) {
			t.Errorf("%s: %v", in, got)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", in, got, want)
			}
		}
	}
}
