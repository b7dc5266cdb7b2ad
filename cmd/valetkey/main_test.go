package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"version", []string{"version"}, 0, "valetkey dev", ""},
		{"help", []string{"--help"}, 0, "version", ""},
		{"unknown command", []string{"bogus"}, 2, "", "bogus"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), tt.args, streams{strings.NewReader(""), &stdout, &stderr})
			if status != tt.status {
				t.Errorf("status %d, want %d; stderr: %s", status, tt.status, &stderr)
			}
			if !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}
