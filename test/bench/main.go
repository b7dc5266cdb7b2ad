// Command bench measures Valetkey beside what it is compared with, in one run on one machine, interleaved, and writes
// docs/benchmarks.md. Run it with make bench; name suites to run only those: go run ./test/bench grants.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is one part of the report.
type suite struct {
	name string
	run  func(ctx context.Context, b *bench) (*report, error)
}

// suites, in the report's order. Each is a file of this folder.
var suites = []suite{
	{"grants", grants},
	{"storage", storage},
	{"uploads", uploads},
	{"images", images},
}

// bench is what every suite needs.
type bench struct {
	root    string         // of the repository
	scratch string         // where data folders are made; a real disk
	round   time.Duration  // how long one measurement lasts
	times   int            // how often each is made; the median counts
	only    *regexp.Regexp // nil, or which parts of a suite to run, to be printed and not kept
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == bareCommand { // this program is its own peer, in a process of its own
		serveBare(os.Args[2:])
		return
	}
	b := &bench{}
	flag.StringVar(&b.root, "root", ".", "the repository")
	flag.StringVar(&b.scratch, "scratch", "", "where to make data folders: a real disk, for what is durable to be measured (default the system's temporary folder)")
	flag.DurationVar(&b.round, "round", 2*time.Second, "how long one measurement lasts")
	flag.IntVar(&b.times, "times", 3, "how often each measurement is made; the median counts")
	flag.Func("only", "run only the parts of the storage suite that match this, and keep no report", func(text string) (err error) {
		b.only, err = regexp.Compile(text)
		return err
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.measure(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) measure(ctx context.Context, names []string) error {
	for _, s := range suites {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		fmt.Printf("== %s\n", s.name)
		r, err := s.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		text := r.markdown()
		fmt.Println(text)
		if b.only != nil {
			continue
		}
		file := filepath.Join(b.root, "docs", "benchmarks", s.name+".md")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if b.only != nil {
		return nil
	}
	return b.assemble()
}

// assemble makes docs/benchmarks.md of what each suite wrote last.
func (b *bench) assemble() error {
	var text strings.Builder
	text.WriteString("# Benchmarks\n\nMade by `make bench`; one suite alone: `go run ./test/bench NAME`. Every figure stands beside its peer's from the\nsame run on the same machine, measured in turns, the median of several. Ratios say more than figures do.\n")
	for _, s := range suites {
		part, err := os.ReadFile(filepath.Join(b.root, "docs", "benchmarks", s.name+".md"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		text.WriteString("\n" + string(part))
	}
	return os.WriteFile(filepath.Join(b.root, "docs", "benchmarks.md"), []byte(text.String()), 0o644)
}
