package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
	"golang.org/x/sync/errgroup"
)

// atATime is how many photos each contender has in work.
const atATime = 2

// rates prints how many photos a second the contenders process: count of them, of 3 to 6 megapixels, two at a time.
func rates(sharp, format, dir string, count int) error {
	var files []string
	for i, size := range [][2]int{{2000, 1500}, {2400, 1800}, {2800, 2100}} {
		data, err := photo(size[0], size[1])
		if err != nil {
			return err
		}
		files = append(files, filepath.Join(dir, fmt.Sprintf("rate-%d.jpg", i)))
		if err := os.WriteFile(files[i], data, 0o600); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	arguments := append([]string{format, strconv.Itoa(count), strconv.Itoa(atATime)}, files...)
	fmt.Printf("%d photos of 3 to 6 MP, %d at a time\n", count, atATime)
	if err := rate("pipeline", exec.Command(self, append([]string{"-rate-child"}, arguments...)...)); err != nil || sharp == "" {
		return err
	}
	script, err := sharpScript("rate.mjs", sharp)
	if err != nil {
		return err
	}
	defer os.Remove(script)
	return rate("sharp", exec.Command("node", append([]string{script}, arguments...)...))
}

// rate runs a contender, which prints photos a second.
func rate(name string, c *exec.Cmd) error {
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var perSecond float64
	if err := json.Unmarshal(out, &perSecond); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("  %-9s %6.2f photos/s\n", name, perSecond)
	return nil
}

// rateChild is the pipeline's contender: FORMAT COUNT ATATIME FILE….
func rateChild(args []string, w io.Writer) error {
	if len(args) < 4 {
		return fmt.Errorf("-rate-child takes at least 4 arguments")
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	workers, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var photos [][]byte
	for _, file := range args[3:] {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		photos = append(photos, data)
	}
	p, err := imaging.New(&imaging.Options{Originals: imaging.OriginalsDiscard})
	if err != nil {
		return err
	}
	if _, err := p.Process(context.Background(), photos[0]); err != nil { // warm, as sharp is
		return err
	}
	start := time.Now()
	work, ctx := errgroup.WithContext(context.Background())
	work.SetLimit(workers)
	for i := range count {
		work.Go(func() error {
			made, err := p.Process(ctx, photos[i%len(photos)])
			if err == nil && made.Variants[0].Type != "image/"+args[0] {
				err = fmt.Errorf("variants are %s, not %s", made.Variants[0].Type, args[0])
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(float64(count) / time.Since(start).Seconds())
}
