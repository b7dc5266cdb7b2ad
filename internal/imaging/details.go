package imaging

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// details reads what an EXIF block says about how the photo was made. A broken block says nothing.
func (p *Pipeline) details(tiff []byte) Details {
	if len(tiff) == 0 {
		return Details{}
	}
	tags := map[string]any{}
	_ = guard(func() error { // imagemeta reads what it can and reports the rest: what was read so far is good
		_, err := imagemeta.Decode(imagemeta.Options{
			R: bytes.NewReader(tiff), ImageFormat: imagemeta.TIFF, Sources: imagemeta.EXIF, LimitNumTags: 1000,
			ShouldHandleTag: func(t imagemeta.TagInfo) bool {
				switch t.Tag {
				case "Make", "Model", "DateTime", "ModifyDate", "DateTimeOriginal", "OffsetTimeOriginal":
					return true
				case "GPSLatitude", "GPSLatitudeRef", "GPSLongitude", "GPSLongitudeRef":
					return p.opts.Place
				}
				return false
			},
			HandleTag: func(t imagemeta.TagInfo) error {
				if _, ok := tags[t.Tag]; !ok {
					tags[t.Tag] = t.Value
				}
				return nil
			},
		})
		return err
	})
	d := Details{Taken: taken(tags), Camera: camera(tags)}
	if p.opts.Place {
		d.Place = place(tags)
	}
	return d
}

// text returns a tag's text, cut to a length that fits a label, without what does not print.
func text(tags map[string]any, name string) string {
	s, ok := tags[name].(string)
	if !ok {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	const longest = 64
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest])
	}
	return strings.TrimSpace(s)
}

// taken reads the moment of exposure, in UTC unless the file names an offset (Exif 2.32, section 4.6.5).
func taken(tags map[string]any) time.Time {
	for _, name := range []string{"DateTimeOriginal", "DateTime", "ModifyDate"} {
		s := text(tags, name)
		if offset := text(tags, "OffsetTimeOriginal"); name == "DateTimeOriginal" && offset != "" {
			if t, err := time.Parse("2006:01:02 15:04:05Z07:00", s+offset); err == nil {
				return t
			}
		}
		if t, err := time.Parse("2006:01:02 15:04:05", s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// camera joins maker and model, which often begins with the maker.
func camera(tags map[string]any) string {
	maker, model := text(tags, "Make"), text(tags, "Model")
	switch {
	case model == "":
		return maker
	case strings.HasPrefix(strings.ToLower(model), strings.ToLower(maker)):
		return model
	}
	return maker + " " + model
}

func place(tags map[string]any) *Place {
	lat, ok1 := tags["GPSLatitude"].(float64)
	long, ok2 := tags["GPSLongitude"].(float64)
	if !ok1 || !ok2 || math.IsNaN(lat+long) || math.Abs(lat) > 90 || math.Abs(long) > 180 {
		return nil
	}
	if lat == 0 && long == 0 { // what phones write that had no fix
		return nil
	}
	if text(tags, "GPSLatitudeRef") == "S" {
		lat = -lat
	}
	if text(tags, "GPSLongitudeRef") == "W" {
		long = -long
	}
	return &Place{lat, long}
}
