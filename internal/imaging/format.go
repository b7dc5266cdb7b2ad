package imaging

import (
	"bytes"
	"strings"

	"github.com/valetkey/valetkey/internal/imaging/heif"
)

// known is a signature at the start of a file: of a format when take is set, else of something that is refused by name.
type known struct {
	offset int
	magic  string
	take   *format
	reason Reason
	name   string // "a PDF document"
}

// signatures are looked through in order.
var signatures = []known{
	{magic: "\xff\xd8\xff", take: formatJPEG},
	{magic: "\x89PNG\r\n\x1a\n", take: formatPNG},
	{magic: "GIF87a", take: formatGIF},
	{magic: "GIF89a", take: formatGIF},
	{offset: 8, magic: "WEBP", take: formatWebP},
	{magic: "II*\x00", take: formatTIFF},
	{magic: "MM\x00*", take: formatTIFF},
	{magic: "BM", take: formatBMP},

	{magic: "%PDF-", reason: NotAnImage, name: "a PDF document"},
	{magic: "PK\x03\x04", reason: NotAnImage, name: "a ZIP archive or an office document"},
	{magic: "PK\x05\x06", reason: NotAnImage, name: "a ZIP archive"},
	{magic: "Rar!\x1a\x07", reason: NotAnImage, name: "a RAR archive"},
	{magic: "7z\xbc\xaf\x27\x1c", reason: NotAnImage, name: "a 7-Zip archive"},
	{magic: "\x1f\x8b", reason: NotAnImage, name: "a gzip archive"},
	{magic: "\x7fELF", reason: NotAnImage, name: "a program"},
	{magic: "MZ", reason: NotAnImage, name: "a program"},
	{magic: "#!", reason: NotAnImage, name: "a script"},
	{magic: "\x1a\x45\xdf\xa3", reason: NotAnImage, name: "a Matroska or WebM video"},
	{magic: "II+\x00", reason: UnsupportedFormat, name: "a BigTIFF image"},
	{magic: "MM\x00+", reason: UnsupportedFormat, name: "a BigTIFF image"},
	{magic: "%!PS", reason: UnsupportedFormat, name: "a PostScript drawing"},
	{magic: "8BPS", reason: UnsupportedFormat, name: "a Photoshop document"},
	{magic: "\x00\x00\x01\x00", reason: UnsupportedFormat, name: "an icon"},
	{magic: "\xff\x0a", reason: UnsupportedFormat, name: "a JPEG XL image"},
	{magic: "\x00\x00\x00\x0cJXL ", reason: UnsupportedFormat, name: "a JPEG XL image"},
	{magic: "\x00\x00\x00\x0cjP  ", reason: UnsupportedFormat, name: "a JPEG 2000 image"},
}

// sniff tells the format of a file by its first bytes. What the sender calls the file plays no part.
func sniff(data []byte) (*format, error) {
	for _, k := range signatures {
		if len(data) < k.offset || !bytes.HasPrefix(data[k.offset:], []byte(k.magic)) {
			continue
		}
		if k.take != nil {
			return k.take, nil
		}
		return nil, refuseNamed(k.reason, k.name)
	}
	if f, err := mediaFile(data); f != nil || err != nil {
		return f, err
	}
	if name, reason := markup(data); name != "" {
		return nil, refuseNamed(reason, name)
	}
	return nil, refuse(NotAnImage, nil, "This is not an image that we know. Send %s.", accepted)
}

// accepted lists the formats for people.
var accepted = func() string {
	list := "JPEG, PNG, GIF, WebP, TIFF or BMP"
	if heif.Available {
		list = "JPEG, PNG, GIF, WebP, HEIC, AVIF, TIFF or BMP"
	}
	return list
}()

func refuseNamed(reason Reason, name string) error {
	return refuse(reason, nil, "This is %s. Send %s.", name, accepted)
}

// otherCodecs are, by brand and by type of item, those of HEIF that there is no decoder for (ISO/IEC 23008-12, annexes E to
// M; ISO/IEC 23001-17 for the last).
var otherCodecs = map[string]string{
	"avci": "H.264", "avcs": "H.264", "avc1": "H.264", "jpeg": "JPEG", "jpgs": "JPEG",
	"j2ki": "JPEG 2000", "j2is": "JPEG 2000", "j2k1": "JPEG 2000", "vvic": "VVC", "vvis": "VVC", "vvc1": "VVC",
	"evbi": "EVC", "evmi": "EVC", "evc1": "EVC", "unci": "uncompressed samples",
}

// mediaFile recognizes the ISO base media formats by the brands in "ftyp" (ISO/IEC 14496-12, section 4.3).
func mediaFile(data []byte) (*format, error) {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return nil, nil
	}
	f := formatHEIC
	switch string(data[8:12]) {
	case "avif", "avis":
		f = formatAVIF
	case "heic", "heix", "heim", "heis", "hevc", "hevx":
	case "mif1", "msf1", "miaf": // what lies behind a shorter list does not spell a brand
		if brands := data[8:min(len(data), 64)]; bytes.Contains(brands, []byte("avif")) || bytes.Contains(brands, []byte("avis")) {
			f = formatAVIF
		}
	default:
		if name := otherCodecs[string(data[8:12])]; name != "" {
			return nil, refuseNamed(UnsupportedFormat, "a HEIF image coded as "+name)
		}
		return nil, refuseNamed(NotAnImage, "a video")
	}
	kind := ""
	_ = guard(func() error { kind = heif.KindOf(data); return nil })
	switch kind { // what the picture is, its item knows better than a brand
	case string(heif.AV1):
		f = formatAVIF
	case string(heif.HEVC):
		f = formatHEIC
	}
	if name := otherCodecs[kind]; name != "" {
		return nil, refuseNamed(UnsupportedFormat, "a HEIF image coded as "+name)
	}
	if !heif.Available {
		return nil, refuseNamed(UnsupportedFormat, "a HEIC or AVIF image, which this server was built without")
	}
	return f, nil
}

// markup recognizes text that a browser would run or draw, past a byte order mark, spaces, comments and declarations.
func markup(data []byte) (name string, reason Reason) {
	head := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\xef\xbb\xbf")), " \t\r\n")))
	switch {
	case !strings.HasPrefix(head, "<"):
		return "", ""
	case strings.HasPrefix(head, "<?php"):
		return "a PHP script", NotAnImage
	case strings.Contains(head, "<svg"):
		return "an SVG drawing, which can hold scripts", UnsupportedFormat
	case strings.Contains(head, "<html"), strings.HasPrefix(head, "<!doctype html"), strings.Contains(head, "<script"):
		return "a web page", NotAnImage
	}
	return "a text document", NotAnImage
}
