package audit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/verifier"
)

// now is the log's time at the end of the walk.
func (a *audit) now() marketops.Time {
	return max(a.ledger, a.report.Checkpoint.CosignedAt, a.options.At)
}

// finish gives the answers that need the whole log.
func (a *audit) finish() {
	a.report.Counts, a.report.New = sortCounts(a.counts), sortCounts(a.increment)
	if a.lacking != nil {
		a.leaveOpen()
		return
	}
	a.tracker.Finish()
	late, pending := a.tracker.Pending(a.now(), lifecycle.Grace)
	a.open = len(pending)
	for _, s := range late {
		a.fail(verifier.Check{Name: lifecycle.Outcomes, Subject: string(s.ID), Code: marketops.OutcomeMissing,
			Detail: fmt.Sprintf("the intent at %d has no outcome, and at %s its time is over", s.Intents[len(s.Intents)-1].Index, a.now())})
	}
	a.checkDates()
	for _, name := range walked {
		if !a.failed[name] {
			a.report.Pass(name, "", a.words(name))
		}
	}
}

// checkDates finds a record that the quorum had seen before its date.
func (a *audit) checkDates() {
	if at := a.report.Checkpoint.CosignedAt; at != 0 && a.latest > at+gate.Epsilon {
		a.fail(verifier.Check{Name: lifecycle.Order, Code: marketops.OrderViolation, Expected: at.String(), Got: a.latest.String(),
			Detail: "a record is dated after the cosignatures of the checkpoint that holds it"})
	}
}

// leaveOpen answers what was not asked for want of a version of trust.json: it is not known to be wrong.
func (a *audit) leaveOpen() {
	for _, name := range walked {
		if !a.failed[name] {
			a.fail(verifier.Check{Name: name, Code: marketops.TrustUnavailable, Detail: lifecycle.Count(a.counts["not judged"], "record") + " not judged"})
		}
	}
}

func sortCounts(counts map[string]uint64) (out []verifier.Count) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, verifier.Count{Name: name, Count: counts[name]})
	}
	return out
}

func (a *audit) words(name string) string {
	switch name {
	case CheckRecords:
		return fmt.Sprintf("%d, signed by who may", a.tree.Checkpoint().Size-a.counts["withheld"])
	case CheckWithheld:
		return fmt.Sprintf("%s erased, none that may not be", lifecycle.Count(a.erased, "record"))
	case lifecycle.Receipts, lifecycle.Approvals:
		return lifecycle.Count(a.counts["receipt"], "receipt")
	case lifecycle.Claims:
		return fmt.Sprintf("%d, one per epoch", a.counts["claim"])
	case lifecycle.Intents:
		return fmt.Sprintf("%d, one per epoch", a.counts["intent"])
	case lifecycle.Outcomes:
		return fmt.Sprintf("%d, one per receipt that was carried out", a.counts["outcome"])
	case lifecycle.Roots:
		return "every root that an outcome quotes is the log's"
	case lifecycle.Order:
		return "each record stands above what it names"
	case lifecycle.RunClosed:
		return lifecycle.Count(a.counts["run-closed"], "seal")
	}
	return ""
}

// listUncovered says what an audit cannot say, always.
func (a *audit) listUncovered() {
	r := a.report
	r.Uncovered("that GitHub holds what the outcomes say, and nothing that no receipt allowed")
	r.Uncovered(verifier.InOneHand)
	r.Uncovered("what the policy said: receipts bind its digest, the policy itself is no evidence")
	if r.Unwitnessed != "" {
		r.Uncovered("that the operator shows everybody this log: no witness is demanded, so " + r.Unwitnessed)
	}
	if a.undocumented > 0 {
		r.Uncovered(fmt.Sprintf("the operation document of %d of %s was not given (--operations): kind and repository rest on receipt, submission and approvals alone, the files on the receipt alone; tag, branch and texts are not known",
			a.undocumented, lifecycle.Count(a.counts["receipt"], "receipt")))
		r.Uncovered("two receipts without their documents live at once for one tag or branch with different content")
	}
	if a.unplanned > 0 {
		r.Uncovered(fmt.Sprintf("the order between operations: the plan of %d of %s was not given (--operations)", a.unplanned, lifecycle.Count(a.counts["receipt"], "receipt")))
	}
	if a.options.HashOnly {
		r.Uncovered("who signed what, and everything that rests on it: " + NoSignature)
	}
	if a.from > 0 {
		r.Uncovered(fmt.Sprintf("entries 0 to %d: this audit believes the resume file about them; whoever can write that file decides what it says", a.from-1))
	}
	if a.saveErr != nil {
		r.Uncovered("a later audit that goes on from this one: no resume file could be kept: " + a.saveErr.Error())
	}
	if a.tracker == nil {
		return
	}
	if a.remembered == 0 {
		r.Uncovered("that the log extends what was seen before: trust.json remembers no checkpoint of it")
	}
	if a.erased > 0 {
		r.Uncovered(lifecycle.Count(a.erased, "record") + " of persons or advisories that were withheld")
	}
	if a.open > 0 {
		r.Uncovered(lifecycle.Count(a.open, "receipt") + " with an intent and no outcome whose time is not over")
	}
	if n := a.tracker.Unresolved(); n > 0 {
		r.Uncovered("what became of " + lifecycle.Count(n, "operation") + " whose outcome is unknown and unresolved")
	}
}
