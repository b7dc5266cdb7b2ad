package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
	"github.com/valetkey/valetkey/sas"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

var (
	storageAnswers = regexp.MustCompile(`Blob service: (\S+)`)
	azuriteAnswers = regexp.MustCompile(`successfully listens on (\S+)`)
)

// endpoint is a Blob service under measurement.
type endpoint struct {
	*process
	base  string // the account's URL
	path  string // its path
	query string // an account SAS for everything
	dir   string
}

// storageSuite is what the storage's measurements share.
type storageSuite struct {
	*bench
	report  *report
	scratch string
	ours    *endpoint
	azurite *endpoint // nil where it isn't installed
	data    []byte    // 64 MiB that do not compress
}

// storage measures the embedded Blob service beside the bare handlers, nginx and Azurite.
func storage(ctx context.Context, b *bench) (*report, error) {
	scratch, err := os.MkdirTemp(b.scratch, "valetkey-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	s := &storageSuite{bench: b, scratch: scratch, data: noise(64 * mib), report: &report{title: "Storage", notes: []string{machine(),
		"Every write is durable: on disk before it is acknowledged. *Bare* is a `net/http` handler that writes the body to a",
		"file, with `fdatasync`, and *bare with MD5* hashes it with `crypto/md5` on the way. Azurite runs as `npm` installs it.",
		"",
		"What bounds the rows that fall short: beside Azurite, the disk and the copying of bytes, which the bare handler above shares;",
		"for one client that sends blocks, three flushes of the disk for each block where the bare handler has one for the whole; for",
		"a small Get Blob, the processor: some 70 us a request when last profiled, of which a bare `net/http` handler that sends",
		"the same bytes needs 37, and the rest goes to the signature, the look-up and the headers."}}}
	if s.ours, err = s.startStorage(ctx, "ours"); err != nil {
		return nil, err
	}
	defer func() { s.ours.stop() }()
	if s.azurite, err = s.startAzurite(ctx); err != nil {
		return nil, err
	}
	s.report.notes = append(s.report.notes, peerVersions(b.root))
	if s.azurite != nil {
		defer s.azurite.stop()
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"blocks", s.stageAndCommit}, {"photos", s.photos}, {"puts", s.putBlobs}, {"gets", s.gets}, {"lists", s.lists},
		{"mixed", s.putsBesideLists}, {"memory", s.memory}, {"overwrites", s.overwrites}, {"start", s.coldStart},
	} {
		if b.only != nil && !b.only.MatchString(part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return s.report, nil
}

func (s *storageSuite) startStorage(ctx context.Context, folder string) (*endpoint, error) {
	dir := filepath.Join(s.scratch, folder)
	p, err := launch(ctx, "valetkey storage", storageAnswers, append(clean, "VALETKEY_ACCOUNTS=", "AZURITE_ACCOUNTS="),
		filepath.Join(s.root, "bin/valetkey"), "storage", "--listen", "127.0.0.1:0", "--data", dir, "--dev-account")
	if err != nil {
		return nil, err
	}
	return newEndpoint(p, p.url, dir)
}

func (s *storageSuite) startAzurite(ctx context.Context) (*endpoint, error) {
	script := filepath.Join(s.root, "node_modules/azurite/dist/src/blob/main.js")
	if _, err := os.Stat(script); err != nil {
		s.report.notes = append(s.report.notes, "Azurite is not installed here: npm ci.")
		return nil, nil
	}
	dir := filepath.Join(s.scratch, "azurite")
	p, err := launch(ctx, "azurite", azuriteAnswers, nil, "node", script, "--blobPort", "0", "--location", dir,
		"--skipApiVersionCheck", "--disableTelemetry", "--silent")
	if err != nil {
		return nil, err
	}
	return newEndpoint(p, strings.TrimSuffix(p.url, "/")+"/"+azure.DevAccount, dir)
}

// newEndpoint signs an account SAS for a service that has the development account, and makes a container.
func newEndpoint(p *process, base, dir string) (*endpoint, error) {
	key, err := sas.ParseKey(azure.DevKey)
	if err != nil {
		return nil, err
	}
	permissions, err := sas.ParseAccountPermissions("rwdlac")
	if err != nil {
		return nil, err
	}
	values := sas.Account{Account: azure.DevAccount, Services: sas.Blob, Permissions: permissions,
		ResourceTypes: sas.ServiceLevel | sas.ContainerLevel | sas.ObjectLevel, Expiry: sas.TimeOf(time.Now().Add(24 * time.Hour))}
	query, err := values.Sign(key)
	if err != nil {
		return nil, err
	}
	e := &endpoint{process: p, base: base, path: "/" + azure.DevAccount, query: query, dir: dir}
	return e, e.createContainer("bench")
}

func (e *endpoint) createContainer(name string) error {
	request, err := http.NewRequest(http.MethodPut, e.base+"/"+name+"?restype=container&"+e.query, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated && response.StatusCode != http.StatusConflict {
		return fmt.Errorf("%s: creating a container: %s", e.name, response.Status)
	}
	return nil
}

const (
	versionHeader = "x-ms-version: 2023-11-03\r\n"
	putBlobHeader = versionHeader + "x-ms-blob-type: BlockBlob\r\n"
)

// put makes the request that writes body as a blob.
func (e *endpoint) put(name string, body []byte) exchange {
	return exchange{head("PUT", e.base, e.path+"/bench/"+name+"?"+e.query, putBlobHeader, len(body)), body}
}

// putPart makes the request that writes body as a block or a block list, without x-ms-blob-type: Azurite takes whatever
// has it for a Put Blob.
func (e *endpoint) putPart(name, parameters string, body []byte) exchange {
	return exchange{head("PUT", e.base, e.path+"/bench/"+name+"?"+parameters+"&"+e.query, versionHeader, len(body)), body}
}

func (e *endpoint) get(name, header string) exchange {
	return exchange{head: head("GET", e.base, e.path+"/bench/"+name+"?"+e.query, versionHeader+header, 0)}
}

// putBlobs of a size, over and over the same few names, as many to a connection as keep the disk from filling.
func (e *endpoint) blobs(body []byte) load {
	return func(c, n int) exchange { return e.put(fmt.Sprintf("put/%d/%d", c, n%8), body) }
}

// staged is one upload after the other in blocks: each block, then the block list.
func (e *endpoint) staged(blocks int, block []byte) load {
	ids := make([]string, blocks)
	list := `<?xml version="1.0" encoding="utf-8"?><BlockList>`
	for i := range ids {
		ids[i] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%06d", i)) // of letters and digits only
		list += "<Latest>" + ids[i] + "</Latest>"
	}
	list += "</BlockList>"
	return func(c, n int) exchange {
		name := fmt.Sprintf("staged/%d/%d", c, n/(blocks+1)%4)
		if i := n % (blocks + 1); i < blocks {
			return e.putPart(name, "comp=block&blockid="+ids[i], block)
		}
		return e.putPart(name, "comp=blocklist", []byte(list))
	}
}

// bareEndpoint starts a bare handler over a folder of its own.
func (s *storageSuite) bareEndpoint(ctx context.Context, mode string) (*process, error) {
	dir := filepath.Join(s.scratch, "bare-"+mode)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return launch(ctx, "bare "+mode, peerAnswers, nil, self, bareCommand, "store", dir, mode)
}

// contender is a server with the load that is its own.
type contender struct {
	server *process
	load   load
}

// inTurns drives each contender with its load, one after the other and again, and returns each one's median of MB/s.
func (s *storageSuite) inTurns(ctx context.Context, connections int, contenders ...contender) ([]float64, error) {
	rates := make([][]float64, len(contenders))
	for turn := range s.times + 1 {
		for i, c := range contenders {
			got, err := drive(ctx, c.server.url, connections, s.round, 0, c.load)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.server.name, err)
			}
			if turn > 0 { // the first warms up
				rates[i] = append(rates[i], got.megabytes())
			}
		}
	}
	medians := make([]float64, len(contenders))
	for i := range contenders {
		medians[i] = median(rates[i])
	}
	return medians, nil
}

// beside measures ours beside a bare handler, and beside Azurite if that is there, and reports both.
func (s *storageSuite) beside(ctx context.Context, work string, connections int, bare *process, ours, bareLoad, azurite load, bounds [2]float64) error {
	contenders := []contender{{s.ours.process, ours}, {bare, bareLoad}}
	if s.azurite != nil {
		contenders = append(contenders, contender{s.azurite.process, azurite})
	}
	got, err := s.inTurns(ctx, connections, contenders...)
	if err != nil {
		return err
	}
	work = fmt.Sprintf("%s, %d clients", work, connections)
	for i, c := range contenders[1:] {
		s.add(atLeast(work, mbps(got[0]), c.server.name+" "+mbps(got[i+1]), got[0]/got[i+1], bounds[i]))
	}
	return nil
}

func (s *storageSuite) add(r row) {
	fmt.Printf("%s: %s, %s, %s (%s)\n", r.work, r.ours, r.peer, ratioText(r.ratio), r.reach)
	s.report.rows = append(s.report.rows, r)
}

func mbps(v float64) string { return fmt.Sprintf("%.0f MB/s", v) }

// noise is n bytes that no file system can shrink.
func noise(n int) []byte {
	data := make([]byte, n)
	state := uint64(88172645463325252)
	for i := 0; i+8 <= n; i += 8 {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		for j := range 8 {
			data[i+j] = byte(state >> (8 * j))
		}
	}
	return data
}

// peerVersions names what is measured beside.
func peerVersions(root string) string {
	var azurite struct{ Version string }
	if text, err := os.ReadFile(filepath.Join(root, "node_modules/azurite/package.json")); err == nil {
		_ = json.Unmarshal(text, &azurite) // no version is none
	}
	nginx, _ := exec.Command("nginx", "-v").CombinedOutput() // likewise
	return fmt.Sprintf("Peers: azurite %s, %s.", azurite.Version, strings.TrimPrefix(strings.TrimSpace(string(nginx)), "nginx version: "))
}
