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
	body   *receipt.Submission
	record *receipt.Record
	by     crypto.KeyID
	index  uint64
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
	v.submissions[e.Record.Digest] = &submission{body, withoutEnvelope(e.Record), e.Record.By, e.Position.Index}
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
	given := &vote{vote: gate.Vote{Record: withoutEnvelope(e.Record), Body: body, Person: e.Holder}, index: e.Position.Index, run: run}
	v.votes[e.Record.Digest] = given
	run.votes = append(run.votes, given)
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

// findErasedVeto finds, once for a receipt, that a withheld record above its submission could be a rejection
// by a person whose vote counts. What stands below the submission cannot be of this run.
func (v votes) findErasedVeto(h *ReceiptHistory) {
	if h.hidden || h.Receipt == nil || v.rules.Gate == nil {
		return
	}
	sub := v.records.submission(h.Receipt.Submission)
	if sub == nil {
		return
	}
	for _, rule := range v.law.Minimum(h.Receipt.OperationKind, h.Receipt.Target) {
		if v.erased[rule.Group] > sub.index+1 {
			h.hidden = true
			v.broken(erasedVeto, string(h.ID), nil, nil, "a record of group %q was not given; it may be a veto", rule.Group)
			return
		}
	}
}

// isVetoed reports whether an eligible rejection of the receipt's run stands below: eligible under the version in force
// or under the one that the receipt names.
func (v votes) isVetoed(h *ReceiptHistory) bool {
	if h.Receipt == nil {
		return false
	}
	laws := []*trust.Trust{v.law}
	if law, err := v.rules.Trust.Named(h.Receipt.Trust); err == nil {
		laws = append(laws, law)
	}
	return slices.ContainsFunc(laws, func(law *trust.Trust) bool { return h.isVetoedUnder(law) })
}

func (h *ReceiptHistory) isVetoedUnder(law *trust.Trust) bool {
	t := gate.Tally{Minimum: law.Minimum(h.Receipt.OperationKind, h.Receipt.Target)}
	return slices.ContainsFunc(h.run.rejections, func(r *vote) bool {
		person, _ := law.Person(r.vote.Person.Name)
		return t.Eligible(person)
	})
}

// use finds an approval that is used again for the same operation, although an earlier receipt still needs it or has
// used it up.
func (v votes) use(e Entry, h *ReceiptHistory) {
	for _, d := range h.Receipt.Approvals {
		named := v.vote(d)
		if named == nil {
			v.reportMissing(Order, e, "approval", d, trust.RolePerson)
			continue
		}
		for _, old := range named.uses {
			if old.operation == h.Operation && old.receipt != h.Digest {
				v.useAgain(h, v.receipt(old.receipt), d)
			}
		}
		v.checkDate(e, named.vote.Body.IssuedAt, named.vote.Record.By)
		named.uses = append(named.uses, use{h.Operation, h.Digest})
		tie(named.run, h.run)
	}
}

// useAgain judges an approval that served the receipt before, and now serves h.
func (v votes) useAgain(h, before *ReceiptHistory, approval marketops.Digest) {
	switch status := before.Status(); {
	case before.Revoked:
	case before.Outcome != nil && (status == receipt.Rejected || status == receipt.Failed && !before.complete):
		return
	case before.Outcome == nil && len(before.Claims) > 0:
		v.needsEnd(approvalOnce, string(h.ID), before)
		return
	case before.Outcome == nil && h.issued+gate.Epsilon >= before.expires:
		return
	}
	v.broken(approvalOnce, string(h.ID), nil, nil, "%s serves %s", approval, before.ID)
}
