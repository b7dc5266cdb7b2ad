package blobserver_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	azerror "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	azsas "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	azservice "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/valetkey/valetkey/blobserver"
)

// goodToken is a credential that tokens accepts.
type goodToken struct{}

func (goodToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "good", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestSDKSignsWithADelegationKeyOverHTTPS(t *testing.T) {
	s := newTLSService(t, func(o *blobserver.Options) { o.Tokens = tokens{} })
	ctx := context.Background()
	options := noRetry()
	// The SDK takes the account's name from the host, so this needs a host-style URL, whose name nobody resolves here.
	transport := s.http.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "example.com" // which httptest's certificate is for
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.http.Listener.Addr().String())
	}
	options.Transport = s.http.Client()
	endpoint := "https://" + account + ".blob.storage.test"
	client := must[*azblob.Client](t)(azblob.NewClient(endpoint, goodToken{}, &azblob.ClientOptions{ClientOptions: options}))
	must[azblob.CreateContainerResponse](t)(client.CreateContainer(ctx, "tokens", nil))
	data := content(3 << 20)
	must[azblob.UploadBufferResponse](t)(client.UploadBuffer(ctx, "tokens", "b", data, &azblob.UploadBufferOptions{BlockSize: 1 << 20}))
	expiry := time.Now().Add(time.Hour).UTC()
	credential := must[*azservice.UserDelegationCredential](t)(client.ServiceClient().GetUserDelegationCredential(ctx, azservice.KeyInfo{
		Start: to.Ptr(time.Now().UTC().Format(azsas.TimeFormat)), Expiry: to.Ptr(expiry.Format(azsas.TimeFormat))}, nil))
	sign := func(p azsas.BlobPermissions) *blob.Client {
		t.Helper()
		query := must[azsas.QueryParameters](t)(azsas.BlobSignatureValues{Protocol: azsas.ProtocolHTTPS, ExpiryTime: expiry, Permissions: p.String(),
			ContainerName: "tokens", BlobName: "b", CorrelationID: "33333333-3333-3333-3333-333333333333"}.SignWithUserDelegation(credential))
		return must[*blob.Client](t)(blob.NewClientWithNoCredential(endpoint+"/tokens/b?"+query.Encode(), &blob.ClientOptions{ClientOptions: options}))
	}
	reader := sign(azsas.BlobPermissions{Read: true})
	got := must[blob.DownloadStreamResponse](t)(reader.DownloadStream(ctx, nil))
	if back := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(back, data) {
		t.Error("the blob came back different over HTTP/2")
	}
	_, err := reader.Delete(ctx, nil)
	wantCode(t, err, azerror.AuthorizationPermissionMismatch)
	must[blob.DeleteResponse](t)(sign(azsas.BlobPermissions{Delete: true}).Delete(ctx, nil))
}
