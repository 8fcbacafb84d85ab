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
	if !c.repeats(e, h, body.Operation) {
		return
	}
	c.checkDate(e, h.issued, h.By[0])
	if !slices.Contains(h.Receipt.Audience, body.Publisher) {
		c.broken(claimAudience, string(h.ID), h.Receipt.Audience, body.Publisher, "")
	}
	if h.Revoked {
		c.broken(claimRevoked, string(h.ID), nil, nil, "")
	}
	if len(h.Claims) == 0 && votes(c).isVetoed(h) {
		c.broken(claimVetoed, string(h.ID), nil, nil, "")
	}
	if len(h.Claims) == 0 {
		c.checkAfter(h)
	}
	c.checkEpoch(e, h, body)
	h.Claims = append(h.Claims, Claim{e.Record.Digest, e.Leaf, e.Position.Index, body.Epoch, body.Publisher, e.Record.By, body.IssuedAt})
	if len(h.Claims) == 1 {
		c.takeResource(h)
		votes(c).findErasedVeto(h)
		receipts(c).judge(h)
	}
}

// reportLate finds a claim behind the end of its receipt: of an epoch that was claimed before it is the
// ledger that uses the receipt twice, whatever else is out of order.
func (c claims) reportLate(e Entry, h *ReceiptHistory, body *receipt.Claim) {
	if old := h.claimOf(body.Epoch); old != nil {
		c.reportTwice(e, h, old)
		return
	}
	c.broken(claimEnded, string(h.ID), nil, nil, "the claim at %d, the outcome at %d", e.Position.Index, h.Outcome.Index)
}

func (c claims) reportTwice(e Entry, h *ReceiptHistory, old *Claim) {
	c.broken(claimEpoch, string(h.ID), nil, nil, "two claims for epoch %d, at %d and %d", e.Record.Body.Refs().Epoch, old.Index, e.Position.Index)
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
		c.broken(claimEpoch, string(h.ID), last.Digest, body.Previous, "the chain breaks at epoch %d", body.Epoch)
	default:
		c.checkDate(e, last.Time, e.Record.By)
	}
}

// reportGap reports a claim whose predecessor is not known: withheld, or a chain that never was one.
func (c claims) reportGap(e Entry, h *ReceiptHistory, body *receipt.Claim) {
	f := Finding{Condition: claimEpoch, Check: Claims, Subject: string(h.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("the claim of epoch %d names one that does not stand below it", body.Epoch), Expected: body.Previous.String()}
	if contained := c.rules.Contained; contained != nil && !contained[*body.Previous] || c.withheld[trust.RoleLedger] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the claim before epoch %d was not given", body.Epoch)
	}
	c.report(f)
}

// takeResource takes what the operation changes. It is free again only when the receipt that holds it
// has ended.
func (c claims) takeResource(h *ReceiptHistory) {
	if c.reloading {
		return
	}
	if other := c.receipt(c.live[h.key]); other != nil && other != h && !other.hasEnded() {
		c.broken(claimAlone, string(h.ID), nil, nil, "%s was live", other.ID)
	}
	c.live[h.key] = h.Digest
}

func (c claims) intent(e Entry, body *receipt.Intent) {
	h := c.change(e, body.Receipt)
	if h == nil {
		c.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	if !slices.ContainsFunc(h.Intents, func(old Intent) bool { return old.Leaf == e.Leaf }) && !c.checkIntent(e, h, body) {
		return
	}
	h.Intents = append(h.Intents, Intent{e.Leaf, e.Position.Index, body.Epoch, e.Record.By, body.IssuedAt})
}

// checkIntent reports whether an intent may count.
func (c claims) checkIntent(e Entry, h *ReceiptHistory, body *receipt.Intent) bool {
	if h.Outcome != nil {
		c.broken(intentEnded, string(h.ID), nil, nil, "the intent at %d, the outcome at %d", e.Position.Index, h.Outcome.Index)
		return false
	}
	c.repeats(e, h, body.Operation)
	c.checkDate(e, h.issued, h.By[0])
	if h.Revoked {
		c.broken(intentRevoked, string(h.ID), nil, nil, "")
	}
	if len(h.Intents) == 0 && votes(c).isVetoed(h) {
		c.broken(intentVetoed, string(h.ID), nil, nil, "")
	}
	votes(c).findErasedVeto(h)
	if slices.ContainsFunc(h.Intents, func(old Intent) bool { return old.Epoch == body.Epoch }) {
		c.broken(intentOnce, string(h.ID), nil, nil, "two for epoch %d", body.Epoch)
	}
	i := slices.IndexFunc(h.Claims, func(old Claim) bool { return old.Digest == body.Claim })
	if i < 0 {
		c.reportMissing(Order, e, "claim", body.Claim, trust.RoleLedger)
		return true
	}
	claim := h.Claims[i]
	c.checkDate(e, claim.Time, claim.By)
	equal(c.records, intentSigner, string(h.ID), claim.Publisher, e.Record.By)
	if claim.Epoch != body.Epoch || i != len(h.Claims)-1 {
		c.broken(intentClaim, string(h.ID), h.Claims[len(h.Claims)-1].Epoch, body.Epoch, "")
	}
	return true
}
