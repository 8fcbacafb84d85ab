package importrules

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// public are the packages that another module may call.
var public = []string{
	".", "./crypto/...", "./receipt/...", "./log", "./log/view", "./plan/...", "./publisher/...",
	"./federation/api", "./federation/server", "./verifier/...",
}

// TestPublicPackages: what a public package exports can be called from another module. No type in its
// signatures, exported fields and methods is of a package that the other module cannot name.
func TestPublicPackages(t *testing.T) {
	look(t)
	exports := exportData(t)
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	judged := 0
	for path := range exports {
		if !matchAny(public, path) || isInternal(path) {
			continue
		}
		p, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		judged++
		for _, s := range namesInternal(p) {
			t.Error(s)
		}
	}
	if judged < 20 {
		t.Errorf("only %d public packages", judged)
	}
}

// exportData returns where the compiler keeps what it knows of each package that is built.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", Module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); err == io.EOF {
			return exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
}

func isInternal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }

// namesInternal returns what a package exports that names a type of an internal package.
func namesInternal(p *types.Package) []string {
	w := &walk{of: p, seen: map[types.Type]bool{}}
	for _, name := range p.Scope().Names() {
		if o := p.Scope().Lookup(name); o.Exported() {
			w.object(o)
		}
	}
	slices.Sort(w.found)
	return slices.Compact(w.found)
}

type walk struct {
	of    *types.Package
	seen  map[types.Type]bool
	at    string
	found []string
}

func (w *walk) object(o types.Object) {
	w.at = strings.TrimPrefix(w.of.Path(), Module+"/") + "." + o.Name()
	if name, ok := o.(*types.TypeName); ok && !name.IsAlias() {
		w.named(o.Type().(*types.Named))
		return
	}
	w.typ(o.Type())
}

// named looks into a type of the package: its fields and its methods.
func (w *walk) named(n *types.Named) {
	if w.seen[n.Origin()] {
		return
	}
	w.seen[n.Origin()] = true
	w.typ(n.Underlying())
	for m := range n.Methods() {
		if m.Exported() {
			w.typ(m.Type())
		}
	}
	for i := range n.TypeParams().Len() {
		w.typ(n.TypeParams().At(i).Constraint())
	}
}

func (w *walk) typ(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		w.name(t.Obj())
		w.typ(t.Rhs())
	case *types.Named:
		w.name(t.Obj())
		for a := range t.TypeArgs().Types() {
			w.typ(a)
		}
		if t.Obj().Pkg() == w.of && !t.Obj().Exported() { // another package cannot name it, but can use it
			w.named(t)
		}
	case *types.Signature:
		w.typ(t.Params())
		w.typ(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.typ(v.Type())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				w.typ(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				w.typ(m.Type())
			}
		}
		for e := range t.EmbeddedTypes() {
			w.typ(e)
		}
	case *types.Map:
		w.typ(t.Key())
		w.typ(t.Elem())
	case interface{ Elem() types.Type }:
		w.typ(t.Elem())
	}
}

func (w *walk) name(o *types.TypeName) {
	if o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), Module) && isInternal(o.Pkg().Path()) {
		w.found = append(w.found, fmt.Sprintf("%s names %s.%s", w.at, o.Pkg().Path(), o.Name()))
	}
}

// TestInternalNamesAreFound: each place where a signature can name an internal type is one finding, and what
// another module cannot reach is none.
func TestInternalNamesAreFound(t *testing.T) {
	for text, want := range map[string]int{
		"func F(x.T)":                                     1,
		"func F() (int, *x.T)":                            1,
		"func F(func([]x.T) map[string]chan *x.T)":        1,
		"var V = x.New()":                                 1,
		"const C = x.C":                                   1,
		"type A = x.T":                                    1,
		"type S struct{ F x.T }":                          1,
		"type S struct{ x.T }":                            1,
		"type S struct{ *x.T }":                           1,
		"type I interface{ M(x.T) }":                      1,
		"type I interface{ x.I }":                         1,
		"type L []x.T":                                    1,
		"type G[P x.I] struct{}":                          1,
		"type S struct{}; func (*S) M() x.T { panic(0) }": 1,
		"type s struct{ F x.T }; func F() s { panic(0) }": 1,
		"type s struct{}; func (s) M() x.T { panic(0) }; type S struct{ s }": 1,
		"type S struct{ f x.T }":                          0,
		"type s struct{ F x.T }":                          0,
		"type S struct{}; func (*S) m() x.T { panic(0) }": 0,
		"func f(x.T)":                                     0,
		"func F() int { return int(x.C) }":                0,
		"var V = 1; var w = x.New()":                      0,
		"type S struct{ F *S; G func(S) }":                0,
		"type T int; func F[P ~int](T, P) {}":             0,
	} {
		if got := namesInternal(checked(t, text)); len(got) != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// checked is a public package with this text; x is an internal one.
func checked(t *testing.T, text string) *types.Package {
	t.Helper()
	x := parsed(t, Module+"/internal/x", "package x\ntype T int\ntype I interface{ M() }\nconst C T = 1\nfunc New() *T { return nil }", nil)
	return parsed(t, Module+"/p", "package p\nimport \""+x.Path()+"\"\nvar _ x.T\n"+strings.ReplaceAll(text, "; ", "\n"), x)
}

func parsed(t *testing.T, path, text string, known *types.Package) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{IgnoreFuncBodies: true, Importer: importing{known}}
	p, err := conf.Check(path, fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(text, err)
	}
	return p
}

type importing struct{ p *types.Package }

func (i importing) Import(string) (*types.Package, error) { return i.p, nil }
