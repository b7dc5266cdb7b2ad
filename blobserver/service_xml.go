package blobserver

import (
	"encoding/xml"
	"slices"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// serviceProperties is the body of Set Blob Service Properties. An element that is absent leaves its setting alone.
type serviceProperties struct {
	XMLName               xml.Name      `xml:"StorageServiceProperties"`
	Logging               *loggingXML   `xml:"Logging"`
	HourMetrics           *metricsXML   `xml:"HourMetrics"`
	MinuteMetrics         *metricsXML   `xml:"MinuteMetrics"`
	CORS                  *corsXML      `xml:"Cors"`
	DefaultServiceVersion *string       `xml:"DefaultServiceVersion"`
	DeleteRetention       *retentionXML `xml:"DeleteRetentionPolicy"`
	StaticWebsite         *websiteXML   `xml:"StaticWebsite"`
}

type loggingXML struct {
	Version   string       `xml:"Version"`
	Delete    bool         `xml:"Delete"`
	Read      bool         `xml:"Read"`
	Write     bool         `xml:"Write"`
	Retention retentionXML `xml:"RetentionPolicy"`
}

type metricsXML struct {
	Version     string       `xml:"Version"`
	Enabled     bool         `xml:"Enabled"`
	IncludeAPIs bool         `xml:"IncludeAPIs"`
	Retention   retentionXML `xml:"RetentionPolicy"`
}

type retentionXML struct {
	Enabled              bool `xml:"Enabled"`
	Days                 int  `xml:"Days"`
	AllowPermanentDelete bool `xml:"AllowPermanentDelete"`
}

type websiteXML struct {
	Enabled                  bool   `xml:"Enabled"`
	IndexDocument            string `xml:"IndexDocument"`
	ErrorDocument404Path     string `xml:"ErrorDocument404Path"`
	DefaultIndexDocumentPath string `xml:"DefaultIndexDocumentPath"`
}

type corsXML struct {
	Rules []corsRuleXML `xml:"CorsRule"`
}

type corsRuleXML struct {
	AllowedOrigins  string  `xml:"AllowedOrigins"`
	AllowedMethods  string  `xml:"AllowedMethods"`
	AllowedHeaders  string  `xml:"AllowedHeaders"`
	ExposedHeaders  string  `xml:"ExposedHeaders"`
	MaxAgeInSeconds *string `xml:"MaxAgeInSeconds"`
}

// properties checks the body and puts it into the store's terms.
func (body *serviceProperties) properties(limits *Limits) (p blobstore.ServiceProperties, err error) {
	if body.CORS != nil {
		rules, err := body.CORS.rules(limits)
		if err != nil {
			return p, err
		}
		p.CORS = &rules
	}
	if v := body.DefaultServiceVersion; v != nil {
		if _, err := time.Parse(time.DateOnly, *v); err != nil && *v != "" {
			return p, invalidNode("DefaultServiceVersion", *v)
		}
		p.DefaultServiceVersion = v
	}
	if d := body.DeleteRetention; d != nil {
		if _, err := d.policy(); err != nil {
			return p, err
		}
		p.DeleteRetention = &blobstore.DeleteRetention{Enabled: d.Enabled, Days: d.Days, AllowPermanentDelete: d.AllowPermanentDelete}
	}
	if v := body.StaticWebsite; v != nil {
		site := blobstore.StaticWebsite(*v)
		p.StaticWebsite = &site
	}
	if v := body.Logging; v != nil {
		retention, err := v.Retention.policy()
		if err != nil {
			return p, err
		}
		p.Logging = &blobstore.Logging{Version: v.Version, Delete: v.Delete, Read: v.Read, Write: v.Write, Retention: retention}
	}
	if p.HourMetrics, err = body.HourMetrics.metrics(); err != nil {
		return p, err
	}
	p.MinuteMetrics, err = body.MinuteMetrics.metrics()
	return p, err
}

// policy checks the days: 1 to 365 when enabled.
func (r *retentionXML) policy() (blobstore.RetentionPolicy, error) {
	if r.Enabled && (r.Days < 1 || r.Days > 365) {
		return blobstore.RetentionPolicy{}, invalidNode("Days", strconv.Itoa(r.Days))
	}
	return blobstore.RetentionPolicy{Enabled: r.Enabled, Days: r.Days}, nil
}

func (m *metricsXML) metrics() (*blobstore.Metrics, error) {
	if m == nil {
		return nil, nil
	}
	retention, err := m.Retention.policy()
	if err != nil {
		return nil, err
	}
	return &blobstore.Metrics{Version: m.Version, Enabled: m.Enabled, IncludeAPIs: m.IncludeAPIs, Retention: retention}, nil
}

var corsMethods = []string{"DELETE", "GET", "HEAD", "MERGE", "PATCH", "POST", "OPTIONS", "PUT"}

// rules checks the CORS rules against the bounds of "CORS support for Azure Storage".
func (c *corsXML) rules(limits *Limits) ([]blobstore.CORSRule, error) {
	if len(c.Rules) > limits.CORSRules {
		return nil, bloberror.New(bloberror.InvalidXMLDocument, bloberror.WithMessage("An account has at most five CORS rules."))
	}
	rules := make([]blobstore.CORSRule, 0, len(c.Rules))
	for _, r := range c.Rules {
		rule := blobstore.CORSRule{
			AllowedOrigins: splitList(r.AllowedOrigins), AllowedMethods: splitList(r.AllowedMethods),
			AllowedHeaders: splitList(r.AllowedHeaders), ExposedHeaders: splitList(r.ExposedHeaders),
		}
		switch {
		case len(rule.AllowedOrigins) == 0 || len(rule.AllowedOrigins) > 64:
			return nil, invalidNode("AllowedOrigins", r.AllowedOrigins)
		case len(rule.AllowedMethods) == 0 || slices.ContainsFunc(rule.AllowedMethods, func(m string) bool { return !slices.Contains(corsMethods, m) }):
			return nil, invalidNode("AllowedMethods", r.AllowedMethods)
		case len(rule.AllowedHeaders) > 66:
			return nil, invalidNode("AllowedHeaders", r.AllowedHeaders)
		case len(rule.ExposedHeaders) > 66:
			return nil, invalidNode("ExposedHeaders", r.ExposedHeaders)
		}
		for _, origin := range rule.AllowedOrigins {
			if len(origin) > 256 {
				return nil, invalidNode("AllowedOrigins", origin)
			}
		}
		if r.MaxAgeInSeconds != nil {
			age, ok := seconds(*r.MaxAgeInSeconds)
			if !ok || age < 0 {
				return nil, invalidNode("MaxAgeInSeconds", *r.MaxAgeInSeconds)
			}
			rule.MaxAge = age
		}
		rules = append(rules, rule)
	}
	return rules, nil
}
