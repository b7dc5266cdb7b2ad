package sas

import (
	"time"
)

// Reason says why a SAS does not authorize a request. The text is stable: programs may compare it.
type Reason string

// The reasons of a Denied.
const (
	SignatureMismatch        Reason = "signature-mismatch"
	ResourceMismatch         Reason = "resource-mismatch" // another kind of thing than sr says, or an operation of another level
	FieldMissing             Reason = "field-missing"     // in the SAS and in its stored access policy
	PolicyUnknown            Reason = "policy-unknown"    // or revoked
	PolicyConflict           Reason = "policy-conflict"
	NotYetValid              Reason = "not-yet-valid"
	Expired                  Reason = "expired"
	DelegationKeyUnknown     Reason = "delegation-key-unknown" // or revoked
	DelegationKeyNotYetValid Reason = "delegation-key-not-yet-valid"
	DelegationKeyExpired     Reason = "delegation-key-expired"
	UserMismatch             Reason = "user-mismatch"
	SignedHeaderMismatch     Reason = "signed-header-mismatch"
	SignedQueryMismatch      Reason = "signed-query-mismatch"
	ProtocolMismatch         Reason = "protocol-mismatch"
	SourceIPMismatch         Reason = "source-ip-mismatch"
	ServiceMismatch          Reason = "service-mismatch"
	ResourceTypeMismatch     Reason = "resource-type-mismatch"
	PermissionMismatch       Reason = "permission-mismatch"
	OverwriteNeedsWrite      Reason = "overwrite-needs-write"
)

// ErrorCode is the Azure Storage error code that answers the reason; each comes with status 403.
// Source: "Blob service error codes", "Common REST API error codes".
func (r Reason) ErrorCode() string {
	switch r {
	case ProtocolMismatch:
		return "AuthorizationProtocolMismatch"
	case SourceIPMismatch:
		return "AuthorizationSourceIPMismatch"
	case ServiceMismatch:
		return "AuthorizationServiceMismatch"
	case ResourceTypeMismatch:
		return "AuthorizationResourceTypeMismatch"
	case PermissionMismatch:
		return "AuthorizationPermissionMismatch"
	case OverwriteNeedsWrite:
		return "UnauthorizedBlobOverwrite"
	}
	return "AuthenticationFailed"
}

// Denied says why a SAS does not authorize a request. It never holds a signature or a key.
type Denied struct {
	Reason Reason
	Field  string // the parameter, header or query parameter that is to blame
	Detail string // in words; for a failed authentication, the AuthenticationErrorDetail of the answer
}

// Error says it in one line.
func (d *Denied) Error() string {
	return "sas: " + d.Field + ": " + string(d.Reason) + ": " + d.Detail
}

// ErrorCode is the Azure Storage error code of the answer.
func (d *Denied) ErrorCode() string { return d.Reason.ErrorCode() }

// ErrorCode is the Azure Storage error code that answers a SAS that makes no sense; its status is 403.
func (e *Invalid) ErrorCode() string { return "AuthenticationFailed" }

// timeFrame words the detail as Azure does.
func timeFrame(start, end Time, now time.Time) string {
	const rfc1123 = "Mon, 02 Jan 2006 15:04:05 GMT"
	s := "Signature not valid in the specified time frame: "
	if !start.IsZero() {
		s += "Start [" + start.at.Format(rfc1123) + "] - "
	}
	return s + "Expiry [" + end.at.Format(rfc1123) + "] - Current [" + now.UTC().Format(rfc1123) + "]"
}
