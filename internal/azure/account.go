// Package azure is the only importer of the Azure SDK: it opens a storage account (Azure, Azurite or the embedded
// service, which it does not tell apart), does the few Blob operations that a photo's life takes, and signs.
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// Options adjusts an [Account]. The zero value is right for production.
type Options struct {
	// Credential signs in to an account that is given by its URL. Default: azidentity's default chain
	// (environment, workload identity, managed identity, developer tools).
	Credential azcore.TokenCredential
	// Transport carries the requests. Default: the SDK's.
	Transport *http.Client
	// Retries is how often a failed request is tried again. Default 3; negative means never.
	Retries int32
	// Now is the clock that SAS times come from. Default time.Now.
	Now func() time.Time
}

// Account is a storage account's Blob endpoint.
type Account struct {
	name    string
	blobURL string
	service *service.Client
	signer  signer
	now     func() time.Time
}

// Open reaches an account by a connection string with its key, or by its Blob endpoint's URL and an identity. It sends
// nothing yet: [Account.Ping] does.
func Open(storage string, options *Options) (*Account, error) {
	var o Options
	if options != nil {
		o = *options
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if strings.HasPrefix(storage, "https://") || strings.HasPrefix(storage, "http://") {
		return openURL(storage, o)
	}
	c, err := ParseConnectionString(storage)
	if err != nil {
		return nil, err
	}
	credential, err := service.NewSharedKeyCredential(c.Account, c.Key)
	if err != nil {
		return nil, fmt.Errorf("account key: %w", err)
	}
	client, err := service.NewClientWithSharedKeyCredential(c.BlobURL+"/", credential, o.client())
	if err != nil {
		return nil, err
	}
	signer, err := newKeySigner(c)
	if err != nil {
		return nil, err
	}
	return &Account{name: c.Account, blobURL: c.BlobURL, service: client, signer: signer, now: o.Now}, nil
}

// openURL reaches an account without a key: requests carry a token, and SAS are signed with user delegation keys.
func openURL(endpoint string, o Options) (*Account, error) {
	blobURL, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, fmt.Errorf("account URL: %w", err)
	}
	name, err := accountOf(blobURL)
	if err != nil {
		return nil, err
	}
	if o.Credential == nil {
		if o.Credential, err = azidentity.NewDefaultAzureCredential(nil); err != nil {
			return nil, fmt.Errorf("no identity to sign in with: %w", err)
		}
	}
	client, err := service.NewClient(blobURL+"/", o.Credential, o.client())
	if err != nil {
		return nil, err
	}
	signer := newDelegationSigner(blobURL, o.Credential, o)
	return &Account{name: name, blobURL: blobURL, service: client, signer: signer, now: o.Now}, nil
}

func (o Options) client() *service.ClientOptions {
	options := &service.ClientOptions{ClientOptions: policy.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: o.Retries, RetryDelay: 200 * time.Millisecond},
		Telemetry: policy.TelemetryOptions{ApplicationID: "valetkey"},
	}}
	if o.Transport != nil {
		options.Transport = o.Transport
	}
	return options
}

// accountOf finds the account's name in its endpoint: the first label of a host name, or the path where the host is an
// IP address or localhost.
func accountOf(blobURL string) (string, error) {
	u, err := url.Parse(blobURL)
	if err != nil {
		return "", err
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		return path, nil
	}
	name, rest, _ := strings.Cut(u.Hostname(), ".")
	if rest == "" || strings.Trim(u.Hostname(), "0123456789.") == "" {
		return "", fmt.Errorf("account URL %s: it does not name the account", blobURL)
	}
	return name, nil
}

// Name is the account's name.
func (a *Account) Name() string { return a.name }

// BlobURL is the Blob endpoint's address without a trailing slash.
func (a *Account) BlobURL() string { return a.blobURL }

// Origin is the scheme, host and port of the Blob endpoint, as a browser's security policy names it.
func (a *Account) Origin() string {
	u, err := url.Parse(a.blobURL)
	if err != nil { // it was parsed when the account was opened
		return a.blobURL
	}
	return u.Scheme + "://" + u.Host
}

// HTTPS tells whether the endpoint speaks TLS, so that a SAS may insist on it.
func (a *Account) HTTPS() bool { return strings.HasPrefix(a.blobURL, "https://") }

// Ping asks the endpoint for its properties, which shows that it answers and takes the credentials.
func (a *Account) Ping(ctx context.Context) error {
	if _, err := a.service.GetProperties(ctx, nil); err != nil {
		return fmt.Errorf("storage at %s: %w", a.blobURL, classify(err))
	}
	return nil
}

// Container reaches a container, which need not exist yet.
func (a *Account) Container(name string) *Container {
	return &Container{name: name, client: a.service.NewContainerClient(name), account: a}
}

// CORSMaxAge is how long, in seconds, a browser may keep a preflight's answer.
const CORSMaxAge = 3600

// AllowOrigins lets pages of the given origins, and of no others, read and write blobs from a browser. It leaves a rule
// set that already says so alone, and the account's other service properties as they are.
//
// https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services
func (a *Account) AllowOrigins(ctx context.Context, origins []string) error {
	if len(origins) == 0 {
		return errors.New("no origin to allow")
	}
	age := int32(CORSMaxAge)
	allowed, methods, headers := strings.Join(origins, ","), "GET,HEAD,OPTIONS,PUT", "*"
	exposed := "ETag,Content-MD5,Content-Range,Retry-After,x-ms-*"
	current, err := a.service.GetProperties(ctx, nil)
	if err != nil {
		return fmt.Errorf("reading the Blob service's properties: %w", classify(err))
	}
	if len(current.CORS) == 1 {
		rule := current.CORS[0]
		same := deref(rule.AllowedOrigins) == allowed && deref(rule.AllowedMethods) == methods &&
			deref(rule.AllowedHeaders) == headers && deref(rule.ExposedHeaders) == exposed
		if same {
			return nil
		}
	}
	rule := &service.CORSRule{AllowedOrigins: &allowed, AllowedMethods: &methods, AllowedHeaders: &headers,
		ExposedHeaders: &exposed, MaxAgeInSeconds: &age}
	if _, err := a.service.SetProperties(ctx, &service.SetPropertiesOptions{CORS: []*service.CORSRule{rule}}); err != nil {
		return fmt.Errorf("setting CORS on the Blob service: %w", classify(err))
	}
	return nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
