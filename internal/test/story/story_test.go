// Package story runs the users' stories under testdata/script; see package script for their commands.
package story

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/script"
	"github.com/omega/marketops/internal/test/testenv"
)

func TestMain(m *testing.M) { os.Exit(script.Main(m)) }

// shipped are the stories that run on binaries as they ship: the main path, and what waits for nothing.
var shipped = []string{"life", "cmd-help", "cmd-init", "cmd-log", "cmd-plan", "setup-config", "setup-keys", "setup-missing", "verify", "verify-pin"}

// witnesses are the stories in which witnesses are missed.
var witnesses = []string{"witness", "witness-fork"}

// TestStories runs each story once: all but those that are named above on quick binaries, which pause
// for less long.
func TestStories(t *testing.T) {
	others := slices.DeleteFunc(stories(t), func(file string) bool {
		return slices.Contains(shipped, nameOf(file)) || slices.Contains(witnesses, nameOf(file))
	})
	script.Run(t, script.Suite{Files: files(witnesses), Binaries: testenv.Impatient})
	script.Run(t, script.Suite{Files: others, Binaries: testenv.Quick})
	script.Run(t, script.Suite{Files: files(shipped), Binaries: testenv.Unmodified})
}

var folder = filepath.Join("..", "..", "..", "testdata", "script")

func stories(t *testing.T) []string {
	found, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%d stories, %v", len(found), err)
	}
	return found
}

func files(names []string) (out []string) {
	for _, name := range names {
		out = append(out, filepath.Join(folder, name+".txtar"))
	}
	return out
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }
