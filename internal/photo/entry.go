package photo

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// entry is a photo's facts as its index blob keeps them in metadata, so that one List Blobs call renders a page of the
// gallery. Metadata holds ASCII only and 8 KiB at most, names included.
type entry struct {
	title         string
	width, height int // upright
	thumbhash     []byte
	content       ContentHash // of the file that came in
	color         string      // "#rrggbb", or empty
	original      stored      // zero where it isn't published
	variants      []stored    // narrowest first
	details       Details
	total         int64 // bytes of all that is published, for the quota
}

// stored is one published blob.
type stored struct {
	width, height int
	contentType   string
	ext           string
	bytes         int64
}

func (e entry) metadata() map[string]string {
	variants := make([]string, len(e.variants))
	for i, v := range e.variants {
		variants[i] = v.text()
	}
	return map[string]string{ // an empty value is none: not every service keeps it
		"v":         "1",
		"title":     base64.RawURLEncoding.EncodeToString([]byte(e.title)),
		"size":      fmt.Sprintf("%dx%d", e.width, e.height),
		"thumbhash": base64.RawURLEncoding.EncodeToString(e.thumbhash),
		"content":   e.content.String(),
		"color":     e.color,
		"original":  e.original.text(),
		"variants":  strings.Join(variants, " "),
		"total":     strconv.FormatInt(e.total, 10),
		"details":   e.details.text(),
	}
}

// parseEntry is metadata's inverse. It is strict: an entry that this program did not write is not shown.
func parseEntry(m map[string]string) (e entry, err error) {
	if m["v"] != "1" {
		return e, fmt.Errorf("index entry: version %q is unknown", m["v"])
	}
	title, err := base64.RawURLEncoding.DecodeString(m["title"])
	if err != nil {
		return e, fmt.Errorf("index entry: title: %w", err)
	}
	e.title = string(title)
	if e.thumbhash, err = base64.RawURLEncoding.DecodeString(m["thumbhash"]); err != nil {
		return e, fmt.Errorf("index entry: thumbhash: %w", err)
	}
	if e.content, err = parseContentHash(m["content"]); err != nil {
		return e, err
	}
	if e.width, e.height, err = parseSize(m["size"]); err != nil {
		return e, err
	}
	e.color = m["color"]
	if m["original"] != "" {
		if e.original, err = parseStored(m["original"]); err != nil {
			return e, err
		}
	}
	if e.details, err = parseDetails(m["details"]); err != nil {
		return e, err
	}
	for text := range strings.FieldsSeq(m["variants"]) {
		v, err := parseStored(text)
		if err != nil {
			return e, err
		}
		e.variants = append(e.variants, v)
	}
	if len(e.variants) == 0 {
		return e, fmt.Errorf("index entry: it names no image")
	}
	if e.total, err = strconv.ParseInt(m["total"], 10, 64); err != nil || e.total < 0 {
		return e, fmt.Errorf("index entry: total %q is no number of bytes", m["total"])
	}
	return e, nil
}

// text is "640x480,image/webp,webp,31337".
func (s stored) text() string {
	if s.ext == "" {
		return ""
	}
	return fmt.Sprintf("%dx%d,%s,%s,%d", s.width, s.height, s.contentType, s.ext, s.bytes)
}

func parseStored(text string) (s stored, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return s, fmt.Errorf("index entry: %q is not WIDTHxHEIGHT,TYPE,EXT,BYTES", text)
	}
	s.contentType, s.ext = parts[1], parts[2]
	if s.width, s.height, err = parseSize(parts[0]); err != nil {
		return s, err
	}
	if s.ext == "" || strings.ContainsAny(s.ext, "/.") {
		return s, fmt.Errorf("index entry: %q is no file name's ending", s.ext)
	}
	if s.bytes, err = strconv.ParseInt(parts[3], 10, 64); err != nil || s.bytes < 0 {
		return s, fmt.Errorf("index entry: %q is no number of bytes", parts[3])
	}
	return s, nil
}

func parseSize(text string) (width, height int, err error) {
	w, h, _ := strings.Cut(text, "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if errW != nil || errH != nil || width < 1 || height < 1 {
		return 0, 0, fmt.Errorf("index entry: size %q is not WIDTHxHEIGHT", text)
	}
	return width, height, nil
}
