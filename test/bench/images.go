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
		"`test/bench/images` measures, and prints bytes and SSIM of each width too. SSIM is against the same reference; its loss",
		"is what is missing to 1. 12MP and 48MP are generated; the others are photographs, from a Go module's test data and from",
		"Debian's mate-backgrounds."}}
	photos := b.realPhotos(ctx)
	for _, m := range []struct {
		name, format, cgo string
		cpu               float64
	}{{"WebP, with cgo", "webp", "1", 1.0}, {"JPEG, without cgo", "jpeg", "0", 1.7}} {
		text, err := b.contend(ctx, m.format, m.cgo, append([]string{"-runs", strconv.Itoa(b.times)}, photos...))
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

// realPhotos are photographs: one that comes with a module's test data, and those of a Debian package, where there
// are any (test/install-photos says why not).
func (b *bench) realPhotos(ctx context.Context) (photos []string) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta")
	list.Dir = b.root
	if module, err := list.Output(); err == nil {
		path := filepath.Join(strings.TrimSpace(string(module)), "testdata/images/hugo-issue-12669.jpg")
		if _, err := os.Stat(path); err == nil {
			photos = append(photos, path)
		}
	}
	install := exec.CommandContext(ctx, "test/install-photos")
	install.Dir, install.Stderr = b.root, os.Stderr
	paths, err := install.Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/install-photos:", err)
	}
	return append(photos, strings.Fields(string(paths))...)
}

// width is what a line of a contest says of one variant: its width, kilobytes and SSIM.
var width = regexp.MustCompile(`(\d+):\s+(\d+) KB (\d\.\d+)`)

// made is a line of a contest in numbers.
type made struct {
	cpu, rss float64 // milliseconds, megabytes
	bytes    float64 // kilobytes of all widths
	loss     float64 // what SSIM is below 1, the mean of all widths
}

func readMade(match []string) (c made) {
	c.cpu, _ = strconv.ParseFloat(match[2], 64) // the patterns take numbers only
	c.rss, _ = strconv.ParseFloat(match[4], 64)
	widths := width.FindAllStringSubmatch(match[5], -1)
	for _, w := range widths {
		size, _ := strconv.ParseFloat(w[2], 64)
		similarity, _ := strconv.ParseFloat(w[3], 64)
		c.bytes += size
		c.loss += (1 - similarity) / float64(len(widths))
	}
	return c
}

// contestRows reads the lines of a contest: a photo's name, then a line for each contender.
func contestRows(text, what string, cpuBound float64) (rows []row) {
	photo := ""
	contenders := map[string]made{}
	for line := range strings.Lines(text) {
		match := contest.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			photo, contenders = strings.TrimSpace(line), map[string]made{}
			continue
		}
		contenders[match[1]] = readMade(match)
		ours, measured := contenders["pipeline"]
		peer, compared := contenders["sharp"]
		if !measured || !compared {
			continue
		}
		compare := func(measure, format string, ours, peer, bound float64) {
			rows = append(rows, atMost(fmt.Sprintf("%s, %s: %s", what, photo, measure),
				fmt.Sprintf(format, ours), fmt.Sprintf("sharp "+format, peer), ours/peer, bound))
		}
		compare("CPU", "%.0f ms", ours.cpu, peer.cpu, cpuBound)
		compare("peak memory", "%.0f MB", ours.rss, peer.rss, 1)
		compare("bytes, all widths", "%.0f KB", ours.bytes, peer.bytes, 1.05)
		compare("loss of SSIM, mean of all widths", "%.4f", ours.loss, peer.loss, 1)
	}
	return rows
}
