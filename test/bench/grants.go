package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var (
	appAnswers  = regexp.MustCompile(`App and API\s+(\S+)`)
	peerAnswers = regexp.MustCompile(`listening on (\S+)`)
)

// clean keeps the measurer's own account out of it.
var clean = []string{"AZURE_STORAGE_CONNECTION_STRING=", "AzureWebJobsStorage=", "VALETKEY_STORAGE="}

const newUpload = `{"name":"photo.jpg","type":"image/jpeg","size":4000000}`

// startApp starts a program on a data folder, with a limiter that lets one machine ask for as much as it can.
func startApp(ctx context.Context, program, data string) (*process, error) {
	return launch(ctx, "valetkey serve", appAnswers, clean, program, "serve",
		"--listen", "127.0.0.1:0", "--storage-listen", "127.0.0.1:0", "--data", data, "--grant-rate", "1e9", "--grant-burst", "1000000000")
}

// grants measures what signing on demand costs, against handlers that do nothing and against the tutorial's function.
func grants(ctx context.Context, b *bench) (*report, error) {
	data, err := os.MkdirTemp("", "valetkey-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	program, err := install(filepath.Join(b.root, "bin/valetkey"), data)
	if err != nil {
		return nil, err
	}
	app, err := startApp(ctx, program, filepath.Join(data, "site"))
	if err != nil {
		return nil, err
	}
	defer func() { app.stop() }()
	credentials := request{method: "GET", path: "/api/credentials"}
	uploads, sizes, err := guestsUpload(ctx, app.url)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &report{title: "Grants", notes: []string{machine(),
		"A closed loop of keep-alive connections. *Bare* is a `net/http` handler that answers a constant of the same size; *Node*",
		"and *Fastify* are the tutorial's function, which signs with `@azure/storage-blob`. Valetkey runs whole: with guests,",
		"limits, quota and a line in the ledger for every grant. It is built as it is shipped, optimized by its profile; the bare",
		"handler is what `go build` makes of it."}}
	for _, measured := range []struct {
		work  string
		load  request
		size  int
		bound float64
	}{{"GET /api/credentials", credentials, sizes[0], 0.85}, {"POST /api/uploads", uploads, sizes[1], 0.7}} {
		bare, err := launch(ctx, "bare", peerAnswers, nil, self, bareCommand, "answer", fmt.Sprint(measured.size))
		if err != nil {
			return nil, err
		}
		for _, connections := range []int{32, 64} {
			got, err := b.inTurns(ctx, measured.load, connections, app, bare)
			if err != nil {
				return nil, err
			}
			r.rows = append(r.rows, atLeast(fmt.Sprintf("%s, %d connections", measured.work, connections),
				perSecond(median(got[0].rates)), "bare "+perSecond(median(got[1].rates)), ratio(got[0].rates, got[1].rates), measured.bound))
		}
		bare.stop()
	}
	if err := b.besideNode(ctx, r, credentials, app, []string{self, bareCommand, "answer", fmt.Sprint(sizes[0])}); err != nil {
		return nil, err
	}
	peak := float64(app.peakMemory()) / (1 << 20)
	r.rows = append(r.rows, row{"peak memory under all of that, embedded service included", fmt.Sprintf("%.0f MB", peak), "", 0, "<= 40 MB", peak <= 40})
	app.stop()
	return r, b.coldStart(ctx, r, program, filepath.Join(data, "site"))
}

// besideNode measures beside the tutorial's function, and says how much of that is net/http's: bareServer is the command
// line of a handler that does nothing.
func (b *bench) besideNode(ctx context.Context, r *report, credentials request, app *process, bareServer []string) error {
	bare, err := launch(ctx, "bare", peerAnswers, nil, bareServer[0], bareServer[1:]...)
	if err != nil {
		return err
	}
	defer bare.stop()
	script := filepath.Join(b.root, "test/bench/node/function.mjs")
	for _, peer := range []struct {
		name, argument string
		bound          float64
	}{{"Node", "http", 1.25}, {"Fastify", "fastify", 1.6}} {
		p, err := launch(ctx, peer.name, peerAnswers, nil, "node", script, peer.argument)
		if err != nil {
			return err
		}
		got, err := b.inTurns(ctx, credentials, 32, app, p, bare)
		if err != nil {
			return err
		}
		theirs := fmt.Sprintf("%s %.0f", peer.name, median(got[1].perCPU))
		r.rows = append(r.rows,
			atLeast("grants a CPU-second", fmt.Sprintf("%.0f", median(got[0].perCPU)), theirs, ratio(got[0].perCPU, got[1].perCPU), peer.bound),
			row{"the bare handler, which grants nothing, a CPU-second", fmt.Sprintf("%.0f", median(got[2].perCPU)), theirs, ratio(got[2].perCPU, got[1].perCPU), "", false},
			row{"starting, " + peer.name, "", p.start.Round(time.Millisecond).String(), 0, "", false},
			row{"peak memory, " + peer.name, "", fmt.Sprintf("%.0f MB", float64(p.peakMemory())/(1<<20)), 0, "", false})
		p.stop()
	}
	return nil
}

// coldStart measures from the start of the process to its first answer, on a data folder that exists.
func (b *bench) coldStart(ctx context.Context, r *report, program, data string) error {
	var starts []float64
	for range 2*b.times + 1 {
		began := time.Now()
		app, err := startApp(ctx, program, data)
		if err != nil {
			return err
		}
		_, _, err = ask(ctx, "GET", app.url+"/api/credentials", "")
		starts = append(starts, time.Since(began).Seconds()*1000)
		app.stop()
		if err != nil {
			return err
		}
	}
	ms := median(starts)
	r.rows = append(r.rows, row{"from the start of the process to its first answer", fmt.Sprintf("%.0f ms", ms), "", 0, "<= 50 ms", ms <= 50})
	return nil
}

// request is sent to several servers.
type request struct{ method, path, header, body string }

// measurement is one server's under a load, turn by turn: answers a second, and for each CPU-second.
type measurement struct{ rates, perCPU []float64 }

// ratio is the median of the ratios in each turn: what else the machine does in the meantime changes from turn to turn, and
// hardly within one.
func ratio(ours, theirs []float64) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / theirs[i]
	}
	return median(ratios)
}

// inTurns measures servers under the same load, one after the other and again: six times as many turns as there are of
// other measurements, each a sixth as long.
func (b *bench) inTurns(ctx context.Context, r request, connections int, servers ...*process) ([]measurement, error) {
	got := make([]measurement, len(servers))
	const parts = 6
	for turn := range parts*b.times + 1 {
		for i, s := range servers {
			before := s.cpu()
			load, err := drive(ctx, s.url, connections, b.round/parts, 0, same(r.method, s.url, r.path, r.header, r.body))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if turn > 0 { // the first warms up
				got[i].rates = append(got[i].rates, load.rate())
				got[i].perCPU = append(got[i].perCPU, float64(load.answers)/(s.cpu()-before).Seconds())
			}
		}
	}
	return got, nil
}

// guestsUpload is the request of a guest who has a cookie, and the sizes of the answers to it and to credentials.
func guestsUpload(ctx context.Context, url string) (request, [2]int, error) {
	credentials, _, err := ask(ctx, "GET", url+"/api/credentials", "")
	if err != nil {
		return request{}, [2]int{}, err
	}
	upload, cookie, err := ask(ctx, "POST", url+"/api/uploads", newUpload)
	if err != nil {
		return request{}, [2]int{}, err
	}
	l := request{method: "POST", path: "/api/uploads", body: newUpload, header: "Content-Type: application/json\r\nCookie: " + cookie + "\r\n"}
	return l, [2]int{credentials, upload}, nil
}

// ask sends one request and returns the length of the answer and the cookie that came with it.
func ask(ctx context.Context, method, url, body string) (size int, set string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s answered %s: %s", url, response.Status, answer)
	}
	for _, c := range response.Cookies() {
		set = c.Name + "=" + c.Value
	}
	return len(answer), set, err
}

func perSecond(rate float64) string { return fmt.Sprintf("%.0f/s", rate) }
