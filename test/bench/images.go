package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// contest is a line of test/bench/images: who, CPU milliseconds a photo, wall milliseconds, peak megabytes, and the rest.
var contest = regexp.MustCompile(`^\s+(\w+)\s+(\d+) ms CPU,\s+(\d+) ms,\s+(\d+) MB \|(.*)$`)

// images measures the photo pipeline beside sharp, which test/bench/images does, with cgo (WebP) and without (JPEG).
func images(ctx context.Context, b *bench) (*report, error) {
	r := &report{title: "Photos", notes: []string{machine(),
		"CPU and peak memory for one photo, all four widths, one thread, beside sharp with its defaults and WebP effort 4;",
		"`test/bench/images` measures, and prints bytes and SSIM of each width too. SSIM is against the same reference."}}
	for _, m := range []struct {
		name, format, cgo string
		cpu               float64
	}{{"WebP, with cgo", "webp", "1", 1.0}, {"JPEG, without cgo", "jpeg", "0", 1.7}} {
		text, err := b.contend(ctx, m.format, m.cgo, append([]string{"-runs", strconv.Itoa(b.times)}, b.realPhotos(ctx)...))
		if err != nil {
			return nil, err
		}
		r.rows = append(r.rows, contestRows(text, m.name, m.cpu)...)
		r.notes = append(r.notes, "", m.name+":", "", "```text\n"+strings.TrimRight(text, "\n")+"\n```")
	}
	text, err := b.contend(ctx, "webp", "1", []string{"-rate", "100"})
	if err != nil {
		return nil, err
	}
	r.rows = append(r.rows, rateRows(text)...)
	return r, nil
}

// rateLine is a line of test/bench/images -rate: who, and photos a second.
var rateLine = regexp.MustCompile(`(?m)^\s+(\w+)\s+([\d.]+) photos/s$`)

// rateRows reads the lines of both contenders: their work, then one line each.
func rateRows(text string) []row {
	perSecond := map[string]float64{}
	for _, m := range rateLine.FindAllStringSubmatch(text, -1) {
		perSecond[m[1]], _ = strconv.ParseFloat(m[2], 64) // the pattern takes numbers only
	}
	ours, peer := perSecond["pipeline"], perSecond["sharp"]
	if ours == 0 || peer == 0 {
		return nil
	}
	work, _, _ := strings.Cut(text, "\n")
	return []row{atLeast("WebP, with cgo, "+work, fmt.Sprintf("%.2f/s", ours), fmt.Sprintf("sharp %.2f/s", peer), ours/peer, 1)}
}

// contend builds test/bench/images with or without cgo and runs it.
func (b *bench) contend(ctx context.Context, format, cgo string, more []string) (string, error) {
	dir, err := os.MkdirTemp(b.scratch, "valetkey-bench-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "images")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "nodynamic", "-o", binary, "./test/bench/images")
	build.Dir, build.Env, build.Stderr = b.root, append(os.Environ(), "CGO_ENABLED="+cgo), os.Stderr
	if err := build.Run(); err != nil {
		return "", err
	}
	arguments := []string{"-format", format}
	if _, err := os.Stat(filepath.Join(b.root, "node_modules/sharp")); err == nil {
		arguments = append(arguments, "-sharp", ".")
	}
	var out bytes.Buffer
	run := exec.CommandContext(ctx, binary, append(arguments, more...)...)
	run.Dir, run.Stdout, run.Stderr = b.root, &out, os.Stderr
	err = run.Run()
	return out.String(), err
}

// realPhotos are large photos of cameras that come with a module's test data.
func (b *bench) realPhotos(ctx context.Context) []string {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta")
	list.Dir = b.root
	module, err := list.Output()
	if err != nil {
		return nil
	}
	var photos []string
	for _, name := range []string{"hugo-issue-12669.jpg"} {
		path := filepath.Join(strings.TrimSpace(string(module)), "testdata/images", name)
		if _, err := os.Stat(path); err == nil {
			photos = append(photos, path)
		}
	}
	return photos
}

// contestRows reads the lines of a contest: a photo's name, then a line for each contender.
func contestRows(text, what string, cpuBound float64) (rows []row) {
	photo := ""
	contenders := map[string][]float64{}
	for line := range strings.Lines(text) {
		match := contest.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			photo, contenders = strings.TrimSpace(line), map[string][]float64{}
			continue
		}
		cpu, _ := strconv.ParseFloat(match[2], 64) // the pattern takes digits only
		rss, _ := strconv.ParseFloat(match[4], 64)
		contenders[match[1]] = []float64{cpu, rss}
		ours, peer := contenders["pipeline"], contenders["sharp"]
		if ours == nil || peer == nil {
			continue
		}
		rows = append(rows,
			atMost(fmt.Sprintf("%s, %s: CPU", what, photo), fmt.Sprintf("%.0f ms", ours[0]), fmt.Sprintf("sharp %.0f ms", peer[0]), ours[0]/peer[0], cpuBound),
			atMost(fmt.Sprintf("%s, %s: peak memory", what, photo), fmt.Sprintf("%.0f MB", ours[1]), fmt.Sprintf("sharp %.0f MB", peer[1]), ours[1]/peer[1], 1))
	}
	return rows
}
