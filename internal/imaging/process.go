package imaging

import (
	"context"
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/raster"
	"github.com/valetkey/valetkey/internal/imaging/strip"
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
	file, err := takeApart(f, data, strip.Limits{Metadata: p.opts.MaxMetadata})
	if err != nil {
		return nil, refuseFile(err)
	}
	icc := usableProfile(file.ICC)
	clean := file.Build(icc, file.Orientation)
	h, err := p.readHeader(f, clean, file.Frames)
	if err != nil {
		return nil, err
	}
	if err := p.memory.Acquire(ctx, h.memory); err != nil {
		return nil, err
	}
	defer p.memory.Release(h.memory)

	timed, cancel := context.WithTimeout(ctx, p.opts.MaxTime)
	defer cancel()
	photo, err := p.rebuild(timed, f, file, clean, icc)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, refuse(TooSlow, err, "The picture takes too long to decode.")
	}
	return photo, err
}

// rebuild decodes the picture and makes everything that is published.
func (p *Pipeline) rebuild(ctx context.Context, f *format, file *strip.File, clean, icc []byte) (*Photo, error) {
	src, err := decode(ctx, f, clean)
	if err != nil {
		return nil, refuseFile(err)
	}
	m := raster.From(src)
	photo := &Photo{Type: f.mediaType, Width: m.Width, Height: m.Height, Animated: file.Frames > 1, Removed: file.Removed}
	if exif.Swaps(file.Orientation) {
		photo.Width, photo.Height = m.Height, m.Width
	}
	if p.opts.Originals == OriginalsStrip {
		if photo.Original, err = p.original(ctx, f, file, src, clean, icc); err != nil {
			return nil, err
		}
	}
	smallest, err := p.variants(ctx, photo, m, file.Orientation, icc)
	if err != nil {
		return nil, err
	}
	if err := describe(ctx, photo, smallest); err != nil {
		return nil, fmt.Errorf("imaging: placeholder: %w", err)
	}
	return photo, nil
}
