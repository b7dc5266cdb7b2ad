package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is one suite's result.
type report struct {
	title string
	notes []string // what was measured and against which versions
	rows  []row
}

// row is one measurement beside its peer's.
type row struct {
	work    string
	ours    string
	peer    string // whose, and how much
	ratio   float64
	reach   string // what was set out to be reached
	reached bool
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", r.title)
	for _, note := range r.notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	b.WriteString("\n| work | Valetkey | beside | ratio | to reach | |\n| --- | ---: | ---: | ---: | ---: | --- |\n")
	for _, row := range r.rows {
		mark := "no"
		if row.reached {
			mark = "yes"
		}
		if row.reach == "" {
			mark = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", row.work, row.ours, row.peer, ratioText(row.ratio), row.reach, mark)
	}
	return b.String()
}

func ratioText(r float64) string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("%.2fx", r)
}

// atLeast and atMost make rows whose ratio, ours over the peer's, is to reach a bound.
func atLeast(work, ours, peer string, ratio, bound float64) row {
	return row{work, ours, peer, ratio, fmt.Sprintf(">= %.2fx", bound), ratio >= bound}
}

func atMost(work, ours, peer string, ratio, bound float64) row {
	return row{work, ours, peer, ratio, fmt.Sprintf("<= %.2fx", bound), ratio <= bound}
}

// machine says what the figures were measured on.
func machine() string {
	node := "no Node"
	if out, err := exec.Command("node", "--version").Output(); err == nil {
		node = "Node " + strings.TrimSpace(string(out))
	}
	model := ""
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = ", " + strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("Measured on %s, %d cores%s, %s, %s.%s", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), model, runtime.Version(), node, shared())
}

// shared says so when the machine had other work to do before the measurements began (proc(5), loadavg).
func shared() string {
	text, err := os.ReadFile("/proc/loadavg")
	var minute float64
	if _, scanned := fmt.Sscan(string(text), &minute); err != nil || scanned != nil || minute < float64(runtime.NumCPU())/2 {
		return ""
	}
	return fmt.Sprintf(" **The machine was shared: its load average\nwas %.1f before the start.** Every figure is lower for it, and ratios waver.", minute)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}
