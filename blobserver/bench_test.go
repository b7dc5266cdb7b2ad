package blobserver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/sas"
)

// BenchmarkRequests measures whole requests over loopback, signature check included, without an access log.
func BenchmarkRequests(b *testing.B) {
	store, err := diskstore.Open(b.TempDir(), &diskstore.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	acct, err := blobserver.ParseAccount(account, firstKey)
	if err != nil {
		b.Fatal(err)
	}
	accounts, err := blobserver.NewAccounts(acct)
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = blobserver.New(store, accounts, nil).HTTPServer()
	srv.Start()
	defer srv.Close()
	srv.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	token, err := (&sas.Account{Account: account, Services: sas.Blob, ResourceTypes: sas.ServiceLevel | sas.ContainerLevel | sas.ObjectLevel,
		Permissions: sas.AccountRead | sas.AccountWrite | sas.AccountCreate | sas.AccountList, Expiry: sas.TimeOf(time.Now().Add(time.Hour))}).Sign(acct.Keys[0])
	if err != nil {
		b.Fatal(err)
	}
	do := func(method, path string, body []byte) {
		r, _ := http.NewRequest(method, srv.URL+"/"+account+path+token, bytes.NewReader(body))
		r.Header.Set("x-ms-blob-type", "BlockBlob")
		resp, err := srv.Client().Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode > 299 {
			b.Errorf("%s %s: %s", method, path, resp.Status)
		}
	}
	do("PUT", "/bench?restype=container&", nil)
	for _, size := range []int{1 << 10, 100 << 10, 4 << 20} {
		data := content(size)
		do("PUT", "/bench/read?", data)
		run := func(name string, f func()) {
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.SetParallelism(8)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						f()
					}
				})
			})
		}
		unit := map[int]string{1 << 10: "1KB", 100 << 10: "100KB", 4 << 20: "4MB"}[size]
		run("GetBlob/"+unit, func() { do("GET", "/bench/read?", nil) })
		run("PutBlob/"+unit, func() { do("PUT", "/bench/write?", data) })
		run("PutBlock/"+unit, func() { do("PUT", "/bench/block?comp=block&blockid=YQ==&", data) })
	}
}

// BenchmarkListBlobs lists 10,000 blobs in two pages.
func BenchmarkListBlobs(b *testing.B) {
	store, err := diskstore.OpenTemp(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	acct, _ := blobserver.ParseAccount(account, firstKey)
	accounts, _ := blobserver.NewAccounts(acct)
	handler := blobserver.New(store, accounts, nil)
	container := blobstore.ContainerName{Account: account, Container: "list"}
	if _, err := store.CreateContainer(b.Context(), container, blobstore.CreateContainerOptions{}); err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := i; n < 10_000; n += 16 {
				name := blobstore.BlobName{Account: account, Container: "list", Blob: fmt.Sprintf("owner/%08d/original.jpg", n)}
				if _, err := store.PutBlob(b.Context(), name, strings.NewReader("x"), blobstore.PutBlobOptions{Size: 1, Metadata: map[string]string{"title": "a"}}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	token, _ := (&sas.Service{Account: account, Container: "list", Permissions: sas.List, Expiry: sas.TimeOf(time.Now().Add(time.Hour))}).Sign(acct.Keys[0])
	for b.Loop() {
		marker, pages := "", 0
		for ; pages == 0 || marker != ""; pages++ {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", "/"+account+"/list?restype=container&comp=list&include=metadata&marker="+marker+"&"+token, nil))
			_, rest, _ := strings.Cut(w.Body.String(), "<NextMarker>")
			marker, _, _ = strings.Cut(rest, "<")
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
		if pages != 2 {
			b.Fatalf("%d pages", pages)
		}
	}
}
