package lifecycle

import (
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
			r.broken(resolvesOnce, string(h.ID), nil, nil, "two, at %d and %d", h.Resolution.Index, e.Position.Index)
		}
		return
	}
	r.repeats(e, h, body.Operation)
	r.checkDate(e, h.Outcome.Time, h.Outcome.By)
	if want := (log.Position{Origin: e.Position.Origin, Index: h.Outcome.Index}); !slices.Contains(h.Outcome.Again, body.Position.Index) || body.Position.Origin != want.Origin {
		equal(r.records, resolvesUnknown, string(h.ID), want, body.Position)
	}
	if !r.law.MayResolve(e.Holder, h.Receipt.OperationKind, h.Receipt.Target) {
		r.broken(resolvesMay, string(h.ID), nil, nil, "%q", e.Holder.Name)
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
		r.broken(resolvesUnknown, string(h.ID), nil, nil, "it is %s", h.Outcome.Status)
		return
	}
	if r.orphans[body.Outcome] {
		r.reportMissing(Outcomes, e, "receipt", marketops.Digest{}, trust.RoleAuthority)
		return
	}
	r.reportMissing(Outcomes, e, "unknown outcome", body.Outcome, trust.RolePublisher)
}
