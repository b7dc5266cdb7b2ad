package blobserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// preflight answers the OPTIONS request that a browser sends before a cross-origin one. See "Preflight Blob Request".
func (s *Server) preflight(w http.ResponseWriter, r *request) error {
	origin, method := r.Header.Get("Origin"), r.Header.Get("Access-Control-Request-Method")
	if origin == "" {
		return missingHeader("Origin")
	}
	if method == "" {
		return missingHeader("Access-Control-Request-Method")
	}
	properties, err := s.store.ServiceProperties(r.Context(), r.account)
	if err != nil {
		return err
	}
	asked := r.Header.Get("Access-Control-Request-Headers")
	for _, rule := range corsRules(properties) {
		if !originAllowed(rule, origin) || !slices.Contains(rule.AllowedMethods, method) || !headersAllowed(rule, asked) {
			continue
		}
		header := w.Header()
		setAllowedOrigin(header, rule, origin)
		header.Set("Access-Control-Allow-Methods", method)
		if asked != "" {
			header.Set("Access-Control-Allow-Headers", asked)
		}
		header.Set("Access-Control-Max-Age", strconv.Itoa(int(rule.MaxAge.Seconds())))
		header.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return bloberror.New(bloberror.CORSPreflightFailure)
}

// allowOrigin puts the CORS headers on the answer to an actual cross-origin request, which an error carries too, so
// that the page can read why. See "Cross-Origin Resource Sharing (CORS) support for Azure Storage".
func (s *Server) allowOrigin(w http.ResponseWriter, r *request) {
	origin := r.Header.Get("Origin")
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	// A read says what it depends on even without an Origin: a browser that has kept what an <img> asked for must not
	// give it to a fetch.
	if r.Method == http.MethodOptions || origin == "" && !read {
		return
	}
	if _, ok := s.accounts.Lookup(r.account); !ok {
		return
	}
	properties, err := s.store.ServiceProperties(r.Context(), r.account)
	if err != nil {
		return // the request itself will meet the same error, and report it
	}
	rules := corsRules(properties)
	for _, rule := range rules {
		if !originAllowed(rule, origin) || !slices.Contains(rule.AllowedMethods, r.Method) {
			continue
		}
		setAllowedOrigin(w.Header(), rule, origin)
		if aw, ok := w.(*answerWriter); ok {
			aw.expose = rule.ExposedHeaders
		}
		return
	}
	if len(rules) > 0 && read {
		w.Header().Add("Vary", "Origin")
	}
}

func corsRules(p blobstore.ServiceProperties) []blobstore.CORSRule {
	if p.CORS == nil {
		return nil
	}
	return *p.CORS
}

func setAllowedOrigin(header http.Header, rule blobstore.CORSRule, origin string) {
	if slices.Contains(rule.AllowedOrigins, "*") {
		header.Set("Access-Control-Allow-Origin", "*")
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Add("Vary", "Origin")
}

// originAllowed compares exactly, but for "*" and for a subdomain wildcard such as https://*.example.org.
func originAllowed(rule blobstore.CORSRule, origin string) bool {
	return slices.ContainsFunc(rule.AllowedOrigins, func(allowed string) bool {
		if allowed == "*" || allowed == origin {
			return true
		}
		before, after, ok := strings.Cut(allowed, "*.")
		return ok && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, "."+after) && len(origin) > len(before)+len(after)+1
	})
}

func headersAllowed(rule blobstore.CORSRule, asked string) bool {
	for name := range strings.SplitSeq(asked, ",") {
		if name = strings.TrimSpace(name); name != "" && !headerListed(rule.AllowedHeaders, name) {
			return false
		}
	}
	return true
}

// headerListed matches a header against a rule's names, of which one may be a prefix followed by an asterisk.
func headerListed(list []string, name string) bool {
	return slices.ContainsFunc(list, func(allowed string) bool {
		if prefix, ok := strings.CutSuffix(allowed, "*"); ok {
			return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
		}
		return strings.EqualFold(allowed, name)
	})
}

// exposeHeaders names the headers of this very answer that the rule lets a page read.
func (w *answerWriter) exposeHeaders() {
	if len(w.expose) == 0 {
		return
	}
	var names []string
	for name := range w.Header() {
		if !strings.HasPrefix(name, "Access-Control-") && name != "Vary" && headerListed(w.expose, name) {
			names = append(names, strings.ToLower(name))
		}
	}
	if headerListed(w.expose, "Content-Length") && !slices.Contains(names, "content-length") {
		names = append(names, "content-length")
	}
	slices.Sort(names)
	w.Header().Set("Access-Control-Expose-Headers", strings.Join(names, ","))
}
