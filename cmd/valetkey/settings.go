package main

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/internal/grant"
)

// logSettings are the flags of every subcommand that logs.
type logSettings struct {
	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"What to log on stderr: debug, info, warn or error (${default})."`
	LogFormat string `enum:"text,json" default:"text" help:"How to log: text or json (${default})."`
}

func (s logSettings) logger(w io.Writer) (*slog.Logger, error) {
	level, err := s.level()
	if err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

func (s logSettings) level() (level slog.Level, err error) {
	err = level.UnmarshalText([]byte(s.LogLevel))
	return level, err
}

// ledger writes into the same log as the logger, unless that is to hold less than grants.
func (s logSettings) ledger(w io.Writer) *grant.Ledger {
	if level, err := s.level(); err != nil || level > slog.LevelInfo {
		return nil
	}
	return grant.NewLedger(w, s.LogFormat == "json")
}

// byteSize is a number of bytes, written 123, 100KiB, 64MiB, 5GiB or 1TiB.
type byteSize int64

var byteUnits = []struct {
	suffix string
	bytes  int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

func (b *byteSize) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(string(text), unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.bytes {
			break
		}
		*b = byteSize(n * unit.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size: write 123, 100KiB, 64MiB, 5GiB or 1TiB", text)
}
