package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// storageCheck runs the command on a folder.
func storageCheck(t *testing.T, dir string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), []string{"storage", "check", "--data", dir}, streams{strings.NewReader(""), &out, &errs})
	return status, out.String(), errs.String()
}

func TestStorageCheckFindsDamage(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	s, err := startStorage(ctx, storageSettings{Data: dir, Listen: "127.0.0.1:0", Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	client := sdk(t, s.ConnectionString())
	if _, err := client.CreateContainer(ctx, "photos", nil); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("incompressible? "), 10_000)
	if _, err := client.UploadBuffer(ctx, "photos", "a b.jpg", content, nil); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := storageCheck(t, dir); status != 1 || !strings.Contains(stderr, "in use by another process") {
		t.Errorf("while it is served: status %d, %q", status, stderr)
	}
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	status, stdout, _ := storageCheck(t, dir)
	if status != 0 || !strings.Contains(stdout, "1 blobs, 1 blocks, 160000 bytes read: all is well") {
		t.Errorf("status %d, %q", status, stdout)
	}
	flipByte(t, dir, content)
	status, stdout, _ = storageCheck(t, dir)
	if status != 1 || !strings.Contains(stdout, `"valetkey/photos/a b.jpg"`) || !strings.Contains(stdout, "1 damaged") {
		t.Errorf("status %d, %q", status, stdout)
	}
}

func TestStorageCheckMakesNoDataFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if status, _, stderr := storageCheck(t, dir); status != 1 || !strings.Contains(stderr, "no data folder") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there now: %v", err)
	}
}

// flipByte changes a byte of the content where it lies in the folder.
func flipByte(t *testing.T, dir string, content []byte) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(dir, "blobs", "segments", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range segments {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(data, content); i >= 0 {
			data[i+100] ^= 1
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the content is in no segment")
}
