package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// foldersOf makes files below a folder and returns a finder for it; a name with " -> " is a link.
func foldersOf(t *testing.T, names ...string) *finder {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		name, to, link := strings.Cut(name, " -> ")
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if link {
			err = errors.Join(err, os.Symlink(to, path))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte(name), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return newFinder(context.Background(), root)
}

func TestPatterns(t *testing.T) {
	files := []string{"a.zip", "d/b.zip", "d/e/c.zip", "d/e/f/g.zip", "d/e/f/h.txt", "d/.h/i.zip", ".j.zip", "k/m.zip", "k/m.zip.asc"}
	for pattern, want := range map[string]string{
		"a.zip": "a.zip", "./a.zip": "a.zip", "*.zip": "a.zip", "d/*.zip": "d/b.zip", "d/*/*.zip": "d/e/c.zip", "*/?.zip": "d/b.zip k/m.zip",
		"**/*.zip": "a.zip d/b.zip d/e/c.zip d/e/f/g.zip k/m.zip", "d/**/*.zip": "d/b.zip d/e/c.zip d/e/f/g.zip", "d/**": "d/b.zip d/e/c.zip d/e/f/g.zip d/e/f/h.txt",
		"**/**/h.txt": "d/e/f/h.txt", "**/e/**/*.zip": "d/e/c.zip d/e/f/g.zip", "**/f/*": "d/e/f/g.zip d/e/f/h.txt", "**/[gh].*": "d/e/f/g.zip d/e/f/h.txt", "**/*": "a.zip d/b.zip d/e/c.zip d/e/f/g.zip d/e/f/h.txt k/m.zip k/m.zip.asc",
		"d/.h/*.zip": "d/.h/i.zip", "d/.*/*.zip": "d/.h/i.zip", "**/.h/*": "d/.h/i.zip", ".*.zip": ".j.zip", "d/e": "d/e",
	} {
		got, err := foldersOf(t, files...).files([]string{pattern})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q, %v", pattern, got, want, err)
		}
	}
	for pattern, code := range map[string]marketops.Code{
		"**/e": marketops.SourceUnreadable, "**/x": marketops.SourceUnreadable, "d/x/**": marketops.SourceUnreadable, "a.zip/**": marketops.SourceUnreadable, "[": marketops.SourceUnreadable, "d/[/x": marketops.SourceUnreadable,
		"d/**.zip": marketops.AssetUnsafe, "d**/x": marketops.AssetUnsafe, "d/***/x": marketops.AssetUnsafe, "../*": marketops.AssetUnsafe, "/d/*": marketops.AssetUnsafe, "d//*": marketops.AssetUnsafe, `d\*`: marketops.AssetUnsafe, "": marketops.AssetUnsafe, ".": marketops.AssetUnsafe,
	} {
		if got, err := foldersOf(t, files...).files([]string{"a.zip", pattern}); !errors.Is(err, code) {
			t.Errorf("%s: %q, %v, want %s", pattern, got, err, code)
		}
	}
}

func TestHiddenNames(t *testing.T) {
	f := foldersOf(t, "d/a.zip", "d/.b.zip", "d/.c/d.zip", ".e", "d/.gitignore")
	if _, err := f.files([]string{"d/**/*.zip", "d/*.zip"}); err != nil {
		t.Fatal(err)
	}
	var c candidate
	f.noteHidden(&c)
	if len(c.findings) != 1 || !strings.Contains(c.findings[0].Text, `["d/.b.zip" "d/.c"]`) {
		t.Errorf("%+v", c.findings)
	}
}

// TestLinksOnTheWay: no pattern goes through a link, and none passes over one that could lead to files.
func TestLinksOnTheWay(t *testing.T) {
	for _, link := range []string{"d/e -> ../k", "d/e -> ../..", "d/e -> nowhere", "d/e -> e"} {
		for _, pattern := range []string{"d/**/*.zip", "d/*/*.zip", "d/e/*.zip", "**"} {
			got, err := foldersOf(t, "k/b.zip", "d/a.zip", link).files([]string{pattern})
			if err == nil && !(pattern == "**" && slices.Contains(got, "d/e")) {
				t.Errorf("%s, %s: %q", link, pattern, got)
			}
		}
	}
	got, err := foldersOf(t, "d/b.zip", "d/latest.txt -> b.zip", "d/e/c.zip").files([]string{"d/**/*.zip"})
	if err != nil || len(got) != 2 {
		t.Errorf("control: a link to a file that does not match: %q, %v", got, err)
	}
}

func TestUnreadableFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		f := foldersOf(t, "d/a.zip", "d/e/b.zip")
		f.left = 1 // a folder that cannot be read whole
		if got, err := f.files([]string{"d/**/*.zip"}); err == nil {
			t.Errorf("%q", got)
		}
		return
	}
	f := foldersOf(t, "d/a.zip", "d/e/b.zip")
	if err := os.Chmod(filepath.Join(f.root.Name(), "d", "e"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(f.root.Name(), "d", "e"), 0o700) })
	if got, err := f.files([]string{"d/**/*.zip"}); !errors.Is(err, marketops.SourceUnreadable) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestBoundsOfLooking: the bound is that of the whole search, a folder counts once, and patterns that could be tried in very
// many ways end.
func TestBoundsOfLooking(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("d/%d/a.zip", i))
	}
	f := foldersOf(t, names...)
	f.left = 1 + 20 + 20
	if got, err := f.files([]string{"**/*.zip", "**/a.*", "d/**"}); err != nil || len(got) != 20 {
		t.Errorf("%q, %v", got, err)
	}
	f = foldersOf(t, names...)
	f.left = 40
	if got, err := f.files([]string{"**/*.zip"}); err == nil {
		t.Errorf("%d names in 40", len(got))
	}
	deep := strings.Repeat("a/", maxDepth+1) + "b.zip"
	if got, err := foldersOf(t, deep).files([]string{"**/*.zip"}); err == nil {
		t.Errorf("%q", got)
	}
	many := strings.Repeat("**/a/", 30) + "c"
	if got, err := foldersOf(t, strings.Repeat("a/", 40)+"b").files([]string{many}); !errors.Is(err, marketops.SourceUnreadable) {
		t.Errorf("%q, %v", got, err)
	}
}
