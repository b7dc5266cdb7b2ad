package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
	"github.com/valetkey/valetkey/internal/imaging/strip"
)

type photoCmd struct {
	Check photoCheckCmd `cmd:"" help:"Say what a file is, what would be removed from it and what would be published, or why not."`
}

// photoCheckCmd runs the server's own pipeline on files.
type photoCheckCmd struct {
	Files     []string `arg:"" name:"file" help:"Files to look at."`
	Out       string   `placeholder:"DIR" help:"Write what would be published into a new folder DIR/FILE for each file."`
	JSON      bool     `name:"json" help:"Print one JSON object a file, a line each."`
	Widths    []int    `placeholder:"PIXELS" help:"Widths of the variants (default 320,640,1280,2048)."`
	Quality   int      `placeholder:"1-100" help:"Quality of the variants (default 80)."`
	Originals string   `enum:"strip,keep-private,discard" default:"strip" help:"What is published of the original: strip, keep-private or discard."`
	Place     bool     `help:"Show where the photo was taken, too."`
	MaxUpload byteSize `default:"100MiB" placeholder:"SIZE" help:"The largest file (${default})."`
	pictureLimits
}

// photoReport is what is said about one file.
type photoReport struct {
	File      string          `json:"file"`
	Refused   string          `json:"refused,omitempty"` // the imaging.Reason
	Message   string          `json:"message,omitempty"`
	Type      string          `json:"type,omitempty"`
	Bytes     int             `json:"bytes"`
	Width     int             `json:"width,omitempty"`
	Height    int             `json:"height,omitempty"`
	Animated  bool            `json:"animated,omitempty"`
	Color     string          `json:"color,omitempty"`
	Thumbhash []byte          `json:"thumbhash,omitempty"` // base64 in JSON
	Removed   []strip.Removed `json:"removed,omitempty"`
	Published []photoImage    `json:"published,omitempty"`
	Taken     *time.Time      `json:"taken,omitempty"`
	Camera    string          `json:"camera,omitempty"`
	Place     *imaging.Place  `json:"place,omitempty"`
}

type photoImage struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int    `json:"bytes"`
	data   []byte
}

// Run answers 1 when any file was refused or could not be read.
func (c *photoCheckCmd) Run(ctx context.Context, std streams) error {
	p, err := imaging.New(c.pictureLimits.in(imaging.Options{
		Widths: c.Widths, Quality: c.Quality, Originals: imaging.Originals(c.Originals), Place: c.Place, MaxBytes: int64(c.MaxUpload),
	}))
	if err != nil {
		return err
	}
	failed := false
	for _, name := range c.Files {
		r, err := c.check(ctx, p, name)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			fmt.Fprintln(std.err, "valetkey:", err)
			failed = true
			continue
		}
		failed = failed || r.Refused != ""
		if err := c.print(std.out, r); err != nil {
			return err
		}
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

func (c *photoCheckCmd) check(ctx context.Context, p *imaging.Pipeline, name string) (*photoReport, error) {
	data, err := readUpTo(name, p.MaxBytes()+1)
	if err != nil {
		return nil, err
	}
	r := &photoReport{File: name, Bytes: len(data)}
	photo, err := p.Process(ctx, data)
	var refusal *imaging.Refusal
	if errors.As(err, &refusal) {
		r.Refused, r.Message = string(refusal.Reason), refusal.Message
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.describe(photo)
	if c.Out == "" {
		return r, nil
	}
	return r, r.write(filepath.Join(c.Out, filepath.Base(name)))
}

// readUpTo reads a file, but no more than limit bytes of it.
func readUpTo(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

func (r *photoReport) describe(p *imaging.Photo) {
	r.Type, r.Width, r.Height, r.Animated = p.Type, p.Width, p.Height, p.Animated
	r.Color, r.Thumbhash, r.Removed = p.Color, p.Thumbhash, p.Removed
	r.Camera, r.Place = p.Details.Camera, p.Details.Place
	if !p.Details.Taken.IsZero() {
		r.Taken = &p.Details.Taken
	}
	add := func(name string, m imaging.Image) {
		r.Published = append(r.Published, photoImage{name + "." + m.Ext, m.Type, m.Width, m.Height, len(m.Data), m.Data})
	}
	if p.Original.Data != nil {
		add("original", p.Original)
	}
	for _, v := range p.Variants {
		add(fmt.Sprintf("w%d", v.Width), v)
	}
}

// write makes a folder, which must not be there yet, and writes what would be published into it.
func (r *photoReport) write(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, m := range r.Published {
		if err := os.WriteFile(filepath.Join(dir, m.Name), m.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (c *photoCheckCmd) print(w io.Writer, r *photoReport) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := io.WriteString(w, r.text())
	return err
}

func (r *photoReport) text() string {
	var b strings.Builder
	if r.Refused != "" {
		fmt.Fprintf(&b, "%s: refused (%s): %s\n", r.File, r.Refused, r.Message)
		return b.String()
	}
	animated := ""
	if r.Animated {
		animated = ", animated"
	}
	fmt.Fprintf(&b, "%s: %s, %dx%d%s, %s, mostly %s\n", r.File, r.Type, r.Width, r.Height, animated, size(r.Bytes), r.Color)
	if r.Taken != nil {
		fmt.Fprintf(&b, "  taken      %s\n", r.Taken.Format("2006-01-02 15:04:05 MST"))
	}
	if r.Camera != "" {
		fmt.Fprintf(&b, "  camera     %s\n", r.Camera)
	}
	if r.Place != nil {
		fmt.Fprintf(&b, "  place      %.5f, %.5f\n", r.Place.Latitude, r.Place.Longitude)
	}
	for _, part := range r.Removed {
		fmt.Fprintf(&b, "  removed    %s, %s\n", part.Name, size(part.Bytes))
	}
	for _, m := range r.Published {
		fmt.Fprintf(&b, "  published  %s, %dx%d, %s\n", m.Name, m.Width, m.Height, size(m.Bytes))
	}
	return b.String()
}

// size prints a number of bytes for people, in decimal units.
func size(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
