package diskstore

import (
	"errors"
	"os"
	"testing"
)

// readFilesOver returns the open files of a folder that has so many empty segments.
func readFilesOver(t *testing.T, count uint32) *readFiles {
	t.Helper()
	f := &readFiles{segments: &segments{dir: t.TempDir()}}
	for id := range count {
		if err := os.WriteFile(f.segments.path(id+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func take(t *testing.T, f *readFiles, segment uint32) *os.File {
	t.Helper()
	file, err := f.take(segment)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func give(t *testing.T, f *readFiles, segment uint32, file *os.File) {
	t.Helper()
	if err := f.give(segment, file); err != nil {
		t.Fatal(err)
	}
}

func isClosed(file *os.File) bool {
	_, err := file.Stat()
	return errors.Is(err, os.ErrClosed)
}

func TestReadFilesGiveEachReaderAFileOfItsOwn(t *testing.T) {
	f := readFilesOver(t, 1)
	first, second := take(t, f, 1), take(t, f, 1)
	if first == second {
		t.Fatal("two readers share a position")
	}
	give(t, f, 1, first)
	if again := take(t, f, 1); again != first {
		t.Error("the idle file was not used again")
	}
	give(t, f, 1, first)
	give(t, f, 1, second)
}

func TestReadFilesCloseTheOldestOfTooMany(t *testing.T) {
	f := readFilesOver(t, maxIdleFiles+1)
	files := make([]*os.File, maxIdleFiles+1)
	for i := range files {
		files[i] = take(t, f, uint32(i+1))
	}
	for i, file := range files {
		give(t, f, uint32(i+1), file)
	}
	if !isClosed(files[0]) || isClosed(files[1]) || len(f.idle) != maxIdleFiles {
		t.Errorf("%d idle, oldest closed: %t, next closed: %t", len(f.idle), isClosed(files[0]), isClosed(files[1]))
	}
}

func TestReadFilesLetADeletedSegmentGo(t *testing.T) {
	f := readFilesOver(t, 2)
	gone, kept := take(t, f, 1), take(t, f, 2)
	give(t, f, 1, gone)
	give(t, f, 2, kept)
	if err := f.forget(1); err != nil {
		t.Fatal(err)
	}
	if !isClosed(gone) || isClosed(kept) {
		t.Errorf("deleted segment closed: %t, other closed: %t", isClosed(gone), isClosed(kept))
	}
}

func TestReadFilesThatComeBackAfterCloseAreClosed(t *testing.T) {
	f := readFilesOver(t, 1)
	file := take(t, f, 1)
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	give(t, f, 1, file)
	if !isClosed(file) {
		t.Error("still open")
	}
}
