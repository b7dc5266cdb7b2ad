package diskstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes the file's bytes and size durable.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

// startWriteback asks the kernel to begin writing the range out. It is a hint: durability comes from syncData.
func startWriteback(f *os.File, offset, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE)
}

// punchHole gives the range's disk space back. A file system that cannot keeps it until the segment is deleted.
func punchHole(f *os.File, offset, length int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, length)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// allocate makes the file take up length bytes of disk.
func allocate(f *os.File, length int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, length)
	if errors.Is(err, unix.EOPNOTSUPP) {
		_, err = f.WriteAt(make([]byte, length), 0)
	}
	return err
}

// unmapPages takes the mapped pages out of this process's resident memory; they stay in the page cache.
func unmapPages(address, length uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, address, length, unix.MADV_DONTNEED); errno != 0 {
		return errno
	}
	return nil
}

func isNoSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
