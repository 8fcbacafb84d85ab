package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
)

// TestOldRuns adds to a run that was archived hundreds of entries ago: what is wrong with that is found
// all the same, and what is right stays right.
func TestOldRuns(t *testing.T) {
	other := marketops.NewRunID([16]byte{2})
	again := func(w *logworld.World) logworld.Entry {
		sub := w.Submit()
		return w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"))
	}
	for name, tc := range map[string]struct {
		begin func(*logworld.World) logworld.Life
		then  func(*logworld.World, logworld.Life)
		want  []marketops.Code
	}{
		"a claim after the outcome":   {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Claim(l.Receipt, logworld.Other, l.Claim) }, []marketops.Code{"order-violation"}},
		"a second claim of one epoch": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Claim(l.Receipt, logworld.Other) }, []marketops.Code{"receipt-reused"}},
		"a second outcome":            {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Finish(l.Intent, logworld.Publisher) }, []marketops.Code{"receipt-reused"}},
		"a second success in another run": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) {
			w.Run = other
			w.Finish(w.Announce(w.Claim(again(w), logworld.Publisher), logworld.Publisher), logworld.Publisher)
		}, []marketops.Code{"receipt-reused"}},
		"another receipt of the same id": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) {
			w.Run = other
			w.Edit["receipt"] = func(b receipt.Body) {
				b.(*receipt.Receipt).ReceiptID = l.Receipt.Record.Body.(*receipt.Receipt).ReceiptID
			}
			again(w)
		}, []marketops.Code{"receipt-reused"}},
		"spent approvals": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Authorize(0, l.Submission, l.First, l.Other) }, []marketops.Code{"approval-spent"}},
		"a veto, then a receipt": {(*logworld.World).Allow, func(w *logworld.World, l logworld.Life) {
			w.Vote(l.Submission, logworld.Dave, "reject")
			w.Authorize(0, l.Submission, w.Vote(l.Submission, logworld.Alice, "approve"), w.Vote(l.Submission, logworld.Carol, "approve"))
		}, []marketops.Code{"rejected-by-approver"}},
		"a resolution of a success": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) {
			logworld.Resolve(w, l.Outcome, logworld.Alice)
		}, []marketops.Code{"order-violation"}},
		"a live resource": {(*logworld.World).Begin, func(w *logworld.World, l logworld.Life) {
			w.Run = other
			w.Claim(again(w), logworld.Other)
		}, []marketops.Code{"operation-in-flight", "outcome-missing"}},
		"an intent without outcome":   {(*logworld.World).Begin, func(*logworld.World, logworld.Life) {}, []marketops.Code{"outcome-missing"}},
		"a seal that leaves them out": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Entries = nil; w.Close() }, []marketops.Code{"order-violation"}},

		"nothing more": {(*logworld.World).Publish, func(*logworld.World, logworld.Life) {}, nil},
		"the seal":     {(*logworld.World).Publish, func(w *logworld.World, _ logworld.Life) { w.Close() }, nil},
		"the outcome":  {(*logworld.World).Begin, func(w *logworld.World, l logworld.Life) { w.Finish(l.Intent, logworld.Publisher) }, nil},
		"a record once more": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) {
			w.Append(l.Claim.Record)
			w.Append(l.Outcome.Record)
		}, nil},
		"a late rejection": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) { w.Vote(l.Submission, logworld.Dave, "reject") }, nil},
		"a further operation": {(*logworld.World).Publish, func(w *logworld.World, l logworld.Life) {
			w.Run = other
			w.Ops = []marketops.Operation{logworld.Release("v9.9")}
			w.Publish()
		}, nil},
		"a resolution": {func(w *logworld.World) logworld.Life {
			logworld.Unknown(w)
			return w.Publish()
		}, func(w *logworld.World, l logworld.Life) {
			logworld.Resolve(w, l.Outcome, logworld.Alice)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			ops, run := w.Ops, w.Run
			l := tc.begin(w)
			entries := w.Entries
			w.Grow(w.Log.Size() + 200)
			w.Ops, w.Run, w.Entries = ops, run, entries
			tc.then(w, l)
			f := newFeed(t, w)
			f.document = nil
			_, want := f.play(nil)
			_, found := f.play(f.forgetful)
			if got := f.codes(found); !slices.Equal(found, want) || !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v\n%+v, want %+v", got, tc.want, found, want)
			}
		})
	}
}

// TestArchiveIsBounded: a tracker of a long log keeps few records at hand.
func TestArchiveIsBounded(t *testing.T) {
	w := logworld.NewMany()
	w.Grow(1000)
	f := newFeed(t, w)
	read := 0
	tracker, found := f.play(func(r *lifecycle.Rules) {
		r.Keep = 64
		r.Reread = func(indexes []uint64) ([]lifecycle.Entry, error) {
			read += len(indexes)
			return f.reread(indexes)
		}
	})
	if most := len(tracker.Receipts()); len(found) > 0 || most > 64 || read > len(f.entries)/2 {
		t.Errorf("%d receipts at hand, %d records read again, %+v", most, read, found)
	}
}
