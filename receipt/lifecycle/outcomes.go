package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Grace is how long after its expiry a receipt with an intent may stay without an outcome.
const Grace = marketops.Time(24 * 60 * 60) // seconds

func (b *Tracker) outcome(e Entry, o *receipt.Outcome) {
	s := b.spending(e, o.Receipt)
	if s == nil {
		b.missing(Order, e, "receipt", o.Receipt, trust.RoleAuthority)
		return
	}
	if s.Outcome != nil {
		if s.Outcome.Leaf == e.Leaf {
			s.Outcome.Again = append(s.Outcome.Again, e.Position.Index)
		} else {
			b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.ReceiptReused,
				Detail: fmt.Sprintf("two outcomes, %s at %d and %s at %d", s.Outcome.Status, s.Outcome.Index, o.Status, e.Position.Index)})
		}
		return
	}
	if b.bound(Outcomes, e, s, o.RunID, o.ReceiptID, o.OperationID) {
		same(b, Outcomes, e, marketops.KindMismatch, "an outcome repeats its receipt", s.Receipt.OperationKind, o.OperationKind)
	}
	b.signer(e, s, o)
	b.announcement(e, s, o)
	b.effect(s, o)
	b.end(e, s, o)
}

// end closes the spending and forgets what nobody will ask for again.
func (b *Tracker) end(e Entry, s *Spending, o *receipt.Outcome) {
	s.Outcome = &Outcome{Digest: e.Record.Digest, Leaf: e.Leaf, Index: e.Position.Index, Epoch: o.Epoch, Status: o.Status, Body: o}
	if o.Status == receipt.Unknown {
		b.outcomes[e.Record.Digest] = s
	}
	b.release(s)
}

func (b *Tracker) release(s *Spending) {
	if !s.over() {
		return
	}
	if b.live[s.key] == s.Digest {
		delete(b.live, s.key)
	}
	if b.rules.Contained == nil {
		s.Receipt, s.Outcome.Body = nil, nil
	}
}

// signer holds publishers to their own epoch, and the ledger to what it may say at all.
func (b *Tracker) signer(e Entry, s *Spending, o *receipt.Outcome) {
	if len(s.Claims) == 0 {
		b.missing(Order, e, "claim", marketops.Digest{}, trust.RoleLedger)
		return
	}
	if e.Holder.Role == trust.RoleLedger {
		b.ledgerMay(e, s, o)
		return
	}
	c := s.claimOf(o.Epoch)
	if c == nil {
		b.missing(Outcomes, e, fmt.Sprintf("claim of epoch %d", o.Epoch), marketops.Digest{}, trust.RoleLedger)
		return
	}
	same(b, Outcomes, e, marketops.AudienceMismatch, "an outcome is signed by the publisher of its epoch", c.Publisher, e.Record.By)
}

func (b *Tracker) ledgerMay(e Entry, s *Spending, o *receipt.Outcome) {
	f := Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.KeyUnknown}
	switch o.Status {
	case receipt.Rejected:
		if o.Code != marketops.Revoked && o.Code != marketops.Expired {
			f.Detail = fmt.Sprintf("the ledger may reject what is revoked or expired, not for %.40q", o.Code)
		}
	case receipt.Unknown:
		if o.IssuedAt < s.Receipt.ExpiresAt+Grace && b.anybody(s, o.IssuedAt, e.Position) {
			f.Detail = "the ledger gave up before the grace was over, and a publisher of the audience could still act"
		}
	default:
		f.Detail = "the ledger cannot know that an operation is " + string(o.Status)
	}
	if o.Checkpoint != nil {
		f.Detail = "the ledger quotes a checkpoint as if it had published"
	}
	if last := s.Claims[len(s.Claims)-1].Epoch; o.Epoch < last {
		f.Code, f.Detail = marketops.OrderViolation, fmt.Sprintf("the ledger ended epoch %d after epoch %d began", o.Epoch, last)
	}
	if f.Detail != "" {
		b.find(f)
	}
}

// anybody reports whether a key of the audience was still good.
func (b *Tracker) anybody(s *Spending, at marketops.Time, pos log.Position) bool {
	return slices.ContainsFunc(s.Receipt.Audience, func(id keyID) bool {
		h, ok := b.rules.Trust.Holder(id)
		if !ok || h.Role != trust.RolePublisher || at < h.Key.NotBefore || at >= h.Key.NotAfter {
			return false
		}
		return !slices.ContainsFunc(h.Key.RevokedFrom, func(from log.Position) bool { return from.Origin == pos.Origin && pos.Index >= from.Index })
	})
}

// announcement finds an outcome whose intent does not stand where it says, or a checkpoint that
// the publisher cannot have waited for.
func (b *Tracker) announcement(e Entry, s *Spending, o *receipt.Outcome) {
	if o.Intent == nil {
		return
	}
	n := s.intentAt(o.Intent.Index)
	if n == nil || o.Intent.Origin != e.Position.Origin {
		b.unannounced(e, s, o)
		return
	}
	if n.Epoch > o.Epoch {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation, Detail: fmt.Sprintf("an outcome of epoch %d names an intent of epoch %d", o.Epoch, n.Epoch)})
	}
	if e.Holder.Role != trust.RoleLedger {
		b.seen(e, s, o)
	}
}

func (b *Tracker) unannounced(e Entry, s *Spending, o *receipt.Outcome) {
	f := Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation,
		Detail: fmt.Sprintf("the outcome at %d names an intent at %d of %s, where none of this receipt stands", e.Position.Index, o.Intent.Index, o.Intent.Origin)}
	elsewhere := o.Intent.Origin == e.Position.Origin && o.Intent.Index < e.Position.Index
	if elsewhere && (b.rules.Contained != nil && !b.places[o.Intent.Index] || b.withheld[trust.RolePublisher] > 0) {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the intent at %d was not given", o.Intent.Index)
	}
	b.find(f)
}

// seen compares the checkpoint that the publisher verified before it acted.
func (b *Tracker) seen(e Entry, s *Spending, o *receipt.Outcome) {
	c := o.Checkpoint
	if c == nil || c.Origin != e.Position.Origin || c.Size <= 0 || uint64(c.Size) <= o.Intent.Index || uint64(c.Size) > e.Position.Index {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation, Got: fmt.Sprintf("%+v", c),
			Detail: fmt.Sprintf("the checkpoint that the publisher saw must hold the intent at %d and end below the outcome at %d", o.Intent.Index, e.Position.Index)})
		return
	}
	if b.rules.Quoted == nil {
		return
	}
	if err := b.rules.Quoted(*c); err != nil {
		b.find(Finding{Check: Roots, Subject: string(s.ID), Code: marketops.CodeOf(err), Got: c.Root.String(), Detail: err.Error()})
	}
}

// effect finds a success that must not have been one.
func (b *Tracker) effect(s *Spending, o *receipt.Outcome) {
	if s.Revoked && o.Status != receipt.Rejected {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.Revoked, Got: string(o.Status), Detail: "the receipt was revoked before"})
	}
	if o.Status == receipt.Success {
		b.success(s)
	}
}

// success finds that an operation was published twice, by whatever receipts.
func (b *Tracker) success(s *Spending) {
	if b.succeeded[s.Operation] == nil {
		b.recall(aSuccess, s.Operation[:])
	}
	if other := b.succeeded[s.Operation]; other != nil && other != s {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.ReceiptReused, Got: string(other.ID), Detail: "the same operation succeeded under another receipt"})
	}
	if b.succeeded[s.Operation] == nil || !b.recalling {
		b.succeeded[s.Operation] = s
	}
}

func (b *Tracker) resolution(e Entry, r *receipt.Resolution) {
	if b.outcomes[r.Outcome] == nil {
		b.recall(aRecord, r.Outcome[:])
	}
	s := b.outcomes[r.Outcome]
	if s == nil {
		b.unresolvable(e, r)
		return
	}
	b.tied(e, s)
	if s.Resolution != nil {
		if s.Resolution.Leaf != e.Leaf {
			b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation, Detail: fmt.Sprintf("two resolutions, at %d and %d", s.Resolution.Index, e.Position.Index)})
		}
		return
	}
	b.bound(Outcomes, e, s, r.RunID, r.ReceiptID, s.Operation)
	if want := (log.Position{Origin: e.Position.Origin, Index: s.Outcome.Index}); !slices.Contains(s.Outcome.Again, r.Position.Index) || r.Position.Origin != want.Origin {
		same(b, Outcomes, e, marketops.OrderViolation, "a resolution names the place of its outcome", want, r.Position)
	}
	if !b.rules.Trust.MayResolve(e.Holder, s.Receipt.OperationKind, s.Receipt.Target) {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.KeyUnknown, Got: e.Holder.Name, Detail: "trust.json does not let this person resolve"})
	}
	s.Resolution = &Resolution{e.Leaf, e.Position.Index, r.Verdict, e.Holder.Name}
	if r.Verdict == receipt.Success {
		b.success(s)
	}
	b.release(s)
}

// unresolvable is a resolution of an outcome that is not there or not unknown.
func (b *Tracker) unresolvable(e Entry, r *receipt.Resolution) {
	d, known := b.receiptID(r.ReceiptID)
	if s := b.receipts[d]; known && s.Outcome != nil && s.Outcome.Digest == r.Outcome {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation, Detail: "a resolution of an outcome that is " + string(s.Outcome.Status)})
		return
	}
	b.missing(Outcomes, e, "unknown outcome", r.Outcome, trust.RolePublisher)
}
