package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/valetkey/valetkey/blobstore/diskstore"
)

type storageCheckCmd struct {
	Data string `default:"./data" help:"The data folder. Nobody may be serving it." placeholder:"DIR"`
}

// Run reads everything that a data folder holds, compares the checksums, and says which blobs are damaged; the exit
// status is 1 when any is.
func (c storageCheckCmd) Run(ctx context.Context, std streams) (err error) {
	if _, err := os.Stat(filepath.Join(c.Data, "blobs")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no data folder: it holds no blobs", c.Data)
	}
	store, err := openStore(storageSettings{Data: c.Data, Log: slog.New(slog.NewTextHandler(std.err, nil))})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	result, err := store.Check(ctx)
	if err != nil {
		return err
	}
	report(std.out, result)
	if len(result.Problems) > 0 {
		return exitCode(1)
	}
	return nil
}

func report(w io.Writer, result diskstore.CheckResult) {
	for _, p := range result.Problems {
		fmt.Fprintf(w, "damaged: %v\n", p.Err)
		for _, b := range p.Blobs {
			fmt.Fprintf(w, "  %q\n", b.Account+"/"+b.Container+"/"+b.Blob) // a name may hold anything
		}
	}
	fmt.Fprintf(w, "%d blobs, %d blocks, %d bytes read: ", result.Blobs, result.Blocks, result.Bytes)
	if n := len(result.Problems); n > 0 {
		fmt.Fprintf(w, "%d damaged\n", n)
	} else {
		fmt.Fprintln(w, "all is well")
	}
}
