package core_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/log/tiles"
)

// TestBackupWhileRunning: whatever the moment, log and claims of a backup are of one. Every record
// that the ledger has an index of stands there, and every leaf is one that the ledger knows.
func TestBackupWhileRunning(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	must(t, os.WriteFile(filepath.Join(w.Dir, "core.yaml"), []byte("version: 1\norigin: "+world.Origin+"\n"), 0o600))
	w.NewRun().Submit()
	stop, busy := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		busy.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					w.NewRun().Submit().Approve("alice")
				}
			}
		})
	}
	source := maintain.Source{State: w.Dir, Config: w.Options.Config}
	var last int64
	for i := range 4 {
		dest := filepath.Join(t.TempDir(), "backup")
		must(t, source.Copy(dest))
		b, err := w.Client("ledger").Backup(context.Background(), dest)
		must(t, err)
		if b.Origin != world.Origin || b.Size < last {
			t.Errorf("backup %d: %+v", i, b)
		}
		last = b.Size
		checkOneMoment(t, w, dest, b)
	}
	close(stop)
	busy.Wait()
	if last == 0 {
		t.Error("nothing was backed up")
	}
	w.NewRun().Submit() // the Core continues
}

func checkOneMoment(t *testing.T, w *world.World, dest string, b api.BackedUp) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dest, "log", "checkpoint"))
	must(t, err)
	cp, err := w.Core.Trust().Log().Open(raw)
	must(t, err)
	if int64(cp.Size) != b.Size || cp.Root != b.Root {
		t.Fatalf("checkpoint %d, answer %d", cp.Size, b.Size)
	}
	r, err := tiles.Open(filepath.Join(dest, "log"))
	must(t, err)
	defer r.Close()
	records := os.DirFS(filepath.Join(dest, "records")).(fs.ReadFileFS)
	l, err := claims.Open(filepath.Join(dest, "claims.db"), w.Now)
	must(t, err)
	defer l.Close()
	must(t, log.NewTree(cp, r).Entries(0, cp.Size, func(index uint64, leaf []byte) error {
		h := log.LeafHash(leaf)
		if _, err := log.ReadRecord(records, h); err != nil {
			return fmt.Errorf("record of leaf %d: %w", index, err)
		}
		row, found, err := l.ByLeaf(context.Background(), h)
		if err == nil && (!found || row.Index == nil || *row.Index != index) {
			err = fmt.Errorf("leaf %d is %+v in the copy of the ledger", index, row)
		}
		return err
	}))
	if rows, err := l.Unindexed(context.Background()); err != nil || len(rows) != 0 {
		t.Errorf("%d records wait for the log, %v", len(rows), err)
	}
}

// TestBackupIsTheOperators: nobody but the ledger's key may ask for one, and nowhere but where it says.
func TestBackupIsTheOperators(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	must(t, os.WriteFile(filepath.Join(w.Dir, "core.yaml"), []byte("version: 1\norigin: "+world.Origin+"\n"), 0o600))
	dest := filepath.Join(t.TempDir(), "backup")
	for _, name := range []string{"bob", "pub", "alice", "authority"} {
		if _, err := w.Client(name).Backup(context.Background(), dest); marketops.CodeOf(err) != marketops.KeyUnknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Client("ledger").Backup(context.Background(), "backup"); marketops.CodeOf(err) != marketops.ConfigInvalid {
		t.Errorf("a relative folder: %v", err)
	}
	if _, err := os.Stat(dest); err == nil {
		t.Error("it was made")
	}
	_, err := w.Client("ledger").Backup(context.Background(), dest)
	must(t, err)
	if _, err := maintain.ReadManifest(dest); err != nil {
		t.Error(err)
	}
}
