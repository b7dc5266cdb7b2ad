// Package webp encodes WebP with libwebp, compiled in through cgo. It is given pixels only, never a file that came from
// outside: decoding untrusted WebP is left to memory-safe code. A build without cgo has Available == false, and every
// call returns ErrUnavailable.
package webp

import "errors"

// MaxSide is the greatest width and height of a WebP picture, in pixels (RFC 9649, section 3.4).
const MaxSide = 16383

// ErrUnavailable is what a build without cgo answers.
var ErrUnavailable = errors.New("webp: this build has no WebP encoder (it was made without cgo)")

// Options say how to compress.
type Options struct {
	Quality float32 // 0 to 100
	Method  int     // effort, 0 (fast) to 6 (small)
}
