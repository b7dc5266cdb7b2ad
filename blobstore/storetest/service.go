package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/blobstore"
)

var serviceTests = []test{
	{"no field of the default properties is nil", func(e *env) {
		p, err := e.ServiceProperties(e.ctx, "acc")
		e.ok(err)
		if p.CORS == nil || len(*p.CORS) != 0 || p.DeleteRetention == nil || p.DeleteRetention.Enabled ||
			p.DefaultServiceVersion == nil || p.StaticWebsite == nil || p.Logging == nil || p.HourMetrics == nil || p.MinuteMetrics == nil {
			e.Errorf("got %+v", p)
		}
	}},
	{"what is set is kept, for that account only", func(e *env) {
		before, err := e.ServiceProperties(e.ctx, "other")
		e.ok(err)
		rules := []blobstore.CORSRule{{AllowedOrigins: []string{"http://a"}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"*"},
			ExposedHeaders: []string{"etag"}, MaxAge: 200 * time.Second}}
		retention := blobstore.DeleteRetention{Enabled: true, Days: 7, AllowPermanentDelete: true}
		version := "2021-08-06"
		e.ok(e.SetServiceProperties(e.ctx, "acc", blobstore.ServiceProperties{CORS: &rules}))
		e.ok(e.SetServiceProperties(e.ctx, "acc", blobstore.ServiceProperties{DeleteRetention: &retention, DefaultServiceVersion: &version}))
		p, err := e.ServiceProperties(e.ctx, "acc")
		e.ok(err)
		if diff := cmp.Diff(rules, *p.CORS); diff != "" {
			e.Error(diff)
		}
		if *p.DeleteRetention != retention || *p.DefaultServiceVersion != version {
			e.Errorf("got %+v, %s", *p.DeleteRetention, *p.DefaultServiceVersion)
		}
		after, err := e.ServiceProperties(e.ctx, "other")
		e.ok(err)
		if diff := cmp.Diff(before, after); diff != "" {
			e.Error(diff)
		}
	}},
	{"an empty list of rules removes them", func(e *env) {
		e.ok(e.SetServiceProperties(e.ctx, "acc", blobstore.ServiceProperties{CORS: &[]blobstore.CORSRule{{MaxAge: time.Second}}}))
		e.ok(e.SetServiceProperties(e.ctx, "acc", blobstore.ServiceProperties{CORS: &[]blobstore.CORSRule{}}))
		p, err := e.ServiceProperties(e.ctx, "acc")
		e.ok(err)
		if len(*p.CORS) != 0 {
			e.Errorf("got %v", *p.CORS)
		}
	}},
}
