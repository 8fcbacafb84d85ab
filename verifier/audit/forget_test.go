package audit_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/lifecycletest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier/audit"
)

// TestOldRuns speaks of a run again that was forgotten hundreds of entries ago: what is wrong with
// that shows all the same, and what is right stays right.
func TestOldRuns(t *testing.T) {
	other := marketops.NewRunID([16]byte{2})
	again := func(w *lifecycletest.World) lifecycletest.Entry {
		sub := w.Submit()
		return w.Authorize(0, sub, w.Vote(sub, lifecycletest.Alice, "approve"), w.Vote(sub, lifecycletest.Carol, "approve"))
	}
	for name, tc := range map[string]struct {
		begin func(*lifecycletest.World) lifecycletest.Life
		then  func(*lifecycletest.World, lifecycletest.Life)
		want  []string
	}{
		"a claim after the outcome":   {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Claim(l.Receipt, lifecycletest.Other, l.Claim) }, []string{"order-violation"}},
		"a second claim of one epoch": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Claim(l.Receipt, lifecycletest.Other) }, []string{"receipt-reused"}},
		"a second outcome":            {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Finish(l.Intent, lifecycletest.Publisher) }, []string{"receipt-reused"}},
		"a second success in another run": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Run = other
			w.Finish(w.Announce(w.Claim(again(w), lifecycletest.Publisher), lifecycletest.Publisher), lifecycletest.Publisher)
		}, []string{"receipt-reused"}},
		"another receipt of the same id": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Run = other
			w.Edit["receipt"] = func(b receipt.Body) {
				b.(*receipt.Receipt).ReceiptID = l.Receipt.Record.Body.(*receipt.Receipt).ReceiptID
			}
			again(w)
		}, []string{"receipt-reused"}},
		"spent approvals": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Authorize(0, l.Submission, l.First, l.Other) }, []string{"approval-spent"}},
		"a veto, then a receipt": {(*lifecycletest.World).Allow, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Vote(l.Submission, lifecycletest.Dave, "reject")
			w.Authorize(0, l.Submission, w.Vote(l.Submission, lifecycletest.Alice, "approve"), w.Vote(l.Submission, lifecycletest.Carol, "approve"))
		}, []string{"rejected-by-approver"}},
		"a resolution of a success": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) {
			lifecycletest.Resolve(w, l.Outcome, lifecycletest.Alice)
		}, []string{"order-violation"}},
		"a live resource": {(*lifecycletest.World).Begin, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Run = other
			w.Claim(again(w), lifecycletest.Other)
		}, []string{"operation-in-flight", "outcome-missing"}},
		"an intent without outcome":   {(*lifecycletest.World).Begin, func(*lifecycletest.World, lifecycletest.Life) {}, []string{"outcome-missing"}},
		"a seal that leaves them out": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Entries = nil; w.Close() }, []string{"order-violation"}},

		"nothing more": {(*lifecycletest.World).Publish, func(*lifecycletest.World, lifecycletest.Life) {}, nil},
		"the seal":     {(*lifecycletest.World).Publish, func(w *lifecycletest.World, _ lifecycletest.Life) { w.Close() }, nil},
		"the outcome":  {(*lifecycletest.World).Begin, func(w *lifecycletest.World, l lifecycletest.Life) { w.Finish(l.Intent, lifecycletest.Publisher) }, nil},
		"a record once more": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Append(l.Claim.Record)
			w.Append(l.Outcome.Record)
		}, nil},
		"a late rejection": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) { w.Vote(l.Submission, lifecycletest.Dave, "reject") }, nil},
		"a further operation": {(*lifecycletest.World).Publish, func(w *lifecycletest.World, l lifecycletest.Life) {
			w.Run = other
			w.Ops = []marketops.Operation{lifecycletest.Release("v9.9")}
			w.Publish()
		}, nil},
		"a resolution": {func(w *lifecycletest.World) lifecycletest.Life {
			lifecycletest.Unknown(w)
			return w.Publish()
		}, func(w *lifecycletest.World, l lifecycletest.Life) {
			lifecycletest.Resolve(w, l.Outcome, lifecycletest.Alice)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := lifecycletest.New()
			ops, run := w.Ops, w.Run
			l := tc.begin(w)
			entries := w.Entries
			w.Grow(w.Log.Size() + 200)
			w.Ops, w.Run, w.Entries = ops, run, entries
			tc.then(w, l)
			o := audit.Options{At: w.Now + 5*86400}
			kept, forgot := audit.Audit(w.Log, w.Store, w.Trust(), o.Remembering()), audit.Audit(w.Log, w.Store, w.Trust(), o.Forgetful())
			alike(t, kept, forgot)
			got := codes(forgot)
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v\n%s", got, tc.want, describe(forgot))
			}
		})
	}
}

// kept serves files that were made once: a log in memory makes them anew each time.
type kept struct {
	log.TileReader
	files lifecycletest.Store
}

func (k kept) ReadFile(name string) ([]byte, error) {
	if b, ok := k.files[name]; ok {
		return b, nil
	}
	b, err := k.TileReader.ReadFile(name)
	if err == nil {
		k.files[name] = b
	}
	return b, err
}
