package githubtest_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNeverLinked: a product binary that holds the practice GitHub could be talked into
// publishing to it and reporting success.
func TestNeverLinked(t *testing.T) {
	const me = "github.com/omega/marketops/internal/test/githubtest"
	if !strings.Contains(dependencies(t, me+"/serve"), me+"\n") {
		t.Fatal("control: even its own executable does not seem to link it")
	}
	if strings.Contains(dependencies(t, "github.com/omega/marketops/cmd/..."), me) {
		t.Error("a product binary links the practice GitHub")
	}
}

// TestIndependent: an oracle that shares code with what it judges agrees with its mistakes.
func TestIndependent(t *testing.T) {
	for dep := range strings.Lines(dependencies(t, "github.com/omega/marketops/internal/test/githubtest/serve")) {
		if strings.HasPrefix(dep, "github.com/omega/marketops") && !strings.Contains(dep, "internal/test/githubtest") {
			t.Errorf("the practice GitHub imports %s", dep)
		}
	}
}

func dependencies(t *testing.T, pattern string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-deps", pattern).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
