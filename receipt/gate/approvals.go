package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// checkApprovals answers the four codes that count persons. Votes that the receipt does not name do
// not count for it, but a rejection counts wherever it stands before the receipt.
func (e *examination) checkApprovals() {
	sub, err := e.openSubmission()
	if err != nil {
		e.fail(marketops.ApprovalMissing, err)
		return
	}
	votes, err := e.openVotes(sub.Requester)
	if err != nil {
		e.fail(marketops.ApprovalMissing, err)
		return
	}
	t := Tally{Kind: e.ask.Op.Kind, Target: e.ask.Op.Target, Requester: sub.Requester, Minimum: e.trust.Minimum(e.receipt.OperationKind, e.receipt.Target)}
	for _, v := range votes {
		t.Add(v, slices.Contains(e.receipt.Approvals, v.Record.Digest))
	}
	for _, c := range t.Checks() {
		e.put(c)
	}
	if named := len(t.counted); named != len(e.receipt.Approvals) {
		e.say(marketops.ApprovalMissing, false, fmt.Sprintf("%d approvals that the receipt names", len(e.receipt.Approvals)), fmt.Sprintf("%d", named))
	}
}

func (e *examination) openSubmission() (*receipt.Submission, error) {
	rec, holder, err := e.openAsOfIssue(e.ev.Submission)
	if err != nil {
		return nil, fmt.Errorf("submission: %w", err)
	}
	sub, ok := rec.Body.(*receipt.Submission)
	r := e.receipt
	if !ok || rec.Digest != r.Submission || sub.RunID != r.RunID || sub.Plan != r.Plan ||
		holder.Name != sub.Requester || !slices.Contains(sub.Operations, r.Ref()) {
		return nil, errors.New("the submission is not the one that the receipt rests on")
	}
	return sub, nil
}

// openAsOfIssue opens a record whose key was valid when the receipt was issued.
func (e *examination) openAsOfIssue(l receipt.LoggedEnvelope) (*receipt.Record, trust.Holder, error) {
	rec, err := l.Open(e.trust.Ring())
	if err != nil {
		return nil, trust.Holder{}, err
	}
	h, err := e.trust.Admit(rec, e.receipt.IssuedAt, e.position(l))
	return rec, h, err
}

// openVotes opens all approvals; one that cannot be opened is an error, for it may be a veto. So is
// one that names another requester: its signer was shown something else.
func (e *examination) openVotes(requester string) (out []Vote, err error) {
	for _, l := range e.ev.Approvals {
		rec, holder, err := e.openAsOfIssue(l)
		if err != nil {
			return nil, fmt.Errorf("approval: %w", err)
		}
		v, err := voteOf(rec, holder)
		if err != nil {
			return nil, err
		}
		r, a := e.receipt, v.Body
		if a.RunID != r.RunID || a.Plan != r.Plan || a.Submission != r.Submission || a.Requester != requester {
			return nil, errors.New("an approval is of another run, plan, submission or requester")
		}
		named := slices.Contains(r.Approvals, v.Record.Digest)
		if named && (a.Policy != r.Policy || !slices.Contains(a.Operations, r.Ref()) ||
			r.IssuedAt+Epsilon < a.NotBefore || r.IssuedAt >= a.ExpiresAt) {
			return nil, errors.New("an approval does not cover this operation, policy or time")
		}
		out = append(out, v)
	}
	return out, nil
}
