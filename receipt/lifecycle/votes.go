package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// submission is what a receipt must agree with.
type submission struct {
	body  *receipt.Submission
	index uint64
}

// vote is one approval or rejection.
type vote struct {
	vote  gate.Vote
	index uint64
	run   *run
	spent []spent
}

// spent is a receipt that an approval served for one operation.
type spent struct{ operation, receipt marketops.Digest }

func (b *Tracker) submissionOf(d marketops.Digest) *submission {
	if b.submissions[d] == nil {
		b.recall(aRecord, d[:])
	}
	return b.submissions[d]
}

func (b *Tracker) vote(d marketops.Digest) *vote {
	if b.votes[d] == nil {
		b.recall(aRecord, d[:])
	}
	return b.votes[d]
}

func (b *Tracker) submission(e Entry, body *receipt.Submission) {
	if b.submissionOf(e.Record.Digest) != nil {
		return
	}
	same(b, Order, e, marketops.KeyUnknown, "a submission is signed by its requester", body.Requester, e.Holder.Name)
	same(b, Order, e, marketops.PlanMismatch, "a submission is about its plan", body.Plan, e.Record.About())
	b.submissions[e.Record.Digest] = &submission{body, e.Position.Index}
}

func (b *Tracker) approval(e Entry, body *receipt.Approval) {
	if b.vote(e.Record.Digest) != nil {
		return
	}
	r := b.run(body.RunID)
	v := &vote{vote: gate.Vote{Record: slim(e.Record), Body: body, Person: e.Holder}, index: e.Position.Index, run: r}
	b.votes[e.Record.Digest] = v
	if body.Verdict == receipt.Reject {
		r.rejections = append(r.rejections, v)
	}
	s := b.submissionOf(body.Submission)
	if s == nil {
		b.missing(Order, e, "submission", body.Submission, trust.RolePerson)
		return
	}
	same(b, Order, e, marketops.RunMismatch, "an approval and its submission are of one run", s.body.RunID, body.RunID)
	same(b, Order, e, marketops.PlanMismatch, "an approval and its submission are of one plan", s.body.Plan, body.Plan)
	same(b, Order, e, marketops.PlanMismatch, "an approval is about its plan", body.Plan, e.Record.About())
}

// slim keeps of a record only its name, so that a book holds no envelopes.
func slim(r *receipt.Record) *receipt.Record { return &receipt.Record{Digest: r.Digest} }

// floor counts persons for a receipt as it is issued, from what stands below it.
func (b *Tracker) floor(e Entry, s *Spending) {
	r := s.Receipt
	sub := b.submissionOf(r.Submission)
	if sub == nil {
		b.missing(Approvals, e, "submission", r.Submission, trust.RolePerson)
		return
	}
	if sub.body.RunID != r.RunID || sub.body.Plan != r.Plan || !slices.Contains(sub.body.Operations, r.Operation) {
		b.find(Finding{Check: Approvals, Subject: e.subject(), Code: marketops.ApprovalMissing, Detail: "the submission is not of the receipt's run, plan and operation"})
		return
	}
	t := gate.Tally{Kind: r.OperationKind, Target: r.Target, Requester: sub.body.Requester, Floor: b.rules.Trust.Floor(r.OperationKind, r.Target)}
	for _, d := range r.Approvals {
		v := b.vote(d)
		if v == nil {
			b.missing(Approvals, e, "approval", d, trust.RolePerson)
			return
		}
		if !covers(v.vote, r) {
			b.find(Finding{Check: Approvals, Subject: string(s.ID), Code: marketops.ApprovalMissing, Got: d.String(), Detail: "an approval does not cover this operation, policy or time"})
			return
		}
		t.Add(v.vote, true)
	}
	for _, v := range s.run.rejections {
		if !slices.Contains(r.Approvals, v.vote.Record.Digest) {
			t.Add(v.vote, false)
		}
	}
	for _, c := range t.Checks() {
		if c.Status != marketops.Pass {
			b.find(Finding{Check: Approvals, Subject: string(s.ID), Code: c.Code, Detail: c.Detail})
		}
	}
	b.vetoes(s, t.Floor)
}

// covers reports whether an approval speaks of the receipt's run, plan, policy, operation and time.
func covers(v gate.Vote, r *receipt.Receipt) bool {
	a, k := v.Body, v.Person.Key
	return a.RunID == r.RunID && a.Plan == r.Plan && a.Submission == r.Submission && a.Policy == r.Policy &&
		slices.Contains(a.Operations, r.Operation) &&
		r.IssuedAt+gate.Epsilon >= a.NotBefore && r.IssuedAt < a.ExpiresAt &&
		r.IssuedAt >= k.NotBefore && r.IssuedAt < k.NotAfter
}

// vetoes finds that a withheld record could be a rejection by somebody whose word counts.
func (b *Tracker) vetoes(s *Spending, floor []trust.Rule) {
	for _, rule := range floor {
		if b.erased[rule.Group] {
			b.find(Finding{Check: Approvals, Subject: string(s.ID), Code: marketops.RecordWithheld,
				Detail: fmt.Sprintf("a record of somebody of group %q below the receipt was not given; it may be a veto", rule.Group)})
			return
		}
	}
}

// spend finds an approval that served another receipt for the same operation before.
func (b *Tracker) spend(e Entry, s *Spending) {
	for _, d := range s.Receipt.Approvals {
		v := b.vote(d)
		if v == nil {
			if !b.rules.Gate {
				b.missing(Order, e, "approval", d, trust.RolePerson)
			}
			continue
		}
		for _, old := range v.spent {
			if old.operation == s.Operation && old.receipt != s.Digest {
				b.find(Finding{Check: Approvals, Subject: string(s.ID), Code: marketops.ApprovalSpent, Got: d.String(),
					Detail: "the approval served another receipt for the same operation"})
			}
		}
		v.spent = append(v.spent, spent{s.Operation, s.Digest})
		tie(v.run, s.run)
	}
}
