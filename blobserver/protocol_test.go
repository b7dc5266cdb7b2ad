package blobserver_test

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/crc64nvme"

	"github.com/valetkey/valetkey/blobserver"
	"github.com/valetkey/valetkey/sas"
)

func mustPermissions(t *testing.T, letters string) sas.Permissions {
	t.Helper()
	p, err := sas.ParsePermissions(letters)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const blockBlob = "x-ms-blob-type: BlockBlob"

func TestEveryAnswerCarriesWhatAzureSends(t *testing.T) {
	s := newService(t)
	s.container("common")
	q := "?" + s.all("common")
	for _, a := range []answer{
		s.want(s.do("PUT", "/common/b"+q, "hello", blockBlob, "x-ms-client-request-id: mine"), 201, ""),
		s.want(s.do("GET", "/common/b"+q, "", "x-ms-client-request-id: mine"), 200, ""),
		s.want(s.do("GET", "/common/none"+q, "", "x-ms-client-request-id: mine"), 404, "BlobNotFound"),
		s.want(s.do("HEAD", "/common/none"+q, "", "x-ms-client-request-id: mine"), 404, "BlobNotFound"),
	} {
		for _, name := range []string{"x-ms-request-id", "x-ms-version", "Date", "X-Content-Type-Options"} {
			if a.Header.Get(name) == "" {
				t.Errorf("%s %d has no %s", a.Request.Method, a.StatusCode, name)
			}
		}
		if a.Header.Get("x-ms-client-request-id") != "mine" {
			t.Errorf("client request id %q", a.Header.Get("x-ms-client-request-id"))
		}
		if a.Request.Method == "HEAD" && a.body != "" {
			t.Errorf("HEAD has a body: %q", a.body)
		}
	}
}

func TestVersions(t *testing.T) {
	s := newService(t)
	s.container("versions")
	q := "?restype=container&" + s.all("versions")
	q = strings.Replace(q, "restype=container&", "restype=container&comp=list&", 1)
	for asked, served := range map[string]string{"2031-01-01": blobserver.NewestVersion, "2019-12-12": "2019-12-12", "": blobserver.NewestVersion} {
		r, _ := http.NewRequest("GET", s.URL+"/versions"+q, nil)
		if asked != "" {
			r.Header.Set("x-ms-version", asked)
		}
		if a := s.want(s.send(r), 200, ""); a.Header.Get("x-ms-version") != served {
			t.Errorf("asked for %q, served %q", asked, a.Header.Get("x-ms-version"))
		}
	}
	s.want(s.do("GET", "/versions"+q, "", "x-ms-version: new"), 400, "InvalidHeaderValue")
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	s := newService(t)
	s.container("errors")
	q := s.all("errors")
	s.want(s.do("PUT", "/errors/b?"+q, "x", blockBlob), 201, "")
	id := base64.URLEncoding.EncodeToString([]byte("0001"))
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"unknown comp", "GET", "/errors/b?comp=bogus&", "", nil, 400, "InvalidQueryParameterValue"},
		{"unknown restype", "GET", "/errors?restype=bogus&", "", nil, 400, "InvalidQueryParameterValue"},
		{"wrong verb", "DELETE", "/errors/b?comp=blocklist&", "", nil, 405, "UnsupportedHttpVerb"},
		{"verb unknown", "PATCH", "/errors/b?", "", nil, 405, "UnsupportedHttpVerb"},
		{"no blob type", "PUT", "/errors/b?", "x", nil, 400, "MissingRequiredHeader"},
		{"append blob", "PUT", "/errors/b?", "", []string{"x-ms-blob-type: AppendBlob"}, 400, "BlobTypeNotSupported"},
		{"page blob", "PUT", "/errors/b?", "", []string{"x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 512"}, 400, "BlobTypeNotSupported"},
		{"other blob", "PUT", "/errors/b?", "", []string{"x-ms-blob-type: Other"}, 400, "InvalidHeaderValue"},
		{"structured body", "GET", "/errors/b?", "", []string{"x-ms-structured-body: XSM/1.0; properties=crc64"}, 400, "UnsupportedHeader"},
		{"append block", "PUT", "/errors/b?comp=appendblock&", "x", nil, 409, "InvalidBlobType"},
		{"pages", "GET", "/errors/b?comp=pagelist&", "", nil, 409, "InvalidBlobType"},
		{"query", "POST", "/errors/b?comp=query&", "", nil, 501, "NotImplemented"},
		{"block without an id", "PUT", "/errors/b?comp=block&", "x", nil, 400, "MissingRequiredQueryParameter"},
		{"block id not base64", "PUT", "/errors/b?comp=block&blockid=%3F%3F&", "x", nil, 400, "InvalidQueryParameterValue"},
		{"block id too long", "PUT", "/errors/b?comp=block&blockid=" + strings.Repeat("YWFh", 22) + "&", "x", nil, 400, "InvalidBlockId"},
		{"empty block", "PUT", "/errors/b?comp=block&blockid=" + id + "&", "", nil, 400, "InvalidHeaderValue"},
		{"block list that is no XML", "PUT", "/errors/b?comp=blocklist&", "<BlockList>", nil, 400, "InvalidXmlDocument"},
		{"block list of blocks never staged", "PUT", "/errors/b?comp=blocklist&", "<BlockList><Latest>YWE=</Latest></BlockList>", nil, 400, "InvalidBlockList"},
		{"two documents", "PUT", "/errors/b?comp=blocklist&", "<BlockList></BlockList><BlockList></BlockList>", nil, 400, "InvalidXmlDocument"},
		{"wrong MD5", "PUT", "/errors/b?", "x", []string{blockBlob, "Content-MD5: " + base64.StdEncoding.EncodeToString(make([]byte, 16))}, 400, "Md5Mismatch"},
		{"broken MD5", "PUT", "/errors/b?", "x", []string{blockBlob, "Content-MD5: abc"}, 400, "InvalidMd5"},
		{"wrong CRC-64", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-content-crc64: AAAAAAAAAAA="}, 400, "Crc64Mismatch"},
		{"broken CRC-64", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-content-crc64: abc"}, 400, "InvalidHeaderValue"},
		{"metadata name", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-meta-1a: b"}, 400, "InvalidMetadata"},
		{"metadata without a name", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-meta-: b"}, 400, "EmptyMetadataKey"},
		{"metadata too large", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-meta-a: " + strings.Repeat("b", 8<<10)}, 400, "MetadataTooLarge"},
		{"unknown tier", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-access-tier: Lukewarm"}, 400, "InvalidHeaderValue"},
		{"no tier", "PUT", "/errors/b?comp=tier&", "", nil, 400, "MissingRequiredHeader"},
		{"tags broken", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-tags: a=%zz"}, 400, "InvalidTagsHeader"},
		{"customer key", "PUT", "/errors/b?", "x", []string{blockBlob, "x-ms-encryption-key: abc"}, 400, "UnsupportedHeader"},
		{"ETag broken", "GET", "/errors/b?", "", []string{`If-Match: "abc`}, 400, "InvalidHeaderValue"},
		{"date broken", "GET", "/errors/b?", "", []string{"If-Modified-Since: yesterday"}, 400, "InvalidHeaderValue"},
		{"lease id broken", "PUT", "/errors/b?comp=metadata&", "", []string{"x-ms-lease-id: 7"}, 400, "InvalidHeaderValue"},
		{"lease action missing", "PUT", "/errors/b?comp=lease&", "", nil, 400, "MissingRequiredHeader"},
		{"lease action unknown", "PUT", "/errors/b?comp=lease&", "", []string{"x-ms-lease-action: borrow"}, 400, "InvalidHeaderValue"},
		{"lease too short", "PUT", "/errors/b?comp=lease&", "", []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: 14"}, 400, "InvalidHeaderValue"},
		{"lease too long", "PUT", "/errors/b?comp=lease&", "", []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: 61"}, 400, "InvalidHeaderValue"},
		{"snapshot broken", "GET", "/errors/b?snapshot=now&", "", nil, 400, "InvalidQueryParameterValue"},
		{"maxresults 0", "GET", "/errors?restype=container&comp=list&maxresults=0&", "", nil, 400, "OutOfRangeQueryParameterValue"},
		{"maxresults no number", "GET", "/errors?restype=container&comp=list&maxresults=x&", "", nil, 400, "InvalidQueryParameterValue"},
		{"include unknown", "GET", "/errors?restype=container&comp=list&include=everything&", "", nil, 400, "InvalidQueryParameterValue"},
		{"snapshots by hierarchy", "GET", "/errors?restype=container&comp=list&include=snapshots&delimiter=/&", "", nil, 400, "InvalidQueryParameterValue"},
		{"where missing", "GET", "/errors?restype=container&comp=blobs&", "", nil, 400, "MissingRequiredQueryParameter"},
		{"where broken", "GET", "/errors?restype=container&comp=blobs&where=%27&", "", nil, 400, "InvalidQueryParameterValue"},
		{"copy source no URL", "PUT", "/errors/c?", "", []string{"x-ms-copy-source: nonsense"}, 400, "InvalidHeaderValue"},
		{"copy source elsewhere", "PUT", "/errors/c?", "", []string{"x-ms-copy-source: http://192.0.2.1/a/b/c"}, 403, "CannotVerifyCopySource"},
		{"batch without a boundary", "POST", "/errors?restype=container&comp=batch&", "x", nil, 400, "InvalidHeaderValue"},
		{"name too long", "PUT", "/errors/" + strings.Repeat("n", 1025) + "?", "x", []string{blockBlob}, 400, "InvalidResourceName"},
	} {
		t.Run(tt.name, func(t *testing.T) { s.want(s.do(tt.method, tt.path+q, tt.body, tt.headers...), tt.status, tt.code) })
	}
	if a := s.do("GET", "/errors/b?"+q, ""); a.body != "x" {
		t.Errorf("the blob was changed to %q", a.body)
	}
}

func TestRangesOfABlob(t *testing.T) {
	s := newService(t)
	s.container("ranges")
	q := "?" + s.all("ranges")
	data := "0123456789"
	s.want(s.do("PUT", "/ranges/b"+q, data, blockBlob), 201, "")
	s.want(s.do("PUT", "/ranges/empty"+q, "", blockBlob), 201, "")
	whole := md5.Sum([]byte(data))
	wholeMD5 := base64.StdEncoding.EncodeToString(whole[:])
	a := s.want(s.do("GET", "/ranges/b"+q, ""), 200, "")
	if a.body != data || a.Header.Get("Content-MD5") != wholeMD5 || a.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%q %v", a.body, a.Header)
	}
	a = s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=2-4"), 206, "")
	if a.body != "234" || a.Header.Get("Content-Range") != "bytes 2-4/10" || a.Header.Get("Content-MD5") != "" || a.Header.Get("x-ms-blob-content-md5") != wholeMD5 {
		t.Errorf("%q %v", a.body, a.Header)
	}
	if a = s.do("GET", "/ranges/b"+q, "", "Range: bytes=2-4", "x-ms-range: bytes=5-"); a.body != "56789" {
		t.Errorf("x-ms-range does not go before Range: %q", a.body)
	}
	if a = s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=-3"), 206, ""); a.body != "789" {
		t.Errorf("suffix: %q", a.body)
	}
	a = s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=10-"), 416, "InvalidRange")
	if a.Header.Get("Content-Range") != "bytes */10" {
		t.Errorf("Content-Range %q", a.Header.Get("Content-Range"))
	}
	s.want(s.do("GET", "/ranges/empty"+q, "", "Range: bytes=0-"), 416, "InvalidRange")
	s.want(s.do("GET", "/ranges/empty"+q, ""), 200, "")
	part := md5.Sum([]byte("234"))
	a = s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=2-4", "x-ms-range-get-content-md5: true"), 206, "")
	if a.body != "234" || a.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(part[:]) {
		t.Errorf("%q, MD5 %s", a.body, a.Header.Get("Content-MD5"))
	}
	a = s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=2-4", "x-ms-range-get-content-crc64: true"), 206, "")
	sum := crc64nvme.New()
	_, _ = sum.Write([]byte("234"))
	little := make([]byte, 8)
	for i, v := 0, sum.Sum64(); i < 8; i++ {
		little[i] = byte(v >> (8 * i))
	}
	if a.Header.Get("x-ms-content-crc64") != base64.StdEncoding.EncodeToString(little) {
		t.Errorf("CRC-64 %s", a.Header.Get("x-ms-content-crc64"))
	}
	s.want(s.do("GET", "/ranges/b"+q, "", "x-ms-range-get-content-md5: true"), 400, "InvalidHeaderValue")
	s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=0-1", "x-ms-range-get-content-md5: true", "x-ms-range-get-content-crc64: true"), 400, "InvalidHeaderValue")
}

func TestRangeChecksumsHaveALimit(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Limits.RangeChecksumBytes = 4 })
	s.container("ranges")
	q := "?" + s.all("ranges")
	s.want(s.do("PUT", "/ranges/b"+q, "0123456789", blockBlob), 201, "")
	s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=0-3", "x-ms-range-get-content-md5: true"), 206, "")
	s.want(s.do("GET", "/ranges/b"+q, "", "Range: bytes=0-4", "x-ms-range-get-content-md5: true"), 400, "OutOfRangeInput")
}

func TestBodiesHaveLimits(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) {
		o.Limits = blobserver.Limits{PutBlobBytes: 10, BlockBytes: 10, CommittedBlocks: 2, BlockListBytes: 200, XMLBytes: 100}
	})
	s.container("limits")
	q := "&" + s.all("limits")
	ten, eleven := strings.Repeat("x", 10), strings.Repeat("x", 11)
	s.want(s.do("PUT", "/limits/b?a=b"+q, ten, blockBlob), 201, "")
	s.want(s.do("PUT", "/limits/b?a=b"+q, eleven, blockBlob), 413, "RequestBodyTooLarge")
	s.want(s.do("PUT", "/limits/c?comp=block&blockid=YQ=="+q, ten), 201, "")
	s.want(s.do("PUT", "/limits/c?comp=block&blockid=YQ=="+q, eleven), 413, "RequestBodyTooLarge")
	latest := "<Latest>YQ==</Latest>"
	s.want(s.do("PUT", "/limits/c?comp=blocklist"+q, "<BlockList>"+latest+latest+"</BlockList>"), 201, "")
	s.want(s.do("PUT", "/limits/c?comp=blocklist"+q, "<BlockList>"+latest+latest+latest+"</BlockList>"), 400, "BlockListTooLong")
	s.want(s.do("PUT", "/limits/c?comp=blocklist"+q, "<BlockList>"+strings.Repeat(" ", 200)+"</BlockList>"), 413, "RequestBodyTooLarge")
	s.want(s.do("PUT", "/limits/c?comp=tags"+q, "<Tags>"+strings.Repeat(" ", 100)+"</Tags>"), 413, "RequestBodyTooLarge")
}

func TestHeadersAndMetadataComeBack(t *testing.T) {
	s := newService(t)
	s.container("props")
	q := s.all("props")
	a := s.want(s.do("PUT", "/props/b?"+q, "x", blockBlob, "Content-Type: text/plain", "x-ms-blob-content-type: image/jpeg", "x-ms-blob-content-disposition: inline",
		"Content-Language: de", "x-ms-meta-title: A B", "x-ms-access-tier: "), 201, "")
	sum := md5.Sum([]byte("x"))
	if a.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) || a.Header.Get("x-ms-content-crc64") == "" || a.Header.Get("ETag") == "" {
		t.Errorf("%v", a.Header)
	}
	for _, method := range []string{"GET", "HEAD"} {
		a := s.want(s.do(method, "/props/b?"+q, ""), 200, "")
		for name, want := range map[string]string{"Content-Type": "image/jpeg", "Content-Disposition": "inline", "Content-Language": "de", "x-ms-meta-title": "A B",
			"x-ms-blob-type": "BlockBlob", "x-ms-lease-state": "available", "x-ms-lease-status": "unlocked", "Content-Length": "1"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
	}
	s.want(s.do("PUT", "/props/b?comp=properties&"+q, "", "x-ms-blob-content-type: image/webp"), 200, "")
	if a := s.do("HEAD", "/props/b?"+q, ""); a.Header.Get("Content-Type") != "image/webp" || a.Header.Get("Content-Disposition") != "" || a.Header.Get("x-ms-meta-title") != "A B" {
		t.Errorf("after Set Blob Properties: %v", a.Header)
	}
	s.want(s.do("PUT", "/props/b?comp=metadata&"+q, "", "x-ms-meta-other: 1"), 200, "")
	if a := s.do("HEAD", "/props/b?comp=metadata&"+q, ""); a.Header.Get("x-ms-meta-title") != "" || a.Header.Get("x-ms-meta-other") != "1" {
		t.Errorf("after Set Blob Metadata: %v", a.Header)
	}
}

func TestNotModifiedNamesTheETag(t *testing.T) {
	s := newService(t)
	s.container("cache")
	q := "?" + s.all("cache")
	etag := s.want(s.do("PUT", "/cache/b"+q, "x", blockBlob), 201, "").Header.Get("ETag")
	for _, method := range []string{"GET", "HEAD"} {
		if a := s.want(s.do(method, "/cache/b"+q, "", "If-None-Match: "+etag), 304, "ConditionNotMet"); a.Header.Get("ETag") != etag || a.body != "" {
			t.Errorf("%s: ETag %q, body %q", method, a.Header.Get("ETag"), a.body)
		}
	}
	s.want(s.do("PUT", "/cache/b"+q, "y", blockBlob, "If-None-Match: *"), 409, "BlobAlreadyExists")
	s.want(s.do("PUT", "/cache/b"+q, "y", blockBlob, `If-Match: "0x0"`), 412, "ConditionNotMet")
}

func TestHostStyleURLs(t *testing.T) {
	s := newService(t)
	s.container("hosts")
	q := s.all("hosts")
	put := func(method, path, body string) answer {
		r, _ := http.NewRequest(method, s.http.URL+path, strings.NewReader(body))
		r.Host = account + ".blob.localhost"
		r.Header.Set("x-ms-blob-type", "BlockBlob")
		return s.send(r)
	}
	s.want(put("PUT", "/hosts/a%2F..%2Fb?"+q, "x"), 201, "")
	a := s.want(put("GET", "/hosts?restype=container&comp=list&"+q, ""), 200, "")
	if !strings.Contains(a.body, "<Name>a/../b</Name>") || !strings.Contains(a.body, `ServiceEndpoint="http://`+account+`.blob.localhost/"`) {
		t.Error(a.body)
	}
	if a := s.want(s.do("GET", "/hosts/a/..%2Fb?"+q, ""), 200, ""); a.body != "x" {
		t.Errorf("%q", a.body)
	}
}

func TestTheRootContainer(t *testing.T) {
	s := newService(t)
	s.container("$root")
	q := s.all("$root")
	s.want(s.do("PUT", "/file.txt?"+q, "x", blockBlob), 201, "")
	if a := s.want(s.do("GET", "/$root/file.txt?"+q, ""), 200, ""); a.body != "x" {
		t.Errorf("%q", a.body)
	}
}

func TestSlowClientsAreCutOff(t *testing.T) {
	s := newService(t, func(o *blobserver.Options) { o.Limits.ReadStall = 500 * time.Millisecond })
	s.container("slow")
	r, _ := http.NewRequest("PUT", s.URL+"/slow/b?"+s.all("slow"), &stuck{done: t.Context().Done()})
	r.ContentLength = 100
	r.Header.Set("x-ms-blob-type", "BlockBlob")
	resp, err := s.http.Client().Do(r)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	s.want(s.do("GET", "/slow/b?"+s.all("slow"), ""), 404, "BlobNotFound")
}

// stuck is a body that sends one byte and then nothing more until the test ends.
type stuck struct {
	sent bool
	done <-chan struct{}
}

func (b *stuck) Read(p []byte) (int, error) {
	if !b.sent {
		b.sent = true
		return copy(p, "x"), nil
	}
	<-b.done
	return 0, http.ErrBodyReadAfterClose
}

func TestTheAccessLogHidesSignatures(t *testing.T) {
	s := newService(t)
	s.container("logs")
	token := s.sas("logs", "b", mustPermissions(t, "rw"))
	_, signature, _ := strings.Cut(token, "sig=")
	signature, _, _ = strings.Cut(signature, "&")
	s.want(s.do("PUT", "/logs/b?"+token, "x", blockBlob), 201, "")
	s.want(s.do("DELETE", "/logs/b?"+token, ""), 403, "AuthorizationPermissionMismatch")
	s.want(s.do("GET", "/logs/other?"+token, ""), 403, "AuthenticationFailed")
	log := s.log.String()
	if signature == "" || strings.Contains(log, signature) || strings.Contains(log, firstKey) {
		t.Errorf("the log tells a secret: %s", log)
	}
	for _, want := range []string{"operation=PutBlob", "sig=REDACTED", "auth=SAS", "code=AuthorizationPermissionMismatch", "status=403"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s: %s", want, log)
		}
	}
}

func TestBatchAnswersAreSpelledAsAzureSpellsThem(t *testing.T) {
	s := newService(t)
	s.container("parts")
	token := s.all("parts")
	part := "--b\r\nContent-Type: application/http\r\nContent-ID: 7\r\n\r\nDELETE /" + account + "/parts/none?" + token + " HTTP/1.1\r\n\r\n\r\n--b--\r\n"
	a := s.want(s.do("POST", "/parts?restype=container&comp=batch&"+token, part, "Content-Type: multipart/mixed; boundary=b"), 202, "")
	for _, want := range []string{"\r\nContent-ID: 7\r\n", "\r\nHTTP/1.1 404 Not Found\r\n", "\r\nx-ms-error-code: BlobNotFound\r\n"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %q in\n%s", want, a.body)
		}
	}
	read := strings.Replace(part, "DELETE", "GET", 1)
	if a := s.want(s.do("POST", "/parts?restype=container&comp=batch&"+token, read, "Content-Type: multipart/mixed; boundary=b"), 202, ""); !strings.Contains(a.body, "HTTP/1.1 400") {
		t.Errorf("a read in a batch: %s", a.body)
	}
	unsigned := strings.Replace(part, "?"+token, "", 1)
	if a := s.want(s.do("POST", "/parts?restype=container&comp=batch&"+token, unsigned, "Content-Type: multipart/mixed; boundary=b"), 202, ""); !strings.Contains(a.body, "HTTP/1.1 401") {
		t.Errorf("a part without credentials: %s", a.body)
	}
}
