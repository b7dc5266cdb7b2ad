package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfilesWhatRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var stdout, stderr bytes.Buffer
	std := streams{strings.NewReader(""), &stdout, &stderr}
	if status := run(context.Background(), []string{"version", "--cpu-profile", dir}, std); status != 0 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	files, err := filepath.Glob(filepath.Join(dir, "valetkey-*.pprof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v: want one profile", files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || !bytes.HasPrefix(text, []byte("\x1f\x8b")) { // gzip, which pprof reads
		t.Errorf("%.10q, %v", text, err)
	}
	stdout.Reset()
	if status := run(context.Background(), []string{"version", "--cpu-profile", files[0]}, std); status != 1 {
		t.Errorf("a file for a folder: status %d", status)
	}
	if !strings.Contains(stderr.String(), "--cpu-profile") || stdout.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", &stderr, &stdout)
	}
}
