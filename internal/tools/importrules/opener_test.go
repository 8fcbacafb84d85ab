package importrules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// openers are the names that lead to another way of opening a record than the library's, and the
// packages that may say them.
var openers = map[string][]string{
	"crypto.Opener":    {"receipt", "verifier/audit"},
	"receipt.OpenWith": {"verifier/audit"},
}

// TestOneWayToOpen: outside an audit the standard library verifies each record that is opened.
func TestOneWayToOpen(t *testing.T) {
	for _, s := range findOpeners(t, productTexts(t)) {
		t.Error(s)
	}
}

func TestOpenersAreFound(t *testing.T) {
	const text = "package gate\nimport (\n\"" + Module + "/crypto\"\nother \"" + Module + "/receipt\"\n)\nvar o = crypto.Opener{}\nvar f = other.OpenWith\n"
	for name, want := range map[string]int{"receipt/gate/check.go": 2, "receipt/record.go": 1, "verifier/audit/item.go": 0, "receipt/gate/check_test.go": 0} {
		if got := findOpeners(t, map[string]string{name: text}); len(got) != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func findOpeners(t *testing.T, texts map[string]string) (out []string) {
	t.Helper()
	for name, text := range texts {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		imports := ownImports(f)
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					said := imports[x.Name] + "." + s.Sel.Name
					if may, only := openers[said]; only && !slices.Contains(may, path.Dir(name)) {
						out = append(out, fmt.Sprintf("%s says %s", name, said))
					}
				}
			}
			return true
		})
	}
	return out
}
