package audit_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/lifetest"
)

// TestOldRuns speaks of a run again that was forgotten hundreds of entries ago: what is wrong with
// that shows all the same, and what is right stays right.
func TestOldRuns(t *testing.T) {
	other := marketops.NewRunID([16]byte{2})
	again := func(w *lifetest.World) lifetest.Entry {
		sub := w.Submit()
		return w.Authorize(0, sub, w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Carol, "approve"))
	}
	for name, tc := range map[string]struct {
		begin func(*lifetest.World) lifetest.Life
		then  func(*lifetest.World, lifetest.Life)
		want  []string
	}{
		"a claim after the outcome":   {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Claim(l.Receipt, lifetest.Other, l.Claim) }, []string{"order-violation"}},
		"a second claim of one epoch": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Claim(l.Receipt, lifetest.Other) }, []string{"receipt-reused"}},
		"a second outcome":            {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Finish(l.Intent, lifetest.Publisher) }, []string{"receipt-reused"}},
		"a second success in another run": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) {
			w.Run = other
			w.Finish(w.Announce(w.Claim(again(w), lifetest.Publisher), lifetest.Publisher), lifetest.Publisher)
		}, []string{"receipt-reused"}},
		"another receipt of the same id": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) {
			w.Run = other
			w.Edit["receipt"] = func(b receipt.Body) {
				b.(*receipt.Receipt).ReceiptID = l.Receipt.Record.Body.(*receipt.Receipt).ReceiptID
			}
			again(w)
		}, []string{"receipt-reused"}},
		"spent approvals": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Authorize(0, l.Submission, l.First, l.Other) }, []string{"approval-spent"}},
		"a veto, then a receipt": {(*lifetest.World).Allow, func(w *lifetest.World, l lifetest.Life) {
			w.Vote(l.Submission, lifetest.Dave, "reject")
			w.Authorize(0, l.Submission, w.Vote(l.Submission, lifetest.Alice, "approve"), w.Vote(l.Submission, lifetest.Carol, "approve"))
		}, []string{"rejected-by-approver"}},
		"a resolution of a success":   {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { lifetest.Resolve(w, l.Outcome, lifetest.Alice) }, []string{"order-violation"}},
		"a live resource":             {(*lifetest.World).Begin, func(w *lifetest.World, l lifetest.Life) { w.Run = other; w.Claim(again(w), lifetest.Other) }, []string{"operation-in-flight", "outcome-missing"}},
		"an intent without outcome":   {(*lifetest.World).Begin, func(*lifetest.World, lifetest.Life) {}, []string{"outcome-missing"}},
		"a seal that leaves them out": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Entries = nil; w.Close() }, []string{"order-violation"}},

		"nothing more":       {(*lifetest.World).Publish, func(*lifetest.World, lifetest.Life) {}, nil},
		"the seal":           {(*lifetest.World).Publish, func(w *lifetest.World, _ lifetest.Life) { w.Close() }, nil},
		"the outcome":        {(*lifetest.World).Begin, func(w *lifetest.World, l lifetest.Life) { w.Finish(l.Intent, lifetest.Publisher) }, nil},
		"a record once more": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Append(l.Claim.Record); w.Append(l.Outcome.Record) }, nil},
		"a late rejection":   {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) { w.Vote(l.Submission, lifetest.Dave, "reject") }, nil},
		"a further operation": {(*lifetest.World).Publish, func(w *lifetest.World, l lifetest.Life) {
			w.Run = other
			w.Ops = []marketops.Operation{lifetest.Release("v9.9")}
			w.Publish()
		}, nil},
		"a resolution": {func(w *lifetest.World) lifetest.Life {
			lifetest.Unknown(w)
			return w.Publish()
		}, func(w *lifetest.World, l lifetest.Life) { lifetest.Resolve(w, l.Outcome, lifetest.Alice) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := lifetest.New()
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
	files lifetest.Store
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
