package blobstore

// ListBlobsOptions select blobs of a container.
type ListBlobsOptions struct {
	Prefix string
	// Delimiter rolls names that share everything up to it (after Prefix) into one prefix entry; any string.
	Delimiter string
	// Marker is the NextMarker of the page before; any other string begins at the first name that is not below it.
	Marker string
	// StartFrom leaves out the names below it; unlike Marker it stays the same from page to page, and no name is special.
	StartFrom string
	// Max is the page's length in entries, 1 to 5,000; 0 means 5,000.
	Max int
	// What to include besides committed base blobs, and which parts of each.
	Snapshots, Uncommitted, Deleted bool
	Metadata, Tags, Copy            bool
}

// MaxListPage is the greatest number of entries in a page.
const MaxListPage = 5000

// ListEntry is one line of a listing: a blob, a snapshot, an uncommitted blob or a prefix.
type ListEntry struct {
	// Name is the blob's name or, when IsPrefix, the shared prefix including its delimiter.
	Name     string
	IsPrefix bool
	// Uncommitted marks a blob that has staged blocks only.
	Uncommitted bool
	// Properties hold Metadata, Tags and Copy only where the options asked for them. Empty for a prefix.
	Properties BlobProperties
}

// BlobPage is one page of a listing in the byte order of names; snapshots stand before their blob, oldest first.
type BlobPage struct {
	Entries []ListEntry
	// NextMarker is empty on the last page.
	NextMarker string
}

// FindBlobsOptions select blobs by their tags.
type FindBlobsOptions struct {
	// Where is the parsed expression.
	Where *TagExpr
	// Container limits the search to one container; empty searches the account.
	Container string
	Marker    string
	// Max is the page's length, 1 to 5,000; 0 means 5,000.
	Max int
}

// FoundBlob is a blob that FindBlobsByTags found, with the tags that the expression names.
type FoundBlob struct {
	Name BlobName
	Tags map[string]string
}

// FoundPage is one page of found blobs in the byte order of container and name.
type FoundPage struct {
	Blobs      []FoundBlob
	NextMarker string
}
