// Package blobstore says what a Blob storage engine is: the types, the [Store] interface and the rules that every
// engine shares (conditional headers, leases, tag expressions), written once as pure functions.
//
// The package knows Azure Blob Storage's semantics but not its protocol: no HTTP, no XML, no signatures. Names are opaque
// strings: an engine must accept any of them and never use one as a file name. What a name, a metadata pair or a tag may
// look like is checked by whoever takes it from a client.
package blobstore
