package blobstore

// TagExpr is a parsed expression over blob index tags: the where parameter of Find Blobs by Tags or an x-ms-if-tags
// header.
//
// See https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs
type TagExpr struct {
	root tagNode
}

// tagNode is one operator of an expression.
type tagNode interface {
	match(container string, tags map[string]string) bool
	keys(add func(string))
}
