package blobserver_test

import (
	"testing"

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
