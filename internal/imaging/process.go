package imaging

import (
	"context"
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
	"github.com/valetkey/valetkey/internal/imaging/raster"
)

// Process checks and rebuilds one photo. The error is a *Refusal when the file cannot be published, ctx.Err() when the
// context ended first. What it returns shares no memory with data, which it does not change.
func (p *Pipeline) Process(ctx context.Context, data []byte) (*Photo, error) {
	if int64(len(data)) > p.opts.MaxBytes {
		return nil, refuse(TooLarge, nil, "The file has %.1f MB; at most %.1f are taken.",
			float64(len(data))/1e6, float64(p.opts.MaxBytes)/1e6)
	}
	f, err := sniff(data)
	if err != nil {
		return nil, err
	}
	o, profile, err := p.open(f, data)
	if err != nil {
		return nil, err
	}
	memory, err := p.checkHeader(f, o)
	if err != nil {
		return nil, err
	}
	if err := p.memory.Acquire(ctx, memory); err != nil {
		return nil, err
	}
	defer p.memory.Release(memory)

	timed, cancel := context.WithTimeout(ctx, p.opts.MaxTime)
	defer cancel()
	photo, err := p.rebuild(timed, f, o, profile)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, refuse(TooSlow, err, "The picture takes too long to decode.")
	}
	return photo, err
}

// rebuild decodes the picture and makes everything that is published.
func (p *Pipeline) rebuild(ctx context.Context, f *format, o *opened, profile *icc.Profile) (*Photo, error) {
	src, err := decode(ctx, f, o)
	if err != nil {
		return nil, err
	}
	m := raster.From(src)
	photo := &Photo{
		Type: f.mediaType, Width: m.Width, Height: m.Height, Animated: o.frames > 1,
		Removed: o.removed, Details: p.details(o.exif),
	}
	if exif.Swaps(o.orientation) {
		photo.Width, photo.Height = m.Height, m.Width
	}
	if p.opts.Originals == OriginalsStrip {
		if photo.Original, err = p.original(ctx, f, o, src, profile); err != nil {
			return nil, err
		}
	}
	if err := p.variants(ctx, photo, m, o.orientation, profile); err != nil {
		return nil, fmt.Errorf("imaging: %w", err)
	}
	return photo, nil
}
