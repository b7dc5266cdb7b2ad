package blobserver

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that the service left behind. The connections that the SDK's clients keep are not its.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}
