package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/sas"
)

// probeBlob is where the endpoint is tried. Its name is no upload's.
const probeBlob = "probe/signed-query"

// TakesSignedQuery finds out whether the endpoint honours signed query parameters (srq, service version 2026-04-06): it
// must let a request pass that has them and stop one that hasn't. It leaves nothing behind in the container, which must
// exist. Accounts that sign with a key have no such SAS.
//
// https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
func (a *Account) TakesSignedQuery(ctx context.Context, container string, client *http.Client) (bool, error) {
	if a.SASKind() != sas.UserDelegationKind {
		return false, nil
	}
	signed, err := a.Sign(ctx, sas.Service{
		Container: container, Blob: probeBlob, Permissions: sas.Write, Expiry: sas.TimeOf(a.now().Add(5 * time.Minute)),
	}, Delegated{SignedQuery: []sas.Field{{Name: "comp", Value: "block"}}})
	if err != nil {
		return false, err
	}
	stage, err := put(ctx, client, signed+"&comp=block&blockid=MDAwMDAw")
	if err != nil {
		return false, err
	}
	write, err := put(ctx, client, signed)
	if err != nil {
		return false, err
	}
	if err := a.Container(container).Discard(ctx, probeBlob); err != nil {
		return false, err
	}
	return stage == http.StatusCreated && write == http.StatusForbidden, nil
}

func put(ctx context.Context, client *http.Client, url string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader("?"))
	if err != nil {
		return 0, errors.New("trying the endpoint: the URL cannot be asked for") // the cause would show the signature
	}
	request.Header.Set("x-ms-version", sas.DefaultVersion)
	request.Header.Set("x-ms-blob-type", "BlockBlob")
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("trying the endpoint: %s did not answer", request.URL.Host)
	}
	return response.StatusCode, response.Body.Close()
}
