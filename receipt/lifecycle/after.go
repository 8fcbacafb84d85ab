package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Wait is a prerequisite of a receipt that was claimed, of which a pack holds no success.
type Wait struct {
	Receipt      marketops.ReceiptID
	Prerequisite marketops.Digest // operation
	run          *run
}

// checkAfter demands of a first claim that each prerequisite of the operation has succeeded below it in the run, under
// any receipt. A pack need not hold the success.
func (c claims) checkAfter(h *ReceiptHistory) {
	if c.rules.After == nil || h.Receipt == nil || c.reloading {
		return
	}
	for _, d := range c.rules.After(h.Receipt.Plan, h.Operation) {
		switch w := (Wait{h.ID, d, h.run}); {
		case c.hasSucceeded(h.run, d):
		case c.rules.Contained != nil:
			c.waits = append(c.waits, w)
		default:
			c.openPrerequisite(w)
		}
	}
}

// hasSucceeded reports whether an operation has succeeded in a run.
func (r *records) hasSucceeded(run *run, operation marketops.Digest) bool {
	return slices.ContainsFunc(run.records, func(n named) bool {
		if n.kind != receipt.KindReceipt {
			return false
		}
		h := r.receipt(n.digest)
		return h != nil && h.Operation == operation && h.Status() == receipt.Success
	})
}

// openPrerequisite reports a claim before the success that had to come first; a record that was withheld may be that.
func (r *records) openPrerequisite(w Wait) {
	f := Finding{Condition: claimAfter, Check: claimAfter.Check, Subject: string(w.Receipt), Code: claimAfter.Code, Expected: w.Prerequisite.String(), Detail: claimAfter.Holds}
	if r.withheld[trust.RolePublisher]+r.withheld[trust.RoleLedger]+r.withheld[trust.RolePerson] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, "a record that was not given may be the success of what must come first"
	}
	r.report(f)
}

// endWaits reports the receipts of a pack that were claimed too early, once that is known of a run: a success that
// stands above the claim, or a seal with all records of the run below it.
func (r *records) endWaits(isKnown func(Wait) bool) {
	r.waits = slices.DeleteFunc(r.waits, func(w Wait) bool {
		known := isKnown(w)
		if known {
			r.openPrerequisite(w)
		}
		return known
	})
}

// Waits returns the prerequisites whose success a pack neither holds nor excludes.
func (t *Tracker) Waits() []Wait { return t.records.waits }
