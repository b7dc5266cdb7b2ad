package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/blobstore"
	"github.com/valetkey/valetkey/internal/azure"
)

// openEmbedded starts the embedded Blob service and reaches it as any other account: by its connection string.
func (c *serveCmd) openEmbedded(ctx context.Context, news *landingNews, log *slog.Logger) (*openedStorage, error) {
	service, err := startStorage(ctx, storageSettings{
		Listen: c.StorageListen, Data: c.Data, Log: log,
		Events: func(e blobstore.Event) {
			if e.Type == blobstore.BlobCreated {
				news.blobCreated(e.Name.Container)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	shutdown := func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := service.Shutdown(grace); err != nil {
			log.Error("closing the embedded Blob service", "error", err)
		}
	}
	account, err := azure.Open(service.ConnectionString(), nil)
	if err != nil {
		shutdown()
		return nil, err
	}
	return &openedStorage{
		account: account, describe: "embedded, data in " + c.Data,
		poll:   time.Minute, // only in case a piece of news was missed: events tell at once
		failed: service.Failed(),
		close:  shutdown,
	}, nil
}
