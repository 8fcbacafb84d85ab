package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Grace is how long after its expiry a receipt with an intent may stay without an outcome.
const Grace = marketops.Time(24 * 60 * 60) // seconds

// outcomes judges outcomes.
type outcomes struct{ *records }

func (o outcomes) outcome(e Entry, body *receipt.Outcome) {
	h := o.change(e, body.Receipt)
	if h == nil {
		o.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	if h.Outcome != nil {
		if h.Outcome.Leaf == e.Leaf {
			h.Outcome.Again = append(h.Outcome.Again, e.Position.Index)
		} else {
			o.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.ReceiptReused,
				Detail: fmt.Sprintf("two outcomes, %s at %d and %s at %d", h.Outcome.Status, h.Outcome.Index, body.Status, e.Position.Index)})
		}
		return
	}
	if o.repeats(Outcomes, e, h, body.OperationID) {
		same(o.records, Outcomes, e, marketops.KindMismatch, "an outcome repeats its receipt", h.Receipt.OperationKind, body.OperationKind)
	}
	o.checkSigner(e, h, body)
	o.checkIntent(e, h, body)
	o.checkEffect(h, body)
	h.Outcome = &Outcome{Digest: e.Record.Digest, Leaf: e.Leaf, Index: e.Position.Index, Epoch: body.Epoch, Status: body.Status, Body: body}
	if body.Status == receipt.Unknown {
		o.outcomes[e.Record.Digest] = h
	}
	o.end(h)
}

// checkSigner holds publishers to their own epoch, and the ledger to what it may say at all.
func (o outcomes) checkSigner(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	if len(h.Claims) == 0 {
		o.reportMissing(Order, e, "claim", marketops.Digest{}, trust.RoleLedger)
		return
	}
	if e.Holder.Role == trust.RoleLedger {
		o.checkLedger(e, h, body)
		return
	}
	c := h.claimOf(body.Epoch)
	if c == nil {
		o.reportMissing(Outcomes, e, fmt.Sprintf("claim of epoch %d", body.Epoch), marketops.Digest{}, trust.RoleLedger)
		return
	}
	same(o.records, Outcomes, e, marketops.AudienceMismatch, "an outcome is signed by the publisher of its epoch", c.Publisher, e.Record.By)
}

func (o outcomes) checkLedger(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	f := Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.KeyUnknown}
	switch body.Status {
	case receipt.Rejected:
		if body.Code != marketops.Revoked && body.Code != marketops.Expired {
			f.Detail = fmt.Sprintf("the ledger may reject what is revoked or expired, not for %.40q", body.Code)
		}
	case receipt.Unknown:
		if body.IssuedAt < h.Receipt.ExpiresAt+Grace && o.publisherCanAct(h, body.IssuedAt, e.Position) {
			f.Detail = "the ledger gave up before the grace was over, and a publisher of the audience could still act"
		}
	default:
		f.Detail = "the ledger cannot know that an operation is " + string(body.Status)
	}
	if body.Checkpoint != nil {
		f.Detail = "the ledger quotes a checkpoint as if it had published"
	}
	if last := h.Claims[len(h.Claims)-1].Epoch; body.Epoch < last {
		f.Code, f.Detail = marketops.OrderViolation, fmt.Sprintf("the ledger ended epoch %d after epoch %d began", body.Epoch, last)
	}
	if f.Detail != "" {
		o.report(f)
	}
}

// publisherCanAct reports whether a key of the audience was still good.
func (o outcomes) publisherCanAct(h *ReceiptHistory, at marketops.Time, pos log.Position) bool {
	return slices.ContainsFunc(h.Receipt.Audience, func(id crypto.KeyID) bool {
		holder, ok := o.rules.Trust.Holder(id)
		if !ok || holder.Role != trust.RolePublisher || at < holder.Key.NotBefore || at >= holder.Key.NotAfter {
			return false
		}
		return !slices.ContainsFunc(holder.Key.RevokedFrom, func(from log.Position) bool { return from.Origin == pos.Origin && pos.Index >= from.Index })
	})
}

// checkIntent finds an outcome whose intent does not stand where it says, or a checkpoint that
// the publisher cannot have waited for.
func (o outcomes) checkIntent(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	if body.Intent == nil {
		return
	}
	n := h.intentAt(body.Intent.Index)
	if n == nil || body.Intent.Origin != e.Position.Origin {
		o.reportNoIntent(e, h, body)
		return
	}
	if n.Epoch > body.Epoch {
		o.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation, Detail: fmt.Sprintf("an outcome of epoch %d names an intent of epoch %d", body.Epoch, n.Epoch)})
	}
	if e.Holder.Role != trust.RoleLedger {
		o.checkCheckpoint(e, h, body)
	}
}

func (o outcomes) reportNoIntent(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	f := Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation,
		Detail: fmt.Sprintf("the outcome at %d names an intent at %d of %s, where none of this receipt stands", e.Position.Index, body.Intent.Index, body.Intent.Origin)}
	elsewhere := body.Intent.Origin == e.Position.Origin && body.Intent.Index < e.Position.Index
	if elsewhere && (o.rules.Contained != nil && !o.places[body.Intent.Index] || o.withheld[trust.RolePublisher] > 0) {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the intent at %d was not given", body.Intent.Index)
	}
	o.report(f)
}

// checkCheckpoint compares the checkpoint that the publisher verified before it acted.
func (o outcomes) checkCheckpoint(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	c := body.Checkpoint
	if c == nil || c.Origin != e.Position.Origin || c.Size <= 0 || uint64(c.Size) <= body.Intent.Index || uint64(c.Size) > e.Position.Index {
		o.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation, Got: fmt.Sprintf("%+v", c),
			Detail: fmt.Sprintf("the checkpoint that the publisher saw must hold the intent at %d and end below the outcome at %d", body.Intent.Index, e.Position.Index)})
		return
	}
	if o.rules.Quoted == nil {
		return
	}
	if err := o.rules.Quoted(*c); err != nil {
		o.report(Finding{Check: Roots, Subject: string(h.ID), Code: marketops.CodeOf(err), Got: c.Root.String(), Detail: err.Error()})
	}
}

// checkEffect finds a success that must not have been one.
func (o outcomes) checkEffect(h *ReceiptHistory, body *receipt.Outcome) {
	if h.Revoked && body.Status != receipt.Rejected {
		o.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.Revoked, Got: string(body.Status), Detail: "the receipt was revoked before"})
	}
	if body.Status == receipt.Success {
		o.succeed(h)
	}
}

// succeed finds that an operation was published twice, by whatever receipts.
func (o outcomes) succeed(h *ReceiptHistory) {
	other := o.success(h.Operation)
	if other != nil && other != h {
		o.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.ReceiptReused, Got: string(other.ID), Detail: "the same operation succeeded under another receipt"})
	}
	if other == nil || !o.reloading {
		o.succeeded[h.Operation] = h
	}
}
