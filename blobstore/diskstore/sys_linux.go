package diskstore

import (
	"errors"
	"fmt"
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

// residentFiles is how many bytes of mapped files are in this process's resident memory.
func residentFiles() int64 {
	// See proc(5): size, resident, shared, in pages.
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return 0
	}
	defer f.Close()
	var size, resident, shared int64
	if _, err := fmt.Fscan(f, &size, &resident, &shared); err != nil {
		return 0
	}
	return shared * int64(os.Getpagesize())
}

func isNoSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
