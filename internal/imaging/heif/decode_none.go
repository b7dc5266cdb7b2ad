//go:build !cgo && !nodynamic

package heif

import (
	"context"
	"image"
)

// Available reports whether this build can decode HEIC and AVIF. A build without cgo needs the tag nodynamic.
const Available = false

// Init does nothing.
func Init(Codec) error { return nil }

// Decode returns ErrUnavailable.
func Decode(context.Context, []byte, *Info) (image.Image, error) { return nil, ErrUnavailable }
