package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

func (b *Tracker) receipt(e Entry, r *receipt.Receipt) {
	if s := b.ByDigest(e.Record.Digest); s != nil {
		if !slices.Contains(s.Authorities, e.Holder.Name) {
			s.Authorities = append(s.Authorities, e.Holder.Name)
		}
		return
	}
	s := &Spending{Digest: e.Record.Digest, ID: r.ReceiptID, Operation: r.Operation, Receipt: r, Index: e.Position.Index,
		Authorities: []string{e.Holder.Name}, expires: r.ExpiresAt, key: b.key(r), run: b.run(r.RunID)}
	b.receipts[s.Digest] = s
	b.order = append(b.order, s)
	if other, taken := b.receiptID(r.ReceiptID); taken {
		b.find(Finding{Check: Claims, Subject: string(s.ID), Code: marketops.ReceiptReused, Expected: other.String(), Got: s.Digest.String(), Detail: "two receipts have one id"})
	}
	b.ids[r.ReceiptID] = s.Digest
	if b.submissionOf(r.Submission) == nil && !b.rules.Gate {
		b.missing(Order, e, "submission", r.Submission, trust.RolePerson)
	}
	b.spend(e, s)
	if b.rules.Gate {
		b.issued(e, s)
		b.floor(e, s)
	}
}

// key is what only one live receipt may hold: the op_key where the document is at hand, else
// the operation on its target.
func (b *Tracker) key(r *receipt.Receipt) marketops.Digest {
	if op := b.document(r.Operation); op != nil {
		if k, err := op.Key(); err == nil {
			return k
		}
	}
	return marketops.DigestOf([]byte(r.Target.ID() + "\n" + r.Operation.String()))
}

// issued judges what a receipt says, whether or not it was ever claimed.
func (b *Tracker) issued(e Entry, s *Spending) {
	r := s.Receipt
	same(b, Receipts, e, marketops.NotEnforceable, "a receipt is enforceable in prod", "enforceable=true in prod", fmt.Sprintf("enforceable=%v in %s", r.Enforceable, r.Mode))
	same(b, Receipts, e, marketops.OperationMismatch, "a receipt is about its operation", r.Operation, e.Record.About())
	limit := min(receipt.MaxLifetime, marketops.Time(b.rules.Trust.File().MaxLifetime))
	if life := max(r.ExpiresAt-r.IssuedAt, r.ExpiresAt-r.NotBefore); life > limit {
		b.find(Finding{Check: Receipts, Subject: string(s.ID), Code: marketops.LifetimeExcessive, Expected: seconds(limit), Got: seconds(life)})
	}
	op := b.document(r.Operation)
	if op == nil {
		return
	}
	same(b, Receipts, e, marketops.KindMismatch, "a receipt is of its operation's kind", op.Kind, r.OperationKind)
	same(b, Receipts, e, marketops.RepositoryMismatch, "a receipt is for its operation's repository", op.Target, r.Target)
	if name, foreign := Foreign(e.Record, op); foreign {
		b.find(Finding{Check: Receipts, Subject: string(s.ID), Code: marketops.OperationMismatch, Got: name, Detail: VouchesTooMuch})
	}
}

func (b *Tracker) document(d marketops.Digest) *marketops.Operation {
	if b.rules.Document == nil {
		return nil
	}
	return b.rules.Document(d)
}

// VouchesTooMuch explains what [Foreign] finds.
const VouchesTooMuch = "the receipt vouches for a file that its operation does not publish"

// Foreign returns the first subject of a receipt that its operation does not have. A stock
// verifier would take the receipt for that file's.
func Foreign(r *receipt.Record, op *marketops.Operation) (name string, found bool) {
	allowed := map[string]bool{}
	for _, f := range op.Files() {
		allowed[f.SHA256.Hex()] = true
	}
	for _, s := range r.Subject[1:] {
		if !allowed[s.Digest.SHA256] {
			return s.Name, true
		}
	}
	return "", false
}

func seconds(t marketops.Time) string { return (time.Duration(t) * time.Second).String() }

// spendable judges the first claim of a receipt at the time that the ledger gives it.
func (b *Tracker) spendable(s *Spending, now marketops.Time) {
	r := s.Receipt
	need := b.rules.Trust.AuthorityThreshold(r.OperationKind, r.Target)
	b.unless(need > 0 && len(s.Authorities) >= need, s, marketops.ThresholdUnmet, fmt.Sprintf("%d authorities", need), fmt.Sprint(len(s.Authorities)))
	b.unless(r.NotBefore <= now+gate.Epsilon && r.IssuedAt <= now+gate.Epsilon, s, marketops.NotYetValid, r.NotBefore.String(), now.String())
	b.unless(now+gate.Epsilon < r.ExpiresAt, s, marketops.Expired, r.ExpiresAt.String(), now.String())
	b.unless(now-r.IssuedAt <= gate.MaxAge-gate.Epsilon, s, marketops.Stale, seconds(gate.MaxAge), seconds(now-r.IssuedAt))
}

func (b *Tracker) unless(ok bool, s *Spending, code marketops.Code, expected, got string) {
	if !ok {
		b.find(Finding{Check: Receipts, Subject: string(s.ID), Code: code, Expected: expected, Got: got})
	}
}

// revocation marks a receipt; only one that nobody had begun to carry out can be revoked.
func (b *Tracker) revocation(e Entry, body *receipt.Revocation) {
	s := b.spending(e, body.Receipt)
	if s == nil {
		b.missing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	same(b, Claims, e, marketops.OperationMismatch, "a revocation is about the receipt's operation", s.Operation, e.Record.About())
	if s.Outcome != nil && s.Outcome.Status != receipt.Rejected && !s.Revoked {
		b.find(Finding{Check: Outcomes, Subject: string(s.ID), Code: marketops.OrderViolation, Detail: "a revocation follows an outcome that is " + string(s.Outcome.Status)})
	}
	s.Revoked = true
}
