//go:build !cgo

package webp

import "image"

// Available reports whether this build can encode WebP.
const Available = false

// EncodeYCbCr returns ErrUnavailable.
func EncodeYCbCr(*image.YCbCr, Options) ([]byte, error) { return nil, ErrUnavailable }

// EncodeGray returns ErrUnavailable.
func EncodeGray(*image.Gray, Options) ([]byte, error) { return nil, ErrUnavailable }

// EncodeNRGBA returns ErrUnavailable.
func EncodeNRGBA(*image.NRGBA, Options) ([]byte, error) { return nil, ErrUnavailable }
