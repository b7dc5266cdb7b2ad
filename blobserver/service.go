package blobserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/blobstore"
)

func (s *Server) listContainers(w http.ResponseWriter, r *request) error {
	o := blobstore.ListContainersOptions{Prefix: r.query.Get("prefix")}
	var err error
	if o.Marker, err = marker(r); err != nil {
		return err
	}
	if o.Max, err = s.listMax(r); err != nil {
		return err
	}
	withMetadata := false
	for include := range strings.SplitSeq(strings.Join(r.query["include"], ","), ",") {
		switch strings.ToLower(strings.TrimSpace(include)) {
		case "metadata":
			withMetadata = true
		case "", "deleted", "system":
		default:
			return invalidQuery("include", include)
		}
	}
	page, err := s.store.ListContainers(r.Context(), r.account, o)
	if err != nil {
		return err
	}
	b := append([]byte(nil), xmlDeclaration+`<EnumerationResults ServiceEndpoint="`...)
	b = appendXMLText(b, r.endpoint())
	b = append(b, `">`...)
	b = s.appendListEcho(b, r)
	b = append(b, "<Containers>"...)
	for i := range page.Containers {
		b = appendContainer(b, &page.Containers[i], withMetadata)
	}
	b = append(b, "</Containers>"...)
	b = appendElement(b, "NextMarker", encodeMarker(page.NextMarker))
	return writeXML(w, r, append(b, "</EnumerationResults>"...))
}

func appendContainer(b []byte, p *blobstore.ContainerProperties, withMetadata bool) []byte {
	b = append(b, "<Container>"...)
	b = appendElement(b, "Name", p.Name.Container)
	b = append(b, "<Properties>"...)
	b = appendDate(b, "Last-Modified", p.LastModified)
	b = appendElement(b, "Etag", p.ETag.Quoted())
	b = appendLease(b, p.Lease)
	b = appendOptional(b, "PublicAccess", string(p.Access))
	b = append(b, "<HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold>"+
		"<ImmutableStorageWithVersioningEnabled>false</ImmutableStorageWithVersioningEnabled>"+
		"<DefaultEncryptionScope>$account-encryption-key</DefaultEncryptionScope>"+
		"<DenyEncryptionScopeOverride>false</DenyEncryptionScopeOverride></Properties>"...)
	if withMetadata {
		b = appendMetadata(b, p.Metadata)
	}
	return append(b, "</Container>"...)
}

func (s *Server) getAccountInfo(w http.ResponseWriter, _ *request) error {
	header := w.Header()
	header.Set("x-ms-sku-name", "Standard_LRS")
	header.Set("x-ms-account-kind", "StorageV2")
	header.Set("x-ms-is-hns-enabled", "false")
	return created(w, http.StatusOK)
}

// getServiceStats answers for a secondary that is this very service, so nothing lags behind.
func (s *Server) getServiceStats(w http.ResponseWriter, r *request) error {
	b := append([]byte(nil), xmlDeclaration+"<StorageServiceStats><GeoReplication><Status>live</Status>"...)
	b = appendDate(b, "LastSyncTime", r.now)
	return writeXML(w, r, append(b, "</GeoReplication></StorageServiceStats>"...))
}

func (s *Server) getServiceProperties(w http.ResponseWriter, r *request) error {
	p, err := s.store.ServiceProperties(r.Context(), r.account)
	if err != nil {
		return err
	}
	b := append([]byte(nil), xmlDeclaration+"<StorageServiceProperties>"...)
	if l := p.Logging; l != nil {
		b = append(b, "<Logging>"...)
		b = appendElement(b, "Version", l.Version)
		b = appendBool(b, "Delete", l.Delete)
		b = appendBool(b, "Read", l.Read)
		b = appendBool(b, "Write", l.Write)
		b = append(appendRetention(b, "RetentionPolicy", l.Retention.Enabled, l.Retention.Days), "</Logging>"...)
	}
	b = appendMetrics(b, "HourMetrics", p.HourMetrics)
	b = appendMetrics(b, "MinuteMetrics", p.MinuteMetrics)
	b = append(b, "<Cors>"...)
	for _, rule := range corsRules(p) {
		b = append(b, "<CorsRule>"...)
		b = appendElement(b, "AllowedOrigins", strings.Join(rule.AllowedOrigins, ","))
		b = appendElement(b, "AllowedMethods", strings.Join(rule.AllowedMethods, ","))
		b = appendElement(b, "AllowedHeaders", strings.Join(rule.AllowedHeaders, ","))
		b = appendElement(b, "ExposedHeaders", strings.Join(rule.ExposedHeaders, ","))
		b = appendElement(b, "MaxAgeInSeconds", strconv.Itoa(int(rule.MaxAge.Seconds())))
		b = append(b, "</CorsRule>"...)
	}
	b = append(b, "</Cors>"...)
	if p.DefaultServiceVersion != nil {
		b = appendOptional(b, "DefaultServiceVersion", *p.DefaultServiceVersion)
	}
	if d := p.DeleteRetention; d != nil {
		b = appendRetention(b, "DeleteRetentionPolicy", d.Enabled, d.Days)
	}
	if site := p.StaticWebsite; site != nil {
		b = append(b, "<StaticWebsite>"...)
		b = appendBool(b, "Enabled", site.Enabled)
		b = appendOptional(b, "IndexDocument", site.IndexDocument)
		b = appendOptional(b, "ErrorDocument404Path", site.ErrorDocument404Path)
		b = append(appendOptional(b, "DefaultIndexDocumentPath", site.DefaultIndexDocumentPath), "</StaticWebsite>"...)
	}
	return writeXML(w, r, append(b, "</StorageServiceProperties>"...))
}

func appendMetrics(b []byte, name string, m *blobstore.Metrics) []byte {
	if m == nil {
		return b
	}
	b = append(b, "<"+name+">"...)
	b = appendElement(b, "Version", m.Version)
	b = appendBool(b, "Enabled", m.Enabled)
	if m.Enabled {
		b = appendBool(b, "IncludeAPIs", m.IncludeAPIs)
	}
	b = appendRetention(b, "RetentionPolicy", m.Retention.Enabled, m.Retention.Days)
	return append(b, "</"+name+">"...)
}

func appendRetention(b []byte, name string, enabled bool, days int) []byte {
	b = append(b, "<"+name+">"...)
	b = appendBool(b, "Enabled", enabled)
	if enabled {
		b = appendElement(b, "Days", strconv.Itoa(days))
	}
	return append(b, "</"+name+">"...)
}

func appendBool(b []byte, name string, value bool) []byte {
	return appendElement(b, name, strconv.FormatBool(value))
}

func (s *Server) setServiceProperties(w http.ResponseWriter, r *request) error {
	var body serviceProperties
	if err := r.readXML(w, s.limits.XMLBytes, &body); err != nil {
		return err
	}
	p, err := body.properties(&s.limits)
	if err != nil {
		return err
	}
	if err := s.store.SetServiceProperties(r.Context(), r.account, p); err != nil {
		return err
	}
	return created(w, http.StatusAccepted)
}

// splitList reads a comma-separated list, without blanks and empty parts.
func splitList(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}
