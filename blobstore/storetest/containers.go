package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

var containerTests = []test{
	{"properties are what was set", func(e *env) {
		name := blobstore.ContainerName{Account: "acc", Container: "new"}
		c, err := e.CreateContainer(e.ctx, name, blobstore.CreateContainerOptions{Metadata: map[string]string{"K": "v"}, Access: blobstore.PublicAccessBlob})
		e.ok(err)
		want := blobstore.ContainerProperties{Name: name, Change: c, Metadata: map[string]string{"K": "v"},
			Access: blobstore.PublicAccessBlob, Lease: blobstore.LeaseInfo{State: blobstore.LeaseAvailable}}
		got, err := e.ContainerProperties(e.ctx, name, no)
		e.ok(err)
		if diff := cmp.Diff(want, got); diff != "" {
			e.Error(diff)
		}
		e.advance(2 * time.Second)
		c2, err := e.SetContainerMetadata(e.ctx, name, nil, no)
		e.ok(err)
		policies := []blobstore.AccessPolicy{{ID: "p", Start: "2026-01-01", Expiry: "2027-01-01", Permissions: "rl"}, {ID: "empty"}}
		c3, err := e.SetContainerACL(e.ctx, name, blobstore.SetContainerACLOptions{Policies: policies})
		e.ok(err)
		if c.ETag == c2.ETag || c2.ETag == c3.ETag || !c2.LastModified.Equal(c.LastModified.Add(2*time.Second)) {
			e.Errorf("changes %v, %v, %v", c, c2, c3)
		}
		got, err = e.ContainerProperties(e.ctx, name, no)
		e.ok(err)
		if len(got.Metadata) != 0 || got.Access != blobstore.PublicAccessNone || !cmp.Equal(policies, got.Policies) {
			e.Errorf("got %+v", got)
		}
	}},
	{"a name can be taken once in an account", func(e *env) {
		e.code2(bloberror.ContainerAlreadyExists)(e.CreateContainer(e.ctx, pics, blobstore.CreateContainerOptions{}))
		e.must(e.CreateContainer(e.ctx, blobstore.ContainerName{Account: "other", Container: "pics"}, blobstore.CreateContainerOptions{}))
	}},
	{"a missing container is not found", func(e *env) {
		want := e.code2(bloberror.ContainerNotFound)
		want(e.ContainerProperties(e.ctx, none, no))
		want(e.SetContainerMetadata(e.ctx, none, nil, no))
		want(e.SetContainerACL(e.ctx, none, blobstore.SetContainerACLOptions{}))
		want(e.LeaseContainer(e.ctx, none, blobstore.LeaseRequest{Action: blobstore.LeaseBreak}))
		want(nil, e.DeleteContainer(e.ctx, none, no))
		want(e.ListBlobs(e.ctx, none, blobstore.ListBlobsOptions{}))
	}},
	{"more than five policies are refused", func(e *env) {
		_, err := e.SetContainerACL(e.ctx, pics, blobstore.SetContainerACLOptions{Policies: make([]blobstore.AccessPolicy, 5)})
		e.ok(err)
		e.code2(bloberror.InvalidXMLDocument)(e.SetContainerACL(e.ctx, pics, blobstore.SetContainerACLOptions{Policies: make([]blobstore.AccessPolicy, 6)}))
	}},
	{"deleting removes the blobs, and the name is free at once", func(e *env) {
		e.put("a", "1")
		e.stage("staged", "id", "2")
		e.ok(e.DeleteContainer(e.ctx, pics, no))
		e.code2(bloberror.ContainerNotFound)(e.BlobProperties(e.ctx, blob("a").At(""), no))
		e.must(e.CreateContainer(e.ctx, pics, blobstore.CreateContainerOptions{}))
		e.gone(blob("a").At(""))
		page, err := e.ListBlobs(e.ctx, pics, blobstore.ListBlobsOptions{Uncommitted: true})
		e.ok(err)
		if len(page.Entries) != 0 {
			e.Errorf("got %v", page.Entries)
		}
	}},
	{"conditions guard changes", func(e *env) {
		later := blobstore.AccessConditions{IfModifiedSince: e.time().Add(time.Hour)}
		e.code2(bloberror.ConditionNotMet)(e.SetContainerMetadata(e.ctx, pics, nil, later))
		e.code2(bloberror.ConditionNotMet)(e.SetContainerACL(e.ctx, pics, blobstore.SetContainerACLOptions{Conditions: later}))
		e.code(bloberror.ConditionNotMet, e.DeleteContainer(e.ctx, pics, later))
		e.code2(bloberror.ConditionNotMet)(e.LeaseContainer(e.ctx, pics, blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, Duration: blobstore.LeaseInfinite, Conditions: later}))
	}},
	{"a lease keeps others from deleting", func(e *env) {
		e.must(e.LeaseContainer(e.ctx, pics, blobstore.LeaseRequest{Action: blobstore.LeaseAcquire, ProposedID: "A", Duration: blobstore.LeaseInfinite}))
		e.code(bloberror.LeaseIDMissing, e.DeleteContainer(e.ctx, pics, no))
		other := blobstore.AccessConditions{LeaseID: "B"}
		e.code(bloberror.LeaseIDMismatchWithContainerOperation, e.DeleteContainer(e.ctx, pics, other))
		e.code2(bloberror.LeaseIDMismatchWithContainerOperation)(e.ContainerProperties(e.ctx, pics, other))
		e.code2(bloberror.LeaseIDMismatchWithContainerOperation)(e.SetContainerMetadata(e.ctx, pics, nil, other))
		e.code2(bloberror.LeaseIDMismatchWithContainerOperation)(e.SetContainerACL(e.ctx, pics, blobstore.SetContainerACLOptions{Conditions: other}))
		e.must(e.SetContainerMetadata(e.ctx, pics, nil, no)) // only deleting needs the id
		p, err := e.ContainerProperties(e.ctx, pics, blobstore.AccessConditions{LeaseID: "A"})
		e.ok(err)
		if p.Lease != (blobstore.LeaseInfo{State: blobstore.LeaseLeased, Infinite: true}) {
			e.Errorf("lease %+v", p.Lease)
		}
		e.ok(e.DeleteContainer(e.ctx, pics, blobstore.AccessConditions{LeaseID: "A"}))
	}},
	{"a lease id without a lease is refused", func(e *env) {
		a := blobstore.AccessConditions{LeaseID: "A"}
		e.code(bloberror.LeaseNotPresentWithContainerOperation, e.DeleteContainer(e.ctx, pics, a))
		e.code2(bloberror.LeaseNotPresentWithContainerOperation)(e.ContainerProperties(e.ctx, pics, a))
	}},
	{"listing pages through one account in order", func(e *env) {
		for i := range 25 {
			e.must(e.CreateContainer(e.ctx, blobstore.ContainerName{Account: "many", Container: fmt.Sprintf("c%02d", i)}, blobstore.CreateContainerOptions{}))
		}
		for _, max := range []int{0, 1, 7, 25, 6000} {
			var names []string
			o := blobstore.ListContainersOptions{Max: max}
			for {
				page, err := e.ListContainers(e.ctx, "many", o)
				e.ok(err)
				if max > 0 && len(page.Containers) > max {
					e.Fatalf("page of %d, asked for %d", len(page.Containers), max)
				}
				for _, c := range page.Containers {
					names = append(names, c.Name.Container)
				}
				if o.Marker = page.NextMarker; o.Marker == "" {
					break
				}
			}
			if len(names) != 25 || names[0] != "c00" || names[24] != "c24" {
				e.Errorf("in pages of %d: %v", max, names)
			}
		}
		page, err := e.ListContainers(e.ctx, "many", blobstore.ListContainersOptions{Prefix: "c1", Marker: "c18"})
		e.ok(err)
		var names []string
		for _, c := range page.Containers {
			names = append(names, c.Name.Container)
		}
		if got := strings.Join(names, " "); got != "c18 c19" {
			e.Errorf("got %s", got)
		}
		page, err = e.ListContainers(e.ctx, "nobody", blobstore.ListContainersOptions{})
		e.ok(err)
		if len(page.Containers) != 0 || page.NextMarker != "" {
			e.Errorf("got %+v", page)
		}
	}},
}
