package main

import "github.com/valetkey/valetkey/internal/imaging"

// pictureLimits are the flags of every subcommand that decodes photos: what one of them may cost.
type pictureLimits struct {
	MaxPixels   int64    `default:"200000000" placeholder:"N" help:"The most pixels that a photo may have (${default})."`
	PhotoMemory byteSize `default:"1GiB" placeholder:"SIZE" help:"The memory for all photos that are decoded at a time; one that would take more than all of it is refused (${default})."`
}

// in sets the limits of a pipeline.
func (l pictureLimits) in(o imaging.Options) *imaging.Options {
	o.MaxPixels, o.MemoryBudget = l.MaxPixels, int64(l.PhotoMemory)
	return &o
}
