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

// pathCalls are the functions that open, change or look at a file by its path. A path leads through every
// link that another user put there, and an open may wait for ever. [os.OpenRoot] is none of them: what is
// opened below a root stays there.
var pathCalls = map[string][]string{
	"os": {"Chdir", "Chmod", "Chown", "Chtimes", "CopyFS", "Create", "CreateTemp", "DirFS", "Lchown", "Link", "Lstat", "Mkdir", "MkdirAll",
		"MkdirTemp", "Open", "OpenFile", "OpenInRoot", "ReadDir", "ReadFile", "Readlink", "Remove", "RemoveAll", "Rename", "Stat", "Symlink", "Truncate", "WriteFile"},
	"path/filepath": {"EvalSymlinks", "Glob", "Walk", "WalkDir"},
	"io/ioutil":     {"ReadDir", "ReadFile", "TempDir", "TempFile", "WriteFile"},
	"syscall":       {"Chmod", "Chown", "Link", "Mkdir", "Open", "Openat", "Readlink", "Rename", "Rmdir", "Stat", "Lstat", "Symlink", "Truncate", "Unlink"},
}

// byPath are the packages that may call them, each with its reason. None of them takes a run folder.
var byPath = map[string]string{
	"internal/regular":           "it is what the others call: it looks, opens without waiting, and looks again",
	"internal/durable":           "it makes the folder that it then opens as a root",
	"internal/setup":             "it makes a new state folder for the user who types init",
	"internal/cli/config/show":   "it asks whether ./marketops.yaml is there, and package config reads it",
	"internal/cli/initialize":    "it asks whether ./marketops.yaml is there, and package config reads it",
	"internal/cli/witness/serve": "it asks whether the witness's own state is new, to say so",
	"federation/policy":          "it writes the first policy into a new state folder",
	"federation/server":          "it takes away the socket that a Core that crashed left in its state folder",
	"federation/versions":        "it keeps versions of the trust file in the Core's own record store",
	"federation/maintain":        "it moves and removes what lies in the operator's own state folder; a backup is read below a root",
	"log/claims":                 "the database of the Core's own state folder; SQLite takes a path",
	"log/tessera":                "the log of the Core's own state folder; Tessera takes a path",
	"log/witness":                "the witness's own state folder",
}

// TestNoPathCalls: product code reads and writes files through internal/regular, internal/durable or an
// [os.Root]. A run folder may come from a stranger, and so may everything else that is read.
func TestNoPathCalls(t *testing.T) {
	used := map[string]bool{}
	for _, c := range findPathCalls(t, productTexts(t)) {
		if byPath[c.pkg] == "" {
			t.Errorf("%s: %s: call internal/regular, or give %s a reason", c.file, c.name, c.pkg)
		}
		used[c.pkg] = true
	}
	for pkg := range byPath {
		if !used[pkg] {
			t.Errorf("%s is excused and calls nothing by its path", pkg)
		}
	}
}

// TestRunFoldersAreNotExcused: what takes run folders calls nothing by its path; no reason excuses it.
func TestRunFoldersAreNotExcused(t *testing.T) {
	takers := map[string]bool{}
	for name, text := range productTexts(t) {
		dir := path.Dir(name)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, imported := range importedBy(t, name, text) {
			takers[dir] = takers[dir] || slices.Contains(runFolders, imported)
		}
		takers[dir] = takers[dir] || slices.Contains(runFolders, dir)
	}
	if len(takers) < 10 || !takers["internal/cli/publish"] {
		t.Fatalf("packages that take run folders: %v", takers)
	}
	for pkg := range byPath {
		if takers[pkg] {
			t.Errorf("%s takes run folders", pkg)
		}
	}
}

// runFolders are the packages whose types stand for run folders: who names one of them takes run folders.
var runFolders = []string{"plan", "publisher", "internal/cli/runfolder"}

// TestPathCallsAreFound: each way to write such a call is found, and what is none is not.
func TestPathCallsAreFound(t *testing.T) {
	for text, want := range map[string]int{
		`import "os"; func f() { os.ReadFile("x") }`:                                             1,
		`import "os"; var read = os.ReadFile`:                                                    1,
		`import sys "os"; func f() { sys.Rename("a", "b") }`:                                     1,
		`import . "os"; func f() { Rename("a", "b") }`:                                           1,
		`import "path/filepath"; func f() { filepath.WalkDir("x", nil) }`:                        1,
		`import "io/ioutil"; func f() { ioutil.WriteFile("x", nil, 0) }`:                         1,
		`import "os"; func f() { os.Stat("x"); os.Open("x"); os.DirFS("x") }`:                    3,
		`import "os"; func f(r *os.Root) { r.Open("x"); os.OpenRoot("x"); os.Getenv("x") }`:      0,
		`import "path/filepath"; func f() { filepath.Join("x"); filepath.Abs("x") }`:             0,
		`type o struct{}; func (o) Open(string) {}; func f() { os := o{}; os.Open("x") }`:        0,
		`import "example.com/other/os"; func f() { os.Open("x") }`:                               0,
		`import "os"; func f() { type T struct{ f *os.File }; var t T; t.f.Stat(); t.f.Name() }`: 0,
	} {
		files := map[string]string{"p/p.go": "package p\n" + strings.ReplaceAll(text, "; ", "\n"), "p/p_test.go": "package p\nimport \"os\"\nvar _ = os.Open\n"}
		if got := findPathCalls(t, files); len(got) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// pathCall is one use of such a function.
type pathCall struct{ pkg, file, name string }

func findPathCalls(t *testing.T, texts map[string]string) (out []pathCall) {
	for name, text := range texts {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f := parse(t, name, text)
		known := map[string][]string{} // by the name that the file has for the package
		for _, s := range f.Imports {
			calls := pathCalls[strings.Trim(s.Path.Value, `"`)]
			as := path.Base(strings.Trim(s.Path.Value, `"`))
			if s.Name != nil {
				as = s.Name.Name
			}
			known[as] = calls
			if as == "." && calls != nil {
				out = append(out, pathCall{path.Dir(name), name, "import . " + s.Path.Value})
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			x, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if id, ok := x.X.(*ast.Ident); ok && id.Obj == nil && slices.Contains(known[id.Name], x.Sel.Name) {
				out = append(out, pathCall{path.Dir(name), name, fmt.Sprintf("%s.%s", id.Name, x.Sel.Name)})
			}
			return true
		})
	}
	return out
}

// importedBy returns the folders of this module that a file imports.
func importedBy(t *testing.T, name, text string) (out []string) {
	for _, dir := range ownImports(parse(t, name, text)) {
		out = append(out, dir)
	}
	return out
}

func parse(t *testing.T, name, text string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
