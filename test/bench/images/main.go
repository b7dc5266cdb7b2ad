// Command images holds the photo pipeline against sharp: CPU time, memory, bytes and similarity, for generated photos of
// 12 and 48 megapixels and any files named on the command line.
//
//	go run ./test/bench/images [-sharp FOLDER] [-format webp|jpeg] [-rate COUNT] [FILE…]
//
// FOLDER is where sharp is installed (npm i sharp); without it only the pipeline is measured. Every contender runs in a
// process of its own, on one thread at a time for sharp, so that its peak memory is its own.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-child" {
		exit(child(os.Args[2:], os.Stdout))
	}
	if len(os.Args) > 1 && os.Args[1] == "-rate-child" {
		exit(rateChild(os.Args[2:], os.Stdout))
	}
	exit(run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// result is what a contender's process prints.
type result struct {
	CPU   float64        `json:"cpu"`  // milliseconds a photo, user and system
	Wall  float64        `json:"wall"` // milliseconds a photo
	RSS   int64          `json:"rss"`  // peak, bytes
	Bytes map[string]int `json:"bytes"`
}

func run() error {
	sharp := flag.String("sharp", "", "folder in which sharp is installed")
	format := flag.String("format", "webp", "what variants are compared: webp or jpeg (the latter in a build without cgo)")
	runs := flag.Int("runs", 3, "how often each photo is processed")
	quality := flag.Int("quality", 0, "quality of the pipeline's variants (default its own)")
	effort := flag.Int("effort", 0, "effort of the pipeline's encoder (default its own)")
	count := flag.Int("rate", 0, "how many photos to process two at a time, for photos a second, in place of the rest")
	flag.Parse()
	dir, err := os.MkdirTemp("", "images")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *count > 0 {
		return rates(*sharp, *format, dir, *count)
	}
	files := flag.Args()
	for _, size := range [][2]int{{4000, 3000}, {8000, 6000}} {
		data, err := photo(size[0], size[1])
		if err != nil {
			return err
		}
		name := filepath.Join(dir, fmt.Sprintf("%dMP.jpg", size[0]*size[1]/1_000_000))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
		files = append(files, name)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			fmt.Printf("%s, %.1f MB\n", filepath.Base(file), float64(info.Size())/1e6)
		}
		settings := []string{"-child", *format, strconv.Itoa(*runs), dir, file, strconv.Itoa(*quality), strconv.Itoa(*effort)}
		if err := contend("pipeline", *format, dir, file, exec.Command(self, settings...)); err != nil {
			return err
		}
		if *sharp == "" {
			continue
		}
		script, err := sharpScript("sharp.mjs", *sharp)
		if err != nil {
			return err
		}
		c := exec.Command("node", script, *format, strconv.Itoa(*runs), dir, file)
		err = contend("sharp", *format, dir, file, c)
		os.Remove(script)
		if err != nil {
			return err
		}
	}
	return nil
}

// sharpScript puts one of the scripts here where node finds sharp.
func sharpScript(script, folder string) (string, error) {
	data, err := os.ReadFile(filepath.Join("test/bench/images", script))
	if err != nil {
		return "", fmt.Errorf("run this from the root of the repository: %w", err)
	}
	name := filepath.Join(folder, fmt.Sprintf("bench-%d.mjs", os.Getpid()))
	return name, os.WriteFile(name, data, 0o600)
}

// contend runs one contender on one file and prints its line: time, memory, and for each width bytes and similarity.
func contend(name, format, dir, file string, c *exec.Cmd) error {
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("  %-9s %5.0f ms CPU, %5.0f ms, %4d MB |", name, r.CPU, r.Wall, r.RSS>>20)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for _, width := range []int{2048, 1280, 640, 320} {
		width = min(width, src.Bounds().Dx()) // no variant is wider than the photo
		v, err := variant(filepath.Join(dir, fmt.Sprintf("%s-0-w%d.%s", name, width, format)))
		if err != nil {
			return err
		}
		fmt.Printf(" %d: %4.0f KB %.4f", width, float64(r.Bytes[strconv.Itoa(width)])/1e3, ssim(reference(src, width), v))
	}
	_, err = fmt.Println()
	return err
}

func print(w io.Writer, r result) error { return json.NewEncoder(w).Encode(r) }
