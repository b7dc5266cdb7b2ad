package blobserver_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	azerror "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	azsas "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	azservice "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

func content(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b)
	return b
}

func body(b []byte) io.ReadSeekCloser { return streaming.NopCloser(bytes.NewReader(b)) }

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t *testing.T, err error, code azerror.Code) {
	t.Helper()
	if !azerror.HasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestSDKUploadsAndDownloads(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	client := s.client()
	if _, err := client.CreateContainer(ctx, "photos", nil); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateContainer(ctx, "photos", nil)
	wantCode(t, err, azerror.ContainerAlreadyExists)
	for _, tt := range []struct {
		name string
		size int
	}{{"empty", 0}, {"small.jpg", 1000}, {"äöü/写真 100%+#?.jpg", 70_000}, {"a//b/../c", 5}, {"large", 9 << 20}} {
		t.Run(tt.name, func(t *testing.T) {
			data := content(tt.size)
			if _, err := client.UploadBuffer(ctx, "photos", tt.name, data, &azblob.UploadBufferOptions{
				BlockSize: 1 << 20, Concurrency: 4,
				HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("image/jpeg"), BlobCacheControl: to.Ptr("no-cache")},
				Metadata:    map[string]*string{"title": to.Ptr("a b c")},
			}); err != nil {
				t.Fatal(err)
			}
			got := must[azblob.DownloadStreamResponse](t)(client.DownloadStream(ctx, "photos", tt.name, nil))
			back := must[[]byte](t)(io.ReadAll(got.Body))
			if !bytes.Equal(back, data) {
				t.Fatalf("%d bytes came back as other %d", len(data), len(back))
			}
			if *got.ContentType != "image/jpeg" || *got.CacheControl != "no-cache" || *got.Metadata["Title"] != "a b c" {
				t.Errorf("properties: %q %q %v", *got.ContentType, *got.CacheControl, got.Metadata)
			}
		})
	}
	stream := content(3<<20 + 17)
	if _, err := client.UploadStream(ctx, "photos", "stream", bytes.NewReader(stream), &azblob.UploadStreamOptions{BlockSize: 1 << 20, Concurrency: 3}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len(stream))
	n := must[int64](t)(client.DownloadBuffer(ctx, "photos", "stream", buf, &azblob.DownloadBufferOptions{BlockSize: 1 << 20, Concurrency: 3}))
	if n != int64(len(stream)) || !bytes.Equal(buf, stream) {
		t.Error("the streamed blob came back different")
	}
	_, err = client.DownloadStream(ctx, "photos", "none", nil)
	wantCode(t, err, azerror.BlobNotFound)
	_, err = client.DownloadStream(ctx, "nowhere", "none", nil)
	wantCode(t, err, azerror.ContainerNotFound)
}

func TestSDKListsWithPrefixDelimiterAndPages(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	c := s.container("list")
	var names []string
	for _, n := range []string{"a", "b/1", "b/2", "b/c/3", "d", "写真/1", "z\x01<&>"} {
		must[blockblob.UploadResponse](t)(c.NewBlockBlobClient(n).Upload(ctx, body([]byte(n)), &blockblob.UploadOptions{Metadata: map[string]*string{"n": to.Ptr("v")}}))
		names = append(names, n)
	}
	var got []string
	pages := 0
	for pager := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: to.Ptr[int32](2), Include: container.ListBlobsInclude{Metadata: true}}); pager.More(); pages++ {
		page := must[container.ListBlobsFlatResponse](t)(pager.NextPage(ctx))
		for _, item := range page.Segment.BlobItems {
			got = append(got, *item.Name)
			if *item.Metadata["n"] != "v" || *item.Properties.ContentLength != int64(len(*item.Name)) || *item.Properties.BlobType != blob.BlobTypeBlockBlob {
				t.Errorf("%q: %v", *item.Name, item.Metadata)
			}
			if sum := md5.Sum([]byte(*item.Name)); !bytes.Equal(item.Properties.ContentMD5, sum[:]) {
				t.Errorf("%q: MD5 %x", *item.Name, item.Properties.ContentMD5)
			}
		}
	}
	slices.Sort(names)
	if !slices.Equal(got, names) || pages != 4 {
		t.Errorf("%d pages: %q, want %q", pages, got, names)
	}
	var blobs, prefixes []string
	for pager := c.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{MaxResults: to.Ptr[int32](1)}); pager.More(); {
		page := must[container.ListBlobsHierarchyResponse](t)(pager.NextPage(ctx))
		for _, item := range page.Segment.BlobItems {
			blobs = append(blobs, *item.Name)
		}
		for _, p := range page.Segment.BlobPrefixes {
			prefixes = append(prefixes, *p.Name)
		}
	}
	if !slices.Equal(blobs, []string{"a", "d", "z\x01<&>"}) || !slices.Equal(prefixes, []string{"b/", "写真/"}) {
		t.Errorf("blobs %q, prefixes %q", blobs, prefixes)
	}
}

func TestSDKStagesAndCommitsBlocks(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	c := s.container("blocks")
	b := c.NewBlockBlobClient("b")
	id := func(i int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%06d", i)) }
	var ids []string
	for i := range 3 {
		resp := must[blockblob.StageBlockResponse](t)(b.StageBlock(ctx, id(i), body(fmt.Appendf(nil, "block %d;", i)), nil))
		if len(resp.ContentCRC64) != 8 {
			t.Errorf("no CRC-64: %x", resp.ContentCRC64)
		}
		ids = append(ids, id(i))
	}
	list := must[blockblob.GetBlockListResponse](t)(b.GetBlockList(ctx, blockblob.BlockListTypeAll, nil))
	if len(list.UncommittedBlocks) != 3 || len(list.CommittedBlocks) != 0 || *list.UncommittedBlocks[1].Size != 8 || *list.UncommittedBlocks[1].Name != id(1) {
		t.Errorf("staged: %+v", list.BlockList)
	}
	var uncommitted int
	for pager := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{UncommittedBlobs: true}}); pager.More(); {
		uncommitted += len(must[container.ListBlobsFlatResponse](t)(pager.NextPage(ctx)).Segment.BlobItems)
	}
	if uncommitted != 1 {
		t.Errorf("%d uncommitted blobs are listed", uncommitted)
	}
	_, err := b.GetProperties(ctx, nil)
	wantCode(t, err, azerror.BlobNotFound)
	slices.Reverse(ids)
	none := &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
	must[blockblob.CommitBlockListResponse](t)(b.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{AccessConditions: none}))
	_, err = b.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{AccessConditions: none})
	wantCode(t, err, azerror.BlobAlreadyExists)
	_, err = b.CommitBlockList(ctx, []string{id(9)}, nil)
	wantCode(t, err, azerror.InvalidBlockList)
	got := must[blob.DownloadStreamResponse](t)(b.DownloadStream(ctx, nil))
	if text := string(must[[]byte](t)(io.ReadAll(got.Body))); text != "block 2;block 1;block 0;" {
		t.Errorf("content %q", text)
	}
	_, err = b.StageBlock(ctx, base64.StdEncoding.EncodeToString([]byte("x")), body(nil), nil)
	wantCode(t, err, azerror.InvalidHeaderValue)
	wrong := blob.TransferValidationTypeMD5(make([]byte, 16))
	_, err = b.StageBlock(ctx, id(5), body([]byte("abc")), &blockblob.StageBlockOptions{TransactionalValidation: wrong})
	wantCode(t, err, azerror.MD5Mismatch)
	right := blob.TransferValidationTypeComputeCRC64()
	must[blockblob.StageBlockResponse](t)(b.StageBlock(ctx, id(5), body([]byte("abc")), &blockblob.StageBlockOptions{TransactionalValidation: right}))
}

func TestSDKConditionsDecide(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	b := s.container("cond").NewBlockBlobClient("b")
	first := must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("1")), nil))
	second := must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("2")), nil))
	if *first.ETag == *second.ETag {
		t.Fatal("an overwrite kept the ETag")
	}
	match := func(e *azcore.ETag) *blob.AccessConditions {
		return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: e}}
	}
	_, err := b.Upload(ctx, body([]byte("3")), &blockblob.UploadOptions{AccessConditions: match(first.ETag)})
	wantCode(t, err, azerror.ConditionNotMet)
	must[blob.DownloadStreamResponse](t)(b.DownloadStream(ctx, &blob.DownloadStreamOptions{AccessConditions: match(second.ETag)}))
	_, err = b.DownloadStream(ctx, &blob.DownloadStreamOptions{AccessConditions: match(first.ETag)})
	wantCode(t, err, azerror.ConditionNotMet)
	_, err = b.GetProperties(ctx, &blob.GetPropertiesOptions{AccessConditions: &blob.AccessConditions{
		ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: second.ETag}}})
	if err == nil || !strings.Contains(err.Error(), "304") {
		t.Errorf("If-None-Match with the present ETag: %v", err)
	}
}

func TestSDKLeasesProtectAndEnd(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	b := s.container("leases").NewBlockBlobClient("b")
	must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("1")), nil))
	l := must[*lease.BlobClient](t)(lease.NewBlobClient(b, nil))
	must[lease.BlobAcquireResponse](t)(l.AcquireLease(ctx, 15, nil))
	_, err := b.Upload(ctx, body([]byte("2")), nil)
	wantCode(t, err, azerror.LeaseIDMissing)
	must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("2")), &blockblob.UploadOptions{
		AccessConditions: &blob.AccessConditions{LeaseAccessConditions: &blob.LeaseAccessConditions{LeaseID: l.LeaseID()}}}))
	p := must[blob.GetPropertiesResponse](t)(b.GetProperties(ctx, nil))
	if *p.LeaseState != lease.StateTypeLeased || *p.LeaseStatus != lease.StatusTypeLocked || *p.LeaseDuration != lease.DurationTypeFixed {
		t.Errorf("lease: %s %s %s", *p.LeaseState, *p.LeaseStatus, *p.LeaseDuration)
	}
	must[lease.BlobRenewResponse](t)(l.RenewLease(ctx, nil))
	must[lease.BlobBreakResponse](t)(l.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: to.Ptr[int32](5)}))
	s.clock.advance(time.Minute)
	must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("3")), nil))
	cl := must[*lease.ContainerClient](t)(lease.NewContainerClient(s.client().ServiceClient().NewContainerClient("leases"), nil))
	must[lease.ContainerAcquireResponse](t)(cl.AcquireLease(ctx, -1, nil))
	_, err = s.client().DeleteContainer(ctx, "leases", nil)
	wantCode(t, err, azerror.LeaseIDMissing)
	must[lease.ContainerReleaseResponse](t)(cl.ReleaseLease(ctx, nil))
	if _, err := s.client().DeleteContainer(ctx, "leases", nil); err != nil {
		t.Error(err)
	}
}

func TestSDKSnapshotsTagsTierAndUndelete(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	service := s.client().ServiceClient()
	if _, err := service.SetProperties(ctx, &azservice.SetPropertiesOptions{DeleteRetentionPolicy: &azservice.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr[int32](3)}}); err != nil {
		t.Fatal(err)
	}
	c := s.container("snaps")
	b := c.NewBlockBlobClient("b")
	must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("old")), &blockblob.UploadOptions{Tags: map[string]string{"kind": "cat"}}))
	snap := must[blob.CreateSnapshotResponse](t)(b.CreateSnapshot(ctx, nil))
	must[blockblob.UploadResponse](t)(b.Upload(ctx, body([]byte("new")), &blockblob.UploadOptions{Tags: map[string]string{"kind": "dog", "age": "3"}}))
	old := must[*blockblob.Client](t)(b.WithSnapshot(*snap.Snapshot))
	got := must[blob.DownloadStreamResponse](t)(old.DownloadStream(ctx, nil))
	if text := string(must[[]byte](t)(io.ReadAll(got.Body))); text != "old" {
		t.Errorf("the snapshot holds %q", text)
	}
	tags := must[blob.GetTagsResponse](t)(b.GetTags(ctx, nil))
	if len(tags.BlobTagSet) != 2 {
		t.Errorf("tags %v", tags.BlobTagSet)
	}
	found := must[azservice.FilterBlobsResponse](t)(service.FilterBlobs(ctx, `"kind"='dog'`, nil))
	if len(found.Blobs) != 1 || *found.Blobs[0].Name != "b" || *found.Blobs[0].ContainerName != "snaps" {
		t.Errorf("found %+v", found.Blobs)
	}
	must[blob.SetTagsResponse](t)(b.SetTags(ctx, map[string]string{"kind": "bird"}, nil))
	inside := must[container.FilterBlobsResponse](t)(c.FilterBlobs(ctx, `"kind"='bird'`, nil))
	if len(inside.Blobs) != 1 {
		t.Errorf("found %+v in the container", inside.Blobs)
	}
	must[blob.SetTierResponse](t)(b.SetTier(ctx, blob.AccessTierCool, nil))
	p := must[blob.GetPropertiesResponse](t)(b.GetProperties(ctx, nil))
	if *p.AccessTier != "Cool" || *p.TagCount != 1 {
		t.Errorf("tier %s, %d tags", *p.AccessTier, *p.TagCount)
	}
	_, err := b.Delete(ctx, nil)
	wantCode(t, err, azerror.SnapshotsPresent)
	must[blob.DeleteResponse](t)(b.Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)}))
	_, err = b.GetProperties(ctx, nil)
	wantCode(t, err, azerror.BlobNotFound)
	must[blob.UndeleteResponse](t)(b.Undelete(ctx, nil))
	must[blob.GetPropertiesResponse](t)(b.GetProperties(ctx, nil))
}

func TestSDKCopies(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	c := s.container("copies")
	src := c.NewBlockBlobClient("src")
	data := content(100_000)
	must[blockblob.UploadResponse](t)(src.Upload(ctx, body(data), &blockblob.UploadOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("image/png")}, Metadata: map[string]*string{"a": to.Ptr("1")}}))
	signed := src.URL() + "?" + s.sas("copies", "src", mustPermissions(t, "r"))
	check := func(name string) {
		t.Helper()
		got := must[blob.DownloadStreamResponse](t)(c.NewBlobClient(name).DownloadStream(ctx, nil))
		if back := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(back, data) {
			t.Errorf("%s differs", name)
		}
		if *got.ContentType != "image/png" || *got.Metadata["A"] != "1" {
			t.Errorf("%s: %q %v", name, *got.ContentType, got.Metadata)
		}
	}
	resp := must[blob.StartCopyFromURLResponse](t)(c.NewBlobClient("async").StartCopyFromURL(ctx, src.URL(), nil))
	if *resp.CopyStatus != blob.CopyStatusTypeSuccess {
		t.Errorf("copy status %s", *resp.CopyStatus)
	}
	check("async")
	must[blob.CopyFromURLResponse](t)(c.NewBlobClient("sync").CopyFromURL(ctx, signed, nil))
	check("sync")
	must[blockblob.UploadBlobFromURLResponse](t)(c.NewBlockBlobClient("put").UploadBlobFromURL(ctx, signed, nil))
	check("put")
	part := c.NewBlockBlobClient("part")
	id := base64.StdEncoding.EncodeToString([]byte("1"))
	must[blockblob.StageBlockFromURLResponse](t)(part.StageBlockFromURL(ctx, id, signed, &blockblob.StageBlockFromURLOptions{Range: blob.HTTPRange{Offset: 10, Count: 20}}))
	must[blockblob.CommitBlockListResponse](t)(part.CommitBlockList(ctx, []string{id}, nil))
	got := must[blob.DownloadStreamResponse](t)(part.DownloadStream(ctx, nil))
	if back := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(back, data[10:30]) {
		t.Errorf("the block from a URL holds %d other bytes", len(back))
	}
	p := must[blob.GetPropertiesResponse](t)(c.NewBlobClient("async").GetProperties(ctx, nil))
	_, err := c.NewBlobClient("async").AbortCopyFromURL(ctx, *p.CopyID, nil)
	wantCode(t, err, azerror.NoPendingCopyOperation)
	_, err = c.NewBlobClient("x").CopyFromURL(ctx, c.NewBlobClient("none").URL()+"?"+s.sas("copies", "", mustPermissions(t, "r")), nil)
	wantCode(t, err, azerror.CannotVerifyCopySource)
}

func TestSDKBatchDeletesAndSetsTiers(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	c := s.container("batch")
	for _, n := range []string{"a", "b c", "ä"} {
		must[blockblob.UploadResponse](t)(c.NewBlockBlobClient(n).Upload(ctx, body([]byte("x")), nil))
	}
	tiers := must[*container.BatchBuilder](t)(c.NewBatchBuilder())
	for _, n := range []string{"a", "b c"} {
		if err := tiers.SetTier(n, blob.AccessTierCool, nil); err != nil {
			t.Fatal(err)
		}
	}
	resp := must[container.SubmitBatchResponse](t)(c.SubmitBatch(ctx, tiers, nil))
	if len(resp.Responses) != 2 || resp.Responses[0].Error != nil {
		t.Errorf("%+v", resp.Responses)
	}
	deletes := must[*container.BatchBuilder](t)(c.NewBatchBuilder())
	for _, n := range []string{"a", "none", "ä"} {
		if err := deletes.Delete(n, nil); err != nil {
			t.Fatal(err)
		}
	}
	resp = must[container.SubmitBatchResponse](t)(c.SubmitBatch(ctx, deletes, nil))
	if len(resp.Responses) != 3 || resp.Responses[0].Error != nil || resp.Responses[2].Error != nil {
		t.Fatalf("%+v", resp.Responses)
	}
	wantCode(t, resp.Responses[1].Error, azerror.BlobNotFound)
	_, err := c.NewBlobClient("ä").GetProperties(ctx, nil)
	wantCode(t, err, azerror.BlobNotFound)
	must[blob.GetPropertiesResponse](t)(c.NewBlobClient("b c").GetProperties(ctx, nil))
}

func TestSDKServiceAndContainerSettings(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	service := s.client().ServiceClient()
	rule := &azservice.CORSRule{AllowedOrigins: to.Ptr("https://a.example,https://b.example"), AllowedMethods: to.Ptr("GET,PUT"),
		AllowedHeaders: to.Ptr("x-ms-*"), ExposedHeaders: to.Ptr("*"), MaxAgeInSeconds: to.Ptr[int32](60)}
	must[azservice.SetPropertiesResponse](t)(service.SetProperties(ctx, &azservice.SetPropertiesOptions{CORS: []*azservice.CORSRule{rule}}))
	p := must[azservice.GetPropertiesResponse](t)(service.GetProperties(ctx, nil))
	if len(p.CORS) != 1 || *p.CORS[0].AllowedOrigins != *rule.AllowedOrigins || *p.CORS[0].MaxAgeInSeconds != 60 {
		t.Errorf("CORS rules %+v", p.CORS)
	}
	info := must[azservice.GetAccountInfoResponse](t)(service.GetAccountInfo(ctx, nil))
	if *info.SKUName != azservice.SKUNameStandardLRS || *info.AccountKind != azservice.AccountKindStorageV2 {
		t.Errorf("account: %+v", info)
	}
	c := s.container("settings")
	policy := &container.SignedIdentifier{ID: to.Ptr("p1"), AccessPolicy: &container.AccessPolicy{
		Expiry: to.Ptr(s.clock.now().Add(time.Hour).UTC().Truncate(time.Second)), Permission: to.Ptr("rw")}}
	must[container.SetAccessPolicyResponse](t)(c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{
		Access: to.Ptr(container.PublicAccessTypeBlob), ContainerACL: []*container.SignedIdentifier{policy}}))
	acl := must[container.GetAccessPolicyResponse](t)(c.GetAccessPolicy(ctx, nil))
	if *acl.BlobPublicAccess != container.PublicAccessTypeBlob || len(acl.SignedIdentifiers) != 1 || *acl.SignedIdentifiers[0].ID != "p1" ||
		*acl.SignedIdentifiers[0].AccessPolicy.Permission != "rw" || !acl.SignedIdentifiers[0].AccessPolicy.Expiry.Equal(*policy.AccessPolicy.Expiry) {
		t.Errorf("ACL %+v", acl)
	}
	must[container.SetMetadataResponse](t)(c.SetMetadata(ctx, &container.SetMetadataOptions{Metadata: map[string]*string{"k": to.Ptr("v")}}))
	var names []string
	for pager := service.NewListContainersPager(&azservice.ListContainersOptions{Include: azservice.ListContainersInclude{Metadata: true}}); pager.More(); {
		for _, item := range must[azservice.ListContainersResponse](t)(pager.NextPage(ctx)).ContainerItems {
			names = append(names, *item.Name+"="+*item.Metadata["k"])
		}
	}
	if !slices.Equal(names, []string{"settings=v"}) {
		t.Errorf("containers %q", names)
	}
}

func TestSDKSignedClients(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	c := s.container("signed")
	must[blockblob.UploadResponse](t)(c.NewBlockBlobClient("b").Upload(ctx, body([]byte("hello")), nil))
	url := must[string](t)(c.NewBlobClient("b").GetSASURL(azsas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil))
	reader := must[*blob.Client](t)(blob.NewClientWithNoCredential(url, &blob.ClientOptions{ClientOptions: noRetry()}))
	must[blob.DownloadStreamResponse](t)(reader.DownloadStream(ctx, nil))
	_, err := reader.Delete(ctx, nil)
	wantCode(t, err, azerror.AuthorizationPermissionMismatch)
	accountURL := must[string](t)(s.client().ServiceClient().GetSASURL(azsas.AccountResourceTypes{Service: true, Container: true, Object: true},
		azsas.AccountPermissions{Read: true, List: true, Create: true, Write: true}, time.Now().Add(time.Hour), nil))
	signed := must[*azblob.Client](t)(azblob.NewClientWithNoCredential(accountURL, &azblob.ClientOptions{ClientOptions: noRetry()}))
	must[azblob.CreateContainerResponse](t)(signed.CreateContainer(ctx, "byaccount", nil))
	must[azblob.UploadBufferResponse](t)(signed.UploadBuffer(ctx, "byaccount", "x", []byte("y"), nil))
	_, err = signed.DeleteBlob(ctx, "byaccount", "x", nil)
	wantCode(t, err, azerror.AuthorizationPermissionMismatch)
	second := s.clientWith(secondKey)
	must[azblob.DownloadStreamResponse](t)(second.DownloadStream(ctx, "signed", "b", nil))
	_, err = s.clientWith(base64.StdEncoding.EncodeToString([]byte("another key"))).DownloadStream(ctx, "signed", "b", nil)
	wantCode(t, err, azerror.AuthenticationFailed)
}
