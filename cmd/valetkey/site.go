package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/identity"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
	"github.com/valetkey/valetkey/web"

	"golang.org/x/sync/errgroup"
)

// site is everything that answers on the app's listener.
type site struct {
	photos  *photo.Service
	handler http.Handler
}

// assemble wires the packages together and sets the account up.
func (c *serveCmd) assemble(ctx context.Context, account *azure.Account, origins []string, public string,
	log *slog.Logger, ledger *grant.Ledger) (*site, error) {
	pipeline, err := imaging.New(c.pictureLimits.in(imaging.Options{
		Widths: c.VariantWidth, MaxBytes: int64(c.MaxUpload), Originals: imaging.Originals(c.Originals),
		Place: true, // it is kept only where an owner asks
	}))
	if err != nil {
		return nil, err
	}
	secret, err := c.setUp(ctx, account, origins)
	if err != nil {
		return nil, err
	}
	photos := photo.New(account, pipeline, grant.New(c.grantOptions(ctx, account, log, ledger)), c.photoOptions(log))
	guests, err := identity.NewGuests(secret, &identity.GuestOptions{Insecure: strings.HasPrefix(public, "http://")})
	if err != nil {
		return nil, err
	}
	app, err := api.NewStatic(web.Files(), account.Origin())
	if err != nil {
		return nil, err
	}
	calls := api.New(photos, guests, &api.Options{
		Origins: c.Origin, TrustedProxies: c.TrustedProxy, CredentialsOff: c.Credentials == "off", Log: log,
		Limiter: grant.NewLimiter(&grant.LimiterOptions{PerSecond: c.GrantRate, Burst: c.GrantBurst}),
	})
	return &site{photos: photos, handler: split(calls, app)}, nil
}

// split tells the API's calls from the app's files; each has a router of its own.
func split(calls, app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/.auth/") {
			calls.ServeHTTP(w, r)
		} else {
			app.ServeHTTP(w, r)
		}
	})
}

// setUp makes in the account what isn't there: containers, CORS, and the guests' secret, which it returns. What needs not
// wait for one another doesn't: on Azure each is a round trip before the first answer.
func (c *serveCmd) setUp(ctx context.Context, account *azure.Account, origins []string) (secret []byte, err error) {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return account.AllowOrigins(ctx, origins) })
	all.Go(func() (err error) {
		if err := photo.CreateContainers(ctx, account); err != nil {
			return fmt.Errorf("setting the storage up: %w", err)
		}
		secret, err = c.guestSecret(ctx, account)
		return err
	})
	err = all.Wait()
	return secret, err
}

const guestSecretBlob = "secrets/guests"

// guestSecret is what signs the guests' cookies: the setting, or a random one that every replica finds in the account.
func (c *serveCmd) guestSecret(ctx context.Context, account *azure.Account) ([]byte, error) {
	if c.Secret != "" {
		secret, err := base64.StdEncoding.DecodeString(c.Secret)
		if err != nil {
			return nil, errors.New("--secret: not base64; make one with: openssl rand -base64 32")
		}
		return secret, nil
	}
	index := account.Container(photo.IndexContainer)
	blob, err := index.Stat(ctx, guestSecretBlob)
	if errors.Is(err, azure.ErrNotFound) {
		fresh := make([]byte, identity.MinSecret)
		rand.Read(fresh) // never fails: crypto/rand ends the program instead
		err = index.Put(ctx, guestSecretBlob, fresh, azure.PutOptions{Type: "application/octet-stream", CreateOnly: true})
		if err == nil {
			return fresh, nil
		}
		if !errors.Is(err, azure.ErrExists) {
			return nil, fmt.Errorf("keeping the guests' secret: %w", err)
		}
		blob, err = index.Stat(ctx, guestSecretBlob) // another replica was quicker
	}
	if err != nil {
		return nil, fmt.Errorf("finding the guests' secret: %w", err)
	}
	const limit = 4096
	return index.Read(ctx, guestSecretBlob, blob.ETag, limit)
}

// landingNews passes the storage's events on to who publishes, who comes into being later.
type landingNews struct {
	mu      sync.Mutex
	created func()
}

func (n *landingNews) tell(created func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.created = created
}

func (n *landingNews) blobCreated(container string) {
	n.mu.Lock()
	created := n.created
	n.mu.Unlock()
	if created != nil && container == photo.LandingContainer {
		created()
	}
}
