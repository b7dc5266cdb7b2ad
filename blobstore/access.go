package blobstore

import "time"

// AccessConditions are the conditional headers and the lease id of a request. They are evaluated atomically with the
// change that they guard. The zero value asks for nothing.
//
// See https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
type AccessConditions struct {
	// LeaseID is the x-ms-lease-id header, empty when absent.
	LeaseID string
	// IfMatch and IfNoneMatch hold the entity tags of the header, or AnyETag; empty when absent.
	IfMatch, IfNoneMatch []ETag
	// IfModifiedSince and IfUnmodifiedSince are zero when absent. They are compared in whole seconds.
	IfModifiedSince, IfUnmodifiedSince time.Time
	// IfTags is the x-ms-if-tags header, nil when absent.
	IfTags *TagExpr
}
