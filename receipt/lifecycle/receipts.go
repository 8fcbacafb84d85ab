package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
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
		if !slices.Contains(h.By, e.Record.By) && len(h.Claims) == 0 {
			h.By = append(h.By, e.Record.By)
		}
		return
	}
	h := &ReceiptHistory{Digest: e.Record.Digest, ID: body.ReceiptID, Operation: body.Operation, Receipt: body, Index: e.Position.Index,
		Authorities: []string{e.Holder.Name}, By: []crypto.KeyID{e.Record.By}, issued: body.IssuedAt, expires: body.ExpiresAt, key: r.key(body), run: r.run(body.RunID)}
	r.receipts[h.Digest] = h
	r.order = append(r.order, h)
	if other, taken := r.receiptByID(h.ID); taken {
		r.broken(receiptID, string(h.ID), other, h.Digest, "")
	}
	r.ids[h.ID] = h.Digest
	if sub := r.submission(body.Submission); sub != nil {
		r.checkDate(e, sub.body.IssuedAt, sub.by)
	} else if !r.rules.Gate {
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
	r.same(e, marketops.NotEnforceable, "a receipt is enforceable in prod", "enforceable=true in prod", fmt.Sprintf("enforceable=%v in %s", body.Enforceable, body.Mode))
	limit := min(receipt.MaxLifetime, marketops.Time(r.rules.Trust.File().MaxLifetime))
	life := max(body.ExpiresAt-body.IssuedAt, body.ExpiresAt-body.NotBefore)
	r.require(life <= limit, h, marketops.LifetimeExcessive, seconds(limit), seconds(life))
	op := r.document(body.Operation)
	if op == nil {
		return
	}
	r.same(e, marketops.KindMismatch, "a receipt is of its operation's kind", op.Kind, body.OperationKind)
	r.same(e, marketops.RepositoryMismatch, "a receipt is for its operation's repository", op.Target, body.Target)
	if !slices.Equal(e.Record.Subject[1:], receipt.Files(op)) { // a stock verifier takes the receipt for each of them
		r.report(Finding{Check: Receipts, Subject: string(h.ID), Code: marketops.OperationMismatch, Expected: fmt.Sprint(receipt.Files(op)), Got: fmt.Sprint(e.Record.Subject[1:]),
			Detail: "the receipt does not name exactly the assets of its operation"})
	}
}

func seconds(t marketops.Time) string { return (time.Duration(t) * time.Second).String() }

// checkClaimed judges the first claim of a receipt at the time that the ledger gives it.
func (r receipts) checkClaimed(h *ReceiptHistory, now marketops.Time) {
	body := h.Receipt
	r.checkKeys(h, now)
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

// same answers one of the gate's questions: two values must be equal.
func (r receipts) same(e Entry, code marketops.Code, what string, want, got any) {
	if want != got {
		r.report(Finding{Check: Receipts, Subject: e.subject(), Code: code, Detail: what, Expected: fmt.Sprint(want), Got: fmt.Sprint(got)})
	}
}

// checkKeys asks at the first claim whether the authorities' keys still hold.
func (r receipts) checkKeys(h *ReceiptHistory, now marketops.Time) {
	for _, id := range h.By {
		if k, known := r.rules.Trust.Holder(id); known && (now < k.Key.NotBefore || now >= k.Key.NotAfter) {
			r.require(false, h, marketops.KeyOutsideValidity, fmt.Sprintf("%s to %s", k.Key.NotBefore, k.Key.NotAfter), now.String())
		}
	}
}

// revocation marks a receipt; only one that is not being carried out can be revoked.
func (r receipts) revocation(e Entry, body *receipt.Revocation) {
	h := r.change(e, body.Receipt)
	if h == nil {
		r.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		return
	}
	if h.Revoked {
		if h.revocation != e.Leaf {
			r.broken(revokedOnce, string(h.ID), nil, nil, "")
		}
		return
	}
	r.repeats(e, h, body.Operation)
	r.checkDate(e, h.issued, h.By[0])
	if h.Outcome != nil {
		r.broken(revokedInTime, string(h.ID), nil, nil, "it is %s", h.Outcome.Status)
	}
	if h.Receipt != nil && !r.rules.Trust.MayRevokeBy(body.By, h.Receipt.OperationKind, h.Receipt.Target) {
		r.broken(revokedBy, string(h.ID), nil, nil, "%q", body.By)
	}
	h.Revoked, h.revocation = true, e.Leaf
}
