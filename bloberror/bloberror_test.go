package bloberror

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"strconv"
	"testing"
)

// declaredCodes reads the constants of type Code from codes.go, so that one added there and forgotten in the table is seen.
func declaredCodes(t *testing.T) map[string]Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
			t.Errorf("%s is not declared as a Code", spec.Names[0].Name)
			return true
		}
		s, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		codes[spec.Names[0].Name] = Code(s)
		return true
	})
	return codes
}

func TestEveryCodeIsInTheTable(t *testing.T) {
	codes := declaredCodes(t)
	if len(codes) < 100 {
		t.Fatalf("found only %d codes in codes.go", len(codes))
	}
	seen := map[Code]string{}
	for name, code := range codes {
		if !code.Known() {
			t.Errorf("%s is not in the table", name)
		}
		if other, dup := seen[code]; dup {
			t.Errorf("%s and %s are both %q", name, other, code)
		}
		seen[code] = name
		if s := code.Status(); s < 400 || s > 599 {
			t.Errorf("%s has status %d", name, s)
		}
		if code.Message() == "" {
			t.Errorf("%s has no message", name)
		}
	}
	if len(table) != len(codes) {
		t.Errorf("the table has %d rows for %d codes", len(table), len(codes))
	}
}

func TestUnknownCodeIsAnInternalError(t *testing.T) {
	if c := Code("NoSuchCode"); c.Known() || c.Status() != http.StatusInternalServerError || c.Message() == "" {
		t.Errorf("known %v, status %d, message %q", c.Known(), c.Status(), c.Message())
	}
}

func TestErrorMatchesByCodeAndKeepsItsCause(t *testing.T) {
	err := fmt.Errorf("reading: %w", New(BlobNotFound, WithCause(fs.ErrNotExist), WithDetail("Name", "x"), WithMessage("gone")))
	if CodeOf(err) != BlobNotFound {
		t.Errorf("CodeOf = %q", CodeOf(err))
	}
	if !errors.Is(err, New(BlobNotFound)) || errors.Is(err, New(ContainerNotFound)) {
		t.Error("errors.Is does not match by code")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
	var e *Error
	if !errors.As(err, &e) || e.Message != "gone" || len(e.Details) != 1 || e.Details[0] != (Detail{"Name", "x"}) {
		t.Errorf("got %+v", e)
	}
	if e.Status() != http.StatusNotFound {
		t.Errorf("status %d", e.Status())
	}
}

func TestCodeOfOtherErrors(t *testing.T) {
	if CodeOf(nil) != "" || CodeOf(fs.ErrClosed) != InternalError {
		t.Errorf("nil: %q, other: %q", CodeOf(nil), CodeOf(fs.ErrClosed))
	}
}

func TestWithStatusReplacesTheCodesOwn(t *testing.T) {
	if s := New(InvalidAuthenticationInfo, WithStatus(http.StatusUnauthorized)).Status(); s != http.StatusUnauthorized {
		t.Errorf("status %d", s)
	}
}
