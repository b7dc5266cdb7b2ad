// Package web holds the built web app.
package web

import (
	"embed"
	"io/fs"
)

// dist is what the front end's build writes. A fresh clone has a placeholder page in it (from public/, so that a build
// leaves it as it is), which lets the Go code build without Node.
//
//go:embed all:dist
var dist embed.FS

// Files is the app: index.html and what it needs, or only placeholder.html where the app was not built.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // only for a path that isn't valid
		panic(err)
	}
	return files
}
