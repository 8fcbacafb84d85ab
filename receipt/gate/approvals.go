package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Vote is one approval and the person who signed it.
type Vote struct {
	Record *receipt.Record
	Body   *receipt.Approval
	Person trust.Holder
}

// approvals answers the four codes that count persons. Votes that the receipt does not name do
// not count for it, but a rejection counts wherever it stands before the receipt.
func (e *examination) approvals() {
	sub, err := e.submission()
	if err != nil {
		e.answers[marketops.ApprovalMissing] = marketops.Check{Status: marketops.Fail, Detail: err.Error()}
		return
	}
	votes, err := e.votes(sub.Requester)
	if err != nil {
		e.answers[marketops.ApprovalMissing] = marketops.Check{Status: marketops.Fail, Detail: err.Error()}
		return
	}
	t := Tally{Kind: e.ask.Op.Kind, Target: e.ask.Op.Target, Requester: sub.Requester, Floor: e.trust.Floor(e.receipt.OperationKind, e.receipt.Target)}
	for _, v := range votes {
		t.Add(v, slices.Contains(e.receipt.Approvals, v.Record.Digest))
	}
	for _, c := range t.Checks() {
		e.answers[c.Code] = c
	}
	if named := len(t.counted); named != len(e.receipt.Approvals) {
		e.say(marketops.ApprovalMissing, false, fmt.Sprintf("%d approvals that the receipt names", len(e.receipt.Approvals)), fmt.Sprintf("%d", named))
	}
}

func (e *examination) submission() (*receipt.Submission, error) {
	rec, holder, err := e.admitted(e.ev.Submission)
	if err != nil {
		return nil, fmt.Errorf("submission: %w", err)
	}
	sub, ok := rec.Body.(*receipt.Submission)
	r := e.receipt
	if !ok || rec.Digest != r.Submission || sub.RunID != r.RunID || sub.Plan != r.Plan || rec.About() != r.Plan ||
		holder.Name != sub.Requester || !slices.Contains(sub.Operations, r.Operation) {
		return nil, errors.New("the submission is not the one that the receipt rests on")
	}
	return sub, nil
}

// admitted opens a record whose key was valid when the receipt was issued.
func (e *examination) admitted(l receipt.LoggedEnvelope) (*receipt.Record, trust.Holder, error) {
	rec, err := l.Open(e.trust.Ring())
	if err != nil {
		return nil, trust.Holder{}, err
	}
	h, err := e.trust.Admit(rec, e.receipt.IssuedAt, e.position(l))
	return rec, h, err
}

// votes opens all approvals; one that cannot be opened is an error, for it may be a veto. So is
// one that names another requester: its signer was shown something else.
func (e *examination) votes(requester string) (out []Vote, err error) {
	for _, l := range e.ev.Approvals {
		rec, holder, err := e.admitted(l)
		if err != nil {
			return nil, fmt.Errorf("approval: %w", err)
		}
		v, err := voteOf(rec, holder)
		if err != nil {
			return nil, err
		}
		r, a := e.receipt, v.Body
		if a.RunID != r.RunID || a.Plan != r.Plan || a.Submission != r.Submission || a.Requester != requester || v.Record.About() != r.Plan {
			return nil, errors.New("an approval is of another run, plan, submission or requester")
		}
		named := slices.Contains(r.Approvals, v.Record.Digest)
		if named && (a.Policy != r.Policy || !slices.Contains(a.Operations, r.Operation) ||
			r.IssuedAt+Epsilon < a.NotBefore || r.IssuedAt >= a.ExpiresAt) {
			return nil, errors.New("an approval does not cover this operation, policy or time")
		}
		out = append(out, v)
	}
	return out, nil
}

// OpenVote opens an approval by a person's key that was valid at the given time and position.
func OpenVote(t *trust.Trust, envelope []byte, at marketops.Time, pos *log.Position) (Vote, error) {
	rec, holder, err := t.Open(envelope, at, pos)
	if err != nil {
		return Vote{}, fmt.Errorf("approval: %w", err)
	}
	return voteOf(rec, holder)
}

func voteOf(rec *receipt.Record, holder trust.Holder) (Vote, error) {
	a, ok := rec.Body.(*receipt.Approval)
	if !ok {
		return Vote{}, errors.New("a record that is no approval stands among the approvals")
	}
	return Vote{rec, a, holder}, nil
}

// Tally counts persons, never keys, against the floor of the trust file.
type Tally struct {
	Kind      marketops.Kind
	Target    marketops.Target
	Requester string
	Floor     []trust.Rule

	counted  []Vote
	rejected []string
}

// Add takes a vote. A rejection by anybody of a group of the floor is a veto; an approval
// counts only if counts is true.
func (t *Tally) Add(v Vote, counts bool) {
	if v.Body.Verdict != "approve" {
		if t.eligible(v.Person) {
			t.rejected = append(t.rejected, v.Person.Name)
		}
		return
	}
	if counts {
		t.counted = append(t.counted, v)
	}
}

func (t *Tally) eligible(p trust.Holder) bool {
	for _, r := range t.Floor {
		if slices.Contains(p.Groups, r.Group) {
			return true
		}
	}
	return false
}

// Missing says for each rule of the floor how many persons of which group are still wanted.
func (t *Tally) Missing() (out []string) {
	if len(t.Floor) == 0 {
		return []string{fmt.Sprintf("trust.json has no approvals rule for %s on %s, so nothing can be authorised", t.Kind, t.Target.ID())}
	}
	for _, r := range t.Floor {
		if n := t.persons(r.Group); n < r.Threshold {
			out = append(out, fmt.Sprintf("%d more of group %q (%d of %d)", r.Threshold-n, r.Group, n, r.Threshold))
		}
	}
	return out
}

// persons counts distinct members of a group, the requester excepted.
func (t *Tally) persons(group string) int {
	seen := map[string]bool{}
	for _, v := range t.counted {
		if v.Person.Name != t.Requester && slices.Contains(v.Person.Groups, group) {
			seen[v.Person.Name] = true
		}
	}
	return len(seen)
}

// Approvers returns the distinct persons whose approval counts, in order.
func (t *Tally) Approvers() (out []string) {
	for _, v := range t.counted {
		if v.Person.Name != t.Requester && !slices.Contains(out, v.Person.Name) {
			out = append(out, v.Person.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Checks answers the four codes about approvals, in the gate's order.
func (t *Tally) Checks() marketops.Checks {
	self, twice, seen := "", "", map[string]bool{}
	for _, v := range t.counted {
		if v.Person.Name == t.Requester {
			self = v.Person.Name
		}
		if seen[v.Person.Name] {
			twice = v.Person.Name
		}
		seen[v.Person.Name] = true
	}
	missing := t.Missing()
	return marketops.Checks{
		answer(marketops.ApprovalMissing, len(missing) == 0, fmt.Sprint(missing)),
		answer(marketops.SelfApproval, self == "", self),
		answer(marketops.DuplicatePerson, twice == "", twice),
		answer(marketops.RejectedByApprover, len(t.rejected) == 0, fmt.Sprint(t.rejected)),
	}
}

func answer(code marketops.Code, ok bool, detail string) marketops.Check {
	if ok {
		return marketops.Check{Code: code, Status: marketops.Pass}
	}
	return marketops.Check{Code: code, Status: marketops.Fail, Detail: detail}
}
