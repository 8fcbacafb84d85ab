package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// votes judges submissions and approvals, and counts approvals for receipts.
type votes struct{ *records }

// submission is one submission at its place.
type submission struct {
	body  *receipt.Submission
	by    crypto.KeyID
	index uint64
}

// vote is one approval or rejection.
type vote struct {
	vote  gate.Vote
	index uint64
	run   *run
	uses  []use
}

// use is a receipt that an approval served for one operation.
type use struct{ operation, receipt marketops.Digest }

func (v votes) submission(e Entry, body *receipt.Submission) {
	if v.records.submission(e.Record.Digest) != nil {
		return
	}
	equal(v.records, ownSubmission, e.subject(), body.Requester, e.Holder.Name)
	v.submissions[e.Record.Digest] = &submission{body, e.Record.By, e.Position.Index}
	if run := v.run(body.RunID); run.submission.IsZero() {
		run.submission = e.Record.Digest
	} else {
		v.broken(oneSubmission, e.subject(), run.submission, e.Record.Digest, "")
	}
}

func (v votes) approval(e Entry, body *receipt.Approval) {
	if v.vote(e.Record.Digest) != nil {
		return
	}
	run := v.run(body.RunID)
	given := &vote{vote: gate.Vote{Record: nameOnly(e.Record), Body: body, Person: e.Holder}, index: e.Position.Index, run: run}
	v.votes[e.Record.Digest] = given
	if body.Verdict == receipt.Reject {
		run.rejections = append(run.rejections, given)
	}
	sub := v.records.submission(body.Submission)
	if sub == nil {
		v.reportMissing(Order, e, "submission", body.Submission, trust.RolePerson)
		return
	}
	v.checkDate(e, sub.body.IssuedAt, sub.by)
	equal(v.records, approvalRun, e.subject(), sub.body.RunID, body.RunID)
	equal(v.records, approvalAsks, e.subject(), sub.body.Requester, body.Requester)
	if sub.body.Plan != body.Plan || !slices.Equal(sub.body.Operations, body.Operations) {
		v.broken(approvalPlan, e.subject(), sub.body.Plan, body.Plan, "")
	}
}

// nameOnly keeps of a record only its name, so that a tracker holds no envelopes.
func nameOnly(r *receipt.Record) *receipt.Record { return &receipt.Record{Digest: r.Digest, By: r.By} }

// count counts persons for a receipt as it is issued, from what stands below it.
func (v votes) count(e Entry, h *ReceiptHistory) {
	r := h.Receipt
	sub := v.records.submission(r.Submission)
	if sub == nil {
		v.reportMissing(Approvals, e, "submission", r.Submission, trust.RolePerson)
		return
	}
	if sub.body.RunID != r.RunID || sub.body.Plan != r.Plan || !slices.Contains(sub.body.Operations, r.Ref()) {
		v.report(Finding{Check: Approvals, Subject: e.subject(), Code: marketops.ApprovalMissing, Detail: "the submission is not of the receipt's run, plan and operation"})
		return
	}
	t := gate.Tally{Kind: r.OperationKind, Target: r.Target, Requester: sub.body.Requester, Minimum: v.rules.Trust.Minimum(r.OperationKind, r.Target)}
	if !v.tally(&t, e, h) {
		return
	}
	for _, c := range t.Checks() {
		if c.Status != marketops.Pass {
			v.report(Finding{Check: Approvals, Subject: string(h.ID), Code: c.Code, Detail: c.Detail})
		}
	}
	v.findErasedVeto(h, sub.index, t.Minimum)
}

// tally adds the approvals that a receipt names and the rejections of its run.
func (v votes) tally(t *gate.Tally, e Entry, h *ReceiptHistory) bool {
	for _, d := range h.Receipt.Approvals {
		named := v.vote(d)
		if named == nil {
			v.reportMissing(Approvals, e, "approval", d, trust.RolePerson)
			return false
		}
		if !covers(named.vote, h.Receipt) {
			v.report(Finding{Check: Approvals, Subject: string(h.ID), Code: marketops.ApprovalMissing, Got: d.String(), Detail: "an approval does not cover this operation, policy or time"})
			return false
		}
		t.Add(named.vote, true)
	}
	for _, rejection := range h.run.rejections {
		if !slices.Contains(h.Receipt.Approvals, rejection.vote.Record.Digest) {
			t.Add(rejection.vote, false)
		}
	}
	return true
}

// covers reports whether an approval speaks of the receipt's run, plan, policy, operation and time.
func covers(v gate.Vote, r *receipt.Receipt) bool {
	a, k := v.Body, v.Person.Key
	return a.Verdict == receipt.Approve && a.RunID == r.RunID && a.Plan == r.Plan && a.Submission == r.Submission && a.Policy == r.Policy &&
		slices.Contains(a.Operations, r.Ref()) &&
		r.IssuedAt+gate.Epsilon >= a.NotBefore && r.IssuedAt < a.ExpiresAt &&
		r.IssuedAt >= k.NotBefore && r.IssuedAt < k.NotAfter
}

// findErasedVeto finds that a withheld record above the submission could be a rejection by a person whose
// vote counts. What stands below it cannot be of this run.
func (v votes) findErasedVeto(h *ReceiptHistory, submitted uint64, rules []trust.Rule) {
	for _, rule := range rules {
		if v.erased[rule.Group] > submitted+1 {
			v.broken(erasedVeto, string(h.ID), nil, nil, "a record of group %q was not given; it may be a veto", rule.Group)
			return
		}
	}
}

// isVetoed reports whether an eligible rejection of the receipt's run stands below.
func (v votes) isVetoed(h *ReceiptHistory) bool {
	if h.Receipt == nil {
		return false
	}
	t := gate.Tally{Minimum: v.rules.Trust.Minimum(h.Receipt.OperationKind, h.Receipt.Target)}
	return slices.ContainsFunc(h.run.rejections, func(r *vote) bool { return t.Eligible(r.vote.Person) })
}

// use finds an approval that served another receipt for the same operation before.
func (v votes) use(e Entry, h *ReceiptHistory) {
	for _, d := range h.Receipt.Approvals {
		named := v.vote(d)
		if named == nil {
			if !v.rules.Gate {
				v.reportMissing(Order, e, "approval", d, trust.RolePerson)
			}
			continue
		}
		for _, old := range named.uses {
			if old.operation == h.Operation && old.receipt != h.Digest {
				v.broken(approvalOnce, string(h.ID), nil, nil, "%s", d)
			}
		}
		v.checkDate(e, named.vote.Body.IssuedAt, named.vote.Record.By)
		named.uses = append(named.uses, use{h.Operation, h.Digest})
		tie(named.run, h.run)
	}
}
