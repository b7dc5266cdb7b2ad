package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/sas"
)

var sasTestKey = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0123456789abcdef", 4)))

// runSAS runs "valetkey sas" with nothing in the environment.
func runSAS(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	t.Setenv(connectionStringEnv, "")
	var out, errs bytes.Buffer
	status = run(context.Background(), append([]string{"sas"}, args...), streams{strings.NewReader(stdin), &out, &errs})
	return status, out.String(), errs.String()
}

func TestSASNewMakesWhatVerifyTakes(t *testing.T) {
	connection := "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=" + sasTestKey + ";BlobEndpoint=http://127.0.0.1:10000/acct;"
	for name, tt := range map[string]struct {
		args []string
		op   string
		want []string // in the URL
		warn []string // codes
	}{
		"blob":                 {[]string{"--account", "acct", "--container", "images", "--blob", "a b/c+d.jpg", "--op", "Put Block"}, "Put Block", []string{"https://acct.blob.core.windows.net/images/a%20b/c+d.jpg?", "sp=w&", "spr=https&"}, nil},
		"container by URL":     {[]string{"--url", "https://acct.blob.core.windows.net/images", "--permissions", "rl", "--ip", "10.0.0.1-10.0.0.9"}, "", []string{"sr=c&", "sip=10.0.0.1-10.0.0.9&"}, nil},
		"path-style by URL":    {[]string{"--connection-string", connection, "--url", "http://127.0.0.1:10000/acct/images/x", "--protocol", "any"}, "Get Blob", []string{"http://127.0.0.1:10000/acct/images/x?", "sp=r&"}, []string{"no-https"}},
		"account by operation": {[]string{"--account", "acct", "--kind", "account", "--op", "List Containers"}, "List Containers", []string{"ss=b&srt=s&", "sp=l&"}, nil},
		"the narrower right":   {[]string{"--account", "acct", "--kind", "account", "--op", "Create Container"}, "Create Container", []string{"srt=c&", "sp=c&"}, nil},
		"account":              {[]string{"--account", "acct", "--kind", "account", "--resource-types", "s", "--permissions", "l"}, "", []string{"ss=b&srt=s&"}, nil},
		"account for a blob, for a month, with too much": {[]string{"--account", "acct", "--kind", "account", "--container", "images", "--blob", "x", "--permissions", "rwdl", "--op", "Get Blob", "--expires-in", "720h"}, "Get Blob", nil, []string{"account-sas", "excess-rights", "long-life"}},
		"snapshot":                     {[]string{"--account", "acct", "--container", "images", "--blob", "x", "--snapshot", "2026-01-02T03:04:05.1234567Z"}, "Get Blob", []string{"snapshot=2026", "sr=bs&"}, nil},
		"directory":                    {[]string{"--account", "acct", "--container", "images", "--directory", "a/b"}, "", []string{"/a/b?", "sdd=2&", "sr=d&"}, nil},
		"from a day on":                {[]string{"--account", "acct", "--container", "images", "--start", "2099-01-01T00:00:00Z"}, "", []string{"st=2099-01-01T00%3A00%3A00Z&", "se=2099-01-01T01%3A00%3A00Z&"}, []string{"not-yet-valid"}},
		"container for its blobs":      {[]string{"--account", "acct", "--container", "images", "--op", "Put Block"}, "", []string{"sr=c&", "sp=w&"}, nil},
		"account for a blob operation": {[]string{"--account", "acct", "--kind", "account", "--op", "Get Blob"}, "", []string{"srt=o&", "sp=r&"}, []string{"account-sas"}},
		"account with too much":        {[]string{"--account", "acct", "--kind", "account", "--op", "List Containers", "--services", "bfqt", "--resource-types", "sco"}, "List Containers", []string{"ss=bfqt&srt=sco&"}, []string{"excess-rights", "excess-rights"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("VALETKEY_ACCOUNT_KEY", sasTestKey)
			status, made, warnings := runSAS(t, "", append([]string{"new"}, tt.args...)...)
			if status != 0 {
				t.Fatal(warnings)
			}
			made = strings.TrimSpace(made)
			for _, want := range tt.want {
				if !strings.Contains(made, want) {
					t.Errorf("%s lacks %s", made, want)
				}
			}
			if strings.Count(warnings, "[") != len(tt.warn) {
				t.Errorf("warnings: %s", warnings)
			}
			for _, code := range tt.warn {
				if !strings.Contains(warnings, "["+code+"]") {
					t.Errorf("no warning %s in: %s", code, warnings)
				}
			}
			if name == "the narrower right" { // its URL is the account's, and a container is created at its own
				made = strings.Replace(made, "/?", "/fresh?", 1)
			}
			if name == "directory" {
				made = strings.Replace(made, "/a/b?", "/a/b/c?", 1)
			}
			args := []string{"verify", made, "--account", "acct"}
			if tt.op != "" {
				args = append(args, "--op", tt.op)
			}
			if strings.Contains(made, "sip=") {
				args = append(args, "--ip", "10.0.0.5")
			}
			if name == "from a day on" {
				args = append(args, "--at", "2099-01-01T00:30:00Z")
			}
			if status, _, stderr := runSAS(t, "", args...); status != 0 {
				t.Errorf("verify: %s", stderr)
			}
		})
	}
}

func TestSASNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ args, want string }{
		"nothing said":        {"--account acct", "what the SAS is for"},
		"no key":              {"--account acct --container c", "no key of account"},
		"unknown permission":  {"--account acct --account-key a2V5 --container c --permissions rz", "unknown letter"},
		"list on a blob":      {"--account acct --account-key a2V5 --container c --blob b --permissions rl", "means nothing on a blob"},
		"key cut off":         {"--account acct --account-key a2V --container c", "base64"},
		"ended before today":  {"--account acct --account-key a2V5 --container c --start 2026-01-02T00:00:00Z --expires-at 2026-01-01", "ends before it starts"},
		"policy with entra":   {"--account acct --kind user-delegation --container c --policy p", "only --kind=service"},
		"query with a key":    {"--account acct --account-key a2V5 --container c --blob b --signed-query comp=block", "--signed-query: no SAS of --kind=service can say that"},
		"user with a key":     {"--account acct --account-key a2V5 --container c --delegated-user 11111111-2222-3333-4444-555555555555", "only --kind=user-delegation"},
		"policy of account":   {"--account acct --account-key a2V5 --kind account --policy p", "only --kind=service"},
		"header of account":   {"--account acct --account-key a2V5 --kind account --content-type text/html", "only --kind=service or user-delegation"},
		"levels of a blob":    {"--account acct --account-key a2V5 --container c --resource-types o", "only --kind=account"},
		"services of a blob":  {"--account acct --account-key a2V5 --container c --services bq", "only --kind=account"},
		"too long with entra": {"--account acct --kind user-delegation --container c --expires-in 200h", "seven days"},
		"url and container":   {"--url https://acct.blob.core.windows.net/c --container c", "--url says it all"},
		"bad address":         {"--account acct --account-key a2V5 --container c --ip ::1", "IPv4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("VALETKEY_ACCOUNT_KEY", "")
			status, _, stderr := runSAS(t, "", append([]string{"new"}, strings.Fields(tt.args)...)...)
			if status == 0 || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d: %s", status, stderr)
			}
		})
	}
}

// TestSASExplainSaysWhatVectorsExpect runs the command over the shared vectors: its verdicts are the package's.
func TestSASExplainSaysWhatVectorsExpect(t *testing.T) {
	files, err := filepath.Glob("../../testdata/sas/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	flags := map[string]string{"now": "at", "account": "account", "container": "container", "blob": "blob", "account-key": "account-key",
		"delegation-key": "delegation-key", "policy": "policy", "method": "method", "op": "op", "ip": "ip", "header": "header"}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, text, _ := strings.Cut(string(content), "\n\n")
			headers := map[string]string{}
			var args []string
			for line := range strings.SplitSeq(head, "\n") {
				name, value, _ := strings.Cut(line, ": ")
				headers[name] = value
				if flag := flags[name]; flag != "" {
					args = append(args, "--"+flag+"="+value)
				}
			}
			status, stdout, stderr := runSAS(t, text, append([]string{"explain", "-", "--json"}, args...)...)
			if status != 0 {
				t.Fatal(stderr)
			}
			var got sas.Explanation
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatal(err)
			}
			if string(got.Verdict) != headers["verdict"] || string(got.Signature) != headers["signature"] {
				t.Errorf("verdict %s, signature %s", got.Verdict, got.Signature)
			}
			for _, code := range strings.Split(headers["expect"], ", ") {
				if code != "none" && !got.Has(sas.Code(code)) {
					t.Errorf("%s not found", code)
				}
			}
			status, _, _ = runSAS(t, text, append([]string{"verify", "-", "--quiet"}, args...)...)
			if headers["verdict"] == "works" && status != 0 || headers["verdict"] != "works" && status != 1 {
				t.Errorf("verify exits with %d for verdict %s", status, headers["verdict"])
			}
			_, words, _ := runSAS(t, text, append([]string{"explain", "-"}, args...)...)
			for _, said := range []string{stdout, words} {
				if strings.Contains(said, sasTestKey) || wholeSignature(text) != "" && strings.Contains(said, wholeSignature(text)) {
					t.Errorf("says a secret: %s", said)
				}
			}
		})
	}
}

func wholeSignature(text string) string {
	_, sig, _ := strings.Cut(text, "sig=")
	sig, _, _ = strings.Cut(sig, "&")
	if len(sig) < 20 {
		return ""
	}
	return sig[:20]
}

func TestSASExplainLeavesAnotherAccountsConnectionStringAside(t *testing.T) {
	t.Setenv("VALETKEY_ACCOUNT_KEY", "")
	t.Setenv(connectionStringEnv, "AccountName=mine;AccountKey="+sasTestKey)
	text := "https://theirs.blob.core.windows.net/c/b?sv=2026-04-06&se=2026-05-05&sr=b&sp=r&spr=https&sig=" + strings.Repeat("A", 43) + "%3D"
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"sas", "explain", "--json", "--at=2026-05-04T12:00:00Z", text}, streams{strings.NewReader(""), &stdout, &stderr}); status != 0 {
		t.Fatal(&stderr)
	}
	if !strings.Contains(stdout.String(), `"verdict": "unverified"`) {
		t.Error(&stdout)
	}
}

func TestSASVerifyNeedsAKey(t *testing.T) {
	t.Setenv("VALETKEY_ACCOUNT_KEY", "")
	text := "https://acct.blob.core.windows.net/c/b?sv=2026-04-06&se=2999-05-05&sr=b&sp=r&spr=https&sig=" + strings.Repeat("A", 43) + "%3D"
	if status, _, stderr := runSAS(t, "", "verify", text); status != 1 || !strings.Contains(stderr, "not verified") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestSASNewAsks(t *testing.T) {
	var c sasNewCmd
	c.AccountKey = []string{sasTestKey}
	c.Kind, c.ResourceTypes, c.ExpiresIn, c.Protocol = "service", "o", time.Hour, "https"
	var questions bytes.Buffer
	answers := "\nacct\nimages\ncats/a.jpg\nPut Blob\ncw\n30m\n\n\n"
	if err := c.ask(streams{strings.NewReader(answers), io.Discard, &questions}); err != nil {
		t.Fatal(err)
	}
	if c.Account != "acct" || c.Container != "images" || c.Blob != "cats/a.jpg" || c.Op != "Put Blob" || c.Permissions != "cw" || c.ExpiresIn != 30*time.Minute || c.Protocol != "https" {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(questions.String(), "Container: ") {
		t.Error(&questions)
	}
	account := sasNewCmd{Kind: "service", ExpiresIn: time.Hour, Protocol: "https"}
	account.AccountKey = c.AccountKey
	questions.Reset()
	// What makes no sense is asked again.
	answers = "acount\naccount\nacct\nList Everything\nList Containers\nx\n\n\n30d\n30h\nhttp\n\n::1\n\n"
	if err := account.ask(streams{strings.NewReader(answers), io.Discard, &questions}); err != nil {
		t.Fatal(err, &questions)
	}
	if account.Op != "List Containers" || account.ResourceTypes != "" || account.ExpiresIn != 30*time.Hour || account.IP != "" {
		t.Errorf("%+v", account)
	}
	for _, want := range []string{`"acount" is none of service`, `"30d" is no length of time`, `"http" is none of https, any`} {
		if !strings.Contains(questions.String(), want) {
			t.Errorf("no %s in: %s", want, &questions)
		}
	}
	if err := (&sasNewCmd{Kind: "service"}).ask(streams{strings.NewReader(""), io.Discard, io.Discard}); err == nil {
		t.Error("no answers are taken for answers")
	}
	questions.Reset()
	if err := (&sasNewCmd{Kind: "service"}).ask(streams{strings.NewReader(answers), io.Discard, &questions}); err == nil || strings.Contains(questions.String(), "Container") {
		t.Errorf("without a key it goes on asking: %v, %s", err, &questions)
	}
}

// TestNoMessageSaysASecret mistypes command lines around a SAS and a key.
func TestNoMessageSaysASecret(t *testing.T) {
	sig := strings.Repeat("Abc", 14) + "A%3D"
	url := "https://acct.blob.core.windows.net/c/b?sv=2026-04-06&sig=" + sig + "&se=2026-05-05"
	connection := "AccountName=x;AccountKey=" + sasTestKey + ";BlobEndpoint=nowhere"
	for _, args := range [][]string{
		{"explain", url, url}, {"explain", url, sasTestKey}, {"explain", "--json=" + url}, {"explain", "x", "--at", url}, {"explain", "x", "--ip", url},
		{"explain", "x", "--op", url}, {"explain", "x", "--op", sasTestKey}, {"explain", "x", "--header", url}, {"explain", "x", "--policy", url},
		{"explain", "x", "--policy", "p " + url}, {"verify", url, "--method"}, {"verify", url, sasTestKey}, {"verify", "x", "--connection-string", connection},
		{"new", url}, {"new", "--url", url[len("https:"):]}, {"new", "--url", strings.ReplaceAll(url, "=", "%3D")}, {"new", "--kind", url}, {"new", "--kind", connection},
		{"new", "--container", "c", "--account", "acct", "--account-key", "a2V5", "--start", url}, {"new", "--container", "c", "--account", "acct", "--account-key", sasTestKey[1:]},
		{"new", "--expires-in", url}, {"new", "--container", "c", "--kind", "user-delegation", "--account", "acct", "--signed-query", url}, {url}, {sasTestKey},
	} {
		t.Setenv("VALETKEY_ACCOUNT_KEY", "")
		status, stdout, stderr := runSAS(t, "", args...)
		for _, secret := range []string{sig, strings.TrimSuffix(sig, "%3D"), sasTestKey, sasTestKey[1:]} {
			if said := strings.ToLower(stdout + stderr); strings.Contains(said, strings.ToLower(secret)) {
				t.Errorf("%.60q says a secret: %s", args, said)
			}
		}
		if status == 0 && args[0] != "explain" {
			t.Errorf("%.60q succeeds", args)
		}
	}
}

func TestAMistypedCommandLineIsNoVerdict(t *testing.T) {
	for _, flag := range []string{"--op=Nothing", "--at=today", "--ip=here", "--header=none", "--policy=p x=y", "--account-key=?", "--delegation-key=?", "--connection-string=x"} {
		if status, _, stderr := runSAS(t, "", "verify", "https://acct.blob.core.windows.net/c/b?sig=x", flag); status != 2 || stderr == "" {
			t.Errorf("%s: status %d, %s", flag, status, stderr)
		}
	}
}

func TestHelpIsCalmAndSaysWhereVariablesAre(t *testing.T) {
	for _, command := range []string{"new", "explain", "verify"} {
		_, help, _ := runSAS(t, "", command, "--help")
		if strings.Contains(help, "$VALETKEY_") || !strings.Contains(help, "VALETKEY_ACCOUNT_KEY") || !strings.Contains(help, "    valetkey sas "+command) {
			t.Error(help)
		}
	}
	var out bytes.Buffer
	if run(t.Context(), []string{"storage", "serve", "--help"}, streams{nil, &out, &out}); !strings.Contains(out.String(), "$VALETKEY_DATA") {
		t.Error(&out)
	}
}

type staticToken struct{}

func (staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "bearer-of-the-test", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestDelegationKeyIsFetched(t *testing.T) {
	start := time.Date(2026, 5, 4, 11, 45, 0, 0, time.UTC)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Query().Get("comp") != "userdelegationkey" || r.Header.Get("Authorization") != "Bearer bearer-of-the-test" ||
			!strings.Contains(string(body), "<Start>2026-05-04T11:45:00Z</Start><Expiry>2026-05-04T13:00:00Z</Expiry><DelegatedUserTid>t</DelegatedUserTid>") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(w, `<?xml version="1.0"?><UserDelegationKey><SignedOid>11111111-1111-1111-1111-111111111111</SignedOid>`+
			`<SignedTid>22222222-2222-2222-2222-222222222222</SignedTid><SignedStart>2026-05-04T11:45:00Z</SignedStart>`+
			`<SignedExpiry>2026-05-04T13:00:00Z</SignedExpiry><SignedService>b</SignedService><SignedVersion>2025-07-05</SignedVersion>`+
			`<Value>`+sasTestKey+`</Value></UserDelegationKey>`)
	}))
	defer server.Close()
	key, err := azure.DelegationKeyRequest{BlobURL: server.URL, Start: start, Expiry: start.Add(75 * time.Minute), Tenant: "t",
		Credential: staticToken{}, Client: policy.ClientOptions{Transport: server.Client()}}.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := sas.UserDelegation{Account: "acct", Container: "c", Blob: "b", Permissions: sas.Read, Expiry: key.Expiry}
	token, err := v.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	if q, err := url.ParseQuery(token); err != nil || q.Get("skoid") != "11111111-1111-1111-1111-111111111111" || q.Get("ske") != "2026-05-04T13:00:00Z" {
		t.Error(token, err)
	}
	if _, err := (azure.DelegationKeyRequest{BlobURL: server.URL, Credential: staticToken{}, Client: policy.ClientOptions{Transport: server.Client()}}).Send(t.Context()); err == nil || strings.Contains(err.Error(), "bearer-of") {
		t.Errorf("a refusal: %v", err)
	}
}
