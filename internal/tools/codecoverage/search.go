package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/omega/marketops"
)

// constants returns the name of each code's constant.
func constants(file string) (map[marketops.Code]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, err
	}
	names := map[marketops.Code]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				names[marketops.Code(text)] = spec.Names[0].Name
			}
		}
		return true
	})
	for _, c := range marketops.Codes {
		if names[c.Code] == "" {
			return nil, fmt.Errorf("%s has no constant in %s", c.Code, file)
		}
	}
	return names, nil
}

// search reads the module once and returns where each code of the table stands, in its order.
func search(root fs.FS, names map[marketops.Code]string) ([]proof, error) {
	stories, err := contents(root, "testdata/script", story, expectations)
	if err != nil {
		return nil, err
	}
	tests, err := contents(root, ".", goTest, uncommented)
	if err != nil {
		return nil, err
	}
	var out []proof
	for _, c := range marketops.Codes {
		vectors, err := fs.Glob(root, path.Join("testdata/vectors", string(c.Code), "*.json"))
		if err != nil {
			return nil, err
		}
		text := regexp.QuoteMeta(string(c.Code))
		out = append(out, proof{
			code: c.Code, vectors: vectors,
			stories: matching(stories, `(^|[^a-z.-])`+text+`($|[^a-z.-])`),
			tests:   matching(tests, `\bmarketops\.`+names[c.Code]+`\b|"`+text+`"`),
		})
	}
	return out, nil
}

func contents(root fs.FS, dir string, want func(name string) bool, keep func(string) string) (map[string]string, error) {
	out := map[string]string{}
	err := fs.WalkDir(root, dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == dir {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != "." {
			return fs.SkipDir
		}
		if d.IsDir() || !want(name) || strings.HasPrefix(name, "internal/tools/codecoverage/") {
			return nil
		}
		b, err := fs.ReadFile(root, name)
		out[name] = keep(string(b))
		return err
	})
	return out, err
}

func story(name string) bool { return path.Ext(name) == ".txtar" }

// goTest accepts tests and the packages that only tests use, which are named after them: logtest.
func goTest(name string) bool {
	return strings.HasSuffix(name, "_test.go") || path.Ext(name) == ".go" && strings.HasSuffix(path.Dir(name), "test")
}

var (
	commentRE = regexp.MustCompile(`(?m)^\s*//.*$`)
	archiveRE = regexp.MustCompile(`(?m)^-- .* --$`)
	expectRE  = regexp.MustCompile(`(?m)^!? ?(stdout|stderr|json|leaf|grep|cmp) .*$`)
)

// uncommented drops the lines that are comments: to write about a code does not prove it.
func uncommented(s string) string { return commentRE.ReplaceAllString(s, "") }

// expectations keeps the lines of a story that expect something, and none of its files.
func expectations(s string) string {
	if at := archiveRE.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	return strings.Join(expectRE.FindAllString(s, -1), "\n")
}

func matching(files map[string]string, pattern string) (out []string) {
	re := regexp.MustCompile(`(?m)` + pattern)
	for name, text := range files {
		if re.MatchString(text) {
			out = append(out, name)
		}
	}
	return out
}
