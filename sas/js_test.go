package sas

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestSignaturesOfTheJavaScriptSDK lets the SDK sign random values and finds each signature right, which it is only if
// both make the same string-to-sign. A changed SAS is found wrong.
func TestSignaturesOfTheJavaScriptSDK(t *testing.T) {
	if _, err := os.Stat("../node_modules/@azure/storage-blob"); err != nil {
		t.Skip("needs the JavaScript SDK: npm ci")
	}
	const seed, count = "20260504", "600"
	out, err := exec.CommandContext(t.Context(), "node", "../testdata/sas/random-js.mjs", seed, count).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Skipf("needs Node: %v", err)
	}
	keys := Keys{
		Account:    []Key{NewKey(bytes.Repeat([]byte("0123456789abcdef"), 4))},
		Delegation: func(DelegationKey) (Key, bool) { return NewKey(bytes.Repeat([]byte("delegate"), 4)), true },
	}
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	kinds := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct{ Kind, Blob, SAS string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		kinds[line.Kind]++
		token, err := Parse(line.SAS)
		if err != nil {
			t.Errorf("%s %q: %v", line.Kind, line.SAS, err)
			continue
		}
		request := Request{Account: "acct", Container: "images", Blob: line.Blob, HTTPS: true, RemoteIP: token.IP().Start}
		if !request.RemoteIP.IsValid() {
			request.RemoteIP = netip.MustParseAddr("192.0.2.1")
		}
		if _, err := token.Authenticate(request, keys, now); err != nil {
			t.Errorf("%s for %q: %q: %v", line.Kind, line.Blob, line.SAS, err)
		}
		other := request
		other.Account = "other"
		if _, err := token.Authenticate(other, keys, now); err == nil {
			t.Errorf("%q is right for another account too", line.SAS)
		}
	}
	for _, kind := range []string{"service", "delegation", "account"} {
		if kinds[kind] < 100 {
			t.Errorf("only %d of the kind %s", kinds[kind], kind)
		}
	}
}
