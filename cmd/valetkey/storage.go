package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/blobserver/oidctoken"
	"github.com/valetkey/valetkey/blobserver/webhook"
)

// storageCmd is the Blob service alone and what else is done with a data folder.
type storageCmd struct {
	Serve storageServeCmd `cmd:"" default:"withargs" help:"Serve a data folder (what 'valetkey storage' does without a subcommand)."`
	Check storageCheckCmd `cmd:"" help:"Read all that a data folder holds and say what is damaged."`
}

type storageServeCmd struct {
	Listen        string           `default:"127.0.0.1:10000" help:"Where to listen." placeholder:"HOST:PORT"`
	Data          string           `default:"./data" help:"The data folder, or :memory: for data that goes when the process ends." placeholder:"DIR"`
	DevAccount    bool             `help:"Serve the well-known development account, so that UseDevelopmentStorage=true works. Loopback only."`
	Account       []storageAccount `env:"VALETKEY_ACCOUNTS,AZURITE_ACCOUNTS" sep:";" help:"An account with one or two keys; repeatable. Default: the data folder's own account, which has a random key." placeholder:"NAME:KEY[:KEY2]"`
	Fsync         bool             `default:"true" negatable:"" help:"Acknowledge a write only when it is on disk."`
	TLSCert       string           `name:"tls-cert" help:"Serve HTTPS with this certificate (PEM). It is read again when it changes." placeholder:"FILE"`
	TLSKey        string           `name:"tls-key" help:"The certificate's key (PEM)." placeholder:"FILE"`
	CopyFromURL   bool             `name:"copy-from-url" help:"Let copies fetch their source from any URL, not only from this service."`
	OIDCIssuer    string           `name:"oidc-issuer" help:"Take bearer tokens of this OpenID Connect issuer. Whoever holds one may do everything." placeholder:"URL"`
	OIDCAud       []string         `name:"oidc-audience" help:"The audience that tokens must be for. Default: https://storage.azure.com." placeholder:"AUDIENCE"`
	Webhook       []string         `help:"Post BlobCreated and BlobDeleted events there, after a handshake; repeatable." placeholder:"URL"`
	WebhookSchema string           `default:"eventgrid" enum:"eventgrid,cloudevents" help:"How events are written: eventgrid or cloudevents." placeholder:"SCHEMA"`
	WebhookRetry  []time.Duration  `default:"10s,30s,1m,5m,10m,30m,1h" help:"Pauses before an event that an endpoint did not take is posted again; the last is repeated." placeholder:"DURATION"`
	AccessLog     bool             `help:"Log every request."`
	Grace         time.Duration    `default:"10s" help:"How long requests may go on after SIGTERM."`
}

// Run serves the Blob service until ctx ends.
func (c storageServeCmd) Run(ctx context.Context, std streams) error {
	log := slog.New(slog.NewTextHandler(std.err, nil))
	set := storageSettings{
		Listen: c.Listen, Data: c.Data, Accounts: c.Account, NoSync: !c.Fsync, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Log: log,
		WebhookRetry: c.WebhookRetry,
	}
	if c.DevAccount {
		set.Accounts = append([]storageAccount{{devAccountName, []string{devAccountKey}}}, set.Accounts...)
	}
	for _, url := range c.Webhook {
		set.Webhooks = append(set.Webhooks, webhook.Hook{URL: url, Schema: webhook.Schema(c.WebhookSchema)})
	}
	if c.CopyFromURL {
		set.Client = &http.Client{}
	}
	if c.OIDCIssuer != "" {
		tokens, err := oidctoken.New(c.OIDCIssuer, &oidctoken.Options{Audiences: c.OIDCAud})
		if err != nil {
			return err
		}
		set.Tokens = tokens
	}
	if c.AccessLog {
		set.AccessLog = log
	}
	service, err := startStorage(ctx, set)
	if err != nil {
		return err
	}
	c.announce(std, service)
	select {
	case <-ctx.Done():
	case err = <-service.Failed():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace)
	defer cancel()
	return errors.Join(err, service.Shutdown(grace))
}

func (c storageServeCmd) announce(std streams, service *storageService) {
	fmt.Fprintln(std.out, "Blob service:", service.URL)
	switch {
	case c.DevAccount:
		fmt.Fprintln(std.out, "Connection string: UseDevelopmentStorage=true, or", service.ConnectionString())
	case c.Data == inMemory && len(c.Account) == 0:
		fmt.Fprintln(std.out, "Connection string:", service.ConnectionString())
	case len(c.Account) == 0:
		fmt.Fprintln(std.out, "Connection string: valetkey connection-string --data", c.Data)
	}
	if !c.Fsync {
		fmt.Fprintln(std.err, "Warning: --fsync=false: writes are acknowledged before they are on disk; a crash of the machine loses them.")
	}
	if c.Data == inMemory {
		fmt.Fprintln(std.err, "Warning: --data :memory: the data goes when this process ends.")
	}
}
