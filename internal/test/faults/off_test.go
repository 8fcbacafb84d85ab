//go:build !faults

package faults

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var pointCall = regexp.MustCompile(`faults\.(?:At|After)\(.*"([a-zA-Z0-9]+\.[a-z.]+)"`)

// points lists the names of points in the source below some folders.
func points(t *testing.T, folders ...string) (out []string) {
	for _, dir := range folders {
		err := filepath.WalkDir(filepath.Join("..", "..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range pointCall.FindAllSubmatch(b, -1) {
				out = append(out, string(m[1]))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestAbsent: a normal binary holds neither the variable's name nor the name of any point, and one
// that is built with the tag holds all of them.
func TestAbsent(t *testing.T) {
	for cmd, folders := range map[string][]string{"marketops": {"publisher"}, "marketops-core": {"federation", "log"}} {
		names := append(points(t, folders...), "MARKETOPS_FAULTS")
		if len(names) < 15 {
			t.Errorf("%s: only %q", cmd, names)
		}
		for _, tags := range []string{"", "faults"} {
			b := built(t, cmd, tags)
			for _, name := range names {
				if got := bytes.Contains(b, []byte(name)); got != (tags == "faults") {
					t.Errorf("%s with -tags %q: it holds %q: %v", cmd, tags, name, got)
				}
			}
		}
	}
}

func built(t *testing.T, cmd, tags string) []byte {
	binary := filepath.Join(t.TempDir(), cmd)
	build := exec.Command("go", "build", "-tags", tags, "-o", binary, "github.com/omega/marketops/cmd/"+cmd)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFree: a point costs no allocation, and changes no error.
func TestFree(t *testing.T) {
	method, step, err := "GET", "read the repository", errors.New("no")
	if n := testing.AllocsPerRun(100, func() {
		if At("github.send", method, step) != nil || After(err, "S4.after", step) != err || After(nil, step) != nil {
			t.Error("a point of a normal build speaks")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
