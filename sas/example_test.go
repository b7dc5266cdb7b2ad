package sas_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/valetkey/valetkey/sas"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func exampleKey() sas.Key {
	key, err := sas.ParseKey("c2VjcmV0")
	if err != nil {
		panic(err)
	}
	return key
}

func ExampleService_Sign() {
	v := sas.Service{
		Account: "acct", Container: "images", Blob: "cat.jpg",
		Permissions: sas.Create, Expiry: sas.TimeOf(now.Add(10 * time.Minute)), Protocol: sas.HTTPS,
	}
	token, err := v.Sign(exampleKey())
	fmt.Println(token, err)
	// Output: sv=2026-04-06&se=2026-05-04T12%3A10%3A00Z&sr=b&sp=c&spr=https&sig=K8nnw1ylbXg37m5nf3Aul0GQ%2FqgIGBxmZs47TOzEN0s%3D <nil>
}

func ExampleToken_Verify() {
	token, err := sas.Parse("comp=block&" + exampleToken())
	if err != nil {
		fmt.Println(err)
		return
	}
	request := sas.Request{Account: "acct", Container: "images", Blob: "cat.jpg", HTTPS: true, RemoteIP: netip.MustParseAddr("10.0.0.1")}
	keys := sas.Keys{Account: []sas.Key{exampleKey()}}
	fmt.Println(token.Verify(request, sas.PutBlob, keys, now))
	fmt.Println(token.Verify(request, sas.PutBlock, keys, now))
	// Output:
	// <nil>
	// sas: sp: permission-mismatch: Put Block needs one of "w", and the SAS has "c"
}

func ExampleExplain() {
	e := sas.Explain(sas.Question{
		Text: "https://acct.blob.core.windows.net/images/cat.jpg?" + exampleToken(), Method: "PUT",
		Keys: []sas.Key{exampleKey()}, Now: now.Add(time.Hour),
	})
	fmt.Println(e.Verdict, e.Signature, e.Lasts)
	for _, f := range e.Findings {
		fmt.Println(f.Severity, f.Code)
	}
	// Output:
	// refused right ended 50 minutes ago
	// failure expired
	// warning create-only
}

func exampleToken() string {
	v := sas.Service{
		Account: "acct", Container: "images", Blob: "cat.jpg",
		Permissions: sas.Create, Expiry: sas.TimeOf(now.Add(10 * time.Minute)), Protocol: sas.HTTPS,
	}
	token, err := v.Sign(exampleKey())
	if err != nil {
		panic(err)
	}
	return token
}
