package imaging

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/valetkey/valetkey/internal/imaging/exif"
	"github.com/valetkey/valetkey/internal/imaging/icc"
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
	claim, memory, err := p.checkHeader(f, o)
	if err != nil {
		return nil, err
	}
	if err := p.memory.Acquire(ctx, memory); err != nil {
		return nil, err
	}
	defer p.memory.Release(memory)

	timed, cancel := context.WithTimeout(ctx, p.opts.MaxTime)
	defer cancel()
	photo, err := p.rebuild(timed, f, o, claim, profile)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, refuse(TooSlow, err, "The picture takes too long to decode.")
	}
	return photo, err
}

// rebuild decodes the picture and makes everything that is published.
func (p *Pipeline) rebuild(ctx context.Context, f *format, o *opened, claim image.Config, profile *icc.Profile) (*Photo, error) {
	photo := &Photo{
		Type: f.mediaType, Width: claim.Width, Height: claim.Height, Animated: o.frames > 1,
		Removed: o.removed, Details: p.details(o.exif),
	}
	if exif.Swaps(o.orientation) {
		photo.Width, photo.Height = claim.Height, claim.Width
	}
	sizes := p.sizes(photo.Width, photo.Height)
	wanted := sizes[0].X
	if exif.Swaps(o.orientation) {
		wanted = sizes[0].Y
	}
	pic, err := decode(ctx, f, o, claim, wanted)
	if err != nil {
		return nil, err
	}
	if pic.width != claim.Width || pic.height != claim.Height {
		return nil, refuse(Damaged, nil, "The picture is not of the size that the file says.")
	}
	if p.opts.Originals == OriginalsStrip {
		if photo.Original, err = p.original(ctx, f, o, pic, profile); err != nil {
			return nil, err
		}
	}
	if err := p.variants(ctx, photo, sizes, pic.planes, o.orientation, profile); err != nil {
		return nil, fmt.Errorf("imaging: %w", err)
	}
	return photo, nil
}
