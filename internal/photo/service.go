// Package photo is a photo's life: granted, staged, committed, checked, published, deleted. The storage account is its
// only memory, so any replica can serve any request.
package photo

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/imaging"

	"golang.org/x/sync/errgroup"
)

// Options adjusts a [Service]. The zero value is right for production.
type Options struct {
	// MaxUpload is the most bytes an upload may have. Default 64 MiB.
	MaxUpload int64
	// BlockSize is the size of a block that browsers stage, in bytes. Default 4 MiB; more where MaxUpload takes more.
	BlockSize int64
	// UploadWindow is how long after it was begun an upload may go on. Default 24 hours.
	UploadWindow time.Duration
	// QuotaBytes is how many published bytes an owner may have. Default 5 GiB; negative means no end.
	QuotaBytes int64
	// QuotaPhotos is how many photos an owner may have. Default 10,000; negative means no end.
	QuotaPhotos int
	// ReadBudget is how many bytes of uploads may be in memory at a time to be checked; who comes when there is no room
	// waits. Default 256 MiB.
	ReadBudget int64
	// ProcessTimeout is how long checking and publishing one photo may take. Default 2 minutes.
	ProcessTimeout time.Duration
	// KeepOriginals keeps every file as it came in, camera, place and all, where only the server reads it.
	KeepOriginals bool
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Random is where ids come from. Default crypto/rand.
	Random io.Reader
	// Log takes what an operator wants to know. Default: nothing is logged.
	Log *slog.Logger
}

// Service does everything that the API offers about photos.
type Service struct {
	account   *azure.Account
	landing   *azure.Container
	published *azure.Container
	private   *azure.Container
	index     *azure.Container
	pipeline  *imaging.Pipeline
	policy    *grant.Policy
	options   Options
	log       *slog.Logger
	blockSize int64
	usage     *usageCache
	reading   *semaphore.Weighted // ReadBudget
	inFlight  singleflight.Group  // completes of one upload, so that a client's repeat waits instead of working twice
}

// New makes a service over an account whose containers exist; see [CreateContainers].
func New(account *azure.Account, pipeline *imaging.Pipeline, policy *grant.Policy, options *Options) *Service {
	var o Options
	if options != nil {
		o = *options
	}
	o.MaxUpload = cmp.Or(o.MaxUpload, 64<<20)
	o.BlockSize = cmp.Or(o.BlockSize, 4<<20)
	o.UploadWindow = cmp.Or(o.UploadWindow, 24*time.Hour)
	o.QuotaBytes = cmp.Or(o.QuotaBytes, 5<<30)
	o.QuotaPhotos = cmp.Or(o.QuotaPhotos, 10_000)
	o.ReadBudget = cmp.Or(o.ReadBudget, 256<<20)
	o.ProcessTimeout = cmp.Or(o.ProcessTimeout, 2*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		account: account, pipeline: pipeline, policy: policy, options: o, log: o.Log,
		landing:   account.Container(LandingContainer),
		published: account.Container(PublishedContainer),
		index:     account.Container(IndexContainer),
		private:   account.Container(PrivateContainer),
		blockSize: blockSize(o.MaxUpload, o.BlockSize),
		reading:   semaphore.NewWeighted(o.ReadBudget),
	}
	s.usage = newUsageCache(s.countUsage, o.Now)
	return s
}

// sign makes a grant's URL.
func (s *Service) sign(ctx context.Context, g grant.Grant) (url string, err error) {
	return s.account.Sign(ctx, g.SAS(), azure.Delegated{CorrelationID: g.ID, SignedQuery: g.SignedQuery})
}

// CreateContainers creates the containers that aren't there, all at once: who starts waits for it.
func CreateContainers(ctx context.Context, account *azure.Account) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, name := range []string{LandingContainer, PublishedContainer, IndexContainer, PrivateContainer} {
		all.Go(func() error { return account.Container(name).Create(ctx) })
	}
	return all.Wait()
}
