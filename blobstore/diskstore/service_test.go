package diskstore

import (
	"sync"
	"testing"

	"github.com/valetkey/valetkey/blobstore"
)

func TestPropertiesAreNeverOlderThanTheLastChange(t *testing.T) {
	s, err := Open(t.TempDir(), &Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const account = "acct"
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 { // readers that fill the cache all the time
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := s.ServiceProperties(t.Context(), account); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range 200 {
		rules := make([]blobstore.CORSRule, i%5)
		if err := s.SetServiceProperties(t.Context(), account, blobstore.ServiceProperties{CORS: &rules}); err != nil {
			t.Fatal(err)
		}
		p, err := s.ServiceProperties(t.Context(), account)
		if err != nil || p.CORS == nil || len(*p.CORS) != i%5 {
			t.Fatalf("after setting %d rules: %+v, %v", i%5, p.CORS, err)
		}
	}
	close(stop)
	readers.Wait()
}
