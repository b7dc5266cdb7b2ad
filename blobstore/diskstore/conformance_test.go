package diskstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/blobstore/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) blobstore.Store {
		s, err := diskstore.Open(t.TempDir(), &diskstore.Options{Now: now, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			check, err := s.Check(context.Background()) // t.Context is cancelled by now
			if err != nil || len(check.Problems) > 0 {
				t.Errorf("after the test: %v, %+v", err, check.Problems)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
