package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

func (j *judge) outcome(h *life, r *rec, o *receipt.Outcome) {
	j.must(len(under(h.outcomes, r.index)) == 0, marketops.ReceiptReused)
	j.must(o.OperationKind == h.OperationKind, marketops.KindMismatch)
	j.must(len(under(h.revocations, r.index)) == 0 || o.Status == receipt.Rejected, marketops.Revoked)
	j.effects(o)
	j.adopts(h, r, o)
	j.namesIntent(h, r, o)
	if o.Status == receipt.Success {
		j.must(!j.succeeded(o.OperationID, r.index), marketops.ReceiptReused)
	}
	claim := newest(under(h.claims, r.index))
	switch {
	case claim == nil && !j.Whole:
		j.say(marketops.RecordWithheld)
	case claim == nil:
		j.say(marketops.OrderViolation)
	case !j.Whole && !ofLedger(r) && o.Epoch > epoch(claim):
		j.say(marketops.RecordWithheld) // the claim of that epoch
	case ofLedger(r):
		j.must(o.Epoch == epoch(claim)+1, marketops.OrderViolation)
	default:
		j.must(r.By == claim.Body.(*receipt.Claim).Publisher && o.Epoch == epoch(claim), marketops.AudienceMismatch)
	}
	if claim != nil {
		j.dated(r, claim)
	}
	if ofLedger(r) {
		j.ledgerSays(h, r, o)
	} else {
		j.publisherSaw(r, o)
	}
}

// effects: an outcome with an intent has the effects of its operation.
func (j *judge) effects(o *receipt.Outcome) {
	op := j.Documents[o.OperationID]
	if op == nil || o.Intent == nil {
		return
	}
	same := slices.EqualFunc(o.Effects, op.Effects(), func(e receipt.Effect, name string) bool { return e.Name == name })
	j.must(same, marketops.OperationMismatch)
}

// adopts: what an outcome adopts was tried under another receipt for the operation in the run, whose outcome is below.
func (j *judge) adopts(h *life, r *rec, o *receipt.Outcome) {
	for _, e := range o.Effects {
		if e.Earlier == nil || j.withheld(name{digest: *e.Earlier}) {
			continue
		}
		from := j.life(*e.Earlier)
		if from.Receipt == nil || *e.Earlier == h.envelopes[0].Digest {
			j.must(from.Receipt == nil, marketops.OperationMismatch) // else its name was judged
			continue
		}
		end := newest(under(from.outcomes, r.index))
		switch {
		case from.RunID != h.RunID || from.Operation != h.Operation:
			j.say(marketops.OperationMismatch)
		case end == nil && !j.Whole:
			j.say(marketops.RecordWithheld)
		default:
			j.must(end != nil && tried(end.Body.(*receipt.Outcome), e.Name) && !j.goneSince(h, end, r.index, e.Name), marketops.OperationMismatch)
		}
	}
}

// goneSince: an outcome of the operation in the run, between two places, calls an effect absent.
func (j *judge) goneSince(h *life, from *rec, to uint64, effect string) bool {
	return slices.ContainsFunc(under(j.recs, to), func(r *rec) bool {
		o, ok := r.Body.(*receipt.Outcome)
		return ok && r.index > from.index && o.RunID == h.RunID && o.OperationID == h.Operation &&
			slices.ContainsFunc(o.Effects, func(e receipt.Effect) bool { return e.Name == effect && e.State == receipt.EffectAbsent })
	})
}

func tried(o *receipt.Outcome, effect string) bool {
	return slices.ContainsFunc(o.Effects, func(e receipt.Effect) bool {
		return e.Name == effect && e.Attempts > 0 && e.State != receipt.EffectAbsent
	})
}

// namesIntent: an outcome names the newest intent. The ledger may reject without one.
func (j *judge) namesIntent(h *life, r *rec, o *receipt.Outcome) {
	last := newest(under(h.intents, r.index))
	switch {
	case o.Intent == nil:
		j.must(last == nil || ofLedger(r), marketops.OrderViolation)
	case !j.withheld(name{place: o.Intent}):
		j.must(last != nil && *o.Intent == j.place(last), marketops.OrderViolation)
	}
}

// roots: a root that an outcome quotes is the log's; another one is the word of who signed the outcome.
func (j *judge) roots(o *receipt.Outcome) {
	if cp := o.Checkpoint; cp != nil && cp.Origin == j.origin && j.determined(uint64(cp.Size)) {
		j.must(j.Root(uint64(cp.Size)) == cp.Root, marketops.RootDisputed)
	}
}

// succeeded: below a place the operation succeeded, or a person decided so.
func (j *judge) succeeded(operation marketops.Digest, index uint64) bool {
	return slices.ContainsFunc(under(j.recs, index), func(r *rec) bool {
		switch b := r.Body.(type) {
		case *receipt.Outcome:
			return b.OperationID == operation && b.Status == receipt.Success
		case *receipt.Resolution:
			return b.Operation == operation && b.Verdict == receipt.Success
		}
		return false
	})
}

// publisherSaw: the checkpoint of a publisher's outcome holds the intent and ends below the outcome.
func (j *judge) publisherSaw(r *rec, o *receipt.Outcome) {
	if o.Checkpoint == nil {
		j.must(o.Intent == nil, marketops.OrderViolation)
		return
	}
	size := uint64(o.Checkpoint.Size)
	j.must(o.Checkpoint.Origin == j.origin && size <= r.index && (o.Intent == nil || o.Intent.Index < size), marketops.OrderViolation)
}

// ledgerSays: the ledger rejects for a reason that the log shows, or gives up after its grace.
func (j *judge) ledgerSays(h *life, r *rec, o *receipt.Outcome) {
	j.must(o.Checkpoint == nil, marketops.KeyUnknown)
	switch {
	case o.Status == receipt.Rejected && o.Code == marketops.Expired:
		j.must(o.IssuedAt+60 >= h.ExpiresAt, marketops.OrderViolation)
	case o.Status == receipt.Rejected && o.Code == marketops.Revoked:
		j.reason(len(under(h.revocations, r.index)) > 0)
	case o.Status == receipt.Rejected && o.Code == marketops.RejectedByApprover:
		j.reason(j.vetoed(h.Receipt, r.index, j.law(h), r.law))
	default:
		grace := o.IssuedAt >= h.ExpiresAt+86400 || len(j.publishers(h, r)) == 0
		j.must(o.Status == receipt.Unknown && grace, marketops.KeyUnknown)
	}
}

// reason: the log shows why. A pack may have left it out.
func (j *judge) reason(shown bool) {
	if j.Whole {
		j.must(shown, marketops.KeyUnknown)
	} else {
		j.must(shown, marketops.RecordWithheld)
	}
}
