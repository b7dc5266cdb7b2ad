package sas

// field is one value that a SAS signs, carries, or both.
type field uint8

const (
	fieldSV field = iota
	fieldSS
	fieldSRT
	fieldST
	fieldSE
	fieldSR
	fieldSDD
	fieldSI
	fieldSP
	fieldSIP
	fieldSPR
	fieldSES
	fieldSKOID
	fieldSKTID
	fieldSKT
	fieldSKE
	fieldSKS
	fieldSKV
	fieldSAOID
	fieldSUOID
	fieldSCID
	fieldSKDUTID
	fieldSDUOID
	fieldSRH
	fieldSRQ
	fieldRSCC
	fieldRSCD
	fieldRSCE
	fieldRSCL
	fieldRSCT
	fieldSIG
	numParams // the fields above are query parameters; a token writes them in this order

	// Those below are signed but are not parameters of the SAS itself.
	fieldAccount  // the account's name
	fieldResource // the canonicalized resource, /blob/account/container[/blob]
	fieldMoment   // the snapshot's time or the version's id
	fieldHeaders  // the signed headers of the request
	fieldQueries  // the signed query parameters of the request
	fieldEnd      // empty: an account SAS ends in a line feed
	numFields
)

var fieldNames = [numFields]string{
	"sv", "ss", "srt", "st", "se", "sr", "sdd", "si", "sp", "sip", "spr", "ses", "skoid", "sktid", "skt", "ske", "sks",
	"skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq", "rscc", "rscd", "rsce", "rscl", "rsct", "sig", "",
	"account", "resource", "snapshot or version", "signed headers", "signed query parameters", "(end)",
}

func (f field) String() string { return fieldNames[f] }

// fieldsByName finds a parameter by its lower-case name.
var fieldsByName = func() map[string]field {
	m := make(map[string]field, numParams)
	for f := range numParams {
		m[fieldNames[f]] = f
	}
	return m
}()

// minVersion is the oldest sv that can be read: older layouts sign neither address nor protocol.
const minVersion = "2015-04-05"

// DefaultVersion is the sv that is signed when none is asked for: the newest whose layouts this package knows and that
// the Azure SDKs for Go and JavaScript write.
const DefaultVersion = "2026-04-06"

// layout is the string-to-sign of one kind of SAS from one version on.
type layout struct {
	since  string
	fields []field
}

// The layouts, newest first. Source: the three "Create a … SAS" pages and what the SDKs sign for each version.
var layouts = [...][]layout{
	ServiceKind: {
		{"2020-12-06", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSI, fieldSIP, fieldSPR, fieldSV, fieldSR,
			fieldMoment, fieldSES, fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
		{"2018-11-09", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSI, fieldSIP, fieldSPR, fieldSV, fieldSR,
			fieldMoment, fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
		{"2015-04-05", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSI, fieldSIP, fieldSPR, fieldSV,
			fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
	},
	AccountKind: {
		{"2020-12-06", []field{fieldAccount, fieldSP, fieldSS, fieldSRT, fieldST, fieldSE, fieldSIP, fieldSPR, fieldSV,
			fieldSES, fieldEnd}},
		{"2015-04-05", []field{fieldAccount, fieldSP, fieldSS, fieldSRT, fieldST, fieldSE, fieldSIP, fieldSPR, fieldSV,
			fieldEnd}},
	},
	UserDelegationKind: {
		{"2026-04-06", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE,
			fieldSKS, fieldSKV, fieldSAOID, fieldSUOID, fieldSCID, fieldSKDUTID, fieldSDUOID, fieldSIP, fieldSPR, fieldSV,
			fieldSR, fieldMoment, fieldSES, fieldHeaders, fieldQueries, fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL,
			fieldRSCT}},
		{"2025-07-05", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE,
			fieldSKS, fieldSKV, fieldSAOID, fieldSUOID, fieldSCID, fieldSKDUTID, fieldSDUOID, fieldSIP, fieldSPR, fieldSV,
			fieldSR, fieldMoment, fieldSES, fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
		{"2020-12-06", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE,
			fieldSKS, fieldSKV, fieldSAOID, fieldSUOID, fieldSCID, fieldSIP, fieldSPR, fieldSV, fieldSR, fieldMoment,
			fieldSES, fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
		{"2020-02-10", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE,
			fieldSKS, fieldSKV, fieldSAOID, fieldSUOID, fieldSCID, fieldSIP, fieldSPR, fieldSV, fieldSR, fieldMoment,
			fieldRSCC, fieldRSCD, fieldRSCE, fieldRSCL, fieldRSCT}},
		{"2018-11-09", []field{fieldSP, fieldST, fieldSE, fieldResource, fieldSKOID, fieldSKTID, fieldSKT, fieldSKE,
			fieldSKS, fieldSKV, fieldSIP, fieldSPR, fieldSV, fieldSR, fieldMoment, fieldRSCC, fieldRSCD, fieldRSCE,
			fieldRSCL, fieldRSCT}},
	},
}

// layoutFor finds the fields of a kind at a version, and false when the version is older than every layout.
func layoutFor(kind Kind, version string) ([]field, bool) {
	l := layouts[kind]
	for i := range l {
		if version >= l[i].since {
			return l[i].fields, true
		}
	}
	return nil, false
}

// fieldSince is the first sv that signs an optional field. A field that the layout does not sign could be added by
// anybody, so it is refused with an older sv.
func fieldSince(f field) string {
	switch f {
	case fieldSES:
		return "2020-12-06"
	case fieldSAOID, fieldSUOID, fieldSCID:
		return "2020-02-10"
	case fieldSKDUTID, fieldSDUOID:
		return "2025-07-05"
	case fieldSRH, fieldSRQ:
		return "2026-04-06"
	}
	return minVersion
}

// Field is one named value of a string-to-sign, or one signed header or query parameter of a request.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
