package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// resolutions judges what persons decided about unknown outcomes.
type resolutions struct{ *records }

func (r resolutions) resolution(e Entry, body *receipt.Resolution) {
	h := r.unknownOutcome(body.Outcome)
	if h == nil {
		r.reportUnresolvable(e, body)
		return
	}
	tie(h.run, r.run(body.RunID))
	if h.Resolution != nil {
		if h.Resolution.Leaf != e.Leaf {
			r.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation, Detail: fmt.Sprintf("two resolutions, at %d and %d", h.Resolution.Index, e.Position.Index)})
		}
		return
	}
	r.repeats(Outcomes, e, h, body.Operation)
	if want := (log.Position{Origin: e.Position.Origin, Index: h.Outcome.Index}); !slices.Contains(h.Outcome.Again, body.Position.Index) || body.Position.Origin != want.Origin {
		same(r.records, Outcomes, e, marketops.OrderViolation, "a resolution names the place of its outcome", want, body.Position)
	}
	if !r.rules.Trust.MayResolve(e.Holder, h.Receipt.OperationKind, h.Receipt.Target) {
		r.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.KeyUnknown, Got: e.Holder.Name, Detail: "trust.json does not let this person resolve"})
	}
	h.Resolution = &Resolution{e.Leaf, e.Position.Index, body.Verdict, e.Holder.Name}
	if body.Verdict == receipt.Success {
		outcomes(r).succeed(h)
	}
	r.end(h)
}

// reportUnresolvable reports a resolution of an outcome that is not there or not unknown.
func (r resolutions) reportUnresolvable(e Entry, body *receipt.Resolution) {
	d, known := r.receiptByID(body.ReceiptID)
	if h := r.receipts[d]; known && h.Outcome != nil && h.Outcome.Digest == body.Outcome {
		r.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation, Detail: "a resolution of an outcome that is " + string(h.Outcome.Status)})
		return
	}
	r.reportMissing(Outcomes, e, "unknown outcome", body.Outcome, trust.RolePublisher)
}
