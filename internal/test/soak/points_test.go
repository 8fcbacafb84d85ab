//go:build crash

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/overlay"
	"github.com/omega/marketops/internal/test/patches"
)

// pointsOfSource lists the points of the patched source, as patterns: what is only known at run time
// is a star. Of that, the steps of the port and the calls of a publisher are listed one by one.
func pointsOfSource(t *testing.T) (out []string) {
	root, err := overlay.Root()
	must(t, err)
	patched, err := overlay.Apply(root, patches.Points)
	must(t, err)
	files := token.NewFileSet()
	for _, dir := range []string{"publisher", "federation", "log", "receipt", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(files, path, textOf(patched, root, path), 0)
			if err == nil {
				ast.Inspect(f, func(n ast.Node) bool { out = append(out, pointOf(n)...); return true })
			}
			return err
		})
		must(t, err)
	}
	if len(out) < 60 {
		t.Errorf("only %d points in the source", len(out))
	}
	return out
}

// textOf is the patched text of a file, or nil: the file as it is.
func textOf(patched map[string]string, root, path string) any {
	name, err := filepath.Rel(root, path)
	if text, ok := patched[filepath.ToSlash(name)]; ok && err == nil {
		return text
	}
	return nil
}

// pointOf returns the points that a node stands for.
func pointOf(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		return pointOfCall(n)
	case *ast.KeyValueExpr: // call{step: "…"}
		if id, ok := n.Key.(*ast.Ident); ok && id.Name == "step" {
			return steps([]ast.Expr{n.Value}, 0)
		}
	}
	return nil
}

func pointOfCall(c *ast.CallExpr) []string {
	switch fun := c.Fun.(type) {
	case *ast.SelectorExpr:
		pkg, _ := fun.X.(*ast.Ident)
		switch {
		case pkg != nil && pkg.Name == "faults" && (fun.Sel.Name == "At" || fun.Sel.Name == "After"):
			return []string{joined(c.Args[map[string]int{"At": 0, "After": 1}[fun.Sel.Name]:])}
		case fun.Sel.Name == "get" || fun.Sel.Name == "getKnown" || fun.Sel.Name == "remove":
			return steps(c.Args, 1)
		}
	case *ast.Ident:
		if fun.Name == "post" && len(c.Args) == 5 { // an endpoint of the Core
			if role, ok := c.Args[2].(*ast.SelectorExpr); ok && role.Sel.Name == "RolePublisher" {
				path := strings.TrimPrefix(text(c.Args[1]), "/v1/")
				return []string{"core.call." + path, "core.answer." + path}
			}
		}
	case *ast.IndexExpr:
		if id, ok := fun.X.(*ast.Ident); ok && id.Name == "list" {
			return steps(c.Args, 2)
		}
	}
	return nil
}

// joined is the pattern of a point's parts.
func joined(parts []ast.Expr) string {
	var names []string
	for _, p := range parts {
		names = append(names, text(p))
	}
	return strings.Join(names, ".")
}

// steps are the two points of a step of the port, if one is named there.
func steps(args []ast.Expr, at int) []string {
	if len(args) <= at || !strings.Contains(text(args[at]), "-") {
		return nil
	}
	step := text(args[at])
	return []string{"github.send.*." + step, "github.answered.*." + step}
}

// text is what is known of a string when it is compiled.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			s, _, cut := strings.Cut(strings.ReplaceAll(s, " ", "-"), "%")
			return s + map[bool]string{true: "*"}[cut]
		}
	case *ast.BinaryExpr:
		first, _, _ := strings.Cut(text(e.X), "*")
		return first + "*"
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return text(e.Args[0])
		}
	}
	return "*"
}
