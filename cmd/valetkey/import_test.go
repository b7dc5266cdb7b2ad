package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeTree makes a folder with three photos, one of them twice, and what is none.
func writeTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, width := range map[string]int{"a.png": 10, "2019/b.png": 20, "2019/summer/c.png": 30, "2020/a again.png": 10, ".hidden.png": 40, ".trash/d.png": 50} {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 10))); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), b.Bytes())
	}
	write(t, filepath.Join(dir, "2019/notes.txt"), []byte("no photo"))
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func runCommand(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	for _, name := range []string{"VALETKEY_STORAGE", "AZURE_STORAGE_CONNECTION_STRING", "AzureWebJobsStorage"} {
		t.Setenv(name, "")
	}
	var out, errs bytes.Buffer
	status = run(t.Context(), args, streams{strings.NewReader(""), &out, &errs})
	return status, out.String(), errs.String()
}

func TestImportPublishesATreeOnce(t *testing.T) {
	tree, data := writeTree(t), t.TempDir()
	importTree := func(more ...string) (int, string) {
		status, stdout, stderr := runCommand(t, append([]string{"import", tree, "--data", data}, more...)...)
		if stdout == "" {
			t.Fatalf("status %d: %s", status, stderr)
		}
		return status, stdout
	}
	for _, tt := range []struct {
		name string
		more []string
		want string
	}{
		{"dry", []string{"--dry-run"}, "Would publish 3 of 5 files"},
		{"first", nil, "Published 3 of 5 files"},
		{"again", nil, "Published 0 of 5 files"},
		{"another owner", []string{"--owner", "g-me"}, "Published 3 of 5 files"},
		{"too large", []string{"--owner", "g-me2", "--max-upload", "10"}, "0 there already, 5 refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out := importTree(tt.more...)
			if status != 1 || !strings.Contains(out, tt.want) || !strings.Contains(out, "refused  2019/notes.txt: ") {
				t.Errorf("status %d: %s", status, out)
			}
		})
	}
}

func TestImportIntoAFolderThatIsBeingServed(t *testing.T) {
	tree, data := writeTree(t), t.TempDir()
	service, err := startStorage(t.Context(), storageSettings{Listen: "127.0.0.1:0", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := service.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, stdout, stderr := runCommand(t, "import", tree, "--data", data); !strings.Contains(stdout, "Published 3 of 5 files") {
		t.Errorf("%s%s", stdout, stderr)
	}
}

func TestImportRefusesNonsense(t *testing.T) {
	if status, _, stderr := runCommand(t, "import", filepath.Join(t.TempDir(), "nowhere")); status != 2 || !strings.Contains(stderr, "nowhere") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := runCommand(t, "import", t.TempDir(), "--owner", "../x"); status != 1 || !strings.Contains(stderr, "--owner") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
