package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
)

func (w *world) recordFile(e api.Entry) string {
	return filepath.Join(w.opts.Config.Records, filepath.FromSlash(log.RecordPath(e.Leaf)))
}

func (w *world) entryOf(s *story, name string) api.Entry {
	w.t.Helper()
	entries, names := w.records(s.run)
	return entries[slices.Index(names, name)]
}

// TestErased: what is deleted from the record store is nowhere any more, and holds up nobody but
// whoever would have to judge by it.
func TestErased(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	done, open, other := w.ready(), w.newStory().submit().approve("alice"), w.ready()
	done.publish(0, "pub")
	for _, e := range []api.Entry{w.entryOf(done, "submission"), w.entryOf(done, "receipt"), w.entryOf(open, "approval")} {
		if row, _, err := w.core.ledger.ByLeaf(ctx, e.Leaf); err != nil || row.Envelope != nil || len(e.Envelope) == 0 {
			t.Fatalf("the ledger keeps the %s: %v", e.Name, err)
		}
		must(t, os.Remove(w.recordFile(e)))
	}
	w.restart()
	entries, names := w.records(done.run)
	for i, e := range entries {
		if erased := names[i] == "submission" || names[i] == "receipt"; erased != (len(e.Envelope) == 0) {
			t.Errorf("%s has %d bytes", e.Name, len(e.Envelope))
		}
	}
	_, err := w.client("bob").Authorize(ctx, open.run)
	wantCode(t, err, marketops.RecordWithheld) // it may have been a veto
	other.publish(0, "pub")
}

// TestErasedReceipt: an execution whose receipt was erased is brought to its end all the same.
func TestErasedReceipt(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, unspent := w.ready(), w.ready()
	s.executing(0, "pub")
	for _, e := range []api.Entry{w.entryOf(s, "receipt"), w.entryOf(unspent, "receipt")} {
		must(t, os.Remove(w.recordFile(e)))
	}
	w.pass(w.opts.Config.ReceiptLifetime + silence)
	w.restart()
	if c := got(w.client("bob").ClaimState(ctx, s.receipt(0).ReceiptID))(t); c.State != "closed" || c.Outcome != "unknown" {
		t.Errorf("%+v", c)
	}
	_, err := unspent.claim(0, "pub")
	wantCode(t, err, marketops.RecordWithheld)
}

// TestExchangedRecord: the record store is a folder of files. One that was put in the place of
// another is not believed, although it is signed.
func TestExchangedRecord(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	mine, theirs := w.newStory().submit(), w.newStory().submit()
	_, err := mine.voteAs("alice", nil)
	must(t, err)
	vote, veto := w.entryOf(mine, "approval"), theirs.vote("carol", nil)
	must(t, os.WriteFile(w.recordFile(vote), veto.Envelope, 0o600))
	_, err = w.client("bob").Authorize(ctx, mine.run)
	wantCode(t, err, marketops.LeafMismatch)
	must(t, os.WriteFile(w.recordFile(vote), vote.Envelope, 0o600))
	if !mine.decide().Authorized {
		t.Error("control: not authorised with the record put back")
	}
}

// TestFrozenUntilIndexed: recovery has the bytes of everything that is not in the log.
func TestFrozenUntilIndexed(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s := w.newStory().submit()
	vote := s.vote("alice", nil)
	w.crash(func(l *claims.Ledger, c *Core) {
		must(t, l.Freeze(ctx, frozenForm(vote)))
		if _, err := os.Stat(w.recordFile(api.Entry{Leaf: vote.LeafHash()})); !os.IsNotExist(err) {
			t.Fatalf("control: the record store has it: %v", err)
		}
	})
	if e := w.entryOf(s, "approval"); e.Digest != vote.Digest || string(e.Envelope) != string(vote.Envelope) {
		t.Errorf("%+v", e)
	}
}
