package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// record asks what one record must obey by itself, apart from the life of its receipt.
func (j *judge) record(r *rec) {
	j.must(r.Body.Kind() != receipt.KindRequest && r.Body.Kind() != receipt.KindAnswer, marketops.OrderViolation)
	j.namesBelow(r)
	j.plan(r)
	switch b := r.Body.(type) {
	case *receipt.Submission:
		j.submission(r, b)
	case *receipt.Approval:
		j.approval(b)
	case *receipt.Receipt:
		j.receipt(r, b)
	case *receipt.Outcome:
		j.roots(b)
	case *receipt.RunClosed:
		j.runClosed(r, b)
	case *receipt.ShardSealed:
		j.sealed(r, b)
	case *receipt.ShardGenesis:
		j.must(r.index == 0 && b.Origin == j.origin, marketops.OrderViolation)
	}
	j.repeats(r)
}

// plan: a record of a run names the plan of the run's submission.
func (j *judge) plan(r *rec) {
	for _, other := range j.recs {
		s, ok := other.Body.(*receipt.Submission)
		if ok && s.RunID == r.Body.Refs().Run {
			named := r.Body.Refs().Plan
			j.must(named.IsZero() || named == s.Plan, marketops.PlanMismatch)
			return
		}
	}
}

func (j *judge) submission(r *rec, s *receipt.Submission) {
	j.must(r.by.name == s.Requester, marketops.KeyUnknown)
	for _, other := range j.recs {
		o, ok := other.Body.(*receipt.Submission)
		j.must(!ok || other == r || o.RunID != s.RunID, marketops.RunMismatch)
	}
}

func (j *judge) approval(a *receipt.Approval) {
	s, _ := get[*receipt.Submission](j, a.Submission)
	if s == nil {
		return
	}
	j.must(a.RunID == s.RunID, marketops.RunMismatch)
	j.must(a.Plan == s.Plan && slices.Equal(a.Operations, s.Operations), marketops.PlanMismatch)
	j.must(a.Requester == s.Requester, marketops.ApprovalMissing)
}

func (j *judge) receipt(r *rec, b *receipt.Receipt) {
	v, _ := j.chain.named(b.Trust)
	j.must(v == r.law, marketops.TrustRolledBack)
	for _, other := range j.recs {
		o, ok := other.Body.(*receipt.Receipt)
		if !ok || other.Digest == r.Digest {
			continue
		}
		j.must(o.ReceiptID != b.ReceiptID, marketops.ReceiptReused)
		for _, a := range b.Approvals {
			if o.Operation == b.Operation && slices.Contains(o.Approvals, a) && other.index < r.index {
				j.servedBefore(r, j.life(other.Digest))
			}
		}
	}
}

// servedBefore: an approval serves one receipt after the other, until the last effect is there or one is revoked.
func (j *judge) servedBefore(r *rec, h *life) {
	outcome := newest(under(h.outcomes, r.index))
	switch {
	case len(under(h.revocations, r.index)) > 0:
		j.say(marketops.ApprovalSpent)
	case outcome != nil:
		j.must(leaves(outcome.Body.(*receipt.Outcome), len(under(h.resolutions, r.index)) > 0 && !j.succeeded(h.Operation, r.index)), marketops.ApprovalSpent)
	case len(under(h.claims, r.index)) == 0:
		j.must(r.Body.Issued()+60 >= h.ExpiresAt, marketops.ApprovalSpent)
	case j.Whole:
		j.say(marketops.ApprovalSpent)
	default:
		j.say(marketops.RecordWithheld)
	}
}

// leaves: an outcome leaves the approvals for another receipt.
func leaves(o *receipt.Outcome, resolvedFailed bool) bool {
	last := receipt.EffectAbsent
	for _, e := range o.Effects {
		last = e.State
	}
	there := last == receipt.EffectApplied || last == receipt.EffectAdopted
	return o.Status == receipt.Rejected || !there && (o.Status == receipt.Failed || o.Status == receipt.Unknown && resolvedFailed)
}

// repeats: a record about a receipt repeats its run, its id and its operation.
func (j *judge) repeats(r *rec) {
	b, of := get[*receipt.Receipt](j, j.receiptOf(r))
	if of == nil {
		return
	}
	refs := r.Body.Refs()
	j.must(refs.Run == b.RunID, marketops.RunMismatch)
	j.must(refs.Receipt == b.ReceiptID, marketops.ReceiptReused)
	j.must(slices.Equal(refs.Operations, []marketops.Digest{b.Operation}), marketops.OperationMismatch)
}

// runClosed: a seal names exactly the records of its run below it, with their counts, and the seal before.
func (j *judge) runClosed(r *rec, c *receipt.RunClosed) {
	each, once, previous := []*rec{}, []*rec{}, (*marketops.Digest)(nil)
	for _, other := range j.recs {
		if other.index >= r.index || other.Body.Refs().Run != c.RunID {
			continue
		}
		if other.Body.Kind() == receipt.KindRunClosed {
			previous = &other.Digest
			if !slices.Contains(c.Records, other.Digest) {
				continue
			}
		}
		if !slices.ContainsFunc(once, func(o *rec) bool { return o.Digest == other.Digest }) {
			once = append(once, other)
		}
		each = append(each, other)
	}
	if slices.ContainsFunc(names(c), j.withheld) {
		return
	}
	j.must(sameDigest(previous, c.Previous), marketops.OrderViolation)
	j.must(lists(c, once) || lists(c, each), marketops.OrderViolation)
	j.must(counts(c, once) || counts(c, each), marketops.OrderViolation)
}

func sameDigest(a, b *marketops.Digest) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func lists(c *receipt.RunClosed, recs []*rec) bool {
	return slices.EqualFunc(c.Records, recs, func(d marketops.Digest, r *rec) bool { return d == r.Digest })
}

func counts(c *receipt.RunClosed, recs []*rec) bool {
	want := map[receipt.Kind]int64{}
	for _, r := range recs {
		want[r.Body.Kind()]++
	}
	delete(want, receipt.KindRunClosed)
	for _, line := range c.Counts {
		if line.Name != receipt.KindRunClosed && want[line.Name] != line.Count {
			return false
		}
		delete(want, line.Name)
	}
	return len(want) == 0
}

// sealed: the seal of a log names every entry below it, and nothing that is at hand stands above it.
func (j *judge) sealed(r *rec, s *receipt.ShardSealed) {
	j.must(s.Shard.Origin == j.origin && uint64(s.Shard.Size) == r.index && s.Next != j.origin, marketops.OrderViolation)
	if uint64(s.Shard.Size) == r.index && j.determined(r.index) {
		j.must(j.Root(r.index) == s.Shard.Root, marketops.SplitView)
	}
	above := j.Whole && j.size > r.index+1 || newest(j.recs) != r
	j.must(!above, marketops.OrderViolation)
}

// vetoed: an eligible rejection of the run stands below a place, under one of these versions.
func (j *judge) vetoed(b *receipt.Receipt, below uint64, under ...*version) bool {
	for _, r := range j.recs {
		a, ok := r.Body.(*receipt.Approval)
		if !ok || r.index >= below || a.RunID != b.RunID || a.Verdict != receipt.Reject {
			continue
		}
		if slices.ContainsFunc(under, func(v *version) bool { return v != nil && v.eligible(r.by.name, b) }) {
			return true
		}
	}
	return false
}

// ofLedger: the ledger signed a record.
func ofLedger(r *rec) bool { return r.by.role == trust.RoleLedger }
