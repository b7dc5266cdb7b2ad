package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileFlags are those of every subcommand.
type profileFlags struct {
	CPUProfile string `name:"cpu-profile" placeholder:"DIR" type:"path" group:"rare" help:"Write a profile of the processor's time into this folder, for 'go tool pprof'."`
}

// start profiles the process, if that was asked for, until stop is called. Each process has a file of its own.
func (f *profileFlags) start() (stop func() error, err error) {
	if f.CPUProfile == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(f.CPUProfile, 0o755); err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	file, err := os.Create(filepath.Join(f.CPUProfile, fmt.Sprintf("valetkey-%d.pprof", os.Getpid())))
	if err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("--cpu-profile: %w", err), file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}
