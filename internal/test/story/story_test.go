// Package story runs the users' stories under testdata/script; see package script for their commands.
package story

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/script"
	"github.com/omega/marketops/internal/test/testenv"
)

func TestMain(m *testing.M) { os.Exit(script.Main(m)) }

// shipped are the stories that always run on binaries as they ship: the main path, and what waits for nothing.
var shipped = []string{"life", "verify", "cmd-help", "cmd-init", "cmd-log", "cmd-plan", "setup-config", "setup-keys", "setup-missing", "setup-socket"}

// witnesses are the stories in which witnesses are missed.
var witnesses = []string{"witness", "witness-fork"}

// slow are the stories about the pauses that [testenv.Quick] and [testenv.Impatient] shorten. make
// exhaustive runs them on binaries as they ship too, each for up to two minutes.
var slow = []string{
	"github-lies", "github-reset", "github-unreachable", "github-authority", "outcome-unknown", // looks at GitHub that are doubted
	"github-limited", "github-elsewhere", // the pace of writes
	"core-unreachable", "crash-core", // tries to reach a Core
	"witness", "witness-fork", // a checkpoint that is not cosigned
}

// TestStories runs each story once.
func TestStories(t *testing.T) {
	others := slices.DeleteFunc(stories(t), func(file string) bool {
		return slices.Contains(shipped, nameOf(file)) || slices.Contains(witnesses, nameOf(file))
	})
	script.Run(t, script.Suite{Files: files(witnesses), Binaries: testenv.Impatient})
	script.Run(t, script.Suite{Files: files(shipped), Binaries: testenv.Unmodified})
	script.Run(t, script.Suite{Files: others, Binaries: testenv.Quick})
}

// TestSlowly runs the slow stories on binaries as they ship.
func TestSlowly(t *testing.T) {
	if !exhaustive.Whole() {
		t.Log("make exhaustive runs them")
		return
	}
	script.Run(t, script.Suite{Files: files(slow), Binaries: testenv.Unmodified})
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
