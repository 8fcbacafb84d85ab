package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// checkApprovals answers the four codes that count persons. Votes that the receipt does not name do
// not count for it, but a rejection counts wherever it stands before the receipt.
func (e *examination) checkApprovals() {
	sub, err := e.submission()
	if err != nil {
		e.fail(marketops.ApprovalMissing, err)
		return
	}
	votes, err := e.votes(sub.Requester)
	if err != nil {
		e.fail(marketops.ApprovalMissing, err)
		return
	}
	t := Tally{Kind: e.receipt.OperationKind, Target: e.receipt.Target, Requester: sub.Requester, Minimum: e.law.Minimum(e.receipt.OperationKind, e.receipt.Target)}
	for _, v := range votes {
		t.Add(v, slices.Contains(e.receipt.Approvals, v.Record.Digest))
		t.veto(v, e.trust)
	}
	for _, c := range t.Checks() {
		e.put(c)
	}
	if named := len(t.counted); named != len(e.receipt.Approvals) {
		e.say(marketops.ApprovalMissing, false, fmt.Sprintf("%d approvals that the receipt names", len(e.receipt.Approvals)), fmt.Sprintf("%d", named))
	}
}

func (e *examination) submission() (*receipt.Submission, error) {
	if e.unopened != nil {
		return nil, e.unopened
	}
	if e.facts.Submission == nil {
		return nil, errors.New("submission: there is none")
	}
	holder, err := e.admit(*e.facts.Submission, e.receipt.IssuedAt)
	if err != nil {
		return nil, fmt.Errorf("submission: %w", err)
	}
	rec, r := e.facts.Submission.Record, e.receipt
	sub, ok := rec.Body.(*receipt.Submission)
	if !ok || rec.Digest != r.Submission || sub.RunID != r.RunID || sub.Plan != r.Plan ||
		holder.Name != sub.Requester || !slices.Contains(sub.Operations, r.Ref()) {
		return nil, errors.New("the submission is not the one that the receipt rests on")
	}
	return sub, nil
}

// votes returns all votes. One that is of something else is an error: its signer was shown something else.
// The key of one that the receipt names was valid when the receipt was issued, that of another when it voted; an
// approval that the receipt does not name counts for nothing, also where a trusted person signed it.
func (e *examination) votes(requester string) (out []Vote, err error) {
	for _, p := range e.facts.Votes {
		named, at := slices.Contains(e.receipt.Approvals, p.Record.Digest), p.Record.Body.Issued()
		if named {
			at = e.receipt.IssuedAt
		}
		holder, err := e.admit(p, at)
		if err != nil && !named && isApproval(p.Record) {
			continue
		}
		if err != nil && !named { // a rejection by a person who was listed since
			holder, err = e.admitUnder(e.trust, p, at)
		}
		if err != nil {
			return nil, fmt.Errorf("approval: %w", err)
		}
		v, err := voteOf(p.Record, holder)
		if err != nil {
			return nil, err
		}
		r, a := e.receipt, v.Body
		if a.RunID != r.RunID || a.Plan != r.Plan || a.Submission != r.Submission || a.Requester != requester {
			return nil, errors.New("an approval is of another run, plan, submission or requester")
		}
		if named && (a.Policy != r.Policy || !slices.Contains(a.Operations, r.Ref()) ||
			r.IssuedAt+Epsilon < a.NotBefore || r.IssuedAt >= a.ExpiresAt) {
			return nil, errors.New("an approval does not cover this operation, policy or time")
		}
		out = append(out, v)
	}
	return out, nil
}

func isApproval(r *receipt.Record) bool {
	a, ok := r.Body.(*receipt.Approval)
	return ok && a.Verdict == receipt.Approve
}
