package tiff

import (
	"fmt"
	"slices"
)

// Values of the compression tag.
const (
	none       = 1
	group3     = 3
	group4     = 4
	lzw        = 5
	jpegNew    = 7
	deflate    = 8
	packBits   = 32773
	deflateOld = 32946
)

// taken are the compressions that there are decoders for; 0 is what some programs write for none.
var taken = []int{0, none, group3, group4, lzw, jpegNew, deflate, packBits, deflateOld}

// compressions names those that there is no decoder for.
var compressions = map[int]string{
	2: "CCITT run-length", 6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan", 34661: "JBIG",
	34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy DNG JPEG", 34925: "LZMA",
	50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// Values of the photometric interpretation.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	ycbcr       = 6
)

var photometrics = map[int]string{
	4: "a mask for a picture", 5: "CMYK colours", ycbcr: "YCbCr colours without JPEG compression", 8: "Lab colours",
	9: "Lab colours", 10: "Lab colours", 32803: "a sensor's raw colours", 34892: "a sensor's raw colours",
	32844: "LogLuv colours", 32845: "LogLuv colours",
}

const (
	takenCompressions = "LZW, Deflate, PackBits, CCITT Group 3 and 4, and JPEG are taken, and no compression"
	takenColours      = "grey and RGB of 8 or 16 bits, palettes of 8, and 1 bit a pixel are taken"
	takenJPEG         = "with JPEG compression, grey, RGB and YCbCr of 8 bits are taken"
)

// IsJPEG reports whether the picture is made of JPEG streams, which File.Decode decodes.
func (f *File) IsJPEG() bool { return f.number(tagCompression, none) == jpegNew }

// Unsupported says what there is in the file that no decoder here knows, such as "WebP compression", and what is taken
// in its stead. Both are empty for a file that is worth decoding.
func (f *File) Unsupported() (found, instead string) {
	c := f.number(tagCompression, none)
	if !slices.Contains(taken, c) {
		name := compressions[c]
		if name == "" {
			name = fmt.Sprintf("unknown (%d)", c)
		}
		return name + " compression", takenCompressions
	}
	if c == group3 && f.number(tagT4Options, 0)&1 == 1 {
		return "two-dimensional CCITT Group 3 compression", takenCompressions
	}
	bits, _ := f.numbers(tagBitsPerSample, 16)
	if len(bits) == 0 {
		bits = []int{1}
	}
	found, instead = f.unsupportedColours(bits), takenColours
	if c == jpegNew {
		found, instead = f.unsupportedJPEG(bits), takenJPEG
	}
	if found == "" {
		return "", ""
	}
	return found, instead
}

func (f *File) unsupportedColours(bits []int) string {
	photometric, samples := f.number(tagPhotometric, 0), len(bits)
	extra := f.number(tagExtraSamples, 0)
	switch {
	case photometric > palette:
		return photometricName(photometric)
	case !slices.Contains([]int{1, 8, 16}, bits[0]), photometric == palette && bits[0] == 16, photometric == rgb && bits[0] == 1:
		return fmt.Sprintf("%d-bit samples", bits[0])
	case f.number(tagSampleFormat, 1) != 1:
		return "samples that are signed or fractions"
	case samples > 1 && f.number(tagPlanar, 1) == 2:
		return "its colours in separate planes"
	case photometric == rgb && (samples > 4 || samples == 4 && extra != 1 && extra != 2), photometric != rgb && samples > 1:
		return fmt.Sprintf("%d samples a pixel", samples)
	}
	return ""
}

func (f *File) unsupportedJPEG(bits []int) string {
	photometric, samples := f.number(tagPhotometric, 0), f.number(tagSamplesPerPixel, 1)
	switch {
	case photometric > rgb && photometric != ycbcr:
		return photometricName(photometric)
	case bits[0] != 8:
		return fmt.Sprintf("%d-bit samples", bits[0])
	case samples > 1 && f.number(tagPlanar, 1) == 2:
		return "its colours in separate planes"
	case samples != colours(photometric):
		return fmt.Sprintf("%d samples a pixel", samples)
	}
	return ""
}

func photometricName(v int) string {
	if name := photometrics[v]; name != "" {
		return name
	}
	if v == palette {
		return "a palette"
	}
	return fmt.Sprintf("unknown (%d) colours", v)
}

// colours is how many samples a pixel of a kind that is stored as JPEG has.
func colours(photometric int) int {
	if photometric == rgb || photometric == ycbcr {
		return 3
	}
	return 1
}
