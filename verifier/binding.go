package verifier

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// checkBinding says what the record is about. Only a receipt and an outcome are exported.
func (x *exported) checkBinding() bool {
	rec := x.entries[0].Record
	o := Operation{Authority: []string{}, Approvers: []string{}, Effects: []Effect{}, Positions: []Place{{rec.Body.Kind(), x.entries[0].Position.Index}}}
	switch b := rec.Body.(type) {
	case *receipt.Receipt:
		x.report.Run, x.report.Plan = b.RunID, b.Plan
		o.Receipt, o.Operation, o.Kind, o.Repository, o.Target, o.Status = b.ReceiptID, b.Operation, b.OperationKind, b.Target.FullName, b.Target.ID(), receipt.Authorized
		o.Authority = []string{x.entries[0].Holder.Name}
		if !x.checkReceipt(b) {
			return false
		}
	case *receipt.Outcome:
		x.report.Run = b.RunID
		o.Receipt, o.Operation, o.Kind, o.Status, o.Code = b.ReceiptID, b.OperationID, b.OperationKind, b.Status, b.Code
		o.Effects = effectsOf(b, func(marketops.Digest) marketops.ReceiptID { return "" })
	default:
		x.report.Fail(Check{Name: CheckBinding, Code: marketops.PredicateTypeWrong, Expected: "receipt or outcome", Got: string(rec.Body.Kind())})
		return false
	}
	x.report.Operations = append(x.report.Operations, o)
	x.report.Pass(CheckBinding, "", fmt.Sprintf("a %s about %s", rec.Body.Kind(), o.Operation))
	if x.demand.Files != nil {
		x.report.compare(x.demand.Files.Found, subjects(rec), "authorised")
	}
	return true
}

// checkReceipt asks of a receipt what can be asked without its claim and its approvals.
func (x *exported) checkReceipt(r *receipt.Receipt) bool {
	law := x.entries[0].Law
	need := law.AuthorityThreshold(r.OperationKind, r.Target)
	limit := min(receipt.MaxLifetime, marketops.Time(law.File().MaxLifetime))
	c := Check{Name: CheckBinding, Subject: string(r.ReceiptID)}
	switch {
	case r.Mode != marketops.Prod || !r.Enforceable:
		c.Code = marketops.NotEnforceable
	case r.ExpiresAt-r.IssuedAt > limit || r.ExpiresAt-r.NotBefore > limit:
		c.Code = marketops.LifetimeExcessive
	case law.RequireInForce(r.IssuedAt) != nil:
		c.Code, c.Detail = marketops.TrustRolledBack, law.RequireInForce(r.IssuedAt).Error()
	case need < 1:
		c.Code, c.Detail = marketops.ThresholdUnmet, "trust.json lets no authority allow this"
	case need > 1:
		c.Code, c.Detail = marketops.RecordWithheld, fmt.Sprintf("%d authorities must sign, and a bundle holds one signature", need)
	default:
		return true
	}
	x.report.Fail(c)
	return false
}

func (x *exported) listUncovered() {
	r := x.report
	for _, what := range []string{"approvals, and that nobody rejected it (a pack holds them)", "what became of it after this record (a pack holds it)",
		"the operation document (a pack holds it): kind, repository and files are what this record says, and no more was compared",
		"that the version of trust.json by which it was judged was in force, single use and revocation (marketops-verify audit)", "that GitHub still serves these bytes", InOneHand} {
		r.Uncovered(what)
	}
	if x.demand.Files == nil {
		r.Uncovered("that files you hold are the authorised ones (marketops-verify --subject DIR)")
	}
	r.noteLowered()
	if r.Unwitnessed != "" {
		r.Uncovered("anything against the operator of the log: no witness is demanded, so " + r.Unwitnessed)
	}
}
