package federation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// AdmitVote says whether a verdict may be recorded for the run. Codes: run-mismatch,
// plan-mismatch, policy-superseded, self-approval, approver-unknown for a verdict of a person
// whom no rule of the minimum lists, duplicate-person, rejected-by-approver for an approval after
// the same person's veto, and lifetime-excessive, not-yet-valid or expired for its window.
// Of the run's votes only those of the same person are asked for.
func (r Rules) AdmitVote(run Run, v gate.Vote) error {
	if err := r.aboutRun(run, v); err != nil {
		return err
	}
	if err := window(v.Body, run.Now); err != nil {
		return err
	}
	if v.Body.Verdict == receipt.Approve && v.Person.Name == run.Submission.Requester {
		return marketops.Refuse(marketops.SelfApproval, v.Person.Name+" is the requester")
	}
	if !r.mayReject(run, v.Person) {
		return marketops.Refuse(marketops.ApproverUnknown, fmt.Sprintf("%s is in no group that trust.json lets judge this", v.Person.Name))
	}
	if v.Body.Verdict != receipt.Approve {
		return nil
	}
	return r.firstOf(run, v)
}

func (r Rules) aboutRun(run Run, v gate.Vote) error {
	a, s := v.Body, run.Submission
	switch {
	case a.RunID != run.ID:
		return marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the verdict is on %s", a.RunID))
	case a.Submission != run.Digest || a.Plan != s.Plan || !slices.Equal(a.Operations, s.Operations):
		return mismatch("the verdict is on another plan than the one that was submitted")
	case a.Requester != s.Requester:
		return mismatch("the verdict names %s as requester, it is %s", a.Requester, s.Requester)
	case a.Policy != r.Policy.Digest() && a.Verdict == receipt.Approve:
		return marketops.Refuse(marketops.PolicySuperseded, "the approval was given under another policy than the one in force")
	}
	return nil
}

func window(a *receipt.Approval, now marketops.Time) error {
	switch {
	case a.ExpiresAt-a.NotBefore > MaxApproval || a.ExpiresAt-a.IssuedAt > MaxApproval:
		return marketops.Refuse(marketops.LifetimeExcessive, fmt.Sprintf("a verdict stands at most %s", MaxApproval.Sub(0)))
	case a.IssuedAt > now+gate.Epsilon || a.NotBefore > now+MaxApproval:
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("signed at %s for a time from %s, it is %s", a.IssuedAt, a.NotBefore, now))
	case a.ExpiresAt <= now:
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("the verdict ended at %s", a.ExpiresAt))
	}
	return nil
}

func (r Rules) mayReject(run Run, p trust.Holder) bool {
	for _, w := range run.Operations {
		for _, rule := range r.Trust.Minimum(w.Op.Kind, w.Op.Target) {
			if slices.Contains(p.Groups, rule.Group) {
				return true
			}
		}
	}
	return false
}

// firstOf refuses a second approval by one person while the first still serves.
func (r Rules) firstOf(run Run, v gate.Vote) error {
	for _, old := range run.Votes {
		if old.Person.Name != v.Person.Name || old.Record.Digest == v.Record.Digest {
			continue
		}
		if old.Body.Verdict != receipt.Approve {
			return marketops.Refuse(marketops.RejectedByApprover, v.Person.Name+" has rejected this submission")
		}
		for _, w := range run.Operations {
			if r.serves(run, w, old) {
				return marketops.Refuse(marketops.DuplicatePerson, v.Person.Name+" has approved this submission")
			}
		}
	}
	return nil
}

// serves reports whether an approval may still count for an operation.
func (r Rules) serves(run Run, w OperationState, v gate.Vote) bool {
	return r.covers(run, w, v) && w.Spent[v.Record.Digest] == ""
}

func (r Rules) covers(run Run, w OperationState, v gate.Vote) bool {
	return v.Body.Policy == r.Policy.Digest() && stands(run, w, v)
}

// stands reports whether an approval would cover an operation, had it been given under the policy
// in force. It stands no longer than the key it is signed with: at the gate it must be valid too.
func stands(run Run, w OperationState, v gate.Vote) bool {
	a, k := v.Body, v.Person.Key
	inTime := a.NotBefore <= run.Now+gate.Epsilon && run.Now < a.ExpiresAt && k.NotBefore <= run.Now && run.Now < k.NotAfter
	return inTime && a.Verdict == receipt.Approve && slices.Contains(a.Operations, receipt.RefTo(&w.Op, w.Digest))
}

// ballot is the count for one operation.
type ballot struct {
	tally     gate.Tally
	approvals []marketops.Digest
	spent     string // why an approval did not count that would have otherwise; "" if there is none
	outdated  int    // persons who approved under another policy, and not again since
}

func (r Rules) count(run Run, w OperationState) ballot {
	b := ballot{tally: gate.Tally{Kind: w.Op.Kind, Target: w.Op.Target, Requester: run.Submission.Requester, Minimum: r.Trust.Minimum(w.Op.Kind, w.Op.Target)}}
	counted, outdated := map[string]bool{}, map[string]bool{}
	for _, v := range slices.Backward(run.Votes) {
		counts := r.serves(run, w, v) && !counted[v.Person.Name] && v.Person.Name != run.Submission.Requester
		if why := w.Spent[v.Record.Digest]; why != "" && r.covers(run, w, v) {
			b.spent = why
		}
		b.tally.Add(v, counts)
		if stands(run, w, v) && v.Body.Policy != r.Policy.Digest() && !counted[v.Person.Name] && !outdated[v.Person.Name] {
			outdated[v.Person.Name] = true
			b.outdated++
		}
		if counts {
			counted[v.Person.Name] = true
			b.approvals = append(b.approvals, v.Record.Digest)
		}
	}
	slices.Reverse(b.approvals)
	return b
}

// wanting turns what the minimum lacks into sentences that end in what to type.
func (r Rules) wanting(run Run, b ballot) (out []string) {
	if len(b.tally.Minimum) == 0 {
		return b.tally.Missing()
	}
	for i, gap := range b.tally.Missing() {
		who := ""
		if names := r.others(run, b, unmet(b.tally, i)); len(names) > 0 {
			who = " from " + strings.Join(names, ", ")
		}
		out = append(out, fmt.Sprintf("%s%s: marketops approve %s --key KEY", gap, who, run.ID))
	}
	return out
}

// unmet returns the group of the i-th rule that [receipt.Tally.Missing] reports.
func unmet(t gate.Tally, i int) string {
	for _, rule := range t.Minimum {
		one := t
		one.Minimum = []trust.Rule{rule}
		if len(one.Missing()) == 0 {
			continue
		}
		if i == 0 {
			return rule.Group
		}
		i--
	}
	return ""
}

const maxNamed = 8 // persons that one sentence lists

// others lists members of a group who could still approve.
func (r Rules) others(run Run, b ballot, group string) (out []string) {
	approved := b.tally.Approvers()
	for _, p := range r.Trust.File().Persons {
		if slices.Contains(p.Groups, group) && p.ID != run.Submission.Requester && !slices.Contains(approved, p.ID) && len(out) < maxNamed {
			out = append(out, p.ID)
		}
	}
	return out
}
