package photo

import (
	"fmt"
	"strings"
)

// The containers that Valetkey keeps in a storage account.
const (
	LandingContainer   = "images" // what arrived and nobody has looked at yet; browsers write here, nothing is served from it
	PublishedContainer = "photos" // what was checked and rebuilt; browsers read here with a SAS
	IndexContainer     = "index"  // one empty blob a photo with its facts; the server's own
	// PrivateContainer keeps files as they came in, where [Options.KeepOriginals] asks for it; nothing is served from it.
	PrivateContainer = "originals"
)

// PublicOwner owns what lands through the container SAS of GET /api/credentials, which proves no owner.
const PublicOwner = "public"

const maxOwner = 64

// ValidOwner tells whether s may stand as an owner in blob names: 1 to 64 of a-z, 0-9 and '-'.
func ValidOwner(s string) bool {
	if s == "" || len(s) > maxOwner {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

func landingName(owner string, id ID) string { return owner + "/" + string(id) }

// parseLanding tells an upload of the API ("{owner}/{id}") from a blob that landed under a name of its own.
func parseLanding(name string) (owner string, id ID, ok bool) {
	owner, rest, _ := strings.Cut(name, "/")
	id, err := ParseID(rest)
	return owner, id, err == nil && ValidOwner(owner)
}

func publishedPrefix(owner string, id ID) string { return owner + "/" + string(id) + "/" }

func originalName(owner string, id ID, ext string) string {
	return publishedPrefix(owner, id) + "original." + ext
}

func privateName(owner string, id ID) string { return owner + "/" + string(id) }

func variantName(owner string, id ID, width int, ext string) string {
	return fmt.Sprintf("%sw%d.%s", publishedPrefix(owner, id), width, ext)
}

const indexRoot = "owners/"

func indexPrefix(owner string) string { return indexRoot + owner + "/" }

func indexName(owner string, id ID) string { return indexPrefix(owner) + string(id) }
