// Package strip takes image files apart and puts them together again without anything that is not needed to show them:
// no EXIF, XMP, IPTC, comments, thumbnails, previews or trailing data. The compressed pixels are carried over byte for
// byte. It reads containers only (markers, chunks); whether the pixels inside decode is for a decoder to say.
package strip

import (
	"errors"
	"fmt"
)

// Every error of this package wraps one of these.
var (
	ErrTruncated = errors.New("the file ends too early")
	ErrMalformed = errors.New("the file is malformed")
	ErrTooMuch   = errors.New("the file holds too much besides the picture")

	// ErrUnsupported is a picture that is made in a way which is not taken apart. It may be a good one.
	ErrUnsupported = errors.New("the picture is not made in a way that is taken apart")
)

// Limits bound what a file may hold. The zero value means the defaults.
type Limits struct {
	Metadata int // bytes of metadata of all kinds together, trailing data excepted; default 32 MiB
	Parts    int // segments, chunks or blocks; default 100,000
	Scans    int // scans of a JPEG; a progressive file seldom has more than 12; default 100
}

func (l Limits) withDefaults() Limits {
	if l.Metadata == 0 {
		l.Metadata = 32 << 20
	}
	if l.Parts == 0 {
		l.Parts = 100_000
	}
	if l.Scans == 0 {
		l.Scans = 100
	}
	return l
}

// Removed is one kind of thing that a file holds and Build leaves out.
type Removed struct {
	Name  string `json:"name"`  // "EXIF", "XMP", "comment", "trailing data", …
	Bytes int    `json:"bytes"` // of all parts of this kind together
}

// File is an image file taken apart. Its slices share memory with the data it was made from.
type File struct {
	Orientation int       // 1 to 8, from the EXIF block; 1 without one
	Exif        []byte    // the TIFF structure of the EXIF block, nil without one
	ICC         []byte    // the colour profile, nil without one
	Frames      int       // pictures in the file: 1, or more for an animation
	Loops       int       // how often an animation plays, 0 for ever
	Removed     []Removed // in the order first met

	build func(icc []byte, orientation int) []byte

	limits   Limits
	parts    int
	metadata int
}

func newFile(limits Limits) *File {
	return &File{Orientation: 1, Frames: 1, limits: limits.withDefaults()}
}

// Build puts the file together again: its pixels, the given profile (nil for none; ignored by GIF, which has no place
// for one, and by HEIF files that had none) and, when it is not 1, an EXIF block that holds the orientation and nothing
// else (JPEG, PNG and WebP).
func (f *File) Build(icc []byte, orientation int) []byte { return f.build(icc, orientation) }

// part counts one more part of the file.
func (f *File) part() error {
	if f.parts++; f.parts > f.limits.Parts {
		return fmt.Errorf("more than %d parts: %w", f.limits.Parts, ErrTooMuch)
	}
	return nil
}

// remove notes n bytes of a kind that Build leaves out.
func (f *File) remove(name string, n int) error {
	if f.metadata += n; f.metadata > f.limits.Metadata {
		return fmt.Errorf("more than %d bytes of metadata: %w", f.limits.Metadata, ErrTooMuch)
	}
	f.drop(name, n)
	return nil
}

// drop notes n bytes that Build leaves out unread, which no limit bounds.
func (f *File) drop(name string, n int) {
	for i := range f.Removed {
		if f.Removed[i].Name == name {
			f.Removed[i].Bytes += n
			return
		}
	}
	f.Removed = append(f.Removed, Removed{name, n})
}

// removeTrailing notes what follows the end of the picture.
func (f *File) removeTrailing(rest []byte) {
	if len(rest) > 0 {
		f.drop("trailing data", len(rest))
	}
}
