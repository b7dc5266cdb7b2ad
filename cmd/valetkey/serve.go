package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/deadline"
	"github.com/valetkey/valetkey/internal/event"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
	"github.com/valetkey/valetkey/sas"
)

// serveCmd runs the API and the web app, and the embedded Blob service where no other storage is given.
type serveCmd struct {
	Listen        string `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where the app and the API answer (${default})."`
	StorageListen string `default:"127.0.0.1:10000" placeholder:"ADDR" help:"Where the embedded Blob service answers (${default})."`
	Data          string `default:"./data" placeholder:"DIR" help:"Where the embedded Blob service keeps everything (${default})."`
	Storage       string `env:"VALETKEY_STORAGE,AZURE_STORAGE_CONNECTION_STRING,AzureWebJobsStorage" placeholder:"ACCOUNT" help:"Use this account instead of the embedded service: a connection string, or the Blob endpoint's URL with a managed identity."`

	PublicURL string   `placeholder:"URL" help:"The app's address as browsers see it, where that isn't the listener's."`
	Origin    []string `sep:"," placeholder:"ORIGIN" help:"Pages of this origin may use the Blob service and ask for credentials, too. Repeatable."`

	TrustedProxy []netip.Prefix `sep:"," placeholder:"NETWORK" help:"Proxies whose X-Forwarded-For is believed, for the rate limit: 10.0.0.0/8. Repeatable. Default none."`

	Credentials     string        `enum:"on,off" default:"on" help:"Offer GET /api/credentials and the public gallery: on or off (${default})."`
	CredentialsLife time.Duration `default:"2h" placeholder:"TIME" help:"How long the SAS of GET /api/credentials is good for (${default})."`
	UploadLife      time.Duration `default:"15m" placeholder:"TIME" help:"How long an upload's SAS is good for; browsers renew it (${default})."`
	ReadWindow      time.Duration `default:"1h" placeholder:"TIME" help:"How long a photo's URLs stay the same (${default})."`
	BindOperation   string        `enum:"auto,on,off" default:"auto" help:"Make uploads' SAS good for Put Block alone, which takes an identity instead of a key and a new endpoint: auto tries it (${default})."`
	LandingPoll     time.Duration `default:"2s" placeholder:"TIME" help:"How often to look for what landed through GET /api/credentials in storage that tells of nothing (${default})."`

	MaxUpload    byteSize `default:"64MiB" placeholder:"SIZE" help:"The largest file (${default})."`
	BlockSize    byteSize `default:"4MiB" placeholder:"SIZE" help:"The size of the blocks that browsers send (${default})."`
	QuotaBytes   byteSize `default:"5GiB" placeholder:"SIZE" help:"The most that one owner may publish; 0 for no end (${default})."`
	QuotaPhotos  int      `default:"10000" placeholder:"N" help:"The most photos that one owner may publish; 0 for no end (${default})."`
	GrantRate    float64  `default:"20" placeholder:"N" help:"How many SAS a second one visitor gets in the long run (${default})."`
	GrantBurst   int      `default:"200" placeholder:"N" help:"How many SAS one visitor gets at once (${default})."`
	VariantWidth []int    `default:"320,640,1280,2048" sep:"," placeholder:"PIXELS" help:"The widths that each photo is made in (${default})."`

	Originals string `enum:"strip,keep-private,discard" default:"strip" help:"What becomes of a photo as it came in: published without its metadata, kept where only the server reads it, or discarded (${default})."`

	pictureLimits

	Secret string `placeholder:"BASE64" help:"Signs the guests' cookies. Default: a random one, kept in the storage account."`
	logSettings
}

const (
	shutdownGrace = 30 * time.Second
	sweepEvery    = time.Hour
)

func (c *serveCmd) Run(ctx context.Context, std streams) error {
	if err := c.checkOrigins(); err != nil {
		return err
	}
	lines := newLogWriter(std.err)
	defer lines.Close()
	log, err := c.logger(lines)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	app, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen for the app: %w", err)
	}
	defer app.Close()

	news := &landingNews{}
	storage, err := c.openStorage(ctx, news, log)
	if err != nil {
		return err
	}
	defer storage.close()

	public := c.publicURL(app.Addr())
	site, err := c.assemble(ctx, storage.account, append(origins(public), c.Origin...), public, log, c.ledger(lines))
	if err != nil {
		return err
	}
	landing := event.NewLanding(site.photos.PublishLanded, &event.LandingOptions{Poll: storage.poll, Log: log})
	news.tell(landing.Created)

	var background sync.WaitGroup
	if c.Credentials == "on" {
		background.Go(func() { landing.Run(ctx) })
	}
	background.Go(func() { event.Every(ctx, sweepEvery, log, "sweep", site.photos.Sweep) })

	c.announce(std, public, storage)
	server := appServer(site.handler, log)
	err = serveUntil(ctx, server, deadline.Listen(app), storage.failed)
	stop()
	background.Wait()
	fmt.Fprintln(std.out, "Valetkey has stopped.")
	return err
}

// openedStorage is the account that the application uses.
type openedStorage struct {
	account  *azure.Account
	describe string        // for the one who started the program
	poll     time.Duration // how often to look for what landed
	failed   <-chan error  // tells when the embedded service ended by itself; nil for others
	close    func()
}

// openStorage reaches the account that was given, or starts the embedded service and reaches that.
func (c *serveCmd) openStorage(ctx context.Context, news *landingNews, log *slog.Logger) (*openedStorage, error) {
	if c.Storage == "" {
		return c.openEmbedded(ctx, news, log)
	}
	account, err := azure.Open(c.Storage, nil)
	if err != nil {
		return nil, fmt.Errorf("--storage: %w", err)
	}
	return &openedStorage{account: account, describe: "account " + account.Name(), poll: c.LandingPoll, close: func() {}}, nil
}

// checkOrigins refuses addresses that no browser would ever send as an origin (RFC 6454, section 7).
func (c *serveCmd) checkOrigins() error {
	for _, origin := range c.Origin {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Scheme+"://"+u.Host != origin || !isHTTP(u)) {
			return fmt.Errorf("--origin: %q is no origin: write https://HOST or https://HOST:PORT, in lower case and without a final slash", origin)
		}
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || !isHTTP(u) || u.RawQuery != "" || u.User != nil) {
		return fmt.Errorf("--public-url: %q is no address: write https://HOST", c.PublicURL)
	}
	return nil
}

func isHTTP(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Host == strings.ToLower(u.Host)
}

// publicURL is the app's address as browsers see it, without a trailing slash.
func (c *serveCmd) publicURL(listening net.Addr) string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return "http://" + listening.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// origins are those under which browsers know the app: on loopback, people type either name.
func origins(public string) []string {
	scheme, rest, _ := strings.Cut(public, "://")
	authority, _, _ := strings.Cut(rest, "/")
	all := []string{scheme + "://" + authority}
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		return all
	}
	switch host {
	case "127.0.0.1":
		return append(all, scheme+"://localhost:"+port)
	case "localhost":
		return append(all, scheme+"://127.0.0.1:"+port)
	}
	return all
}

func (c *serveCmd) announce(std streams, public string, storage *openedStorage) {
	fmt.Fprintf(std.out, "Valetkey is ready.\n\n  App and API   %s\n  Blob service  %s  (%s)\n\nPress Ctrl-C to stop.\n",
		public, storage.account.BlobURL(), storage.describe)
}

func (c *serveCmd) grantOptions(ctx context.Context, account *azure.Account, log *slog.Logger, ledger *grant.Ledger) *grant.Options {
	return &grant.Options{UploadLife: c.UploadLife, CredentialsLife: c.CredentialsLife, ReadWindow: c.ReadWindow,
		AllowHTTP: !account.HTTPS(), BindOperation: c.bindOperation(ctx, account, log), SASKind: account.SASKind(),
		Ledger: ledger}
}

// bindOperation tells whether uploads' SAS are to be good for Put Block alone, trying the endpoint where that is asked.
func (c *serveCmd) bindOperation(ctx context.Context, account *azure.Account, log *slog.Logger) bool {
	if c.BindOperation != "auto" {
		return c.BindOperation == "on" && account.SASKind() == sas.UserDelegationKind
	}
	const patience = 20 * time.Second
	taken, err := account.TakesSignedQuery(ctx, photo.LandingContainer, &http.Client{Timeout: patience})
	if err != nil {
		log.Warn("cannot tell whether the endpoint takes signed query parameters; grants go without", "error", err)
	}
	return taken
}

func (c *serveCmd) photoOptions(log *slog.Logger) *photo.Options {
	return &photo.Options{MaxUpload: int64(c.MaxUpload), BlockSize: int64(c.BlockSize),
		QuotaBytes: orEndless(int64(c.QuotaBytes)), QuotaPhotos: int(orEndless(int64(c.QuotaPhotos))), Log: log,
		KeepOriginals: c.Originals == string(imaging.OriginalsKeepPrivate)}
}

// orEndless turns the command line's 0, "no end", into the packages' negative number.
func orEndless(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

// appServer bounds what a slow or greedy client can hold. Uploads don't come this way, so bodies are small, and a header
// and its body have one deadline together, which saves a timer for each request; completing an upload may take a while.
func appServer(handler http.Handler, log *slog.Logger) *http.Server {
	const reading = 20 * time.Second
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: reading, ReadTimeout: reading, WriteTimeout: 3 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serveUntil serves until ctx is done or something has failed, then lets the requests that are under way finish.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener, failed <-chan error) (err error) {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if late := server.Shutdown(grace); late != nil {
		err = errors.Join(err, fmt.Errorf("some requests took longer than %v to finish and were cut off", shutdownGrace), server.Close())
	}
	<-served
	return err
}
