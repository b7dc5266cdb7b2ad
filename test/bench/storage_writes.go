package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// stageAndCommit is a large file in eight blocks.
func (s *storageSuite) stageAndCommit(ctx context.Context) error {
	bare, err := s.bareEndpoint(ctx, "durable")
	if err != nil {
		return err
	}
	defer bare.stop()
	var azurite load
	if s.azurite != nil {
		azurite = s.azurite.staged(8, s.data[:8*mib])
	}
	for _, clients := range []int{1, 8, 32} {
		err := s.beside(ctx, "Put Block 8 MiB x 8 and Put Block List", clients, bare,
			s.ours.staged(8, s.data[:8*mib]), same("PUT", bare.url, "/", "", string(s.data)), azurite, [2]float64{0.85, 20})
		if err != nil {
			return err
		}
	}
	return nil
}

// photos is a photo as the app sends it: one block, then the list.
func (s *storageSuite) photos(ctx context.Context) error {
	bare, err := s.bareEndpoint(ctx, "durable")
	if err != nil {
		return err
	}
	defer bare.stop()
	var azurite load
	if s.azurite != nil {
		azurite = s.azurite.blobs(s.data[:4*mib])
	}
	for _, clients := range []int{8, 32} {
		err := s.beside(ctx, "a photo: Put Block 4 MiB and Put Block List (Azurite: Put Blob)", clients, bare,
			s.ours.staged(1, s.data[:4*mib]), same("PUT", bare.url, "/", "", string(s.data[:4*mib])), azurite, [2]float64{0.85, 8})
		if err != nil {
			return err
		}
	}
	return nil
}

// putBlobs keep the blob's MD5, which a bare handler has to compute too.
func (s *storageSuite) putBlobs(ctx context.Context) error {
	bare, err := s.bareEndpoint(ctx, "md5")
	if err != nil {
		return err
	}
	defer bare.stop()
	for _, m := range []struct {
		work    string
		size    int
		clients []int
		bound   float64
	}{{"Put Blob 4 MiB", 4 * mib, []int{8, 32}, 1.3}, {"Put Blob 100 KiB", 100 * kib, []int{32}, 0.8}} {
		body := s.data[:m.size]
		var azurite load
		if s.azurite != nil {
			azurite = s.azurite.blobs(body)
		}
		for _, clients := range m.clients {
			err := s.beside(ctx, m.work, clients, bare, s.ours.blobs(body), same("PUT", bare.url, "/", "", string(body)), azurite, [2]float64{m.bound, 5})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// overwrites writes one blob over and over and looks at what the disk holds a minute later at most.
func (s *storageSuite) overwrites(ctx context.Context) error {
	fresh, err := s.startStorage(ctx, "overwrites")
	if err != nil {
		return err
	}
	defer fresh.stop()
	const times, size, patience = 250, 4 * mib, time.Minute
	_, err = drive(ctx, fresh.url, 1, 0, times, func(int, int) exchange { return fresh.put("again", s.data[:size]) })
	if err != nil {
		return err
	}
	began := time.Now()
	for {
		used, err := diskUse(fresh.dir)
		if err != nil {
			return err
		}
		ratio := float64(used) / size
		if ratio <= 3 || time.Since(began) > patience {
			s.add(atMost(fmt.Sprintf("disk after %d overwrites of one 4 MiB blob, after %.0f s", times, time.Since(began).Seconds()),
				fmt.Sprintf("%.1f MiB", float64(used)/mib), "the blob 4.0 MiB", ratio, 3))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// diskUse is how many bytes a folder's files take on disk.
func diskUse(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += allocated(info)
		}
		return err
	})
	return bytes, err
}
