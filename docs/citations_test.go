package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName  = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)`")
	storyName = regexp.MustCompile("stor(?:y|ies) ((?:`[a-z0-9-]+`(?:, )?)+)")
	quoted    = regexp.MustCompile("`([a-z0-9-]+)`")
	declared  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)\(`)
	link      = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// TestCitations holds the pages to what is there: every test and story that they cite as a proof,
// and every file that they link to.
func TestCitations(t *testing.T) {
	tests := declarations(t)
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatal(pages, err)
	}
	more, err := filepath.Glob("../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	cited := 0
	for _, page := range append(append(pages, more...), "../README.md") {
		text := read(t, page)
		for _, m := range testName.FindAllStringSubmatch(text, -1) {
			cited++
			if !tests[m[1]] {
				t.Errorf("%s cites %s, which is not there", page, m[1])
			}
		}
		for _, m := range storyName.FindAllStringSubmatch(text, -1) {
			for _, story := range quoted.FindAllStringSubmatch(m[1], -1) {
				cited++
				exists(t, page, "../testdata/script/"+story[1]+".txtar")
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			exists(t, page, filepath.Join(filepath.Dir(page), m[1]))
		}
	}
	if cited < 50 {
		t.Errorf("only %d citations were found: the patterns have gone stale", cited)
	}
}

func exists(t *testing.T, page, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s names %v", page, err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// declarations returns the names of all tests of the repository.
func declarations(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, "_test.go") {
			for _, m := range declared.FindAllStringSubmatch(read(t, name), -1) {
				out[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
