package photo

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTitle is how many characters a title keeps; what is longer is cut.
const MaxTitle = 200

// CleanTitle makes a title that may be shown of whatever a client calls a photo: one line without control, formatting
// or direction-changing characters, at most [MaxTitle] long. It may come out empty.
func CleanTitle(s string) string {
	var b strings.Builder
	space := true // drops leading space
	length := 0
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			continue
		case unicode.IsSpace(r):
			if space {
				continue
			}
			r, space = ' ', true
		case !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c': // the joiners that scripts and emoji need stay
			continue
		default:
			space = false
		}
		if length == MaxTitle {
			break
		}
		b.WriteRune(r)
		length++
	}
	return strings.TrimRight(b.String(), " ")
}

// titleOf makes a title of a file's name: no folders, no ending.
func titleOf(filename string) string {
	base := path.Base(strings.ReplaceAll(filename, `\`, "/"))
	if base == "." || base == "/" {
		return ""
	}
	if ext := path.Ext(base); len(ext) > 1 && len(ext) <= 6 {
		base = strings.TrimSuffix(base, ext)
	}
	return CleanTitle(base)
}
