package main

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/api"
	"github.com/valetkey/valetkey/web"
)

func TestEveryFileOfTheAppHasAType(t *testing.T) {
	app, err := api.NewStatic(web.Files(), "http://127.0.0.1:10000")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(web.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+name, nil))
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got == "" || strings.HasSuffix(got, "octet-stream") {
			t.Errorf("%s: %d, of type %q", name, w.Code, got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
