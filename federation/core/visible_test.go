package core_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// caller is one of the world's keys.
func caller(w *world.World, name string) federation.Caller {
	id := w.Keys[name].Public().ID()
	h, _ := w.Trust.Holder(id)
	return federation.Caller{Holder: h, Key: id}
}

// readsRun reports whether a caller reads a run.
func readsRun(t *testing.T, w *world.World, who federation.Caller, run marketops.RunID) bool {
	t.Helper()
	_, err := w.Core.Records(context.Background(), who, run, api.Page{Limit: 1})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	return err == nil
}

// TestSeenAtOnce: what the next record of a run says about its parties counts from then on.
func TestSeenAtOnce(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	pub := caller(w, "pub")
	if readsRun(t, w, pub, s.ID) || !readsRun(t, w, caller(w, "bob"), s.ID) || readsRun(t, w, caller(w, "mallory"), s.ID) {
		t.Error("the run is shown to a publisher without a receipt, or not to its requester")
	}
	s.Approve("alice").Authorize()
	if !readsRun(t, w, pub, s.ID) {
		t.Error("control: a publisher with a receipt")
	}
	w.WriteTrust(2, func(f *trust.File) {
		f.Persons[1].Groups = []string{}
		f.Persons[4].Groups = []string{"approvers"}
	})
	w.Restart()
	if !readsRun(t, w, caller(w, "mallory"), s.ID) || !readsRun(t, w, caller(w, "alice"), s.ID) {
		t.Error("an approver by the new version, or one who approved under the old")
	}
	other := w.NewRun().Submit()
	if readsRun(t, w, caller(w, "alice"), other.ID) {
		t.Error("alice is no approver any more")
	}
}

// TestErasedSubmission: the votes of a run still say whose business it is when its submission was erased. Without any of
// them it is shown to its publishers and to those who read everything.
func TestErasedSubmission(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	vote := s.EntryOf("approval")
	w.Stop()
	must(t, os.Remove(w.RecordFile(s.Submission.LeafHash())))
	w.Start()
	for name, want := range map[string]bool{"bob": true, "alice": true, "monitor": true, "pub": true, "reader": true, "ledger": true, "mallory": false} {
		if got := readsRun(t, w, caller(w, name), s.ID); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	w.Stop()
	must(t, os.Remove(w.RecordFile(vote.Leaf)))
	w.Start()
	for name, want := range map[string]bool{"bob": false, "alice": false, "monitor": false, "pub": true, "reader": true, "ledger": true, "mallory": false} {
		if got := readsRun(t, w, caller(w, name), s.ID); got != want {
			t.Errorf("without a vote: %s: %v, want %v", name, got, want)
		}
	}
}

// TestClaimOfAFrozenLog: a claim is kept when its log is frozen. It is shown to its holder and to those who read
// everything.
func TestClaimOfAFrozenLog(t *testing.T) {
	t.Parallel()
	ctx, w := context.Background(), world.New(t)
	s := w.Ready()
	s.Publish(0, "pub")
	must(t, w.Core.Seal(ctx, s.ID))
	w.Core.Quiet()
	head := w.Head()
	first := got(receipt.Seal(&receipt.TrustAdopted{Header: head, Trust: w.Trust.Ref(), Effective: w.File.Effective}, w.Keys["ledger"]))(t)
	must(t, w.Ledger.NextShard(ctx, recorder.Frozen(first), "test"))
	for name, want := range map[string]bool{"bob": false, "alice": false, "pub2": false, "pub": true, "reader": true, "ledger": true} {
		state, err := w.Core.ClaimState(ctx, caller(w, name), s.Receipt(0).ReceiptID)
		if want != (err == nil) || err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && state.State != api.StateClosed {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
		if readsRun(t, w, caller(w, name), s.ID) {
			t.Errorf("%s reads the run", name)
		}
	}
}
