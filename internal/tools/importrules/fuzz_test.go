package importrules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unfuzzed are readers of foreign bytes without a fuzz target that names them, each with its reason.
var unfuzzed = map[string]string{
	"internal/cli/remote.ReadFile": "bounds an answer and returns it as it is",
	"internal/config.ReadKey":      "reads a file and returns it as it is",
	"internal/config.ReadSecret":   "reads a file and returns it as it is",
	"internal/regular.Open":        "looks at a file and returns it as it is",
	"internal/regular.OpenAs":      "looks at a file and returns it as it is",
	"internal/regular.OpenPath":    "looks at a file and returns it as it is",
	"internal/regular.Read":        "bounds a read and returns it as it is",
	"internal/regular.ReadFile":    "bounds a read and returns it as it is",
	"internal/regular.ReadOwned":   "bounds a read and returns it as it is",
	"internal/regular.ReadPath":    "bounds a read and returns it as it is",
	"internal/regular.ReadPrivate": "bounds a read and returns it as it is",
	"log/claims.Open":              "the format is SQLite's; the schema is compared",
	"log/tiles.Open":               "opens a folder; what is in it is read by log",
	"log/tiles.Read":               "bounds a read and returns it as it is",
	"federation/core.ReadFile":     "federation/recorder's",
	"federation/maintain.Open":     "opens a folder; what is in it is read by log, receipt, config and log/claims",
	"plan.Open":                    "opens a folder; Parse and canon read what is in it",
	"verifier/audit.OpenFolder":    "opens a folder; what is in it is read by log and receipt",
	"verifier/audit.ReadFile":      "bounds a read and returns it as it is",
	"verifier/offline.ReadFile":    "bounds a read and returns it as it is",
	"federation/api.ReadFile":      "bounds an answer and returns it as it is",
	"receipt/gate.OpenVote":        "Open, and a comparison of types",
	"receipt/trust.Open":           "receipt.Open, and a look at the file",
}

var reads = regexp.MustCompile(`^(Parse|Open|Read|Decode|Unmarshal)`)

// testing are packages that tests alone import.
var testingOnly = regexp.MustCompile(`(^|/)(internal/test|internal/tools|interop)(/|$)`)

// source is one package as it is written.
type source struct {
	readers []string
	fuzz    map[string]map[string]bool // target → every name it speaks of
}

// TestEveryParserIsFuzzed demands a native fuzz target, with a committed corpus, for every exported
// function that reads bytes, a text or a stream of others. Who needs none says why.
func TestEveryParserIsFuzzed(t *testing.T) {
	packages := sources(t)
	used := map[string]bool{}
	for dir, p := range packages {
		for _, name := range p.readers {
			key := strings.TrimPrefix(dir+"."+name, "./")
			if _, excused := unfuzzed[key]; excused {
				used[key] = true
				continue
			}
			if !slices.ContainsFunc(targets(p), func(f string) bool { return p.fuzz[f][name] }) {
				t.Errorf("%s: no fuzz target names %s", dir, name)
			}
		}
		for name := range p.fuzz {
			if found, _ := os.ReadDir(filepath.Join("../../..", dir, "testdata", "fuzz", name)); len(found) == 0 {
				t.Errorf("%s: %s has no corpus under testdata/fuzz", dir, name)
			}
		}
	}
	for key := range unfuzzed {
		if !used[key] {
			t.Errorf("%s is excused and is not there", key)
		}
	}
}

func targets(p *source) (out []string) {
	for name := range p.fuzz {
		out = append(out, name)
	}
	return out
}

// sources reads every package of the module.
func sources(t *testing.T) map[string]*source {
	out := map[string]*source{}
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel("../../..", path)
		dir := filepath.ToSlash(rel)
		if d.IsDir() && (d.Name() == "testdata" || testingOnly.MatchString(dir) || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(filepath.Dir(rel))
		if out[dir] == nil {
			out[dir] = &source{fuzz: map[string]map[string]bool{}}
		}
		out[dir].add(f, strings.HasSuffix(path, "_test.go"))
		return nil
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("%d packages: %v", len(out), err)
	}
	return out
}

func (p *source) add(f *ast.File, test bool) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := fn.Name.Name
		if test && strings.HasPrefix(name, "Fuzz") {
			p.fuzz[name] = names(fn.Body)
		}
		if !test && f.Name.Name != "main" && reads.MatchString(name) && takesForeign(fn) {
			p.readers = append(p.readers, name)
		}
	}
}

// takesForeign reports whether an exported function or a method of an exported type has a parameter
// that may hold bytes of others.
func takesForeign(fn *ast.FuncDecl) bool {
	if fn.Recv != nil && !exportedReceiver(fn.Recv.List[0].Type) {
		return false
	}
	for _, p := range fn.Type.Params.List {
		switch x := p.Type.(type) {
		case *ast.Ident:
			if x.Name == "string" {
				return true
			}
		case *ast.ArrayType:
			if id, ok := x.Elt.(*ast.Ident); ok && id.Name == "byte" && fn.Name.Name != "Read" && fn.Name.Name != "ReadAt" {
				return true
			}
		case *ast.SelectorExpr:
			if strings.HasPrefix(x.Sel.Name, "Reader") {
				return true
			}
		}
	}
	return false
}

func exportedReceiver(e ast.Expr) bool {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}

// names collects every identifier of a function.
func names(body *ast.BlockStmt) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			out[id.Name] = true
		}
		return true
	})
	return out
}
