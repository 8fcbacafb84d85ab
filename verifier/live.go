package verifier

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/lifecycle"
)

// followReceipts walks the records in log order and finds what the protocol forbids.
func (v *verification) followReceipts() bool {
	contained := map[marketops.Digest]bool{}
	for _, e := range v.entries {
		contained[e.Record.Digest] = true
	}
	found := map[string]bool{}
	v.answers = map[marketops.Digest]answered{}
	v.tracker = lifecycle.NewTracker(lifecycle.Rules{
		Trust: v.trust, Contained: contained, Unplaced: v.report.Level == Signature,
		Gate: func(h *lifecycle.ReceiptHistory, checks marketops.Checks, missing string) {
			v.answers[h.Digest] = answered{checks, missing}
		},
		Document: func(d marketops.Digest) *marketops.Operation { return v.docs[d] }, Quoted: v.compareQuoted, After: v.after,
		Report: func(f lifecycle.Finding) {
			found[f.Check] = true
			v.report.Fail(Check{Name: f.Check, Subject: f.Subject, Code: f.Code, Expected: f.Expected, Got: f.Got, Detail: f.Detail})
		},
	})
	for _, e := range v.entries {
		v.tracker.Add(e.Entry)
	}
	v.findPending(found)
	for _, name := range []string{CheckOrder, CheckClaims, CheckIntents, CheckOutcomes} {
		if !found[name] {
			v.report.Pass(name, "", v.tally(name))
		}
	}
	if sealed, later := v.tracker.Sealed(v.report.Run); sealed && !found[CheckRunClosed] {
		v.report.Pass(CheckRunClosed, "", fmt.Sprintf("the seal names every record below it; %d came later", later))
	}
	return true
}

// after returns what must come before an operation, by the plan of the pack.
func (v *verification) after(plan, operation marketops.Digest) []marketops.Digest {
	if plan != v.report.Plan {
		return nil // said of the documents
	}
	return v.plan.After(operation)
}

// findPending finds receipts with an intent and no outcome: GitHub may have changed, and no record says so.
func (v *verification) findPending(found map[string]bool) {
	late, pending := v.tracker.Pending(v.at, lifecycle.Grace)
	for _, s := range slices.Concat(late, pending) {
		found[CheckOutcomes] = true
		v.report.Fail(Check{Name: CheckOutcomes, Subject: string(s.ID), Code: marketops.OutcomeMissing,
			Detail: fmt.Sprintf("the intent at %d has no outcome in this pack", s.Intents[len(s.Intents)-1].Index)})
	}
}

// tally says in words what a passed check covered.
func (v *verification) tally(name string) string {
	var claims, intents, outcomes int
	for _, s := range v.tracker.Receipts() {
		claims += len(s.Claims)
		intents += len(s.Intents)
		if s.Outcome != nil {
			outcomes++
		}
	}
	switch name {
	case CheckClaims:
		return lifecycle.Count(claims, "claim") + " for " + lifecycle.Count(len(v.tracker.Receipts()), "receipt")
	case CheckIntents:
		return fmt.Sprintf("%d, each before its outcome", intents)
	case CheckOutcomes:
		return fmt.Sprintf("%d, one per receipt that was carried out", outcomes)
	}
	words := lifecycle.Count(len(v.entries), "record") + ", each above what it names"
	if v.report.Level == Signature {
		words += ", at the places that are claimed"
	}
	return words
}

// checkEvidence compares each text with the salted digest that a record names it by.
func (v *verification) checkEvidence() bool {
	sound, named := true, map[marketops.Digest]bool{}
	for _, e := range v.entries {
		for _, d := range e.Record.Body.Refs().Evidence {
			if named[d] {
				continue
			}
			named[d] = true
			text, given := v.pack.Evidence[d]
			if !given {
				v.missing++
			} else if e.Record.Body.Salted(text) != d {
				v.report.Fail(Check{Name: CheckEvidence, Subject: e.subject(), Code: marketops.LeafMismatch, Expected: d.String(), Detail: "the text is not the one that the record names"})
				sound = false
			}
		}
	}
	for d := range v.pack.Evidence {
		if !named[d] {
			v.report.Fail(Check{Name: CheckEvidence, Subject: d.String(), Code: marketops.PackMalformed, Detail: "no record names this text"})
			sound = false
		}
	}
	if sound {
		v.report.Pass(CheckEvidence, "", fmt.Sprintf("%d given, %d withheld", len(v.pack.Evidence), v.missing))
	}
	return true
}
