// Package imaging turns a file that somebody sent into images that are safe to publish. It checks the signature, takes
// the container apart, bounds what the header claims, decodes everything, turns the picture upright, makes smaller
// variants and puts the original together again without a word about camera, place or person. Bytes go in and images
// come out: it knows neither HTTP nor storage.
//
// Untrusted bytes are decoded by memory-safe code only. A file that cannot be published is a *Refusal, whose Reason is
// stable and whose Message is for the one who sent it; every other error is a fault of this side or a cancelled context.
package imaging

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"
)

// Originals says what Photo.Original is to be.
type Originals string

const (
	// OriginalsStrip publishes the original losslessly stripped, or encoded again where that cannot be done.
	OriginalsStrip Originals = "strip"
	// OriginalsKeepPrivate publishes variants only; the caller keeps the file that came in where nobody else reads it.
	OriginalsKeepPrivate Originals = "keep-private"
	// OriginalsDiscard publishes variants only and keeps nothing else.
	OriginalsDiscard Originals = "discard"
)

// Options are the limits and choices of a Pipeline. A zero field means its default.
type Options struct {
	// Widths of the variants, in pixels, at most 16,383 each. Default 320, 640, 1280, 2048.
	Widths []int
	// Quality of variants and of originals that have to be encoded again, 1 to 100. Default 80; originals get 12 more.
	Quality int
	// Effort of the WebP encoder, 1 (fast) to 6 (small). Default 4.
	Effort int
	// Originals says what is published of the original. Default OriginalsStrip.
	Originals Originals
	// Place makes Details hold where the photo was taken. Default false.
	Place bool

	// MaxBytes is the largest file, in bytes. Default 100 MiB.
	MaxBytes int64
	// MaxPixels is the largest product of width and height. Default 200 million.
	MaxPixels int64
	// MaxDimension is the largest width or height, in pixels. Default 65,535, which is also all a JPEG can have.
	MaxDimension int
	// MaxFrames is the largest number of pictures in an animation. Default 1,000.
	MaxFrames int
	// MaxAnimationPixels is the largest sum of the pixels of all frames. Default 1,000 million.
	MaxAnimationPixels int64
	// MaxMetadata is how much a file may hold besides its picture, trailing data excepted, in bytes. Default 32 MiB.
	MaxMetadata int
	// MaxTime is how long one photo may take once its turn has come. Default one minute.
	MaxTime time.Duration
	// MemoryBudget is the estimated memory, in bytes, that all photos in work at a time may take together. A photo that
	// needs more than all of it is refused; one that needs more than is free waits. Default 1 GiB.
	MemoryBudget int64
}

// setDefaults fills in the zero fields.
func (o *Options) setDefaults() {
	if len(o.Widths) == 0 {
		o.Widths = []int{320, 640, 1280, 2048}
	}
	setDefault(&o.Quality, 80)
	setDefault(&o.Effort, 4)
	setDefault(&o.Originals, OriginalsStrip)
	setDefault(&o.MaxBytes, 100<<20)
	setDefault(&o.MaxPixels, 200e6)
	setDefault(&o.MaxDimension, 65535)
	setDefault(&o.MaxFrames, 1000)
	setDefault(&o.MaxAnimationPixels, 1e9)
	setDefault(&o.MaxMetadata, 32<<20)
	setDefault(&o.MaxTime, time.Minute)
	setDefault(&o.MemoryBudget, 1<<30)
}

func setDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

func (o *Options) check() error {
	var errs []error
	wrong := func(name string, value any, want string) {
		errs = append(errs, fmt.Errorf("imaging: %s is %v, want %s", name, value, want))
	}
	for _, w := range o.Widths {
		if w < 1 || w > maxVariantSide {
			wrong("a width", w, fmt.Sprintf("1 to %d", maxVariantSide))
		}
	}
	if o.Quality < 1 || o.Quality > 100 {
		wrong("Quality", o.Quality, "1 to 100")
	}
	if o.Effort < 1 || o.Effort > 6 {
		wrong("Effort", o.Effort, "1 to 6")
	}
	if !slices.Contains([]Originals{OriginalsStrip, OriginalsKeepPrivate, OriginalsDiscard}, o.Originals) {
		wrong("Originals", o.Originals, "strip, keep-private or discard")
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"MaxBytes", o.MaxBytes}, {"MaxPixels", o.MaxPixels}, {"MaxDimension", int64(o.MaxDimension)},
		{"MaxFrames", int64(o.MaxFrames)}, {"MaxAnimationPixels", o.MaxAnimationPixels},
		{"MaxMetadata", int64(o.MaxMetadata)}, {"MaxTime", int64(o.MaxTime)}, {"MemoryBudget", o.MemoryBudget},
	} {
		if limit.value < 0 {
			wrong(limit.name, limit.value, "more than 0")
		}
	}
	return errors.Join(errs...)
}

// Pipeline checks and rebuilds photos. It may be used by many goroutines at a time.
type Pipeline struct {
	opts   Options
	memory *semaphore.Weighted // MemoryBudget, in bytes
}

// New returns a Pipeline. A nil Options means the defaults; a setting out of range is an error.
func New(o *Options) (*Pipeline, error) {
	p := &Pipeline{}
	if o != nil {
		p.opts = *o
	}
	p.opts.setDefaults()
	p.opts.Widths = slices.Clone(p.opts.Widths)
	slices.Sort(p.opts.Widths)
	p.opts.Widths = slices.Compact(p.opts.Widths)
	if err := p.opts.check(); err != nil {
		return nil, err
	}
	p.memory = semaphore.NewWeighted(p.opts.MemoryBudget)
	return p, nil
}

// MaxBytes is the largest file that Process takes, in bytes: there is no use in reading more than one byte past it.
func (p *Pipeline) MaxBytes() int64 { return p.opts.MaxBytes }
