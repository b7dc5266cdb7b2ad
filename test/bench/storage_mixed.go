package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// putsBesideLists writes while others list without pause, which must not stop the writers.
func (s *storageSuite) putsBesideLists(ctx context.Context) error {
	const clients, listers = 8, 2
	body := s.data[:100*kib]
	page := exchange{head: head("GET", s.ours.base, s.ours.path+"/bench?restype=container&comp=list&maxresults=100&"+s.ours.query, versionHeader, 0)}
	var alone, beside []float64
	for range s.times {
		got, err := drive(ctx, s.ours.base, clients, s.round, 0, s.ours.blobs(body))
		if err != nil {
			return err
		}
		alone = append(alone, got.rate())
		var listing sync.WaitGroup
		var listed error
		listing.Go(func() {
			_, listed = drive(ctx, s.ours.base, listers, s.round, 0, func(int, int) exchange { return page })
		})
		got, err = drive(ctx, s.ours.base, clients, s.round, 0, s.ours.blobs(body))
		listing.Wait()
		if err := errors.Join(err, listed); err != nil {
			return err
		}
		beside = append(beside, got.rate())
	}
	with, without := median(beside), median(alone)
	s.add(atLeast("Put Blob 100 KiB, 8 clients, while 2 list pages of 100", perSecond(with), "without listers "+perSecond(without), with/without, 0.6))
	return nil
}

// memory is the most that either service had resident under all that came before.
func (s *storageSuite) memory(context.Context) error {
	ours := float64(s.ours.peakMemory()) / mib
	r := row{work: "peak memory under all of that", ours: fmt.Sprintf("%.0f MiB", ours), reach: "<= 64 MiB", reached: ours <= 64}
	if s.azurite != nil {
		peer := float64(s.azurite.peakMemory()) / mib
		r.peer, r.ratio, r.reach = fmt.Sprintf("azurite %.0f MiB", peer), ours/peer, "<= 64 MiB, <= 0.25x"
		r.reached = r.reached && r.ratio <= 0.25
	}
	s.add(r)
	return nil
}

func fillContainer(ctx context.Context, store blobstore.Store, container blobstore.ContainerName, count int) error {
	if _, err := store.CreateContainer(ctx, container, blobstore.CreateContainerOptions{}); err != nil {
		return err
	}
	const writers = 64
	var all sync.WaitGroup
	failed := make([]error, writers)
	for w := range writers {
		all.Go(func() {
			for n := w; n < count && failed[w] == nil; n += writers {
				name := blobstore.BlobName{Account: container.Account, Container: container.Container, Blob: blobName(n)}
				_, failed[w] = store.PutBlob(ctx, name, bytes.NewReader(nil), blobstore.PutBlobOptions{})
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// untilAnswers waits for a server that does not say when it listens.
func untilAnswers(ctx context.Context, url string) error {
	for range 100 {
		response, err := http.Get(url)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s never answered", url)
}
