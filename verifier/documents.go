package verifier

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
)

// checkDocuments compares plan and operation documents with their digests and with what names them.
func (v *verification) checkDocuments() bool {
	v.docs = map[marketops.Digest]*marketops.Operation{}
	sound, named := v.checkPlan(), v.findNamed()
	if v.plan == nil {
		return false
	}
	for _, d := range inOrder(v.pack.Operations) {
		if err := v.checkDocument(d, named[d]); err != nil {
			v.fail(CheckDocuments, "operation "+d.String(), err)
			sound = false
		}
	}
	if sound && v.findUndocumented() == 0 {
		v.report.Pass(CheckDocuments, "", "plan and "+lifecycle.Count(len(v.docs), "operation"))
	}
	return sound
}

// findUndocumented finds the receipts whose operation document was not given.
func (v *verification) findUndocumented() (n int) {
	for i, e := range v.entries {
		if r, ok := e.Record.Body.(*receipt.Receipt); ok && v.byDigest[e.Record.Digest] == i && v.docs[r.Operation] == nil {
			v.report.Fail(Check{Name: CheckDocuments, Subject: string(r.ReceiptID), Code: marketops.RecordWithheld, Expected: r.Operation.String(), Detail: "the operation document of a receipt was not given"})
			n++
		}
	}
	return n
}

// checkPlan reads the plan and compares it with the records of the run, and with the operations that each
// submission and approval names.
func (v *verification) checkPlan() bool {
	got := marketops.DigestOf(v.pack.Plan)
	if got != v.report.Plan {
		v.fail(CheckDocuments, "plan.json", marketops.Refuse(marketops.PlanMismatch, "plan.json is not the plan of the manifest"))
		return false
	}
	var err error
	if v.plan, err = document.Parse(v.pack.Plan); err != nil {
		v.fail(CheckDocuments, "plan.json", err)
		return false
	}
	for _, e := range v.entries {
		if p := e.Record.Body.Refs().Plan; !p.IsZero() && p != got {
			v.report.Fail(Check{Name: CheckDocuments, Subject: e.subject(), Code: marketops.PlanMismatch, Expected: p.String(), Got: got.String(), Detail: string(e.Record.Body.Kind()) + " of another plan"})
			return false
		}
		if named := e.Record.Body.Refs().Signed; named != nil && !slices.Equal(named, v.plan.Refs()) {
			v.report.Fail(Check{Name: CheckDocuments, Subject: e.subject(), Code: marketops.PlanMismatch, Detail: string(e.Record.Body.Kind()) + " of other operations than the plan's"})
			return false
		}
	}
	return true
}

// checkDocument accepts an operation document that is what its name says and that some record names.
func (v *verification) checkDocument(d marketops.Digest, named bool) error {
	op, err := marketops.ParseOperation(v.pack.Operations[d])
	if err != nil {
		return err
	}
	if got := marketops.DigestOf(v.pack.Operations[d]); got != d {
		return marketops.Refuse(marketops.OperationMismatch, "the document is "+got.String())
	}
	if !named {
		return marketops.Refuse(marketops.OperationMismatch, "no record names this document")
	}
	v.docs[d] = op
	i := slices.IndexFunc(v.plan.Operations, func(o document.Operation) bool { return o.Operation == d })
	if i < 0 {
		return marketops.Refuse(marketops.PlanMismatch, "the plan does not name this document")
	}
	return v.plan.Compare(i+1, op, d)
}

// findNamed returns the digests of operations that records name.
func (v *verification) findNamed() map[marketops.Digest]bool {
	out := map[marketops.Digest]bool{}
	for _, e := range v.entries {
		for _, ref := range e.Record.Body.Refs().Operations {
			out[ref] = true
		}
	}
	return out
}
