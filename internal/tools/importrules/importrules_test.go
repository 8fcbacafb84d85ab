package importrules

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func list(t *testing.T) Graph {
	t.Helper()
	look(t)
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,TestImports,XTestImports,ImportMap,Error", Module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	g := Graph{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = &p
	}
}

// look asks for every source file, so that go test does not take a result from its cache after one
// of them has changed: it knows what this process opens, not what go list does.
func look(t *testing.T) {
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == ".git" || d.Name() == ".marketops") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			os.Stat(path)
		}
		return nil // a file that is just being replaced is go list's to report
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImports(t *testing.T) {
	g := list(t)
	if g["runtime"] == nil || g[Module+"/internal/tools/importrules"] == nil {
		t.Fatalf("go list told of %d packages and left out some", len(g))
	}
	t.Logf("%d packages judged by %d rules", len(g), len(Rules))
	for path, p := range g {
		if p.Error != nil && Match("./...", path) {
			t.Errorf("%s cannot be judged: %s", short([]string{path})[0], p.Error.Err)
		}
	}
	for _, name := range Missing(g) {
		t.Errorf("required package %s does not exist", name)
	}
	for _, r := range Rules {
		if len(r.Binds(g)) == 0 {
			t.Logf("binds nothing yet: %s", r)
		}
		for _, b := range r.Check(g) {
			t.Error(b)
		}
	}
	for _, who := range unbound(g) {
		t.Logf("no such package yet: %s", who)
	}
}

// unbound returns the names in rules that fit no package yet.
func unbound(g Graph) []string {
	var out []string
	for _, r := range Rules {
		for _, name := range slices.Concat(r.Who, r.Not, r.Except) {
			if !strings.HasPrefix(name, ".") || slices.Contains(out, name) {
				continue
			}
			if len((Rule{Who: []string{name}}).Binds(g)) == 0 {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, path string
		want       bool
	}{
		{".", Module, true},
		{".", Module + "/crypto", false},
		{"./...", Module, true},
		{"./...", Module + "/crypto/signer", true},
		{"./...", Module + "2/crypto", false},
		{"./crypto", Module + "/crypto", true},
		{"./crypto", Module + "/crypto/signer", false},
		{"./verifier/...", Module + "/verifier", true},
		{"./verifier/...", Module + "/verifier/pack", true},
		{"./verifier/...", Module + "/verifiers", false},
		{"net", "net", true},
		{"net", "net/url", false},
		{"log", "log/slog", false},
		{"log", Module + "/log", false},
		{"modernc.org/...", "modernc.org/sqlite/lib", true},
	} {
		if got := Match(c.name, c.path); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.name, c.path, got)
		}
	}
}

// concrete returns a package that fits the name.
func concrete(name string) string {
	if rest, ok := strings.CutPrefix(name, "."); ok {
		name = Module + rest
	}
	return strings.TrimSuffix(name, "/...")
}

// Every rule must catch each thing it forbids, in each package it binds: directly and, unless it
// is about direct imports, through another package. Without the import there is no breach.
func TestEveryRuleCatches(t *testing.T) {
	for _, r := range Rules {
		for _, who := range r.Who {
			for _, not := range r.Not {
				from, to := concrete(who), concrete(not)
				direct := Graph{from: {Imports: []string{"fmt", to}}, to: {}}
				if b := r.Check(direct); len(b) != 1 || !slices.Equal(b[0].Chain, []string{from, to}) || b[0].Why == "" {
					t.Errorf("%s imports %s: got %v", from, to, b)
				}
				far := Graph{from: {Imports: []string{"x"}}, "x": {Imports: []string{"y", from}}, "y": {Imports: []string{to}}, to: {}}
				if b := r.Check(far); r.Direct != (len(b) == 0) {
					t.Errorf("%s reaches %s: got %v", from, to, b)
				}
				inTest := Graph{from: {TestImports: []string{to}}, to: {}}
				if b := r.Check(inTest); r.Tests != (len(b) == 1) {
					t.Errorf("a test of %s imports %s: got %v", from, to, b)
				}
				if b := r.Check(Graph{from: {Imports: []string{"fmt"}}, to: {}}); len(b) != 0 {
					t.Errorf("%s imports nothing bad: got %v", from, b)
				}
			}
		}
		for _, free := range r.Except {
			if b := r.Check(Graph{concrete(free): {Imports: []string{concrete(r.Not[0])}}}); len(b) != 0 {
				t.Errorf("%s is free: got %v", free, b)
			}
		}
	}
}

func TestRenamedImports(t *testing.T) {
	g := Graph{Module: {Imports: []string{"alias"}, ImportMap: map[string]string{"alias": "net"}}, "net": {}}
	if b := Rules[0].Check(g); len(b) != 1 {
		t.Errorf("got %v", b)
	}
}

func TestMissing(t *testing.T) {
	if got := Missing(Graph{}); len(got) != len(Required) || len(got) == 0 {
		t.Errorf("got %v", got)
	}
}
