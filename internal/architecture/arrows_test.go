// Package architecture holds no code, only the test that keeps the arrows of ARCHITECTURE.md pointing down.
package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/valetkey/valetkey"

// mayImport says which of the module's own packages each package may import, itself and below apart.
var mayImport = map[string][]string{
	"sas":            {},
	"bloberror":      {},
	"blobstore":      {"bloberror"},
	"blobserver":     {"sas", "blobstore", "bloberror"},
	"internal/azure": {"sas"},
	// For tests only: it stands an account up.
	"internal/azure/azuretest": {"internal/azure", "sas", "blobstore", "blobserver"},
	"internal/grant":           {"sas", "internal/jsontext"},
	"internal/photo":           {"internal/azure", "internal/grant", "internal/imaging"},
	"internal/api":             {"internal/identity", "internal/photo", "internal/grant", "internal/imaging", "internal/jsontext"},
	"internal/event":           {"internal/photo"},
	"internal/imaging":         {},
	"internal/identity":        {},
	"internal/jsontext":        {},
	"internal/deadline":        {},
	"web":                      {},
	"internal/function":        {},
}

// mayImportAll are the houses above the table: they wire everything together.
var mayImportAll = []string{"cmd", "test"}

// standardLibraryOnly are the packages that promise to bring nothing else along.
var standardLibraryOnly = []string{"sas", "bloberror"}

// onlyImporter names the one package that may import a module.
var onlyImporter = map[string]string{"github.com/Azure/azure-sdk-for-go": "internal/azure"}

type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		house := houseOf(name)
		if _, ok := mayImport[house]; !ok && !slices.Contains(mayImportAll, house) && name != "internal/architecture" {
			t.Errorf("%s has no place in ARCHITECTURE.md's table", name)
		}
		for _, imported := range p.Imports {
			own, isOwn := strings.CutPrefix(imported, module+"/")
			switch {
			case isOwn && !slices.Contains(mayImportAll, house) && !within(own, house) && !slices.ContainsFunc(mayImport[house], func(h string) bool { return within(own, h) }):
				t.Errorf("%s imports %s, which ARCHITECTURE.md does not allow", name, own)
			case !isOwn && slices.Contains(standardLibraryOnly, house) && strings.Contains(strings.Split(imported, "/")[0], "."):
				t.Errorf("%s promises the standard library only, and imports %s", name, imported)
			}
			for third, owner := range onlyImporter {
				if within(imported, third) && !within(name, owner) && !slices.Contains(mayImportAll, house) {
					t.Errorf("%s imports %s, which is for %s alone", name, imported, owner)
				}
			}
		}
	}
}

// houseOf is the entry of the table that a package belongs to.
func houseOf(name string) string {
	for house := name; house != "."; house = path.Dir(house) {
		if _, ok := mayImport[house]; ok || slices.Contains(mayImportAll, house) {
			return house
		}
	}
	return name
}

func within(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

func packages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", module+"/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no package")
	}
	return all
}
