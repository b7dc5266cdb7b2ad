package sas

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// BenchmarkSign signs one blob SAS, its times changing each time, with this package and with azblob, in one run.
func BenchmarkSign(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		key := mustKey(b, testKeyText)
		v := testService()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v.Expiry = TimeOf(testNow.Add(time.Duration(i) * time.Second))
			if _, err := v.Sign(key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours-append", func(b *testing.B) {
		key := mustKey(b, testKeyText)
		v := testService()
		buf := make([]byte, 0, 512)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v.Expiry = TimeOf(testNow.Add(time.Duration(i) * time.Second))
			if _, err := v.AppendSigned(buf, key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("azblob", func(b *testing.B) {
		cred, err := azblob.NewSharedKeyCredential(testAccount, testKeyText)
		if err != nil {
			b.Fatal(err)
		}
		v := azblobValues(testService())
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v.ExpiryTime = testNow.Add(time.Duration(i) * time.Second)
			q, err := v.SignWithSharedKey(cred)
			if err != nil {
				b.Fatal(err)
			}
			_ = q.Encode()
		}
	})
}

// BenchmarkVerify parses and verifies one blob SAS.
func BenchmarkVerify(b *testing.B) {
	keys := testKeys(b)
	query, err := testService().Sign(keys.Account[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		token, err := Parse(query)
		if err != nil {
			b.Fatal(err)
		}
		if err := token.Verify(testRequest(), PutBlock, keys, testNow); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSigningAllocatesOnlyTheResult(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	key := mustKey(t, testKeyText)
	v := testService()
	if n := testing.AllocsPerRun(200, func() { _, _ = v.Sign(key) }); n > 1 {
		t.Errorf("Sign: %v allocations, want 1, the result", n)
	}
	buf := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(200, func() { _, _ = v.AppendSigned(buf, key) }); n > 0 {
		t.Errorf("AppendSigned: %v allocations, want none", n)
	}
}
