package blobserver

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/sas"
)

// level is what a URL points at.
type level byte

// Levels are named by the letters of an account SAS's signed resource types (srt).
const (
	serviceLevel   level = 's'
	containerLevel level = 'c'
	blobLevel      level = 'o'
)

// openTo says who may call an operation without any credentials.
type openTo byte

const (
	openToNobody     openTo = iota
	openInContainers        // public access "container"
	openInBlobs             // public access "container" or "blob"
	openToAll               // preflight requests
)

// operation is one row of the protocol: what it is called in logs, who may call it, and what answers it.
type operation struct {
	name   string
	handle func(s *Server, w http.ResponseWriter, r *request) error

	// need is what a SAS must allow.
	need sas.Operation

	open openTo
}

// route is what, next to the path, tells operations apart.
type route struct {
	level  level
	method string // GET stands for HEAD too where both have a row
	comp   string
}

// operations are all there are: those that path, method and comp tell apart, and those that need a closer look.
type operations struct {
	byRoute                                                                        map[route]*operation
	preflight, accountInfo, putBlobFromURL, copyFromURL, copyBlob, putBlockFromURL *operation
}

// protocol is the whole of it. Rows without a restype are blobs'; containers carry restype=container, and the
// service itself restype=service or only a comp.
//
// Which permission each needs is the business of package sas.
func protocol() operations {
	return operations{
		preflight:       &operation{name: "PreflightBlobRequest", handle: (*Server).preflight, open: openToAll},
		accountInfo:     &operation{name: "GetAccountInformation", handle: (*Server).getAccountInfo, need: sas.GetAccountInformation},
		putBlobFromURL:  &operation{name: "PutBlobFromURL", handle: (*Server).putBlobFromURL, need: sas.PutBlobFromURL},
		copyFromURL:     &operation{name: "CopyBlobFromURL", handle: (*Server).copy, need: sas.CopyBlob},
		copyBlob:        &operation{name: "CopyBlob", handle: (*Server).copy, need: sas.CopyBlob},
		putBlockFromURL: &operation{name: "PutBlockFromURL", handle: (*Server).putBlockFromURL, need: sas.PutBlockFromURL},
		byRoute:         byRoute(),
	}
}

func byRoute() map[route]*operation {
	return map[route]*operation{
		{serviceLevel, "GET", "list"}:               {name: "ListContainers", handle: (*Server).listContainers, need: sas.ListContainers},
		{serviceLevel, "GET", "properties"}:         {name: "GetBlobServiceProperties", handle: (*Server).getServiceProperties, need: sas.GetServiceProperties},
		{serviceLevel, "PUT", "properties"}:         {name: "SetBlobServiceProperties", handle: (*Server).setServiceProperties, need: sas.SetServiceProperties},
		{serviceLevel, "GET", "stats"}:              {name: "GetBlobServiceStats", handle: (*Server).getServiceStats, need: sas.GetServiceStats},
		{serviceLevel, "POST", "userdelegationkey"}: {name: "GetUserDelegationKey", handle: (*Server).getUserDelegationKey, need: sas.GetUserDelegationKey},
		{serviceLevel, "GET", "blobs"}:              {name: "FindBlobsByTags", handle: (*Server).findBlobs, need: sas.FindBlobsByTags},
		{serviceLevel, "POST", "batch"}:             {name: "BlobBatch", handle: (*Server).batch, need: sas.Batch},

		{containerLevel, "PUT", ""}:                   {name: "CreateContainer", handle: (*Server).createContainer, need: sas.CreateContainer},
		{containerLevel, "DELETE", ""}:                {name: "DeleteContainer", handle: (*Server).deleteContainer, need: sas.DeleteContainer},
		{containerLevel, "GET", ""}:                   {name: "GetContainerProperties", handle: (*Server).getContainerProperties, need: sas.GetContainerProperties, open: openInContainers},
		{containerLevel, "GET", "metadata"}:           {name: "GetContainerMetadata", handle: (*Server).getContainerMetadata, need: sas.GetContainerProperties, open: openInContainers},
		{containerLevel, "PUT", "metadata"}:           {name: "SetContainerMetadata", handle: (*Server).setContainerMetadata, need: sas.SetContainerMetadata},
		{containerLevel, "GET", "acl"}:                {name: "GetContainerACL", handle: (*Server).getContainerACL, need: sas.GetContainerACL},
		{containerLevel, "PUT", "acl"}:                {name: "SetContainerACL", handle: (*Server).setContainerACL, need: sas.SetContainerACL},
		{containerLevel, "PUT", "lease"}:              {name: "LeaseContainer", handle: (*Server).leaseContainer, need: sas.LeaseContainer},
		{containerLevel, "GET", "list"}:               {name: "ListBlobs", handle: (*Server).listBlobs, need: sas.ListBlobs, open: openInContainers},
		{containerLevel, "GET", "blobs"}:              {name: "FindBlobsByTagsInContainer", handle: (*Server).findBlobs, need: sas.FindBlobsInContainer},
		{containerLevel, "POST", "batch"}:             {name: "BlobBatch", handle: (*Server).batch, need: sas.BatchInContainer},
		{containerLevel, "PUT", "undelete"}:           {name: "RestoreContainer", handle: notImplemented, need: sas.RestoreContainer},
		{containerLevel, "PUT", "rename"}:             {name: "RenameContainer", handle: notImplemented, need: sas.RestoreContainer},
		{blobLevel, "GET", ""}:                        {name: "GetBlob", handle: (*Server).getBlob, need: sas.GetBlob, open: openInBlobs},
		{blobLevel, "HEAD", ""}:                       {name: "GetBlobProperties", handle: (*Server).getBlobProperties, need: sas.GetBlobProperties, open: openInBlobs},
		{blobLevel, "PUT", ""}:                        {name: "PutBlob", handle: (*Server).putBlob, need: sas.PutBlob},
		{blobLevel, "DELETE", ""}:                     {name: "DeleteBlob", handle: (*Server).deleteBlob, need: sas.DeleteBlob},
		{blobLevel, "PUT", "block"}:                   {name: "PutBlock", handle: (*Server).putBlock, need: sas.PutBlock},
		{blobLevel, "PUT", "blocklist"}:               {name: "PutBlockList", handle: (*Server).putBlockList, need: sas.PutBlockList},
		{blobLevel, "GET", "blocklist"}:               {name: "GetBlockList", handle: (*Server).getBlockList, need: sas.GetBlockList, open: openInBlobs},
		{blobLevel, "PUT", "properties"}:              {name: "SetBlobProperties", handle: (*Server).setBlobProperties, need: sas.SetBlobProperties},
		{blobLevel, "GET", "metadata"}:                {name: "GetBlobMetadata", handle: (*Server).getBlobMetadata, need: sas.GetBlobProperties, open: openInBlobs},
		{blobLevel, "PUT", "metadata"}:                {name: "SetBlobMetadata", handle: (*Server).setBlobMetadata, need: sas.SetBlobMetadata},
		{blobLevel, "GET", "tags"}:                    {name: "GetBlobTags", handle: (*Server).getBlobTags, need: sas.GetBlobTags},
		{blobLevel, "PUT", "tags"}:                    {name: "SetBlobTags", handle: (*Server).setBlobTags, need: sas.SetBlobTags},
		{blobLevel, "PUT", "tier"}:                    {name: "SetBlobTier", handle: (*Server).setBlobTier, need: sas.SetBlobTier},
		{blobLevel, "PUT", "lease"}:                   {name: "LeaseBlob", handle: (*Server).leaseBlob, need: sas.LeaseBlob},
		{blobLevel, "PUT", "snapshot"}:                {name: "SnapshotBlob", handle: (*Server).snapshotBlob, need: sas.SnapshotBlob},
		{blobLevel, "PUT", "undelete"}:                {name: "UndeleteBlob", handle: (*Server).undeleteBlob, need: sas.UndeleteBlob},
		{blobLevel, "PUT", "copy"}:                    {name: "AbortCopyBlob", handle: (*Server).abortCopy, need: sas.AbortCopy},
		{blobLevel, "PUT", "appendblock"}:             {name: "AppendBlock", handle: otherBlobType, need: sas.PutBlock},
		{blobLevel, "PUT", "page"}:                    {name: "PutPage", handle: otherBlobType, need: sas.PutBlock},
		{blobLevel, "GET", "pagelist"}:                {name: "GetPageRanges", handle: otherBlobType, need: sas.GetBlob},
		{blobLevel, "PUT", "incrementalcopy"}:         {name: "IncrementalCopyBlob", handle: otherBlobType, need: sas.CopyBlob},
		{blobLevel, "PUT", "seal"}:                    {name: "AppendBlobSeal", handle: otherBlobType, need: sas.PutBlock},
		{blobLevel, "POST", "query"}:                  {name: "QueryBlobContents", handle: notImplemented, need: sas.GetBlob},
		{blobLevel, "PUT", "expiry"}:                  {name: "SetBlobExpiry", handle: notImplemented, need: sas.SetBlobProperties},
		{blobLevel, "PUT", "immutabilityPolicies"}:    {name: "SetImmutabilityPolicy", handle: notImplemented, need: sas.SetImmutability},
		{blobLevel, "DELETE", "immutabilityPolicies"}: {name: "DeleteImmutabilityPolicy", handle: notImplemented, need: sas.SetImmutability},
		{blobLevel, "PUT", "legalhold"}:               {name: "SetLegalHold", handle: notImplemented, need: sas.SetImmutability},
	}
}

// findOperation names the operation that a request asks for.
func (s *Server) findOperation(r *request) (*operation, error) {
	if r.Method == http.MethodOptions {
		return s.operations.preflight, nil
	}
	comp, restype := r.query.Get("comp"), r.query.Get("restype")
	if restype == "account" && comp == "properties" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return s.operations.accountInfo, nil
	}
	lvl, err := r.place(comp, restype)
	if err != nil {
		return nil, err
	}
	op := s.lookUp(lvl, r.Method, comp)
	if op == nil {
		return nil, s.unknownOperation(lvl, r.Method, comp)
	}
	if r.Header.Get("X-Ms-Copy-Source") == "" {
		return op, nil
	}
	switch {
	case op.name == "PutBlock":
		return s.operations.putBlockFromURL, nil
	case op.name != "PutBlob":
		return op, nil
	case r.Header.Get("X-Ms-Blob-Type") != "":
		return s.operations.putBlobFromURL, nil
	case strings.EqualFold(r.Header.Get("X-Ms-Requires-Sync"), "true"):
		return s.operations.copyFromURL, nil
	}
	return s.operations.copyBlob, nil
}

// place says what level the request is on and moves /account/name without restype=container into the root container.
func (r *request) place(comp, restype string) (level, error) {
	switch {
	case restype != "" && restype != "container" && restype != "service" && restype != "account":
		return 0, invalidQuery("restype", restype)
	case r.container == "":
		return serviceLevel, nil
	case r.blob != "":
		return blobLevel, nil
	case restype == "container":
		return containerLevel, nil
	case restype == "" && strings.HasPrefix(r.container, "$") && r.container != rootContainer:
		return 0, bloberror.New(bloberror.InvalidResourceName)
	}
	r.container, r.blob = rootContainer, r.container
	return blobLevel, nil
}

func (s *Server) lookUp(lvl level, method, comp string) *operation {
	if op := s.operations.byRoute[route{lvl, method, comp}]; op != nil {
		return op
	}
	if method == http.MethodHead {
		return s.operations.byRoute[route{lvl, http.MethodGet, comp}]
	}
	return nil
}

// unknownOperation tells a wrong comp from a wrong method, as Azure does.
func (s *Server) unknownOperation(lvl level, method, comp string) error {
	for known := range s.operations.byRoute {
		if known.level == lvl && known.comp == comp && comp != "" {
			return bloberror.New(bloberror.UnsupportedHTTPVerb)
		}
	}
	if comp != "" {
		return invalidQuery("comp", comp)
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete:
		if lvl == serviceLevel {
			return bloberror.New(bloberror.InvalidQueryParameterValue, bloberror.WithDetail("QueryParameterName", "comp"), bloberror.WithDetail("QueryParameterValue", ""))
		}
		return bloberror.New(bloberror.UnsupportedHTTPVerb)
	}
	return bloberror.New(bloberror.UnsupportedHTTPVerb)
}

func invalidQuery(name, value string) error {
	return bloberror.New(bloberror.InvalidQueryParameterValue,
		bloberror.WithDetail("QueryParameterName", name), bloberror.WithDetail("QueryParameterValue", value))
}

func invalidHeader(name, value string) error {
	return bloberror.New(bloberror.InvalidHeaderValue,
		bloberror.WithDetail("HeaderName", name), bloberror.WithDetail("HeaderValue", value))
}

func missingHeader(name string) error {
	return bloberror.New(bloberror.MissingRequiredHeader, bloberror.WithDetail("HeaderName", name))
}

func notImplemented(*Server, http.ResponseWriter, *request) error {
	return bloberror.New(bloberror.NotImplemented)
}

// otherBlobType answers what only append and page blobs have.
func otherBlobType(*Server, http.ResponseWriter, *request) error {
	return bloberror.New(bloberror.InvalidBlobType)
}
