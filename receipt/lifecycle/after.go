package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
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
		case h.run.succeeded[d]:
		case c.rules.Contained != nil:
			c.waits = append(c.waits, w)
		default:
			c.openPrerequisite(w)
		}
	}
}

// succeed notes that an operation of the run has succeeded, by any receipt.
func (r *run) succeed(operation marketops.Digest) {
	if r.succeeded == nil {
		r.succeeded = map[marketops.Digest]bool{}
	}
	r.succeeded[operation] = true
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
