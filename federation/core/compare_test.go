package core_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/internal/test/world"
)

// TestLedgerOfAnotherMoment: a claims.db that is older than the log, newer, empty or of another log is refused at start,
// before anything is appended, each time; that of the log is served.
func TestLedgerOfAnotherMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, w *world.World, older, newest string)
		says  string
	}{
		"older": {func(t *testing.T, w *world.World, older, _ string) { putBack(t, older, w.Dir, "claims.db") }, "does not know leaf 1 "},
		"empty": {func(t *testing.T, w *world.World, _, _ string) { putBack(t, t.TempDir(), w.Dir, "claims.db") }, "does not know leaf 0 "},
		"newer": {func(t *testing.T, w *world.World, older, _ string) {
			putBack(t, older, w.Dir, "log", "records", "checkpoint.mark")
		}, "newer than the log"},
		"of another log": {func(t *testing.T, w *world.World, _, _ string) {
			other := world.New(t)
			other.NewRun().Submit().Vote("alice", nil)
			for range 4 { // it has compared as many leaves
				other.NewRun().Submit()
			}
			other.Restart()
			other.Stop()
			putBack(t, other.Dir, w.Dir, "claims.db")
		}, "of another one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			older, newest := t.TempDir(), t.TempDir()
			s := w.NewRun().Submit()
			w.Stop()
			putBack(t, w.Dir, older, "claims.db", "log", "records", "checkpoint.mark")
			w.Start()
			s.Approve("alice")
			w.Restart() // this start compares what stands in the log, and remembers it
			w.Stop()
			putBack(t, w.Dir, newest, "claims.db", "log", "records", "checkpoint.mark")
			c.spoil(t, w, older, newest)
			for range 2 {
				opened, err := core.Open(context.Background(), w.Options)
				if err == nil {
					opened.Close()
				}
				if !errors.Is(err, marketops.LedgerUnavailable) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %q", err, c.says)
				}
			}
			putBack(t, newest, w.Dir, "claims.db", "log", "records", "checkpoint.mark")
			w.Start()
			if _, names := w.Records(s.ID); len(names) != 2 {
				t.Errorf("records %q", names)
			}
		})
	}
}

// putBack replaces what is in a folder under these names, and under names that begin with them, by what another one has.
func putBack(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, n := range names {
		for _, old := range got(filepath.Glob(filepath.Join(to, n+"*")))(t) {
			must(t, os.RemoveAll(old))
		}
		for _, path := range got(filepath.Glob(filepath.Join(from, n+"*")))(t) {
			dest := filepath.Join(to, filepath.Base(path))
			if info := got(os.Stat(path))(t); info.IsDir() {
				must(t, os.CopyFS(dest, os.DirFS(path)))
			} else {
				must(t, os.WriteFile(dest, got(os.ReadFile(path))(t), info.Mode()))
			}
		}
	}
}
