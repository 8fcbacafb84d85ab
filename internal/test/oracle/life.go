package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// life is all that the log says about one receipt, each list in its order.
type life struct {
	*receipt.Receipt        // nil: it is not there
	envelopes        []*rec // one for each authority
	claims           []*rec
	intents          []*rec
	outcomes         []*rec
	resolutions      []*rec
	revocations      []*rec
}

// life collects the records about a receipt.
func (j *judge) life(d marketops.Digest) *life {
	h := &life{}
	for _, r := range j.recs {
		if j.receiptOf(r) != d {
			continue
		}
		switch b := r.Body.(type) {
		case *receipt.Receipt:
			h.Receipt, h.envelopes = b, append(h.envelopes, r)
		case *receipt.Claim:
			h.claims = append(h.claims, r)
		case *receipt.Intent:
			h.intents = append(h.intents, r)
		case *receipt.Outcome:
			h.outcomes = append(h.outcomes, r)
		case *receipt.Resolution:
			h.resolutions = append(h.resolutions, r)
		case *receipt.Revocation:
			h.revocations = append(h.revocations, r)
		}
	}
	return h
}

// under returns the records of a list that stand below a place.
func under(list []*rec, index uint64) (out []*rec) {
	for _, r := range list {
		if r.index < index {
			out = append(out, r)
		}
	}
	return out
}

// newest returns the last record of a list, or nil.
func newest(list []*rec) *rec {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// law returns the version that the receipt names, or nil.
func (j *judge) law(h *life) *version {
	v, _ := j.chain.named(h.Trust)
	return v
}

// receipts judges the life of each receipt. A receipt that records name and that is not there was said before.
func (j *judge) receipts() {
	var done []marketops.Digest
	for _, r := range j.recs {
		if d := j.receiptOf(r); !d.IsZero() && !slices.Contains(done, d) {
			done = append(done, d)
			if h := j.life(d); h.Receipt != nil {
				j.lived(h)
			}
		}
	}
}

func (j *judge) lived(h *life) {
	for _, r := range h.revocations {
		j.revocation(h, r, r.Body.(*receipt.Revocation))
	}
	for _, r := range h.claims {
		j.claim(h, r, r.Body.(*receipt.Claim))
	}
	for _, r := range h.intents {
		j.intent(h, r, r.Body.(*receipt.Intent))
	}
	for _, r := range h.outcomes {
		j.outcome(h, r, r.Body.(*receipt.Outcome))
	}
	for _, r := range h.resolutions {
		j.resolution(h, r, r.Body.(*receipt.Resolution))
	}
	due := !j.Whole || j.End >= h.ExpiresAt+86400
	j.must(len(h.intents) == 0 || len(h.outcomes) > 0 || !due, marketops.OutcomeMissing)
	if len(h.claims) > 0 || !j.stopped {
		j.afterwards(h) // else it may be claimed where nothing is judged
	}
}

func (j *judge) revocation(h *life, r *rec, b *receipt.Revocation) {
	j.must(len(under(h.revocations, r.index)) == 0, marketops.OrderViolation)
	j.must(len(under(h.outcomes, r.index)) == 0, marketops.OrderViolation)
	j.must(r.law.mayAlone(r.law.Revokers, b.By, h.OperationKind, h.Target), marketops.KeyUnknown)
}

func (j *judge) claim(h *life, r *rec, c *receipt.Claim) {
	before := under(h.claims, r.index)
	j.must(len(under(h.outcomes, r.index)) == 0, marketops.OrderViolation)
	j.must(len(under(h.revocations, r.index)) == 0, marketops.Revoked)
	j.must(slices.Contains(h.Audience, c.Publisher), marketops.AudienceMismatch)
	if len(before) == 0 {
		j.must(!j.vetoed(h.Receipt, r.index, j.law(h), r.law), marketops.RejectedByApprover)
		j.alone(h, r)
		j.first(h, r)
	}
	last, epochBefore := newest(before), int64(0)
	if last != nil {
		epochBefore = epoch(last)
	}
	if c.Previous != nil && c.Epoch > epochBefore+1 && j.withheld(name{digest: *c.Previous}) {
		return
	}
	j.must(c.Epoch == epochBefore+1 && (last == nil || c.Previous != nil && *c.Previous == last.Digest), marketops.ReceiptReused)
}

func epoch(r *rec) int64 { return r.Body.Refs().Epoch }

// alone: no other receipt for the resource is live where this one is claimed first.
func (j *judge) alone(h *life, first *rec) {
	for _, r := range j.recs {
		b, ok := r.Body.(*receipt.Receipt)
		if !ok || r.Digest == h.envelopes[0].Digest || !j.sameResource(b.Operation, h.Operation) {
			continue
		}
		o := j.life(r.Digest)
		live := len(under(o.claims, first.index)) > 0 && !j.ended(o, first.index)
		j.must(!live, marketops.OperationInFlight)
	}
}

// ended: below a place the receipt has an outcome that is not unknown, or a resolution.
func (j *judge) ended(h *life, index uint64) bool {
	return len(under(h.resolutions, index)) > 0 || slices.ContainsFunc(under(h.outcomes, index), func(r *rec) bool {
		return r.Body.(*receipt.Outcome).Status != receipt.Unknown
	})
}

func (j *judge) sameResource(a, b marketops.Digest) bool {
	one, other := j.Documents[a], j.Documents[b]
	if one == nil || other == nil {
		return a == b
	}
	x, errX := one.Key()
	y, errY := other.Key()
	return errX == nil && errY == nil && x == y
}

// first: each operation that the plan names in after has succeeded in the run below a claim. A pack need not hold that
// success; where it stands above, or a seal names all records of the run, it was not there.
func (j *judge) first(h *life, claim *rec) {
	p, err := document.Parse(j.Plan)
	if err != nil || marketops.DigestOf(j.Plan) != h.Receipt.Plan {
		return
	}
	i := slices.IndexFunc(p.Operations, func(o document.Operation) bool { return o.Operation == h.Operation })
	if i < 0 {
		return
	}
	for _, n := range p.Operations[i].After {
		below, above := j.successes(h, p.Operations[n-1].Operation, claim.index)
		j.must(below || !j.Whole && !above && !j.sealedAbove(h, claim.index), marketops.PrerequisiteOpen)
	}
}

// successes reports whether an operation succeeded in the run of a receipt, below a place and above it.
func (j *judge) successes(h *life, operation marketops.Digest, index uint64) (below, above bool) {
	for _, r := range j.recs {
		success := false
		switch b := r.Body.(type) {
		case *receipt.Outcome:
			success = b.RunID == h.RunID && b.OperationID == operation && b.Status == receipt.Success
		case *receipt.Resolution:
			success = b.RunID == h.RunID && b.Operation == operation && b.Verdict == receipt.Success
		}
		below, above = below || success && r.index < index, above || success && r.index > index
	}
	return below, above
}

// sealedAbove reports whether a seal of the run stands above a place, all of whose records are here.
func (j *judge) sealedAbove(h *life, index uint64) bool {
	return slices.ContainsFunc(j.recs, func(r *rec) bool {
		b, ok := r.Body.(*receipt.RunClosed)
		return ok && b.RunID == h.RunID && r.index > index && !slices.ContainsFunc(b.Records, func(d marketops.Digest) bool {
			return !slices.ContainsFunc(j.recs, func(o *rec) bool { return o.Digest == d && o.index < r.index })
		})
	})
}

func (j *judge) intent(h *life, r *rec, n *receipt.Intent) {
	j.must(len(under(h.outcomes, r.index)) == 0, marketops.OrderViolation)
	j.must(len(under(h.revocations, r.index)) == 0, marketops.Revoked)
	before := under(h.intents, r.index)
	j.must(len(before) > 0 || !j.vetoed(h.Receipt, r.index, j.law(h), r.law), marketops.RejectedByApprover)
	j.must(!slices.ContainsFunc(before, func(o *rec) bool { return epoch(o) == n.Epoch }), marketops.ReceiptReused)
	if j.withheld(name{digest: n.Claim}) {
		return
	}
	c, of := get[*receipt.Claim](j, n.Claim)
	if of == nil || !slices.Contains(under(h.claims, r.index), of) {
		j.say(marketops.OrderViolation)
		return
	}
	j.must(of == newest(under(h.claims, r.index)) && n.Epoch == c.Epoch, marketops.ReceiptReused)
	j.must(c.Publisher == r.By, marketops.AudienceMismatch)
}

func (j *judge) resolution(h *life, r *rec, b *receipt.Resolution) {
	o, of := get[*receipt.Outcome](j, b.Outcome)
	j.must(o.Status == receipt.Unknown && b.Position == j.place(of) && of.index < r.index, marketops.OrderViolation)
	j.must(len(under(h.resolutions, r.index)) == 0, marketops.OrderViolation)
	j.must(r.law.mayAlone(r.law.Resolvers, r.by.name, h.OperationKind, h.Target), marketops.KeyUnknown)
}

// publishers are the keys of the audience that could sign at a record's time and place.
func (j *judge) publishers(h *life, r *rec) (out []crypto.KeyID) {
	for _, id := range h.Audience {
		if j.chain.mayBe(r.law, id, signers[receipt.KindIntent], r.at, j.place(r)) == "" {
			out = append(out, id)
		}
	}
	return out
}
