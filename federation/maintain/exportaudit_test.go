package maintain_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// TestExportAudit: while the Core runs the export verifies by itself. One from a log that is not whole has no
// checkpoint, and is no log.
func TestExportAudit(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	entries, _ := w.Records(s.ID)
	w.Tree(entries[len(entries)-1].Position.Index)
	source := maintain.Source{State: w.Dir, Config: w.Options.Config}
	whole := filepath.Join(t.TempDir(), "whole")
	cp, err := source.ExportAudit(context.Background(), whole, w.Trust.Log())
	if err != nil || cp.Size < uint64(len(entries)) {
		t.Fatalf("%+v, %v", cp, err)
	}
	if r := auditOf(t, w, whole); r.Verdict != verifier.Verified {
		t.Errorf("%s: %+v", r.Verdict, r.Checks)
	}
	for _, private := range []string{"log/.state", "documents", "evidence", "claims.db", "keys"} {
		if _, err := os.Stat(filepath.Join(whole, private)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is in the export: %v", private, err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := source.ExportAudit(ended, filepath.Join(t.TempDir(), "ended"), w.Trust.Log()); err == nil {
		t.Error("it continued after it was cancelled")
	}
	w.Stop()
	if err := os.RemoveAll(filepath.Join(w.Options.Config.Log, "tile", "entries")); err != nil {
		t.Fatal(err)
	}
	less := filepath.Join(t.TempDir(), "less")
	if _, err := source.ExportAudit(context.Background(), less, w.Trust.Log()); marketops.CodeOf(err) != marketops.StateMissing {
		t.Errorf("without its entries: %v", err)
	}
	if _, err := os.Stat(filepath.Join(less, "log", log.CheckpointPath)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has a checkpoint: %v", err)
	}
}

func auditOf(t *testing.T, w *world.World, dir string) *verifier.Report {
	t.Helper()
	open := func(name string) *audit.Folder {
		f, err := audit.OpenFolder(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	return audit.Audit(open("log"), open("records"), w.Trust, audit.Options{At: w.Now()})
}
