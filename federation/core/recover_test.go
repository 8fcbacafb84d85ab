package core_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// TestTwoCores: one state folder, one Core, also when the paths are spelt otherwise.
func TestTwoCores(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	_, err := core.Open(context.Background(), w.Options)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	w.Ready().Publish(0, "pub")
	w.Restart()
	w.Ready().Publish(0, "pub")
}

// crash leaves things as a kill would between two durable steps: do runs on the open ledger
// while the Core does nothing by itself, before a clean stop.
func crash(w *world.World, do func()) {
	w.Helper()
	w.Core.Quiet()
	do()
	w.Restart()
}

// TestFrozenNotAppended: what was frozen before the crash is in the log afterwards, once, in its
// order, and the claim is closed.
func TestFrozenNotAppended(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s, pending := w.Ready(), w.NewRun().Submit()
	_, intent := s.Try(0, "pub")
	in := s.OutcomeOf(0, "pub", 1, intent.Position, nil)
	outcome, err := receipt.Open(in.Envelope, w.Core.Trust().Ring())
	must(t, err)
	vote := pending.Vote("alice", nil)
	crash(w, func() {
		w.Freeze(vote)
		_, err := w.Ledger.Decide(ctx, s.Receipt(0).ReceiptID, 1, w.Keys["pub"].Public().ID(), claims.Success, recorder.Frozen(outcome))
		must(t, err)
	})
	entries, names := w.Records(s.ID)
	if !slices.Equal(names[len(names)-2:], []string{"outcome", "run-closed"}) {
		t.Fatalf("records %q", names)
	}
	if e := entries[len(entries)-2]; e.Digest != outcome.Digest {
		t.Error("the outcome was made again")
	}
	if c := got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t); c.State != "closed" || c.Outcome != "success" {
		t.Errorf("%+v", c)
	}
	if _, names := w.Records(pending.ID); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("records %q", names)
	}
	tree := w.Tree(entries[len(entries)-1].Position.Index)
	for _, e := range entries {
		w.Proved(tree, e)
	}
}

// TestAppendedNotIndexed: a leaf that reached the log before the crash is found there again.
func TestAppendedNotIndexed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.NewRun().Submit()
	vote := s.Vote("alice", nil)
	var at uint64
	crash(w, func() {
		w.Freeze(vote)
		at = got(w.Ledger.LoseIndex(func() error { return errOf(w.Core.Append(ctx, vote)) }))(t)
	})
	entries, _ := w.Records(s.ID)
	if len(entries) != 2 || entries[1].Position.Index != at {
		t.Fatalf("entries %+v, the leaf is at %d", entries, at)
	}
	tree := w.Tree(at)
	n := 0
	must(t, tree.Entries(0, tree.Checkpoint().Size, func(_ uint64, leaf []byte) error {
		if log.LeafHash(leaf) == vote.LeafHash() {
			n++
		}
		return nil
	}))
	if n != 1 {
		t.Errorf("the leaf is there %d times", n)
	}
}

// TestRemovedKey: a frozen record of a key that was taken out of the trust file holds up its own
// run and neither the start nor anybody else.
func TestRemovedKey(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, other := w.NewRun().Submit(), w.NewRun().Submit()
	lost, kept := s.Vote("dora", nil), other.Vote("alice", nil)
	w.Core.Quiet()
	w.Freeze(lost)
	w.Freeze(kept)
	w.Stop()
	w.WriteTrust(2, func(f *trust.File) { f.Persons = f.Persons[:3] })
	w.Start()
	if _, names := w.Records(other.ID); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("records %q", names)
	}
	w.Ready().Publish(0, "pub")
	w.Stop()
	w.WriteTrust(3, nil)
	w.Start()
	if _, names := w.Records(s.ID); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("after the key was listed again: %q", names)
	}
}

// TestUnsealedRun: a run-closed that a crash prevented is made at the next start.
func TestUnsealedRun(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.Core.Quiet()
	s.Publish(0, "pub")
	if _, names := w.Records(s.ID); slices.Contains(names, "run-closed") {
		t.Fatalf("control: sealed before: %q", names)
	}
	w.Restart()
	_, names := w.Records(s.ID)
	if n := count(names, "run-closed"); n != 1 {
		t.Errorf("records %q", names)
	}
	w.Restart()
	if _, again := w.Records(s.ID); !slices.Equal(again, names) {
		t.Errorf("a second start recorded more: %q", again)
	}
}

// TestTrustChanges: only a higher version is taken up, and never a broken file.
func TestTrustChanges(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	version := func() int64 { return got(w.Client("bob").Info(ctx))(t).Trust }
	w.WriteTrust(3, nil)
	w.Core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Fatalf("version %d is in force", v)
	}
	w.Ready().Publish(0, "pub")
	w.WriteTrust(2, nil)
	w.Core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Errorf("version %d was put back", v)
	}
	w.WriteTrust(3, func(f *trust.File) { f.Approvals = nil })
	w.Core.Sweep(ctx)
	if n := len(w.Core.Trust().File().Approvals); n != 1 {
		t.Error("another file of the same version was taken up")
	}
	must(t, os.WriteFile(filepath.Join(w.Dir, "trust.json"), []byte("{}"), 0o600))
	w.Core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Errorf("a broken file left version %d", v)
	}
	w.WriteTrust(2, nil)
	w.Stop()
	_, err := core.Open(ctx, w.Options)
	wantCode(t, err, marketops.TrustRolledBack)
	w.WriteTrust(4, nil)
	w.Start()
}

// TestOpenRefused: a Core whose records no verifier would accept does not start.
func TestOpenRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		code marketops.Code
		edit func(*world.World)
	}{
		{"authority not in trust", marketops.KeyUnknown, func(w *world.World) { w.Options.Keys.Authority = world.NewKey(t) }},
		{"ledger not in trust", marketops.KeyUnknown, func(w *world.World) { w.Options.Keys.Ledger = world.NewKey(t) }},
		{"advisory is the engine's", marketops.KeyUnknown, func(w *world.World) { w.Options.Keys.Advisory = w.Keys["pub"] }},
		{"checkpoint not in the log policy", marketops.KeyUnknown, func(w *world.World) { w.Options.Checkpoint = world.NewKey(t) }},
		{"one key twice", marketops.KeyUnreadable, func(w *world.World) { w.Options.Keys.Ledger = w.Options.Keys.Authority }},
		{"no keys", marketops.KeyUnreadable, func(w *world.World) { w.Options.Keys = issue.Keys{} }},
		{"no trust file", marketops.StateMissing, func(w *world.World) { must(t, os.Remove(filepath.Join(w.Dir, "trust.json"))) }},
		{"no policy", marketops.ConfigInvalid, func(w *world.World) { must(t, os.RemoveAll(filepath.Join(w.Dir, "policy"))) }},
		{"observe without an observer", marketops.ConfigInvalid, func(w *world.World) { w.Options.Config.Observe = config.ObserveGitHub }},
		{"observe not said", marketops.ConfigInvalid, func(w *world.World) { w.Options.Config.Observe = "" }},
		{"no clock", marketops.ConfigInvalid, func(w *world.World) { w.Options.Now = nil }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			w.Stop()
			before := w.Options
			c.edit(w)
			if opened, err := core.Open(context.Background(), w.Options); marketops.CodeOf(err) != c.code {
				if err == nil {
					opened.Close()
				}
				t.Errorf("got %v, want %s", err, c.code)
			}
			if c.code == marketops.StateMissing || c.name == "no policy" {
				return
			}
			again, err := core.Open(context.Background(), before)
			must(t, err)
			must(t, again.Close())
		})
	}
}
