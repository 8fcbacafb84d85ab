package patches_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/overlay"
	"github.com/omega/marketops/internal/test/patches"
	"github.com/omega/marketops/internal/test/testenv"
)

// TestFit: every patch of every table fits the source. Nothing is built.
func TestFit(t *testing.T) {
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range [][]overlay.Patch{patches.Crash, patches.Impatient, patches.FastClock} {
		texts, err := overlay.Apply(root, table)
		if err != nil {
			t.Error(err)
		}
		for file, text := range texts {
			if b, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(b) == text {
				t.Errorf("%s is not changed: %v", file, err)
			}
		}
	}
	if len(patches.Points) < 42 || len(patches.Fast) == 0 || len(patches.ShortLease) == 0 {
		t.Errorf("only %d points, %d and %d other patches", len(patches.Points), len(patches.Fast), len(patches.ShortLease))
	}
}

var pointName = regexp.MustCompile(`"([a-zA-Z0-9]+\.[a-z.]+)"`)

// points lists the names of the points in some folders.
func points(folders ...string) (out []string) {
	for _, p := range patches.Points {
		for _, dir := range folders {
			if m := pointName.FindStringSubmatch(p.New); strings.HasPrefix(p.File, dir+"/") && m != nil {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// TestAbsent: a normal binary holds neither the variable's name nor the name of any point, and one
// that is built with the patches holds all of them.
func TestAbsent(t *testing.T) {
	bin := map[bool]string{false: build(t, testenv.Unmodified), true: build(t, testenv.Crash)}
	for cmd, folders := range map[string][]string{"marketops": {"publisher"}, "marketops-core": {"federation", "log"}} {
		names := append(points(folders...), "MARKETOPS_FAULTS")
		if len(names) < 20 {
			t.Errorf("%s: only %q", cmd, names)
		}
		for patched, dir := range bin {
			b, err := os.ReadFile(filepath.Join(dir, cmd))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if got := holds(b, name); got != patched {
					t.Errorf("%s, patched %v: it holds %q: %v", cmd, patched, name, got)
				}
			}
		}
	}
}

// holds does not take a symbol for a point: ".../core.answered" is a function.
func holds(binary []byte, name string) bool {
	return bytes.Contains(bytes.ReplaceAll(binary, []byte("/"+name), nil), []byte(name))
}

func build(t *testing.T, v testenv.Variant) string {
	t.Helper()
	dir := t.TempDir()
	if err := testenv.Build(t.Context(), dir, v); err != nil {
		t.Fatal(err)
	}
	return dir
}
