package core_test

import (
	"context"
	"os"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/internal/test/world"
)

// TestErased: what is deleted from the record store is gone, and stops only the calls
// that must judge by it.
func TestErased(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	done, open, other := w.Ready(), w.NewRun().Submit().Approve("alice"), w.Ready()
	done.Publish(0, "pub")
	for _, e := range []api.Entry{done.EntryOf("submission"), done.EntryOf("receipt"), open.EntryOf("approval")} {
		if row, _, err := w.Ledger.ByLeaf(ctx, e.Leaf); err != nil || row.Envelope != nil || len(e.Envelope) == 0 {
			t.Fatalf("the ledger keeps the %s: %v", e.Name, err)
		}
		must(t, os.Remove(w.RecordFile(e.Leaf)))
	}
	w.Restart()
	entries, names := w.Records(done.ID)
	for i, e := range entries {
		if erased := names[i] == "submission" || names[i] == "receipt"; erased != (len(e.Envelope) == 0) {
			t.Errorf("%s has %d bytes", e.Name, len(e.Envelope))
		}
	}
	_, err := w.Client("bob").Authorize(ctx, open.ID)
	wantCode(t, err, marketops.RecordWithheld) // it may have been a veto
	other.Publish(0, "pub")
}

// TestErasedReceipt: an execution whose receipt was erased is brought to its end all the same.
func TestErasedReceipt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s, unspent := w.Ready(), w.Ready()
	s.Try(0, "pub")
	for _, e := range []api.Entry{s.EntryOf("receipt"), unspent.EntryOf("receipt")} {
		must(t, os.Remove(w.RecordFile(e.Leaf)))
	}
	w.Pass(w.Options.Config.ReceiptLifetime + core.Silence)
	w.Restart()
	if c := got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t); c.State != "closed" || c.Outcome != "unknown" {
		t.Errorf("%+v", c)
	}
	_, err := unspent.Claim(0, "pub")
	wantCode(t, err, marketops.RecordWithheld)
}

// TestExchangedRecord: the record store is a folder of files. One that was put in the place of
// another is not believed, although it is signed.
func TestExchangedRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	mine, theirs := w.NewRun().Submit(), w.NewRun().Submit()
	_, err := mine.VoteAs("alice", nil)
	must(t, err)
	vote, veto := mine.EntryOf("approval"), theirs.Vote("carol", nil)
	must(t, os.WriteFile(w.RecordFile(vote.Leaf), veto.Envelope, 0o600))
	_, err = w.Client("bob").Authorize(ctx, mine.ID)
	wantCode(t, err, marketops.LeafMismatch)
	must(t, os.WriteFile(w.RecordFile(vote.Leaf), vote.Envelope, 0o600))
	if !mine.Decide().Authorized {
		t.Error("control: not authorised with the record put back")
	}
}

// TestFrozenUntilIndexed: recovery has the bytes of everything that is not in the log.
func TestFrozenUntilIndexed(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	vote := s.Vote("alice", nil)
	crash(w, func() {
		w.Freeze(vote)
		if _, err := os.Stat(w.RecordFile(vote.LeafHash())); !os.IsNotExist(err) {
			t.Fatalf("control: the record store has it: %v", err)
		}
	})
	if e := s.EntryOf("approval"); e.Digest != vote.Digest || string(e.Envelope) != string(vote.Envelope) {
		t.Errorf("%+v", e)
	}
}
