package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func (b *Tracker) claim(e Entry, c *receipt.Claim) {
	s := b.spending(e, c.Receipt)
	if s == nil {
		b.missing(Order, e, "receipt", c.Receipt, trust.RoleAuthority)
		return
	}
	if slices.ContainsFunc(s.Claims, func(old Claim) bool { return old.Leaf == e.Leaf }) {
		return
	}
	if s.Outcome != nil {
		b.again(e, s, c)
		return
	}
	if !b.bound(Claims, e, s, c.RunID, c.ReceiptID, c.Operation) {
		return
	}
	if !slices.Contains(s.Receipt.Audience, c.Publisher) {
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.AudienceMismatch, Expected: fmt.Sprint(s.Receipt.Audience), Got: string(c.Publisher)})
	}
	b.chain(e, s, c)
	s.Claims = append(s.Claims, Claim{e.Record.Digest, e.Leaf, e.Position.Index, c.Epoch, c.Publisher, c.IssuedAt})
	if len(s.Claims) == 1 {
		b.begin(s, c)
	}
}

// again finds a claim behind the end of its receipt: of an epoch that was claimed before it is the
// ledger that spends twice, whatever else is out of order.
func (b *Tracker) again(e Entry, s *Spending, c *receipt.Claim) {
	if i := slices.IndexFunc(s.Claims, func(old Claim) bool { return old.Epoch == c.Epoch }); i >= 0 {
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.ReceiptReused,
			Detail: fmt.Sprintf("two claims for epoch %d, at %d and %d", c.Epoch, s.Claims[i].Index, e.Position.Index)})
		return
	}
	b.after(e, s)
}

// after finds that something follows an outcome that nothing may follow.
func (b *Tracker) after(e Entry, s *Spending) {
	b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation,
		Detail: fmt.Sprintf("%s at %d follows the outcome at %d", article(e.Record.Body.Kind()), e.Position.Index, s.Outcome.Index)})
}

// bound compares what every record of a spending repeats from its receipt.
func (b *Tracker) bound(check string, e Entry, s *Spending, run marketops.RunID, id marketops.ReceiptID, op marketops.Digest) bool {
	what := article(e.Record.Body.Kind()) + " repeats its receipt"
	return same(b, check, e, marketops.RunMismatch, what, s.Receipt.RunID, run) &&
		same(b, check, e, marketops.ReceiptReused, what, s.ID, id) &&
		same(b, check, e, marketops.OperationMismatch, what, s.Operation, op) &&
		same(b, check, e, marketops.OperationMismatch, what, s.Operation, e.Record.About())
}

// chain finds two claims of one epoch and a claim that does not name the one before.
func (b *Tracker) chain(e Entry, s *Spending, c *receipt.Claim) {
	if len(s.Claims) == 0 {
		if c.Epoch > 1 {
			b.gap(e, s, c)
		}
		return
	}
	last := s.Claims[len(s.Claims)-1]
	switch {
	case c.Epoch <= last.Epoch:
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("two claims for epoch %d, at %d and %d", c.Epoch, last.Index, e.Position.Index)})
	case c.Epoch > last.Epoch+1:
		b.gap(e, s, c)
	case *c.Previous != last.Digest:
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("the chain breaks at epoch %d", c.Epoch), Expected: last.Digest.String(), Got: c.Previous.String()})
	}
}

// gap is a claim whose predecessor is not known: withheld, or a chain that never was one.
func (b *Tracker) gap(e Entry, s *Spending, c *receipt.Claim) {
	f := Finding{Check: Claims, Subject: string(s.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("the claim of epoch %d names one that does not stand below it", c.Epoch), Expected: c.Previous.String()}
	if contained := b.rules.Contained; contained != nil && !contained[*c.Previous] || b.withheld[trust.RoleLedger] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the claim before epoch %d was not given", c.Epoch)
	}
	b.find(f)
}

// begin takes the resource. It is free again only when the receipt that holds it has ended.
func (b *Tracker) begin(s *Spending, c *receipt.Claim) {
	if b.recalling {
		return
	}
	if other := b.ByDigest(b.live[s.key]); other != nil && other != s && !other.over() {
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.OperationInFlight, Got: string(other.ID), Detail: "another receipt for the same resource was live"})
	}
	b.live[s.key] = s.Digest
	if b.rules.Gate {
		b.spendable(s, c.IssuedAt)
	}
}

func (b *Tracker) intent(e Entry, n *receipt.Intent) {
	s := b.spending(e, n.Receipt)
	if s == nil {
		b.missing(Order, e, "receipt", n.Receipt, trust.RoleAuthority)
		return
	}
	i := slices.IndexFunc(s.Claims, func(c Claim) bool { return c.Digest == n.Claim })
	again := slices.ContainsFunc(s.Intents, func(old Intent) bool { return old.Leaf == e.Leaf })
	if s.Outcome != nil && !again && n.Epoch >= s.Outcome.Epoch {
		b.after(e, s)
		return
	}
	if i < 0 {
		b.missing(Order, e, "claim", n.Claim, trust.RoleLedger)
	} else if !again {
		b.announced(e, s, s.Claims[i], n)
	}
	s.Intents = append(s.Intents, Intent{e.Leaf, e.Position.Index, n.Epoch})
}

func (b *Tracker) announced(e Entry, s *Spending, c Claim, n *receipt.Intent) {
	if s.Receipt != nil {
		b.bound(Intents, e, s, n.RunID, n.ReceiptID, n.Operation)
	}
	same(b, Intents, e, marketops.ReceiptReused, "an intent is of its claim's epoch", c.Epoch, n.Epoch)
	same(b, Intents, e, marketops.AudienceMismatch, "an intent is signed by the publisher that claimed", c.Publisher, e.Record.By)
	if slices.ContainsFunc(s.Intents, func(old Intent) bool { return old.Epoch == n.Epoch }) {
		b.find(Finding{Check: Intents, Subject: string(s.ID), Code: marketops.ReceiptReused, Detail: fmt.Sprintf("two intents for epoch %d", n.Epoch)})
	}
}
