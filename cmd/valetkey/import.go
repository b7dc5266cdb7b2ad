package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/valetkey/valetkey/blobstore/diskstore"
	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/internal/grant"
	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/photo"
)

// importCmd publishes a folder tree of old photos.
type importCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The folder. Hidden files and folders, and links, are left out."`

	Owner        string   `default:"public" placeholder:"NAME" help:"Whose the photos become (${default}). A guest's name is what GET /.auth/me calls userId."`
	DryRun       bool     `help:"Check every file and publish none."`
	Workers      int      `placeholder:"N" help:"How many files to work on at a time (default: one a core)."`
	Data         string   `default:"./data" placeholder:"DIR" help:"The data folder to publish into (${default}); a 'valetkey serve' that runs on it is used."`
	Storage      string   `env:"VALETKEY_STORAGE,AZURE_STORAGE_CONNECTION_STRING,AzureWebJobsStorage" placeholder:"ACCOUNT" help:"Publish into this account instead: a connection string, or the Blob endpoint's URL with a managed identity."`
	MaxUpload    byteSize `default:"64MiB" placeholder:"SIZE" help:"The largest file (${default})."`
	VariantWidth []int    `default:"320,640,1280,2048" sep:"," placeholder:"PIXELS" help:"The widths that each photo is made in (${default})."`
	pictureLimits
}

// importFile is a file of the tree and what became of it.
type importFile struct {
	path     string // below the folder
	size     int64
	modified time.Time
	outcome  outcome
	why      error
}

type outcome string

const (
	unseen    outcome = ""
	published outcome = "published"
	present   outcome = "there already"
	refused   outcome = "refused" // the file's fault
	failed    outcome = "failed"  // worth another try
)

func (c *importCmd) Run(ctx context.Context, std streams) error {
	if !photo.ValidOwner(c.Owner) {
		return fmt.Errorf("--owner: %q may hold only a-z, 0-9 and '-'", c.Owner)
	}
	files, err := findFiles(c.Dir)
	if err != nil {
		return err
	}
	account, closeStorage, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closeStorage()
	pipeline, err := imaging.New(c.pictureLimits.in(imaging.Options{Widths: c.VariantWidth, MaxBytes: int64(c.MaxUpload)}))
	if err != nil {
		return err
	}
	if err := photo.CreateContainers(ctx, account); err != nil {
		return err
	}
	photos := photo.New(account, pipeline, grant.New(nil), &photo.Options{MaxUpload: int64(c.MaxUpload), QuotaBytes: -1, QuotaPhotos: -1})
	contents, err := photos.Contents(ctx, c.Owner)
	if err != nil {
		return err
	}
	began := time.Now()
	run := &importRun{cmd: c, photos: photos, contents: contents, bar: newImportBar(std.err, files)}
	run.all(ctx, files)
	_ = run.bar.Finish() // only its looks
	fmt.Fprintln(std.err)
	return c.report(std.out, files, time.Since(began), ctx.Err() != nil)
}

// findFiles lists a folder's files in the order of their paths.
func findFiles(dir string) (files []*importFile, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != dir && strings.HasPrefix(entry.Name(), ".")
		switch {
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case hidden || !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		files = append(files, &importFile{path: below, size: info.Size(), modified: info.ModTime()})
		return err
	})
	return files, err
}

// open reaches the account to publish into: the one that was given, the data folder's service if it runs, or a service
// of its own on the data folder.
func (c *importCmd) open(ctx context.Context) (*azure.Account, func(), error) {
	nothing := func() {}
	if c.Storage != "" {
		account, err := azure.Open(c.Storage, nil)
		return account, nothing, err
	}
	service, err := startStorage(ctx, storageSettings{Listen: "127.0.0.1:0", Data: c.Data, Log: slog.New(slog.DiscardHandler)})
	var locked *diskstore.LockedError
	if errors.As(err, &locked) {
		running, err := runningService(c.Data)
		if err != nil {
			return nil, nil, err
		}
		account, err := azure.Open(running, nil)
		return account, nothing, err
	}
	if err != nil {
		return nil, nil, err
	}
	closeStorage := func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		_ = service.Shutdown(grace) // what was acknowledged is on disk already
	}
	account, err := azure.Open(service.ConnectionString(), nil)
	if err != nil {
		closeStorage()
		return nil, nil, err
	}
	return account, closeStorage, nil
}

// runningService is the connection string of the service that another process runs on a data folder.
func runningService(data string) (string, error) {
	accounts, err := loadAccounts(data)
	if err != nil {
		return "", err
	}
	base, err := lastEndpoint(data)
	if err != nil {
		return "", err
	}
	return connectionString(accounts[0].name, accounts[0].keys[0], base+"/"+accounts[0].name), nil
}

// importRun goes through the files.
type importRun struct {
	cmd    *importCmd
	photos *photo.Service
	bar    *progressbar.ProgressBar

	mu       sync.Mutex
	contents map[photo.ContentHash]photo.ID // what is there or under way
}

func (r *importRun) all(ctx context.Context, files []*importFile) {
	var workers errgroup.Group
	workers.SetLimit(cmp.Or(r.cmd.Workers, runtime.NumCPU()))
	for _, file := range files {
		if ctx.Err() != nil {
			break
		}
		workers.Go(func() error {
			file.outcome, file.why = r.one(ctx, file)
			if ctx.Err() != nil && file.outcome == failed {
				file.outcome, file.why = unseen, nil // it was interrupted, nothing is wrong with it
			}
			_ = r.bar.Add64(max(file.size, 1)) // only its looks
			return nil
		})
	}
	_ = workers.Wait() // no worker returns an error: each file keeps its own
}

func (r *importRun) one(ctx context.Context, file *importFile) (outcome, error) {
	if file.size > int64(r.cmd.MaxUpload) {
		return refused, &photo.TooLarge{Size: file.size, Limit: int64(r.cmd.MaxUpload)}
	}
	data, err := os.ReadFile(filepath.Join(r.cmd.Dir, file.path))
	if err != nil {
		return failed, err
	}
	hash := photo.HashContent(data)
	r.mu.Lock()
	_, seen := r.contents[hash]
	r.contents[hash] = ""
	r.mu.Unlock()
	if seen {
		return present, nil
	}
	if r.cmd.DryRun {
		err = r.photos.Check(ctx, data)
	} else {
		_, err = r.photos.Import(ctx, r.cmd.Owner, filepath.ToSlash(file.path), file.modified, data)
	}
	var refusal *imaging.Refusal
	var large *photo.TooLarge
	switch {
	case err == nil:
		return published, nil
	case errors.As(err, &refusal):
		return refused, errors.New(refusal.Message)
	case errors.As(err, &large):
		return refused, err
	}
	r.mu.Lock()
	delete(r.contents, hash)
	r.mu.Unlock()
	return failed, err
}

// newImportBar shows bytes done, their rate and the time left.
func newImportBar(w io.Writer, files []*importFile) *progressbar.ProgressBar {
	var total int64
	for _, file := range files {
		total += max(file.size, 1)
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
		progressbar.OptionUseIECUnits(true), progressbar.OptionSetDescription(fmt.Sprintf("%d files", len(files))),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionSetVisibility(isTerminal(w)))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// report tells what became of the files. Where any was refused or failed, or the run was interrupted, the process ends
// with 1.
func (c *importCmd) report(w io.Writer, files []*importFile, took time.Duration, interrupted bool) error {
	counts := map[outcome]int{}
	for _, file := range files {
		counts[file.outcome]++
	}
	verb := "Published"
	if c.DryRun {
		verb = "Would publish"
	}
	fmt.Fprintf(w, "%s %d of %d files in %v; %d there already, %d refused, %d failed.\n", verb, counts[published], len(files),
		took.Round(time.Millisecond), counts[present], counts[refused], counts[failed])
	for _, kind := range []outcome{refused, failed} {
		for _, file := range slices.SortedFunc(slices.Values(files), func(a, b *importFile) int { return cmp.Compare(a.path, b.path) }) {
			if file.outcome == kind {
				fmt.Fprintf(w, "  %-8s %s: %v\n", kind, file.path, file.why)
			}
		}
	}
	if interrupted {
		fmt.Fprintf(w, "Interrupted with %d files to go: run the same command again to go on.\n", counts[unseen])
	}
	if interrupted || counts[refused]+counts[failed] > 0 {
		return exitCode(1)
	}
	return nil
}
