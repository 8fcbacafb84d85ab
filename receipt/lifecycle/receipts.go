package lifecycle

import (
	"slices"

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
		if len(h.Claims) == 0 && !slices.Contains(h.By, e.Record.By) {
			h.By, h.placed = append(h.By, e.Record.By), append(h.placed, gate.Placed{Record: withoutEnvelope(e.Record), Index: e.Position.Index})
		}
		return
	}
	h := &ReceiptHistory{Digest: e.Record.Digest, ID: body.ReceiptID, Operation: body.Operation, Receipt: body, Index: e.Position.Index,
		Authorities: []string{e.Holder.Name}, By: []crypto.KeyID{e.Record.By}, placed: []gate.Placed{{Record: withoutEnvelope(e.Record), Index: e.Position.Index}},
		issued: body.IssuedAt, stood: r.ledger, expires: body.ExpiresAt, key: r.key(body), run: r.run(body.RunID)}
	r.receipts[h.Digest] = h
	trusts(r).named(e, body)
	r.order = append(r.order, h)
	if other, taken := r.receiptByID(h.ID); taken {
		r.broken(receiptID, string(h.ID), other, h.Digest, "")
	}
	r.ids[h.ID] = h.Digest
	if sub := r.submission(body.Submission); sub != nil {
		r.checkDate(e, sub.body.IssuedAt, sub.by)
	} else {
		r.reportMissing(Order, e, "submission", body.Submission, trust.RolePerson)
	}
	votes(r).use(e, h)
	votes(r).findErasedVeto(h)
}

// withoutEnvelope keeps what a gate asks about, so that a tracker holds no envelopes.
func withoutEnvelope(r *receipt.Record) *receipt.Record {
	return &receipt.Record{Body: r.Body, Digest: r.Digest, Subject: r.Subject, By: r.By}
}

// judge asks the gate about a receipt, with what stands in the log by now.
func (r receipts) judge(h *ReceiptHistory) {
	if r.rules.Gate == nil || r.reloading {
		return
	}
	facts, missing := r.facts(h)
	r.rules.Gate(h, gate.Judge(r.query(h), facts, r.law), missing)
}

// judgeUnclaimed asks under the version that the receipt names: no later one was asked about it.
func (r receipts) judgeUnclaimed(h *ReceiptHistory) {
	if len(h.Claims) > 0 || h.Receipt == nil {
		return
	}
	if law, err := r.rules.Trust.Named(h.Receipt.Trust); err == nil {
		r.law = law
	}
	r.judge(h)
}

// query is what the publisher's gate had to answer at the first claim, or would have had to.
func (r receipts) query(h *ReceiptHistory) gate.Query {
	body := h.Receipt
	ask := gate.Query{Mode: marketops.Prod, Run: h.run.id, Publisher: body.Audience[0], Now: max(body.IssuedAt, body.NotBefore), Unclaimed: len(h.Claims) == 0}
	if op := r.document(h.Operation); op != nil {
		ask.Op, ask.Host = *op, op.Target.Host
	}
	if len(h.Claims) > 0 {
		ask.Publisher, ask.Now = h.Claims[0].Publisher, h.Claims[0].Time
	}
	return ask
}

// facts are the receipt's envelopes, its submission, its approvals, and every other vote below it, for
// that may be a veto.
func (r receipts) facts(h *ReceiptHistory) (f gate.Facts, missing string) {
	f = gate.Facts{Origin: r.origin, Receipts: h.placed, Time: h.stood}
	if sub := r.submission(h.Receipt.Submission); sub != nil {
		f.Submission = &gate.Placed{Record: sub.record, Index: sub.index}
	} else {
		missing = "submission " + h.Receipt.Submission.String()
	}
	for _, v := range h.run.votes {
		if v.index < h.Index || slices.Contains(h.Receipt.Approvals, v.vote.Record.Digest) {
			f.Votes = append(f.Votes, gate.Placed{Record: v.vote.Record, Index: v.index})
		}
	}
	for _, d := range h.Receipt.Approvals {
		v := r.vote(d)
		if v == nil {
			missing = "approval " + d.String()
		} else if v.run != h.run {
			f.Votes = append(f.Votes, gate.Placed{Record: v.vote.Record, Index: v.index})
		}
	}
	if r.rules.Unplaced {
		f = unplaced(f)
	}
	return f, missing
}

// unplaced takes every place for not proved.
func unplaced(f gate.Facts) gate.Facts {
	f.Receipts = slices.Clone(f.Receipts)
	for _, list := range [][]gate.Placed{f.Receipts, f.Votes} {
		for i := range list {
			list[i].Index = gate.Unplaced
		}
	}
	if f.Submission != nil {
		f.Submission.Index = gate.Unplaced
	}
	return f
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
	if h.Receipt != nil && !r.law.MayRevokeBy(body.By, h.Receipt.OperationKind, h.Receipt.Target) {
		r.broken(revokedBy, string(h.ID), nil, nil, "%q", body.By)
	}
	h.Revoked, h.revocation = true, e.Leaf
}
