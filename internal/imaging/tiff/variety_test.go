package tiff

import (
	"encoding/binary"
	"strings"
	"testing"
)

// described is a TIFF of nothing but tags.
func described(tags map[int][]int) []byte {
	base := map[int][]int{tagWidth: {8}, tagHeight: {8}, tagBitsPerSample: {8, 8, 8}, tagCompression: {lzw}, tagPhotometric: {rgb}}
	for tag, values := range tags {
		base[tag] = values
	}
	return appendDirectory([]byte("II*\x00\x00\x00\x00\x00"), binary.LittleEndian, base, nil)
}

func TestUnsupportedNamesWhatIsInTheFile(t *testing.T) {
	for _, tt := range []struct {
		tags          map[int][]int
		want, instead string
	}{
		{map[int][]int{}, "", ""},
		{map[int][]int{tagCompression: {none}}, "", ""},
		{map[int][]int{tagCompression: nil}, "", ""},
		{map[int][]int{tagCompression: {deflate}}, "", ""},
		{map[int][]int{tagCompression: {deflateOld}}, "", ""},
		{map[int][]int{tagCompression: {packBits}}, "", ""},
		{map[int][]int{tagCompression: {group3}, tagBitsPerSample: nil, tagPhotometric: {whiteIsZero}}, "", ""},
		{map[int][]int{tagCompression: {group4}, tagBitsPerSample: {1}, tagPhotometric: {whiteIsZero}}, "", ""},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {3}, tagPhotometric: {ycbcr}}, "", ""},
		{map[int][]int{tagBitsPerSample: {16, 16, 16, 16}, tagExtraSamples: {2}}, "", ""},
		{map[int][]int{tagBitsPerSample: {8}, tagPhotometric: {palette}}, "", ""},
		{map[int][]int{tagCompression: {2}}, "CCITT run-length compression", "LZW, Deflate"},
		{map[int][]int{tagCompression: {group3}, tagT4Options: {5}}, "two-dimensional CCITT Group 3 compression", "LZW"},
		{map[int][]int{tagCompression: {6}}, "old-style JPEG compression", "LZW"},
		{map[int][]int{tagCompression: {34887}}, "LERC compression", "LZW"},
		{map[int][]int{tagCompression: {50000}}, "Zstandard compression", "LZW"},
		{map[int][]int{tagCompression: {50001}}, "WebP compression", "LZW"},
		{map[int][]int{tagCompression: {4711}}, "unknown (4711) compression", "LZW"},
		{map[int][]int{tagPhotometric: {5}, tagBitsPerSample: {8, 8, 8, 8}}, "CMYK colours", "grey and RGB"},
		{map[int][]int{tagPhotometric: {ycbcr}}, "YCbCr colours without JPEG compression", "grey and RGB"},
		{map[int][]int{tagPhotometric: {99}}, "unknown (99) colours", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {32, 32, 32}, tagSampleFormat: {3}}, "32-bit samples", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {16, 16, 16}, tagSampleFormat: {2}}, "samples that are signed or fractions", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {4}, tagPhotometric: {palette}}, "4-bit samples", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {16}, tagPhotometric: {palette}}, "16-bit samples", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {1, 1, 1}}, "1-bit samples", "grey and RGB"},
		{map[int][]int{tagPlanar: {2}}, "its colours in separate planes", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {8, 8, 8, 8, 8}}, "5 samples a pixel", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {8, 8, 8, 8}}, "4 samples a pixel", "grey and RGB"},
		{map[int][]int{tagBitsPerSample: {8, 8}, tagPhotometric: {blackIsZero}}, "2 samples a pixel", "grey and RGB"},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {4}, tagPhotometric: {5}}, "CMYK colours", "with JPEG"},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {4}}, "4 samples a pixel", "with JPEG"},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {1}, tagPhotometric: {palette}}, "a palette", "with JPEG"},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {3}, tagBitsPerSample: {12, 12, 12}}, "12-bit samples", "with JPEG"},
		{map[int][]int{tagCompression: {jpegNew}, tagSamplesPerPixel: {3}, tagPlanar: {2}}, "its colours in separate planes", "with JPEG"},
	} {
		f, err := Open(described(tt.tags))
		if err != nil {
			t.Fatal(err)
		}
		found, instead := f.Unsupported()
		if found != tt.want || !strings.HasPrefix(instead, tt.instead) || (found == "") != (instead == "") {
			t.Errorf("%v: %q, %q; want %q", tt.tags, found, instead, tt.want)
		}
	}
}
