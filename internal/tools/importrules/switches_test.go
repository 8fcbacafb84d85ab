package importrules

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// systems are the build tags that product code may have: operating systems and architectures.
var systems = []string{"unix", "linux", "darwin", "windows", "js", "wasm", "amd64", "arm64"}

// TestNoSwitches: what ships cannot be built or told to check less or to wait less. Product code has no
// build constraint and no file name but a system's, and no variable of a package that a test
// overwrites. Tests change a copy of the source instead, see package internal/test/overlay. That product code
// reaches no test code is one of [Rules].
func TestNoSwitches(t *testing.T) {
	for _, s := range findSwitches(t, productTexts(t)) {
		t.Error(s)
	}
}

// productTexts returns the source of what ships, its tests included, by path from the root of the module.
func productTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (d.Name() == "testdata" || testingOnly.MatchString(rel) || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return fs.SkipDir
		}
		if !d.IsDir() && path.Ext(rel) == ".go" && err == nil {
			var b []byte
			b, err = os.ReadFile(name)
			texts[rel] = string(b)
		}
		return err
	})
	if err != nil || len(texts) < 300 {
		t.Fatalf("%d files: %v", len(texts), err)
	}
	return texts
}

// TestSwitchesAreFound: each kind of switch is one finding, and what is none is not.
func TestSwitchesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int
	}{
		"nothing":          {map[string]string{"p/p.go": "package p\n"}, 0},
		"system":           {map[string]string{"p/p_unix.go": "//go:build unix && !darwin\n\npackage p\n", "p/p_other.go": "//go:build !unix\n\npackage p\n", "p/p_linux_amd64.go": "package p\n"}, 0},
		"tag":              {map[string]string{"p/p.go": "// Copyright\n\n//go:build unix && fast\n\npackage p\n"}, 1},
		"no tag":           {map[string]string{"p/p.go": "//go:build !fast\n\npackage p\n"}, 1},
		"old tag":          {map[string]string{"p/p.go": "// +build fast\n\npackage p\n"}, 1},
		"tools":            {map[string]string{"p/p.go": "//go:build tools\n\npackage p\n"}, 1},
		"tag of a test":    {map[string]string{"p/p_test.go": "//go:build slow\n\npackage p\n"}, 0},
		"file name":        {map[string]string{"p/lease_faults.go": "package p\n"}, 1},
		"file of a system": {map[string]string{"p/lease_faults_linux.go": "package p\n"}, 1},
		"variable": {map[string]string{"p/p.go": "package p\nvar wait = 1\n", "p/q.go": "package p\nvar hook func()\n",
			"p/p_test.go": "package p\nfunc f() { wait = 0; hook = nil }\n"}, 2},
		"part of a variable": {map[string]string{"p/p.go": "package p\nvar o struct{ n []int }\n", "p/p_test.go": "package p\nfunc f() { o.n[0]++ }\n"}, 1},
		"address":            {map[string]string{"p/p.go": "package p\nvar wait = 1\n", "p/p_test.go": "package p\nfunc f() { g(&wait) }\n"}, 1},
		"exported variable": {map[string]string{"p/p.go": "package p\nvar Wait = 1\n",
			"q/q_test.go": "package q\nimport named \"" + Module + "/p\"\nfunc f() { named.Wait = 0 }\n",
			"p/p_test.go": "package p_test\nimport \"" + Module + "/p\"\nfunc f() { p.Wait = 0 }\n"}, 2},
		"a name that is local": {map[string]string{"p/p.go": "package p\nvar wait = 1\n",
			"p/p_test.go": "package p\nvar own = 1\nfunc f() int { wait := 1; wait = 2; own = 3; return wait }\n"}, 0},
		"a variable that is read": {map[string]string{"p/p.go": "package p\nvar wait = 1\n", "p/p_test.go": "package p\nfunc f() int { return wait }\n"}, 0},
	} {
		if got := findSwitches(t, c.files); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// findSwitches returns what must not be in these files, by path from the root of the module.
func findSwitches(t *testing.T, texts map[string]string) (out []string) {
	files, variables := map[string]*ast.File{}, map[string]bool{}
	for name, text := range texts {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if files[name] = f; !strings.HasSuffix(name, "_test.go") {
			out = append(out, findTags(name, f)...)
			addVariables(variables, path.Dir(name), f)
		}
	}
	for name, f := range files {
		if strings.HasSuffix(name, "_test.go") {
			for _, v := range overwritten(path.Dir(name), f) {
				if variables[v] {
					out = append(out, fmt.Sprintf("%s overwrites the variable %s: let the caller pass it", name, v))
				}
			}
		}
	}
	return out
}

func findTags(name string, f *ast.File) (out []string) {
	words := strings.Split(strings.TrimSuffix(path.Base(name), ".go"), "_")
	for _, w := range words[1:] {
		if w != "other" && !slices.Contains(systems, w) {
			out = append(out, fmt.Sprintf("%s: _%s names no system", name, w))
		}
	}
	for _, g := range f.Comments {
		for _, line := range g.List {
			if g.Pos() > f.Package || !constraint.IsGoBuild(line.Text) && !constraint.IsPlusBuild(line.Text) {
				continue
			}
			expr, err := constraint.Parse(line.Text)
			ok := err == nil
			if ok {
				expr.Eval(func(tag string) bool { ok = ok && slices.Contains(systems, tag); return true }) // Eval asks about every tag
			}
			if !ok {
				out = append(out, fmt.Sprintf("%s: %s is no system's", name, line.Text))
			}
		}
	}
	return out
}

// addVariables notes the variables of a package as FOLDER.NAME.
func addVariables(all map[string]bool, dir string, f *ast.File) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				for _, id := range s.(*ast.ValueSpec).Names {
					all[dir+"."+id.Name] = true
				}
			}
		}
	}
}

// overwritten lists, as FOLDER.NAME, what a file assigns to or takes the address of and does not declare.
func overwritten(dir string, f *ast.File) (out []string) {
	imports := ownImports(f)
	add := func(e ast.Expr) {
		switch root := rootOf(e, imports).(type) {
		case *ast.Ident:
			if slices.Contains(f.Unresolved, root) {
				out = append(out, dir+"."+root.Name)
			}
		case *ast.SelectorExpr:
			out = append(out, imports[root.X.(*ast.Ident).Name]+"."+root.Sel.Name)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				add(e)
			}
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				add(n.X)
			}
		}
		return true
	})
	return out
}

// ownImports returns the folders of this module that a file imports, by the names that it knows them by.
func ownImports(f *ast.File) map[string]string {
	imports := map[string]string{}
	for _, s := range f.Imports {
		if p, ok := strings.CutPrefix(strings.Trim(s.Path.Value, `"`), Module); ok {
			p = path.Join(".", strings.TrimPrefix(p, "/"))
			imports[path.Base(Module+"/"+p)] = p
			if s.Name != nil {
				imports[s.Name.Name] = p
			}
		}
	}
	return imports
}

// rootOf is the variable that an expression is a part of: a name, or a name of an imported package.
func rootOf(e ast.Expr, imports map[string]string) ast.Expr {
	switch x := e.(type) {
	case *ast.SelectorExpr:
		if id, ok := x.X.(*ast.Ident); ok && id.Obj == nil && imports[id.Name] != "" {
			return x
		}
		return rootOf(x.X, imports)
	case *ast.IndexExpr:
		return rootOf(x.X, imports)
	case *ast.StarExpr:
		return rootOf(x.X, imports)
	case *ast.ParenExpr:
		return rootOf(x.X, imports)
	}
	return e
}
