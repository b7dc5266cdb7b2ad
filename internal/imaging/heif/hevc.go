package heif

import (
	"slices"

	"github.com/valetkey/valetkey/internal/imaging/bmff"
)

// hevcSamples adds up what the samples of two pixels take in bytes, transparency included, from the configuration of the
// primary picture or of its first tile (ISO/IEC 14496-15, section 8.3.3.1.2). It is 0 when there is none.
func (m *meta) hevcSamples() (bytes int64) {
	for _, p := range m.properties(m.first()) {
		if p.Name != "hvcC" {
			continue
		}
		c := &bmff.Cursor{Data: p.Data}
		c.Bytes(16) // profile, level, segmentation, parallelism
		chroma, luma, colour := c.Uint(1)&3, c.Uint(1)&7, c.Uint(1)&7
		if c.Short {
			return 0
		}
		samples := []int64{2, 3, 4, 6}[chroma] // 4:0:0, 4:2:0, 4:2:2, 4:4:4
		if m.hasAuxiliary() {
			samples += 2
		}
		if luma > 0 || colour > 0 {
			return 2 * samples
		}
		return samples
	}
	return 0
}

// hasAuxiliary tells whether there is a picture that may be transparency; other kinds are not decoded.
func (m *meta) hasAuxiliary() bool {
	return slices.ContainsFunc(m.Items, func(i *bmff.Item) bool {
		return slices.ContainsFunc(m.properties(i.ID), func(p bmff.Box) bool { return p.Name == "auxC" })
	})
}

// hevcMemory is an upper bound of what libheif 1.18 and libde265 take inside the instance, in bytes: it was measured to be
// four times the samples in a grid of 8 bits and not quite that in one of 10, for the picture that is put together, one
// that is turned and one that is handed out.
func (i *Info) hevcMemory() int64 {
	const unknown = 32 // bytes a pixel
	pixels := int64(i.coded.X) * int64(i.coded.Y)
	if i.hevc == 0 {
		return unknown * pixels
	}
	return 3 * i.hevc * pixels // six times the samples
}
