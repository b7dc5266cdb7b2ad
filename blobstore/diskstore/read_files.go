package diskstore

import (
	"errors"
	"os"
	"slices"
	"sync"
)

// maxIdleFiles is how many segment files are kept open for the readers to come. A file is one reader's at a time,
// because sendfile moves its position.
const maxIdleFiles = 64

// readFiles keeps segment files open between readers.
type readFiles struct {
	segments *segments

	mu     sync.Mutex
	idle   []idleFile // the latest used last
	closed bool
}

type idleFile struct {
	segment uint32
	file    *os.File
}

// take returns a segment's file for one reader alone, positioned anywhere.
func (f *readFiles) take(segment uint32) (*os.File, error) {
	f.mu.Lock()
	for i := len(f.idle) - 1; i >= 0; i-- {
		if f.idle[i].segment == segment {
			file := f.idle[i].file
			f.idle = slices.Delete(f.idle, i, i+1)
			f.mu.Unlock()
			return file, nil
		}
	}
	f.mu.Unlock()
	return os.Open(f.segments.path(segment))
}

// give takes a file back. What is one too many is closed.
func (f *readFiles) give(segment uint32, file *os.File) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return file.Close()
	}
	var err error
	if len(f.idle) == maxIdleFiles {
		err = f.idle[0].file.Close()
		f.idle = slices.Delete(f.idle, 0, 1)
	}
	f.idle = append(f.idle, idleFile{segment, file})
	return err
}

// forget closes the idle files of a segment that is deleted: an open one would keep its disk space.
func (f *readFiles) forget(segment uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	f.idle = slices.DeleteFunc(f.idle, func(i idleFile) bool {
		if i.segment != segment {
			return false
		}
		errs = append(errs, i.file.Close())
		return true
	})
	return errors.Join(errs...)
}

func (f *readFiles) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	var errs []error
	for _, i := range f.idle {
		errs = append(errs, i.file.Close())
	}
	f.idle = nil
	return errors.Join(errs...)
}
