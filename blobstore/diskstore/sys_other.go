//go:build !linux

package diskstore

import (
	"errors"
	"os"
	"syscall"
)

func syncData(f *os.File) error { return f.Sync() }

func startWriteback(*os.File, int64, int64) {}

// punchHole does nothing here: space comes back when a whole segment is deleted.
func punchHole(*os.File, int64, int64) error { return nil }

func allocate(f *os.File, length int64) error {
	_, err := f.WriteAt(make([]byte, length), 0)
	return err
}

func unmapPages(_, _ uintptr) error { return nil }

func residentFiles() int64 { return 0 }

func isNoSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }
