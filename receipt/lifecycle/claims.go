package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// claims judges claims and intents.
type claims struct{ *records }

func (c claims) claim(e Entry, body *receipt.Claim) {
	h := c.change(e, body.Receipt)
	if h == nil {
		c.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	if slices.ContainsFunc(h.Claims, func(old Claim) bool { return old.Leaf == e.Leaf }) {
		return
	}
	if h.Outcome != nil {
		c.reportLate(e, h, body)
		return
	}
	if !c.repeats(Claims, e, h, body.Operation) {
		return
	}
	if !slices.Contains(h.Receipt.Audience, body.Publisher) {
		c.report(Finding{Check: Claims, Subject: string(h.ID), Code: marketops.AudienceMismatch, Expected: fmt.Sprint(h.Receipt.Audience), Got: string(body.Publisher)})
	}
	c.checkEpoch(e, h, body)
	h.Claims = append(h.Claims, Claim{e.Record.Digest, e.Leaf, e.Position.Index, body.Epoch, body.Publisher, body.IssuedAt})
	if len(h.Claims) == 1 {
		c.takeResource(h, body)
	}
}

// reportLate finds a claim behind the end of its receipt: of an epoch that was claimed before it is the
// ledger that uses the receipt twice, whatever else is out of order.
func (c claims) reportLate(e Entry, h *ReceiptHistory, body *receipt.Claim) {
	if old := h.claimOf(body.Epoch); old != nil {
		c.reportTwice(e, h, old)
		return
	}
	c.reportAfterOutcome(e, h)
}

func (c claims) reportTwice(e Entry, h *ReceiptHistory, old *Claim) {
	c.report(Finding{Check: Claims, Subject: string(h.ID), Code: marketops.ReceiptReused,
		Detail: fmt.Sprintf("two claims for epoch %d, at %d and %d", e.Record.Body.Refs().Epoch, old.Index, e.Position.Index)})
}

func (c claims) reportAfterOutcome(e Entry, h *ReceiptHistory) {
	c.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation,
		Detail: fmt.Sprintf("%s at %d follows the outcome at %d", article(e.Record.Body.Kind()), e.Position.Index, h.Outcome.Index)})
}

// checkEpoch finds two claims of one epoch and a claim that does not name the one before.
func (c claims) checkEpoch(e Entry, h *ReceiptHistory, body *receipt.Claim) {
	if len(h.Claims) == 0 {
		if body.Epoch > 1 {
			c.reportGap(e, h, body)
		}
		return
	}
	last := &h.Claims[len(h.Claims)-1]
	switch {
	case body.Epoch <= last.Epoch:
		c.reportTwice(e, h, last)
	case body.Epoch > last.Epoch+1:
		c.reportGap(e, h, body)
	case *body.Previous != last.Digest:
		c.report(Finding{Check: Claims, Subject: string(h.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("the chain breaks at epoch %d", body.Epoch), Expected: last.Digest.String(), Got: body.Previous.String()})
	}
}

// reportGap reports a claim whose predecessor is not known: withheld, or a chain that never was one.
func (c claims) reportGap(e Entry, h *ReceiptHistory, body *receipt.Claim) {
	f := Finding{Check: Claims, Subject: string(h.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("the claim of epoch %d names one that does not stand below it", body.Epoch), Expected: body.Previous.String()}
	if contained := c.rules.Contained; contained != nil && !contained[*body.Previous] || c.withheld[trust.RoleLedger] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the claim before epoch %d was not given", body.Epoch)
	}
	c.report(f)
}

// takeResource takes what the operation changes. It is free again only when the receipt that holds it
// has ended.
func (c claims) takeResource(h *ReceiptHistory, body *receipt.Claim) {
	if c.reloading {
		return
	}
	if other := c.receipt(c.live[h.key]); other != nil && other != h && !other.hasEnded() {
		c.report(Finding{Check: Claims, Subject: string(h.ID), Code: marketops.OperationInFlight, Got: string(other.ID), Detail: "another receipt for the same resource was live"})
	}
	c.live[h.key] = h.Digest
	if c.rules.Gate {
		receipts(c).checkClaimed(h, body.IssuedAt)
	}
}

func (c claims) intent(e Entry, body *receipt.Intent) {
	h := c.change(e, body.Receipt)
	if h == nil {
		c.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	i := slices.IndexFunc(h.Claims, func(old Claim) bool { return old.Digest == body.Claim })
	again := slices.ContainsFunc(h.Intents, func(old Intent) bool { return old.Leaf == e.Leaf })
	if h.Outcome != nil && !again && body.Epoch >= h.Outcome.Epoch {
		c.reportAfterOutcome(e, h)
		return
	}
	if i < 0 {
		c.reportMissing(Order, e, "claim", body.Claim, trust.RoleLedger)
	} else if !again {
		c.checkIntent(e, h, h.Claims[i], body)
	}
	h.Intents = append(h.Intents, Intent{e.Leaf, e.Position.Index, body.Epoch})
}

func (c claims) checkIntent(e Entry, h *ReceiptHistory, claim Claim, body *receipt.Intent) {
	if h.Receipt != nil {
		c.repeats(Intents, e, h, body.Operation)
	}
	same(c.records, Intents, e, marketops.ReceiptReused, "an intent is of its claim's epoch", claim.Epoch, body.Epoch)
	same(c.records, Intents, e, marketops.AudienceMismatch, "an intent is signed by the publisher that claimed", claim.Publisher, e.Record.By)
	if slices.ContainsFunc(h.Intents, func(old Intent) bool { return old.Epoch == body.Epoch }) {
		c.report(Finding{Check: Intents, Subject: string(h.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("two intents for epoch %d", body.Epoch)})
	}
}
