package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// TestTwoCores: one state folder, one Core, also when the paths are spelt otherwise.
func TestTwoCores(t *testing.T) {
	w := newWorld(t)
	_, err := Open(context.Background(), w.opts)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	w.ready().publish(0, "pub")
	w.restart()
	w.ready().publish(0, "pub")
}

// crash leaves things as a kill would between two durable steps: do runs on the open ledger
// and log without the Core, after a clean stop.
func (w *world) crash(do func(*claims.Ledger, *Core)) {
	w.t.Helper()
	core := w.core
	core.stop()
	core.background.Wait()
	do(core.ledger, core)
	w.down()
	w.start()
}

// TestFrozenNotAppended: what was frozen before the crash is in the log afterwards, once, in its
// order, and the claim is closed.
func TestFrozenNotAppended(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, pending := w.ready(), w.newStory().submit()
	_, intent := s.executing(0, "pub")
	in := s.outcomeOf(0, "pub", 1, intent.Position, nil)
	outcome, err := receipt.Open(in.Envelope, w.core.active.Load().trust.Ring())
	must(t, err)
	vote := pending.vote("alice", nil)
	w.crash(func(l *claims.Ledger, c *Core) {
		must(t, l.Freeze(ctx, frozenForm(vote)))
		_, err := l.Decide(ctx, s.receipt(0).ReceiptID, 1, w.keys["pub"].Public().ID(), claims.Success, frozenForm(outcome))
		must(t, err)
	})
	entries, names := w.records(s.run)
	if !slices.Equal(names[len(names)-2:], []string{"outcome", "run-closed"}) {
		t.Fatalf("records %q", names)
	}
	if e := entries[len(entries)-2]; e.Digest != outcome.Digest {
		t.Error("the outcome was made again")
	}
	if c := got(w.client("bob").ClaimState(ctx, s.receipt(0).ReceiptID))(t); c.State != "closed" || c.Outcome != "success" {
		t.Errorf("%+v", c)
	}
	if _, names := w.records(pending.run); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("records %q", names)
	}
	tree := w.tree(entries[len(entries)-1].Position.Index)
	for _, e := range entries {
		w.proved(tree, e)
	}
}

// TestAppendedNotIndexed: a leaf that reached the log before the crash is found there again.
func TestAppendedNotIndexed(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s := w.newStory().submit()
	vote := s.vote("alice", nil)
	var at uint64
	w.crash(func(l *claims.Ledger, c *Core) {
		must(t, l.Freeze(ctx, frozenForm(vote)))
		must(t, c.tree.Put(vote.Envelope, vote.LeafHash()))
		var err error
		at, err = c.tree.Append(ctx, vote.Leaf())
		must(t, err)
	})
	entries, _ := w.records(s.run)
	if len(entries) != 2 || entries[1].Position.Index != at {
		t.Fatalf("entries %+v, the leaf is at %d", entries, at)
	}
	tree := w.tree(at)
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
	ctx := context.Background()
	w := newWorld(t)
	s, other := w.newStory().submit(), w.newStory().submit()
	lost, kept := s.vote("dora", nil), other.vote("alice", nil)
	w.core.stop()
	w.core.background.Wait()
	must(t, w.core.ledger.Freeze(ctx, frozenForm(lost)))
	must(t, w.core.ledger.Freeze(ctx, frozenForm(kept)))
	w.down()
	w.writeTrust(2, func(f *trust.File) { f.Persons = f.Persons[:3] })
	w.start()
	if _, names := w.records(other.run); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("records %q", names)
	}
	w.ready().publish(0, "pub")
	w.down()
	w.writeTrust(3, nil)
	w.start()
	if _, names := w.records(s.run); !slices.Equal(names, []string{"submission", "approval"}) {
		t.Errorf("after the key was listed again: %q", names)
	}
}

// TestUnsealedRun: a run-closed that a crash prevented is made at the next start.
func TestUnsealedRun(t *testing.T) {
	w := newWorld(t)
	s := w.ready()
	lock := w.core.runs.of(s.run)
	s.publish(0, "pub")
	lock.Lock() // keeps the background from sealing
	_, names := w.records(s.run)
	sealed := slices.Contains(names, "run-closed")
	w.core.stop()
	lock.Unlock()
	w.restart()
	_, names = w.records(s.run)
	if n := count(names, "run-closed"); n != 1 {
		t.Errorf("sealed before: %v; records %q", sealed, names)
	}
	w.restart()
	if _, again := w.records(s.run); !slices.Equal(again, names) {
		t.Errorf("a second start recorded more: %q", again)
	}
}

// TestTrustChanges: only a higher version is taken up, and never a broken file.
func TestTrustChanges(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	version := func() int64 { return got(w.client("bob").Info(ctx))(t).Trust }
	w.writeTrust(3, nil)
	w.core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Fatalf("version %d is in force", v)
	}
	w.ready().publish(0, "pub")
	w.writeTrust(2, nil)
	w.core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Errorf("version %d was put back", v)
	}
	w.writeTrust(3, func(f *trust.File) { f.Approvals = nil })
	w.core.Sweep(ctx)
	if n := len(w.core.active.Load().trust.File().Approvals); n != 1 {
		t.Error("another file of the same version was taken up")
	}
	must(t, os.WriteFile(filepath.Join(w.dir, "trust.json"), []byte("{}"), 0o600))
	w.core.Sweep(ctx)
	if v := version(); v != 3 {
		t.Errorf("a broken file left version %d", v)
	}
	w.writeTrust(2, nil)
	w.down()
	_, err := Open(ctx, w.opts)
	wantCode(t, err, marketops.TrustRolledBack)
	w.writeTrust(4, nil)
	w.start()
}

// TestOpenRefused: a Core whose records nobody would believe does not start.
func TestOpenRefused(t *testing.T) {
	cases := []struct {
		name string
		code marketops.Code
		edit func(*world)
	}{
		{"authority not in trust", marketops.KeyUnknown, func(w *world) { w.opts.Keys.Authority = newKey(t) }},
		{"ledger not in trust", marketops.KeyUnknown, func(w *world) { w.opts.Keys.Ledger = newKey(t) }},
		{"advisory is the engine's", marketops.KeyUnknown, func(w *world) { w.opts.Keys.Advisory = w.keys["pub"] }},
		{"checkpoint not in the log policy", marketops.KeyUnknown, func(w *world) { w.opts.Checkpoint = newKey(t) }},
		{"one key twice", marketops.KeyUnreadable, func(w *world) { w.opts.Keys.Ledger = w.opts.Keys.Authority }},
		{"no keys", marketops.KeyUnreadable, func(w *world) { w.opts.Keys = issue.Keys{} }},
		{"no trust file", marketops.StateMissing, func(w *world) { must(t, os.Remove(filepath.Join(w.dir, "trust.json"))) }},
		{"no policy", marketops.ConfigInvalid, func(w *world) { must(t, os.RemoveAll(filepath.Join(w.dir, "policy"))) }},
		{"observe without an observer", marketops.ConfigInvalid, func(w *world) { w.opts.Config.Observe = config.ObserveGitHub }},
		{"observe not said", marketops.ConfigInvalid, func(w *world) { w.opts.Config.Observe = "" }},
		{"no clock", marketops.ConfigInvalid, func(w *world) { w.opts.Now = nil }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.down()
			before := w.opts
			c.edit(w)
			if core, err := Open(context.Background(), w.opts); marketops.CodeOf(err) != c.code {
				if err == nil {
					core.Close()
				}
				t.Errorf("got %v, want %s", err, c.code)
			}
			if c.code == marketops.StateMissing || c.name == "no policy" {
				return
			}
			core, err := Open(context.Background(), before)
			must(t, err)
			must(t, core.Close())
		})
	}
}
