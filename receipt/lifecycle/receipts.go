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

// receipts judges receipts and revocations.
type receipts struct{ *records }

func (r receipts) receipt(e Entry, body *receipt.Receipt) {
	if h := r.records.receipt(e.Record.Digest); h != nil {
		if !slices.Contains(h.Authorities, e.Holder.Name) {
			h.Authorities = append(h.Authorities, e.Holder.Name)
		}
		return
	}
	h := &ReceiptHistory{Digest: e.Record.Digest, ID: body.ReceiptID, Operation: body.Operation, Receipt: body, Index: e.Position.Index,
		Authorities: []string{e.Holder.Name}, expires: body.ExpiresAt, key: r.key(body), run: r.run(body.RunID)}
	r.receipts[h.Digest] = h
	r.order = append(r.order, h)
	if other, taken := r.receiptByID(h.ID); taken {
		r.report(Finding{Check: Claims, Subject: string(h.ID), Code: marketops.ReceiptReused, Expected: other.String(), Got: h.Digest.String(), Detail: "two receipts have one id"})
	}
	r.ids[h.ID] = h.Digest
	if r.submission(body.Submission) == nil && !r.rules.Gate {
		r.reportMissing(Order, e, "submission", body.Submission, trust.RolePerson)
	}
	votes(r).use(e, h)
	if r.rules.Gate {
		r.check(e, h)
		votes(r).count(e, h)
	}
}

// key is what only one live receipt may hold: the op_key where the document is at hand, else
// the operation on its target.
func (r receipts) key(body *receipt.Receipt) marketops.Digest {
	if op := r.document(body.Operation); op != nil {
		if k, err := op.Key(); err == nil {
			return k
		}
	}
	return marketops.DigestOf([]byte(body.Target.ID() + "\n" + body.Operation.String()))
}

// check judges what a receipt says, whether or not it was ever claimed.
func (r receipts) check(e Entry, h *ReceiptHistory) {
	body := h.Receipt
	same(r.records, Receipts, e, marketops.NotEnforceable, "a receipt is enforceable in prod", "enforceable=true in prod", fmt.Sprintf("enforceable=%v in %s", body.Enforceable, body.Mode))
	limit := min(receipt.MaxLifetime, marketops.Time(r.rules.Trust.File().MaxLifetime))
	life := max(body.ExpiresAt-body.IssuedAt, body.ExpiresAt-body.NotBefore)
	r.require(life <= limit, h, marketops.LifetimeExcessive, seconds(limit), seconds(life))
	op := r.document(body.Operation)
	if op == nil {
		return
	}
	same(r.records, Receipts, e, marketops.KindMismatch, "a receipt is of its operation's kind", op.Kind, body.OperationKind)
	same(r.records, Receipts, e, marketops.RepositoryMismatch, "a receipt is for its operation's repository", op.Target, body.Target)
	if !slices.Equal(e.Record.Subject[1:], receipt.Files(op)) { // a stock verifier takes the receipt for each of them
		r.report(Finding{Check: Receipts, Subject: string(h.ID), Code: marketops.OperationMismatch, Expected: fmt.Sprint(receipt.Files(op)), Got: fmt.Sprint(e.Record.Subject[1:]),
			Detail: "the receipt does not name exactly the assets of its operation"})
	}
}

func seconds(t marketops.Time) string { return (time.Duration(t) * time.Second).String() }

// checkClaimed judges the first claim of a receipt at the time that the ledger gives it.
func (r receipts) checkClaimed(h *ReceiptHistory, now marketops.Time) {
	body := h.Receipt
	need := r.rules.Trust.AuthorityThreshold(body.OperationKind, body.Target)
	r.require(need > 0 && len(h.Authorities) >= need, h, marketops.ThresholdUnmet, fmt.Sprintf("%d authorities", need), fmt.Sprint(len(h.Authorities)))
	r.require(body.NotBefore <= now+gate.Epsilon && body.IssuedAt <= now+gate.Epsilon, h, marketops.NotYetValid, body.NotBefore.String(), now.String())
	r.require(now+gate.Epsilon < body.ExpiresAt, h, marketops.Expired, body.ExpiresAt.String(), now.String())
	r.require(now-body.IssuedAt <= gate.MaxAge-gate.Epsilon, h, marketops.Stale, seconds(gate.MaxAge), seconds(now-body.IssuedAt))
}

func (r receipts) require(ok bool, h *ReceiptHistory, code marketops.Code, expected, got string) {
	if !ok {
		r.report(Finding{Check: Receipts, Subject: string(h.ID), Code: code, Expected: expected, Got: got})
	}
}

// revocation marks a receipt; only one that is not being carried out can be revoked.
func (r receipts) revocation(e Entry, body *receipt.Revocation) {
	h := r.change(e, body.Receipt)
	if h == nil {
		r.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	r.repeats(Claims, e, h, body.Operation)
	if h.Outcome != nil && h.Outcome.Status != receipt.Rejected && !h.Revoked {
		r.report(Finding{Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation, Detail: "a revocation follows an outcome that is " + string(h.Outcome.Status)})
	}
	h.Revoked = true
}
