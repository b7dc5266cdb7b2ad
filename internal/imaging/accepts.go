package imaging

import "mime"

// Accepts tells whether a file that is said to be of this media type is worth looking at. What it really is, its bytes
// say.
func Accepts(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	for _, s := range signatures {
		if s.take != nil && s.take.mediaType == mediaType {
			return true
		}
	}
	return false
}
