// Package blobserver is the Azure Blob Storage REST protocol for block blobs as an [http.Handler] over a
// [blobstore.Store]: it finds out what a request asks for, whether it may, and answers as Azure does.
//
// Serve it on a listener of its own. Behind http.ServeMux it would break: the mux redirects "//" and ".." to a cleaned
// path, and blob names may hold both.
//
// A request passes through one file a step: target.go (what does the URL name), operation.go (what is asked of it),
// authorize.go (may it), the handlers, and answer.go when one of them returns an error.
package blobserver
