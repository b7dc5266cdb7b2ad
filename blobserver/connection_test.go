package blobserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/blobstore"
)

// slowStore takes its time to set tags, and notices when the request is given up meanwhile.
type slowStore struct {
	blobstore.Store
	takes time.Duration
}

func (s slowStore) SetBlobTags(ctx context.Context, ref blobstore.BlobRef, tags map[string]string, c blobstore.AccessConditions) error {
	timer := time.NewTimer(s.takes)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return s.Store.SetBlobTags(ctx, ref, tags, c)
	}
}

func TestAStoreMayTakeLongerThanAClientMayBeSilent(t *testing.T) {
	s := newService(t)
	s.container("patient")
	q := s.all("patient")
	s.want(s.do("PUT", "/patient/b?"+q, "x", blockBlob), 201, "")
	stall := 500 * time.Millisecond // a machine that is busy is silent for a while as well
	slow := httptest.NewUnstartedServer(nil)
	slow.Config = blobserver.New(slowStore{s.store, stall * 3 / 2}, s.accounts, &blobserver.Options{Limits: blobserver.Limits{ReadStall: stall, WriteStall: stall}}).HTTPServer()
	slow.Start()
	defer slow.Close()
	for range 2 { // the second on the same connection, with the first one's deadlines long past
		r, _ := http.NewRequest("PUT", slow.URL+"/"+account+"/patient/b?comp=tags&"+q, strings.NewReader("<Tags><TagSet></TagSet></Tags>"))
		resp, err := slow.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("%s %s", resp.Status, resp.Header.Get("x-ms-error-code"))
		}
	}
}

func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Limits.WriteStall = 500 * time.Millisecond })
	s.container("stuck")
	q := s.all("stuck")
	s.want(s.do("PUT", "/stuck/b?"+q, string(content(32<<20)), blockBlob), 201, "")
	r, _ := http.NewRequest("GET", s.URL+"/stuck/b?"+q, nil)
	resp, err := s.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// Nothing is read. The service gives up, which its access log tells; only then does the client look again.
	deadline := time.After(time.Minute)
	for !strings.Contains(s.log.String(), "operation=GetBlob") {
		select {
		case <-deadline:
			t.Fatal("the service still waits")
		case <-time.After(5 * time.Millisecond):
		}
	}
	buf := make([]byte, 1<<20)
	var got int
	for err == nil {
		var n int
		n, err = resp.Body.Read(buf)
		got += n
	}
	if got == 32<<20 || err.Error() == "EOF" {
		t.Errorf("%d bytes came through, %v", got, err)
	}
}
