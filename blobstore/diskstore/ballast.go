package diskstore

import (
	"errors"
	"os"
	"sync"
)

// ballastSize is how many bytes the store keeps in reserve for transactions that delete and reclaim when the disk is
// full: without them nothing could ever be deleted there.
const ballastSize = 2 << 20

// ballast is a file that takes up space until it is needed.
type ballast struct {
	path string
	mu   sync.Mutex
	held bool
}

// hold takes the space up. It must succeed before bytes are taken in.
func (b *ballast) hold() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held {
		return nil
	}
	f, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(allocate(f, ballastSize), f.Close())
	if err != nil {
		return errors.Join(err, b.drop())
	}
	b.held = true
	return nil
}

// release gives the space to whoever writes next; false means that there was none left to give.
func (b *ballast) release() (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.held {
		return false, nil
	}
	b.held = false
	return true, b.drop()
}

func (b *ballast) drop() error {
	if err := os.Remove(b.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
