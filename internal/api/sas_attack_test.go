package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/photo"
	"github.com/valetkey/valetkey/sas"
)

// attempt is one request to the Blob endpoint, without a SAS.
type attempt struct {
	op            sas.Operation
	method, query string
	body          string
	headers       []string
}

// attempts are requests for every operation there is, on a blob, on a container or on the service.
func attempts(source string) map[sas.ResourceTypes][]attempt {
	const block = "x-ms-blob-type: BlockBlob"
	from := "x-ms-copy-source: " + source
	return map[sas.ResourceTypes][]attempt{
		sas.ObjectLevel: {
			{sas.GetBlob, "GET", "", "", nil},
			{sas.GetBlobProperties, "HEAD", "", "", nil},
			{sas.GetBlobProperties, "GET", "comp=metadata", "", nil},
			{sas.GetBlockList, "GET", "comp=blocklist&blocklisttype=all", "", nil},
			{sas.GetBlobTags, "GET", "comp=tags", "", nil},
			{sas.GetAccountInformation, "GET", "restype=account&comp=properties", "", nil},
			{sas.PutBlob, "PUT", "", "x", []string{block}},
			{sas.PutBlob, "PUT", "", "x", []string{block, "x-ms-tags: a=b"}},
			{sas.PutBlobFromURL, "PUT", "", "", []string{block, from}},
			{sas.CopyBlob, "PUT", "", "", []string{from}},
			{sas.CopyBlob, "PUT", "", "", []string{from, "x-ms-requires-sync: true"}},
			{sas.AbortCopy, "PUT", "comp=copy&copyid=1", "", []string{"x-ms-copy-action: abort"}},
			{sas.PutBlock, "PUT", "comp=block&blockid=MDAwMDA5", "x", nil},
			{sas.PutBlockFromURL, "PUT", "comp=block&blockid=MDAwMDA5", "", []string{from}},
			{sas.PutBlockList, "PUT", "comp=blocklist", "<BlockList/>", nil},
			{sas.SetBlobProperties, "PUT", "comp=properties", "", nil},
			{sas.SetBlobMetadata, "PUT", "comp=metadata", "", nil},
			{sas.SetBlobTags, "PUT", "comp=tags", "<Tags><TagSet/></Tags>", nil},
			{sas.SetBlobTier, "PUT", "comp=tier", "", []string{"x-ms-access-tier: Cool"}},
			{sas.SnapshotBlob, "PUT", "comp=snapshot", "", nil},
			{sas.LeaseBlob, "PUT", "comp=lease", "", []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: 15"}},
			{sas.BreakBlobLease, "PUT", "comp=lease", "", []string{"x-ms-lease-action: break", "x-ms-lease-break-period: 0"}},
			{sas.UndeleteBlob, "PUT", "comp=undelete", "", nil},
			{sas.SetImmutability, "PUT", "comp=immutabilityPolicies", "", nil},
			{sas.SetImmutability, "PUT", "comp=legalhold", "", []string{"x-ms-legal-hold: true"}},
			{sas.DeleteBlobVersion, "DELETE", "versionid=2026-01-01T00:00:00.0000000Z", "", nil},
			{sas.PermanentlyDeleteBlob, "DELETE", "deletetype=permanent", "", nil},
			{sas.DeleteBlob, "DELETE", "", "", nil},
		},
		sas.ContainerLevel: {
			{sas.CreateContainer, "PUT", "restype=container", "", nil},
			{sas.RestoreContainer, "PUT", "restype=container&comp=undelete", "", nil},
			{sas.GetContainerProperties, "GET", "restype=container", "", nil},
			{sas.GetContainerProperties, "GET", "restype=container&comp=metadata", "", nil},
			{sas.SetContainerMetadata, "PUT", "restype=container&comp=metadata", "", nil},
			{sas.GetContainerACL, "GET", "restype=container&comp=acl", "", nil},
			{sas.SetContainerACL, "PUT", "restype=container&comp=acl", "", []string{"x-ms-blob-public-access: container"}},
			{sas.LeaseContainer, "PUT", "restype=container&comp=lease", "", []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: 15"}},
			{sas.BreakContainerLease, "PUT", "restype=container&comp=lease", "", []string{"x-ms-lease-action: break"}},
			{sas.ListBlobs, "GET", "restype=container&comp=list", "", nil},
			{sas.FindBlobsInContainer, "GET", "restype=container&comp=blobs&where=a%3D%27b%27", "", nil},
			{sas.DeleteContainer, "DELETE", "restype=container", "", nil},
		},
		sas.ServiceLevel: {
			{sas.ListContainers, "GET", "comp=list", "", nil},
			{sas.GetServiceProperties, "GET", "restype=service&comp=properties", "", nil},
			{sas.SetServiceProperties, "PUT", "restype=service&comp=properties", "<StorageServiceProperties/>", nil},
			{sas.GetServiceStats, "GET", "restype=service&comp=stats", "", nil},
			{sas.GetUserDelegationKey, "POST", "restype=service&comp=userdelegationkey", "<KeyInfo/>", nil},
			{sas.FindBlobsByTags, "GET", "comp=blobs&where=a%3D%27b%27", "", nil},
			{sas.Batch, "POST", "comp=batch", "", nil},
		},
	}
}

// Batches are left out on purpose: each request in one has a SAS of its own, and blobserver tests that.
var notAttempted = []sas.Operation{sas.BatchInContainer}

func TestEveryOperationIsAttempted(t *testing.T) {
	var have []sas.Operation
	for _, list := range attempts("") {
		for _, a := range list {
			have = append(have, a.op)
		}
	}
	for _, op := range sas.Operations() {
		if !slices.Contains(have, op) && !slices.Contains(notAttempted, op) {
			t.Errorf("nobody tries %v", op)
		}
	}
}

// issued is a SAS that the API gave somebody, and all that it may open.
type issued struct {
	name      string
	query     string
	container string
	blob      string // empty for every blob of the container
	opens     []sas.Operation
}

// writes are the operations that the right to write opens. Azure has no narrower one for staging blocks.
var writes = []sas.Operation{
	sas.PutBlob, sas.PutBlobFromURL, sas.CopyBlob, sas.AbortCopy, sas.PutBlock, sas.PutBlockFromURL, sas.PutBlockList, sas.SetBlobProperties,
	sas.SetBlobMetadata, sas.SetBlobTier, sas.SnapshotBlob, sas.LeaseBlob, sas.BreakBlobLease, sas.UndeleteBlob,
}

var (
	creates = []sas.Operation{sas.PutBlob, sas.PutBlobFromURL, sas.CopyBlob, sas.SnapshotBlob}
	stages  = []sas.Operation{sas.PutBlock, sas.PutBlockFromURL}
	reads   = []sas.Operation{sas.GetBlob, sas.GetBlobProperties, sas.GetBlockList, sas.GetAccountInformation}
)

// issue collects one of every SAS that the API gives out.
func (h *harness) issue(t *testing.T, delegated bool) (all []issued, victim photoJSON) {
	v := h.visitor()
	victim = v.publish(jpegPhoto(t, 400, 300))
	u := v.begin(1000)
	var renewed upload
	v.call("GET", "/api/uploads/"+u.ID, nil).want(200).into(&renewed)
	var c struct{ SASKey, URL string }
	v.call("GET", "/api/credentials", nil).want(200).into(&c)
	var page struct{ Photos []photoJSON }
	v.call("GET", "/api/photos", nil).want(200).into(&page)
	take := func(name, signed string, opens []sas.Operation) {
		address, query, _ := strings.Cut(signed, "?")
		container, blob, _ := strings.Cut(strings.TrimPrefix(address, h.account.BlobURL()+"/"), "/")
		blob, err := url.PathUnescape(blob)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, issued{name, query, container, blob, opens})
		signature := query[strings.Index(query, "sig=")+4:]
		h.log.secret(signature[:12])
	}
	staging := writes
	if delegated {
		staging = stages
	}
	take("upload", u.URL, staging)
	take("renewed upload", renewed.URL, staging)
	take("credentials", c.URL+"/"+photo.LandingContainer+"?"+c.SASKey, creates)
	take("variant", victim.Variants[0].URL, reads)
	take("listed variant", page.Photos[0].Variants[0].URL, reads)
	take("original", victim.Original.URL, reads)
	return all, victim
}

// target is something in the account that a request can be about.
type target struct {
	level           sas.ResourceTypes
	container, blob string
}

func (s issued) covers(to target) bool {
	return to.level == sas.ObjectLevel && to.container == s.container && (s.blob == "" || to.blob == s.blob)
}

// send tries a request with a SAS's query.
func (h *harness) attempt(t *testing.T, to target, a attempt, query string) (refused bool, what string) {
	address := h.account.BlobURL() + "/"
	if to.container != "" {
		address += to.container
	}
	if to.blob != "" {
		address += "/" + (&url.URL{Path: to.blob}).EscapedPath()
	}
	request, err := http.NewRequestWithContext(t.Context(), a.method, address+"?"+a.query+"&"+query, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-ms-version", "2026-04-06")
	for _, header := range a.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := h.storage.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	readAll(t, response.Body) // so that the connection can be used again
	code := response.Header.Get("x-ms-error-code")
	refused = response.StatusCode == 403 && (strings.HasPrefix(code, "Auth") || code == "UnauthorizedBlobOverwrite") ||
		response.StatusCode == 401 && code == "NoAuthenticationInformation"
	return refused, response.Status + " " + code
}

func TestAnIssuedSASOpensWhatItIsForAndNothingElse(t *testing.T) {
	for _, delegated := range []bool{false, true} {
		t.Run(map[bool]string{false: "service SAS", true: "user delegation SAS"}[delegated], func(t *testing.T) {
			h := start(t, &settings{delegated: delegated})
			all, victim := h.issue(t, delegated)
			tries := attempts(victim.Variants[0].URL)
			_, before := h.read(t, victim.Variants[0].URL)
			for _, s := range all {
				for to, list := range h.targets(s, tries, victim) {
					for _, a := range list {
						mayDo := s.covers(to) && slices.Contains(s.opens, a.op) && !slices.Contains(a.headers, "x-ms-tags: a=b")
						refused, what := h.attempt(t, to, a, s.query)
						if refused == mayDo {
							t.Errorf("%s: %v (%s) on %s/%s: %s", s.name, a.op, a.query, to.container, to.blob, what)
						}
					}
				}
			}
			if _, after := h.read(t, victim.Variants[0].URL); after != before {
				t.Error("somebody's photo is another one")
			}
		})
	}
}

// targets are what each attempt is made on: what the SAS is for and what it is not for.
func (h *harness) targets(s issued, tries map[sas.ResourceTypes][]attempt, victim photoJSON) map[target][]attempt {
	own := s.blob
	if own == "" {
		own = "fresh"
	}
	variant := strings.TrimPrefix(strings.Split(victim.Variants[0].URL, "?")[0], h.account.BlobURL()+"/"+photo.PublishedContainer+"/")
	owner, _, _ := strings.Cut(variant, "/")
	out := map[target][]attempt{{level: sas.ServiceLevel}: tries[sas.ServiceLevel]}
	for _, container := range []string{photo.LandingContainer, photo.PublishedContainer, photo.IndexContainer, "another"} {
		out[target{sas.ContainerLevel, container, ""}] = tries[sas.ContainerLevel]
		for _, blob := range []string{own, own + "x", own + "/x", strings.TrimSuffix(own, own[len(own)-1:]), variant,
			"owners/" + owner + "/" + victim.ID, "secrets/guests"} {
			out[target{sas.ObjectLevel, container, blob}] = tries[sas.ObjectLevel]
		}
	}
	if s.blob == "" { // what c opens is a blob that is not there: each write gets a name of its own
		delete(out, target{sas.ObjectLevel, s.container, own})
		for i, a := range tries[sas.ObjectLevel] {
			out[target{sas.ObjectLevel, s.container, "fresh" + string(rune('a'+i))}] = []attempt{a}
		}
		for _, taken := range []string{variant, own + "x", own + "/x", "fres", "owners/" + owner + "/" + victim.ID, "secrets/guests"} {
			delete(out, target{sas.ObjectLevel, s.container, taken})
		}
	}
	return out
}

func (h *harness) read(t *testing.T, signed string) (status int, body string) {
	response, err := h.storage.Get(signed)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, string(readAll(t, response.Body))
}

func TestAnIssuedSASThatIsAlteredOpensNothing(t *testing.T) {
	for _, delegated := range []bool{false, true} {
		t.Run(map[bool]string{false: "service SAS", true: "user delegation SAS"}[delegated], func(t *testing.T) {
			h := start(t, &settings{delegated: delegated})
			all, victim := h.issue(t, delegated)
			tries := attempts(victim.Variants[0].URL)[sas.ObjectLevel]
			for _, s := range all {
				at := slices.IndexFunc(tries, func(a attempt) bool { return a.op == s.opens[0] })
				own := target{sas.ObjectLevel, s.container, s.blob}
				if s.blob == "" {
					own.blob = "fresh"
				}
				for what, query := range altered(t, s.query) {
					if s.blob == "" && (strings.HasPrefix(what, "snapshot") || strings.HasPrefix(what, "versionid")) {
						continue // these choose among what a container SAS opens anyway
					}
					if refused, got := h.attempt(t, own, tries[at], query); !refused {
						t.Errorf("%s, %s: %s", s.name, what, got)
					}
				}
				if refused, got := h.attempt(t, own, tries[at], s.query); refused {
					t.Errorf("%s, as it was issued: %s", s.name, got)
				}
			}
			h.clock.Advance(2 * time.Hour)
			for _, s := range all {
				own := target{sas.ObjectLevel, s.container, s.blob}
				if s.blob == "" {
					own.blob = "late"
				}
				for _, a := range tries {
					if refused, got := h.attempt(t, own, a, s.query); !refused {
						t.Errorf("%s two hours later: %v: %s", s.name, a.op, got)
					}
				}
			}
		})
	}
}

// altered is a SAS with each parameter dropped, doubled and changed, and with others added.
func altered(t *testing.T, query string) map[string]string {
	t.Helper()
	parts := strings.Split(query, "&")
	out := map[string]string{}
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		without := slices.Delete(slices.Clone(parts), i, i+1)
		with := func(more ...string) string { return strings.Join(append(slices.Clone(without), more...), "&") }
		out["without "+name] = with()
		out["twice "+name] = with(part, part)
		out["twice "+name+" in another case"] = with(part, strings.ToUpper(name)+"="+value)
		out["another "+name+" besides"] = with(part, name+"=x")
		last := byte('A')
		if value[len(value)-1] == last {
			last = 'B'
		}
		out["changed "+name] = with(name + "=" + value[:len(value)-1] + string(last))
		out["empty "+name] = with(name + "=")
	}
	changes := map[string][]string{
		"sp": {"racwdxyltfi", "rwd", "w", "r", "cw"}, "se": {"2099-01-01T00:00:00Z", "2099-01-01"}, "st": {"2001-01-01T00:00:00Z"}, "sr": {"c", "b", "bs", "d"},
		"sv": {"2015-04-05", "2018-11-09", "2099-01-01"}, "spr": {"https,http"}, "sip": {"0.0.0.0-255.255.255.255"}, "si": {"policy"},
		"srq": {"comp", "restype"}, "srh": {"x-ms-version"}, "sdd": {"1"}, "ses": {"scope"}, "rscd": {"inline"}, "rsct": {"text/html"},
		"scid": {"00000000-0000-0000-0000-000000000000"}, "saoid": {"00000000-0000-0000-0000-000000000000"},
		"skoid": {"00000000-0000-0000-0000-000000000000"}, "ske": {"2099-01-01T00:00:00Z"}, "ss": {"b"}, "srt": {"sco"},
		"snapshot": {"2026-01-01T00:00:00.0000000Z"}, "versionid": {"2026-01-01T00:00:00.0000000Z"},
	}
	for name, values := range changes {
		kept := slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return strings.HasPrefix(p, name+"=") })
		for _, value := range values {
			if escaped := name + "=" + url.QueryEscape(value); !slices.Contains(parts, escaped) && !slices.Contains(parts, name+"="+value) {
				out[name+" is "+value] = strings.Join(append(slices.Clone(kept), escaped), "&")
			}
		}
	}
	return out
}

func TestEverySASInsistsOnHTTPSWhereTheStorageSpeaksIt(t *testing.T) {
	h := start(t, &settings{delegated: true})
	all, _ := h.issue(t, true)
	for _, s := range all {
		if !strings.Contains("&"+s.query, "&spr=https&") {
			t.Errorf("%s may be used over plain HTTP: it lacks spr=https", s.name)
		}
	}
}
