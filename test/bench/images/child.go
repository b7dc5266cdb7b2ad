package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
)

// child is the pipeline's contender: FORMAT RUNS FOLDER FILE QUALITY EFFORT.
func child(args []string, w io.Writer) error {
	if len(args) != 6 {
		return fmt.Errorf("-child takes 6 arguments")
	}
	format, dir := args[0], args[2]
	var n [3]int
	for i, a := range []string{args[1], args[4], args[5]} {
		v, err := strconv.Atoi(a)
		if err != nil {
			return err
		}
		n[i] = v
	}
	data, err := os.ReadFile(args[3])
	if err != nil {
		return err
	}
	p, err := imaging.New(&imaging.Options{Originals: imaging.OriginalsDiscard, Quality: n[1], Effort: n[2]})
	if err != nil {
		return err
	}
	r := result{Bytes: map[string]int{}}
	photo, err := p.Process(context.Background(), data)
	if err != nil {
		return err
	}
	for _, v := range photo.Variants {
		r.Bytes[strconv.Itoa(v.Width)] = len(v.Data)
		if want := "image/" + format; v.Type != want {
			return fmt.Errorf("variants are %s, not %s", v.Type, want)
		}
		name := filepath.Join(dir, fmt.Sprintf("pipeline-0-w%d.%s", v.Width, format))
		if err := os.WriteFile(name, v.Data, 0o600); err != nil {
			return err
		}
	}
	before, start := cpu(), time.Now()
	for range n[0] {
		if _, err := p.Process(context.Background(), data); err != nil {
			return err
		}
	}
	r.CPU = float64((cpu() - before).Microseconds()) / 1e3 / float64(n[0])
	r.Wall = float64(time.Since(start).Microseconds()) / 1e3 / float64(n[0])
	if r.RSS, err = peakRSS(); err != nil {
		return err
	}
	return print(w, r)
}

// cpu is the time this process has used, user and system.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS is the greatest memory this program has had. The resource usage that wait4 reports would be that of the parent
// before exec, where that is greater.
func peakRSS() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kib int64
	_, err = fmt.Sscan(string(rest), &kib)
	return kib << 10, err
}
