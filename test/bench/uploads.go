package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/internal/azure"
)

const (
	uploadCount = 200
	uploadSize  = 4_000_000
)

// uploadRun is what one way of uploading 200 photos came to, turn by turn.
type uploadRun struct {
	megabytes []float64 // a second
	cpu       []float64 // seconds of the API or the middleware, a gigabyte
}

// uploads measures 200 photos of 4 MB from Chromium to the embedded service: with the plugin's core, beside raw fetch,
// the tutorial's page, and a middleware that every byte goes through.
func uploads(ctx context.Context, b *bench) (*report, error) {
	measuredOn := machine() // before the load that is made here
	scratch, err := os.MkdirTemp(b.scratch, "valetkey-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	s := &storageSuite{bench: b, scratch: scratch}
	storage, err := s.startStorage(ctx, "storage")
	if err != nil {
		return nil, err
	}
	defer storage.stop()
	connection := fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s", azure.DevAccount, azure.DevKey, storage.base)
	program, err := install(filepath.Join(b.root, "bin/valetkey"), scratch)
	if err != nil {
		return nil, err
	}
	app, err := launch(ctx, "valetkey serve", appAnswers, append(clean[:2:2], "VALETKEY_STORAGE="+connection), program,
		"serve", "--listen", "127.0.0.1:0", "--landing-poll", "1h", "--grant-rate", "1e6", "--grant-burst", "1000000", "--quota-photos", "0", "--quota-bytes", "0")
	if err != nil {
		return nil, err
	}
	defer app.stop()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	through, err := launch(ctx, "middleware", peerAnswers, nil, self, bareCommand, "middleware", connection)
	if err != nil {
		return nil, err
	}
	defer through.stop()
	page, err := openPage(ctx, b, app.url, through.url)
	if err != nil {
		return nil, err
	}
	defer page.close()
	got, err := b.uploadInTurns(page, app, through)
	if err != nil {
		return nil, err
	}
	return uploadReport(measuredOn, got, app, through), nil
}

// uploadWays are the page's. "plugin1" is the plugin with one SAS for all, as "fetch" has it; "plugin" asks for each, as
// "asking" does.
var uploadWays = []string{"plugin", "asking", "plugin1", "fetch", "tutorial", "tutorial6", "middleware"}

// uploadInTurns goes through all ways again and again, every other time backwards, so that none always comes after the same.
func (b *bench) uploadInTurns(page *uploadPage, app, through *process) (map[string]*uploadRun, error) {
	const gigabytes = uploadCount * uploadSize / 1e9
	got := map[string]*uploadRun{}
	for _, way := range uploadWays {
		got[way] = &uploadRun{}
	}
	ways := slices.Clone(uploadWays)
	for turn := range 2*b.times + 1 {
		slices.Reverse(ways)
		for _, way := range ways {
			server := app
			if way == "middleware" {
				server = through
			}
			count := uploadCount
			if turn == 0 {
				count = uploadCount / 10 // warms up
			}
			before := server.cpu()
			seconds, err := page.upload(way, count)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", way, err)
			}
			if turn > 0 {
				got[way].megabytes = append(got[way].megabytes, uploadCount*uploadSize/1e6/seconds)
				got[way].cpu = append(got[way].cpu, (server.cpu()-before).Seconds()/gigabytes)
			}
		}
	}
	return got, nil
}

func uploadReport(measuredOn string, got map[string]*uploadRun, app, through *process) *report {
	r := &report{title: "Uploads from a browser", notes: []string{measuredOn,
		"200 photos of 4 MB from Chromium to the embedded Blob service, one Put Blob each, six at once unless it says otherwise.",
		"*Raw fetch* is the least that a page can do. The plugin and it upload with one SAS for all, and asking the API for leave",
		"for each; the *tutorial* uploads with `uploadBrowserData`; through the *middleware*, a multipart handler in Go over the",
		"same storage, goes every byte. Checking photos is left out of all of them."}}
	for _, pair := range []struct {
		way, work, peer, name string
		bound                 float64
	}{
		{"plugin1", "the plugin, one SAS for all", "fetch", "raw fetch", 0.95},
		{"plugin", "the plugin, asking for each", "asking", "raw fetch, asking for each", 0.95},
		{"plugin", "the plugin, asking for each", "fetch", "raw fetch, one SAS for all", 0}, // what asking costs any page
		{"plugin", "the plugin, asking for each", "tutorial", "the tutorial, one after another", 0},
		{"plugin", "the plugin, asking for each", "tutorial6", "the tutorial, six at once", 0},
		{"plugin", "the plugin, asking for each", "middleware", "middleware", 0},
	} {
		way, peer := got[pair.way].megabytes, got[pair.peer].megabytes
		line := row{work: pair.work, ours: mbps(median(way)), peer: pair.name + " " + mbps(median(peer)), ratio: ratio(way, peer)}
		if pair.bound > 0 {
			line = atLeast(line.work, line.ours, line.peer, line.ratio, pair.bound)
		}
		r.rows = append(r.rows, line)
	}
	ours, theirs := got["plugin"].cpu, got["middleware"].cpu
	r.rows = append(r.rows,
		atMost("the API's CPU for each uploaded GB", fmt.Sprintf("%.3f s", median(ours)), fmt.Sprintf("middleware %.3f s", median(theirs)), ratio(ours, theirs), 0.05),
		row{work: "peak memory", ours: fmt.Sprintf("%.0f MiB", float64(app.peakMemory())/mib), peer: fmt.Sprintf("middleware %.0f MiB", float64(through.peakMemory())/mib)})
	return r
}

// uploadPage is the page in Chromium, which a Node script drives.
type uploadPage struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func openPage(ctx context.Context, b *bench, app, through string) (*uploadPage, error) {
	cmd := exec.CommandContext(ctx, "node", filepath.Join(b.root, "test/bench/node/uploads.mjs"), app, through)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	page := &uploadPage{cmd, in, bufio.NewScanner(out)}
	if line, err := page.line(); err != nil || !peerAnswers.MatchString(line) {
		return nil, fmt.Errorf("the page did not open (%q): %w", line, err)
	}
	return page, nil
}

// upload uploads so many photos in one way and returns the seconds it took.
func (p *uploadPage) upload(way string, count int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, way, count); err != nil {
		return 0, err
	}
	line, err := p.line()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

func (p *uploadPage) line() (string, error) {
	if p.out.Scan() {
		return p.out.Text(), nil
	}
	return "", fmt.Errorf("the page ended: %w", p.cmd.Wait())
}

func (p *uploadPage) close() {
	_ = p.in.Close()
	_ = p.cmd.Wait() // its exit status says nothing here
}
