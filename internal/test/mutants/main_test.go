package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/overlay"
)

// TestTables: every patch of every mutant fits the source, and every test that must notice exists.
// Nothing is built.
func TestTables(t *testing.T) {
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range mutants {
		if names[m.name] || m.removes == "" || len(m.patches) == 0 {
			t.Errorf("%s is not whole, or there are two", m.name)
		}
		names[m.name] = true
		texts, err := overlay.Apply(root, m.patches)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for file, text := range texts {
			if b, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(b) == text || strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s changes nothing in product file %s: %v", m.name, file, err)
			}
		}
		if !hasTest(t, filepath.Join(root, m.pkg), m.test) {
			t.Errorf("%s: no %s in %s", m.name, m.test, m.pkg)
		}
	}
	if len(names) < 22 {
		t.Errorf("only %d mutants", len(names))
	}
}

func hasTest(t *testing.T, dir, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte("\nfunc "+test+"(t *testing.T) {")) {
			return true
		}
	}
	return false
}

// TestJudge: a control must pass, and a mutant must make its test fail; a test that does not run, or
// breaks off otherwise, proves nothing.
func TestJudge(t *testing.T) {
	failed := &exec.ExitError{}
	for _, c := range []struct {
		mutant *mutant
		out    string
		err    error
		want   bool
		said   string
	}{
		{nil, "--- PASS: TestX (0.00s)", nil, true, "ok control"},
		{nil, "--- FAIL: TestX (0.00s)", failed, false, "BROKEN"},
		{nil, "", errors.New("no such test"), false, "BROKEN"},
		{&mutants[0], "--- FAIL: TestX (0.00s)", failed, true, "ok killed"},
		{&mutants[0], "--- PASS: TestX (0.00s)", nil, false, "SURVIVED"},
		{&mutants[0], "panic: test timed out", failed, false, "BROKEN"},
		{&mutants[0], "--- FAIL", errors.New("no such program"), false, "BROKEN"},
	} {
		ok, said := task{pkg: "p", tests: []string{"TestX"}, mutant: c.mutant}.judge("TestX", []byte(c.out), c.err)
		if ok != c.want || !strings.HasPrefix(said, c.said) {
			t.Errorf("%q, %v: %v, %q", c.out, c.err, ok, said)
		}
	}
}
