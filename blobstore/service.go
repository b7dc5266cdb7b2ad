package blobstore

import "time"

// ServiceProperties are the Blob service's settings for one account. A nil field of a value that is written leaves
// what was there; no field of a value that was read is nil.
//
// See https://learn.microsoft.com/rest/api/storageservices/set-blob-service-properties
type ServiceProperties struct {
	// CORS holds up to five rules, tried in order.
	CORS *[]CORSRule
	// DeleteRetention is the soft-delete policy for blobs.
	DeleteRetention *DeleteRetention
	// DefaultServiceVersion is the x-ms-version of requests that carry none; empty when never set.
	DefaultServiceVersion *string
	// StaticWebsite, Logging, HourMetrics and MinuteMetrics are kept for clients and have no effect here.
	StaticWebsite              *StaticWebsite
	Logging                    *Logging
	HourMetrics, MinuteMetrics *Metrics
}

// CORSRule lets the pages of some origins call the service.
type CORSRule struct {
	AllowedOrigins, AllowedMethods, AllowedHeaders, ExposedHeaders []string
	// MaxAge is how long a browser may keep a preflight answer, in whole seconds.
	MaxAge time.Duration
}

// DeleteRetention says whether deleted and overwritten blobs can be undeleted, and for how many days (1 to 365).
type DeleteRetention struct {
	Enabled              bool
	Days                 int
	AllowPermanentDelete bool
}

// StaticWebsite is the static website setting of an account.
type StaticWebsite struct {
	Enabled                  bool
	IndexDocument            string
	ErrorDocument404Path     string
	DefaultIndexDocumentPath string
}

// RetentionPolicy is how long logs and metrics are kept.
type RetentionPolicy struct {
	Enabled bool
	Days    int
}

// Logging is the classic analytics logging setting.
type Logging struct {
	Version             string
	Delete, Read, Write bool
	Retention           RetentionPolicy
}

// Metrics is the classic analytics metrics setting.
type Metrics struct {
	Version     string
	Enabled     bool
	IncludeAPIs bool
	Retention   RetentionPolicy
}
