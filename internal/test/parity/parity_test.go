// Package parity runs the stories under testdata/script/parity, one for each check of docs/parity.md, and
// holds that page to them.
package parity

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/script"
	"github.com/omega/marketops/internal/test/testenv"
)

func TestMain(m *testing.M) { os.Exit(script.Main(m)) }

// stories holds the parity suite: one story for each check that docs/parity.md names.
var stories = filepath.Join("..", "..", "..", "testdata", "script", "parity", "*.txtar")

func TestParity(t *testing.T) {
	found, err := filepath.Glob(stories)
	if err != nil {
		t.Fatal(err)
	}
	script.Run(t, script.Suite{Files: found, Binaries: testenv.Quick})
}

// row is one line of the table of docs/parity.md: a check, its story and the codes it yields.
var row = regexp.MustCompile("^\\| [^|]+ \\| `([a-z0-9_-]+)` \\| ([^|]*) \\|")

var quoted = regexp.MustCompile("`([a-z-]+)`")

// TestParityTable holds docs/parity.md to the stories: each row has its story, which yields every
// code that the row promises and has a control that publishes, and no story is left out.
func TestParityTable(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "parity.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		listed[m[1]] = true
		checkRow(t, m[1], m[2])
	}
	found, err := filepath.Glob(stories)
	if err != nil || len(found) == 0 || len(listed) == 0 {
		t.Fatalf("%d stories, %d rows, %v", len(found), len(listed), err)
	}
	for _, path := range found {
		if name := strings.TrimSuffix(filepath.Base(path), ".txtar"); !listed[name] {
			t.Errorf("story %s stands in no row of docs/parity.md", name)
		}
	}
}

func checkRow(t *testing.T, name, codes string) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(stories), name+".txtar"))
	if err != nil {
		t.Errorf("docs/parity.md names a story that is not there: %v", err)
		return
	}
	story, _, _ := strings.Cut(string(text), "\n-- ")
	if !strings.Contains(story, "\npublished ") {
		t.Errorf("%s has no control that publishes", name)
	}
	for _, m := range quoted.FindAllStringSubmatch(codes, -1) {
		if _, known := marketops.Code(m[1]).Info(); !known {
			t.Errorf("%s: there is no code %s", name, m[1])
		}
		if !regexp.MustCompile(`(?m)^(refused|audited|! packed|exits|std(out|err)|leaf|json|rehearsed) .*\b` + m[1] + `\b`).MatchString(story) {
			t.Errorf("%s never demands %s, which docs/parity.md promises", name, m[1])
		}
	}
}
