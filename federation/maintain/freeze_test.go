package maintain

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/internal/setup"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const (
	origin = "log.example.com"
	next   = "log2.example.com"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func now() marketops.Time { return marketops.TimeOf(time.Now()) }

// made is a state folder as init makes it, with what a freeze needs.
func made(t *testing.T) (string, Freeze) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	_, err := setup.InitCore(setup.Options{Dir: dir, Origin: origin, Now: now(), Random: rand.Reader})
	must(t, err)
	t.Cleanup(func() { // frozen folders are read-only
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error { return os.Chmod(path, 0o700) })
	})
	load := func(name string) crypto.Signer {
		k, err := signer.Load(filepath.Join(dir, "keys", name+".pem"), nil)
		must(t, err)
		return k
	}
	data, err := os.ReadFile(filepath.Join(dir, "trust.json"))
	must(t, err)
	inForce, err := trust.Parse(data)
	must(t, err)
	mint, err := issue.New(issue.Keys{Authority: load("authority"), Advisory: load("advisory"), Ledger: load("ledger")}, rand.Reader, now, func() *trust.Trust { return inForce })
	must(t, err)
	l, err := claims.Open(filepath.Join(dir, "claims.db"), now)
	must(t, err)
	must(t, l.Close())
	return dir, Freeze{Next: next, NextKey: logtest.Key(50).Public(), Checkpoint: load("checkpoint"), Mint: mint}
}

func opened(t *testing.T, dir string) *State {
	t.Helper()
	s, err := Open(dir, now)
	must(t, err)
	return s
}

// TestFreezeGoesOn: wherever it was interrupted, the same call finishes, with one seal and one
// first record.
func TestFreezeGoesOn(t *testing.T) {
	ctx := context.Background()
	for name, interrupted := range map[string]func(*State, Freeze) error{
		"never":          func(*State, Freeze) error { return nil },
		"after the seal": func(s *State, f Freeze) error { _, _, err := s.seal(ctx, f); return err },
		"after a copy": func(s *State, f Freeze) error {
			_, _, err := s.seal(ctx, f)
			folder := filepath.Join(s.dir, "shards", origin)
			return errors.Join(err, os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "claims.db"), []byte("half"), 0o600))
		},
		"before the move": func(s *State, f Freeze) error {
			_, err := s.end(ctx, f, &Frozen{Folder: filepath.Join(s.dir, "shards", origin)})
			return err
		},
		"within the move": func(s *State, f Freeze) error {
			folder := filepath.Join(s.dir, "shards", origin)
			_, err := s.end(ctx, f, &Frozen{Folder: folder})
			return errors.Join(err, os.Rename(s.config.Log, filepath.Join(folder, "log")))
		},
		"at the end": func(s *State, f Freeze) error { _, err := s.Freeze(ctx, f); return err },
	} {
		t.Run(name, func(t *testing.T) {
			dir, f := made(t)
			s := opened(t, dir)
			must(t, interrupted(s, f))
			must(t, s.Close())
			s = opened(t, dir)
			defer s.Close()
			done, err := s.Freeze(ctx, f)
			must(t, err)
			if done.Shard.Origin != origin || done.Shard.Size != 1 {
				t.Errorf("%+v", done.Shard)
			}
			rows, err := s.ledger.Unindexed(ctx)
			must(t, err)
			if len(rows) != 1 || rows[0].Kind != "shard-genesis" {
				t.Errorf("waiting: %+v", rows)
			}
			rec, err := receipt.Open(rows[0].Envelope, s.trust.Ring())
			must(t, err)
			g := rec.Body.(*receipt.ShardGenesis)
			seal := sealIn(t, s, filepath.Join(done.Folder, "log"), filepath.Join(done.Folder, "records"))
			if g.Previous != done.Shard || g.Origin != next || g.Sealed != seal.Digest {
				t.Errorf("first record %+v of %+v", g, done.Shard)
			}
			copied, err := claims.Open(filepath.Join(done.Folder, "claims.db"), now)
			must(t, err)
			must(t, copied.Close())
			proposed, err := os.ReadFile(done.Trust)
			must(t, err)
			tr, err := trust.Parse(proposed)
			must(t, err)
			if ls := tr.Log().Logs(); ls[len(ls)-1].Name != next || !tr.Log().Ended(ls[0].Vkey) || tr.Version() != s.trust.Version()+1 {
				t.Errorf("trust %s", proposed)
			}
		})
	}
}

// sealIn returns the record of the last leaf of a frozen log.
func sealIn(t *testing.T, s *State, dir, records string) *receipt.Record {
	t.Helper()
	raw, err := files(dir).ReadFile(log.CheckpointPath)
	must(t, err)
	cp, err := s.open(raw)
	must(t, err)
	s.config.Log, s.config.Records = dir, records
	rec, err := s.recordAt(cp, cp.Size-1)
	must(t, err)
	if rec == nil {
		t.Fatal("the last leaf is no seal")
	}
	return rec
}

// TestFreezeRefuses: a log is not ended under its own name, nor a second time under another one.
func TestFreezeRefuses(t *testing.T) {
	dir, f := made(t)
	s := opened(t, dir)
	defer s.Close()
	for _, name := range []string{"", origin, "log2.example.com/x", "log 2"} {
		f.Next = name
		if _, err := s.Freeze(context.Background(), f); marketops.CodeOf(err) != marketops.ConfigInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "log", "checkpoint")); err == nil {
		t.Error("something was done")
	}
	f.Next = next
	_, err := s.Freeze(context.Background(), f)
	must(t, err)
	f.Next = "log3.example.com"
	if _, err := s.Freeze(context.Background(), f); marketops.CodeOf(err) != marketops.ConfigInvalid {
		t.Errorf("a second time: %v", err)
	}
}
