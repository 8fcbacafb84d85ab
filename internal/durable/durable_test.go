package durable_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/durable"
)

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	file := filepath.Join(dir, "memory")
	for _, text := range []string{"first", "", "third and longer"} {
		if err := durable.Write(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"memory"}) {
		t.Errorf("left behind: %q", got)
	}
}

// TestWriteFails: what cannot be replaced stays as it was, and nothing is left beside it.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "taken", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Write(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"taken"}) {
		t.Errorf("left behind: %q", got)
	}
	if err := durable.Write(filepath.Join(dir, "fresh"), []byte("x")); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestWriteIn: a name cannot leave its root, not through a link either.
func TestWriteIn(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../x", "link/x", filepath.Join(outside, "x")} {
		if err := durable.WriteIn(root, name, []byte("x")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if got := names(t, outside); len(got) != 0 {
		t.Errorf("outside: %q", got)
	}
	if err := durable.WriteIn(root, "x", []byte("x")); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestLock: one holder at a time, and closing lets go.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if err := durable.Lock(first); err != nil {
		t.Fatal(err)
	}
	if err := durable.Lock(second); err == nil {
		t.Fatal("two hold it")
	}
	first.Close()
	if err := durable.Lock(second); err != nil {
		t.Fatal(err)
	}
}

// elsewhere are the packages that write files by other means, and why they may.
var elsewhere = map[string]string{
	"internal/regular":    "what a user asks to have exported, and nothing is decided by",
	"federation/maintain": "copies for people: the manifest, written between two syncs of everything, says that they are whole",
	"log/tessera":         "a checkpoint that is not on disk is not served; its mark trades the last sync for speed and says so",
}

// practice are the parts of the module that no user runs in earnest.
func practice(at string) bool {
	for _, p := range []string{"bin", "internal/test", "internal/tools", "interop"} {
		if at == p || strings.HasPrefix(at, p+"/") {
			return true
		}
	}
	return false
}

// TestNobodyElse: every package that replaces files does it here, or stands above with a reason.
func TestNobodyElse(t *testing.T) {
	writing := []string{"WriteFile", "Create", "CreateTemp", "Rename"}
	top, found := filepath.Join("..", ".."), map[string]bool{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, _ := filepath.Rel(top, filepath.Dir(path))
		if at = filepath.ToSlash(at); filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || practice(at) {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if ok && slices.Contains(writing, call.Sel.Name) {
				of, ok := call.X.(*ast.Ident)
				found[at] = found[at] || ok && of.Name == "os"
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for at, writes := range found {
		if writes != (elsewhere[at] != "") {
			t.Errorf("%s: replaces files by itself %t, and its reason is %q", at, writes, elsewhere[at])
		}
	}
	for at := range elsewhere {
		if !found[at] {
			t.Errorf("%s no longer writes: its reason can go", at)
		}
	}
}
