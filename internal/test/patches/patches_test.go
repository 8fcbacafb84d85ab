package patches

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/overlay"
)

// TestFit: every patch of every table fits the source. Nothing is built.
func TestFit(t *testing.T) {
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range [][]overlay.Patch{Crash, Impatient} {
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
	if len(Points) < 42 || len(Fast) == 0 || len(ShortLease) == 0 {
		t.Errorf("only %d points, %d and %d other patches", len(Points), len(Fast), len(ShortLease))
	}
}

var pointName = regexp.MustCompile(`"([a-zA-Z0-9]+\.[a-z.]+)"`)

// points lists the names of the points in some folders.
func points(folders ...string) (out []string) {
	for _, p := range Points {
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
	for cmd, folders := range map[string][]string{"marketops": {"publisher"}, "marketops-core": {"federation", "log"}} {
		names := append(points(folders...), "MARKETOPS_FAULTS")
		if len(names) < 20 {
			t.Errorf("%s: only %q", cmd, names)
		}
		for _, patches := range [][]overlay.Patch{nil, Crash} {
			b := build(t, cmd, patches)
			for _, name := range names {
				if got := bytes.Contains(b, []byte(name)); got != (patches != nil) {
					t.Errorf("%s with %d patches: it holds %q: %v", cmd, len(patches), name, got)
				}
			}
		}
	}
}

func build(t *testing.T, cmd string, patches []overlay.Patch) []byte {
	t.Helper()
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	flag, err := overlay.Write(root, t.TempDir(), patches)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), cmd)
	c := exec.Command("go", "build", flag, "-ldflags=-s -w", "-o", binary, overlay.Module+"/cmd/"+cmd)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
