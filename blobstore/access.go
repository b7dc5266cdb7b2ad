package blobstore

import (
	"slices"
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

// AccessConditions are the conditional headers and the lease id of a request. They are evaluated atomically with the
// change that they guard. The zero value asks for nothing.
//
// Where If-Match stands beside If-Unmodified-Since, or If-None-Match beside If-Modified-Since, the entity tag decides.
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

// Target is what conditions are checked against: the present state of a blob or container.
type Target struct {
	// Exists is false for a blob that is about to be created; the other fields then mean nothing.
	Exists       bool
	ETag         ETag
	LastModified time.Time
	Tags         map[string]string
}

// CheckRead reports whether a read of an existing target may go on: nil, ErrNotModified, ConditionNotMet, or
// UnsatisfiableCondition for If-None-Match: *, which no read can meet.
func (c *AccessConditions) CheckRead(t Target) error {
	if slices.Contains(c.IfNoneMatch, AnyETag) {
		return bloberror.New(bloberror.UnsatisfiableCondition)
	}
	if err := c.checkPositive(t); err != nil {
		return err
	}
	if c.unchanged(t) {
		return ErrNotModified
	}
	return nil
}

// CheckWrite reports whether a change of an existing target may go on: nil or ConditionNotMet.
func (c *AccessConditions) CheckWrite(t Target) error {
	if err := c.checkPositive(t); err != nil {
		return err
	}
	if c.unchanged(t) {
		return bloberror.New(bloberror.ConditionNotMet)
	}
	return nil
}

// CheckCreate is CheckWrite for an operation that creates or replaces a blob: the target may be missing, and
// If-None-Match: * on an existing one gives BlobAlreadyExists.
func (c *AccessConditions) CheckCreate(t Target) error {
	if t.Exists && slices.Contains(c.IfNoneMatch, AnyETag) {
		return bloberror.New(bloberror.BlobAlreadyExists)
	}
	if t.Exists {
		return c.CheckWrite(t)
	}
	if len(c.IfMatch) > 0 {
		return bloberror.New(bloberror.ConditionNotMet)
	}
	if c.IfTags != nil && !c.IfTags.Match("", nil) {
		return bloberror.New(bloberror.ConditionNotMet)
	}
	return nil
}

// CheckSource is CheckRead for the source of a copy, whose every failure is SourceConditionNotMet.
func (c *AccessConditions) CheckSource(t Target) error {
	if c.checkPositive(t) != nil || c.unchanged(t) {
		return bloberror.New(bloberror.SourceConditionNotMet)
	}
	return nil
}

// TagsOnly returns the conditions without entity tags and dates, for the operations that ignore those.
func (c AccessConditions) TagsOnly() AccessConditions {
	return AccessConditions{LeaseID: c.LeaseID, IfTags: c.IfTags}
}

// checkPositive evaluates If-Match, If-Unmodified-Since and the tags.
func (c *AccessConditions) checkPositive(t Target) error {
	switch {
	case len(c.IfMatch) > 0:
		if !matches(c.IfMatch, t.ETag) {
			return bloberror.New(bloberror.ConditionNotMet)
		}
	case !c.IfUnmodifiedSince.IsZero() && wholeSeconds(t.LastModified).After(wholeSeconds(c.IfUnmodifiedSince)):
		return bloberror.New(bloberror.ConditionNotMet)
	}
	if c.IfTags != nil && !c.IfTags.Match("", t.Tags) {
		return bloberror.New(bloberror.ConditionNotMet)
	}
	return nil
}

// unchanged reports whether If-None-Match or If-Modified-Since fails.
func (c *AccessConditions) unchanged(t Target) bool {
	if len(c.IfNoneMatch) > 0 {
		return matches(c.IfNoneMatch, t.ETag)
	}
	return !c.IfModifiedSince.IsZero() && !wholeSeconds(t.LastModified).After(wholeSeconds(c.IfModifiedSince))
}

func matches(tags []ETag, have ETag) bool {
	return slices.Contains(tags, AnyETag) || slices.Contains(tags, have)
}

func wholeSeconds(t time.Time) time.Time { return t.Truncate(time.Second) }
