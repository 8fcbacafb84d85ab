package federation

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Decide answers each operation of a run by itself, in the run's order. What one is granted counts among
// the live receipts of its repository for those after it; no other answer matters to it.
func (r Rules) Decide(run Run) []Verdict {
	out := make([]Verdict, len(run.Operations))
	granted := map[string]int{} // by repository
	for i, w := range run.Operations {
		v := &out[i]
		w.Live += granted[w.Op.Target.ID()]
		if *v = r.judge(run, w); v.Code == "" {
			granted[w.Op.Target.ID()]++
			v.leave = &Authorization{grant: &v.subject}
		}
	}
	return out
}

// WouldIssue reports whether a receipt for the operation would be issued now on these approvals and no others,
// had they not served one yet. What it takes from the limits is its own.
func (r Rules) WouldIssue(run Run, w OperationState, approvals []marketops.Digest) bool {
	w.Spent, w.Held, w.Live = nil, nil, 0
	run.Votes = slices.DeleteFunc(slices.Clone(run.Votes), func(v gate.Vote) bool {
		return v.Body.Verdict == receipt.Approve && !slices.Contains(approvals, v.Record.Digest)
	})
	return r.judge(run, w).Code == ""
}

// judge asks every question and reports the weightiest code.
func (r Rules) judge(run Run, w OperationState) Verdict {
	b := r.count(run, w)
	v := Verdict{subject: Grant{
		Run: run.ID, Op: w.Op, Operation: w.Digest, Plan: run.Submission.Plan, Policy: r.Policy.Digest(),
		Trust: r.Trust.Ref(), Submission: run.Digest, Approvals: b.approvals,
	}}
	v.Missing = r.wanting(run, b)
	refuse := func(code marketops.Code, why string) {
		if v.Code == "" {
			v.Code = code
		}
		if why != "" {
			v.WhyNot = append(v.WhyNot, why)
		}
	}
	if r.Trust.Expired(run.Now) {
		refuse(marketops.TrustExpired, "trust.json has expired")
	}
	if isVetoed(b.tally) {
		refuse(marketops.RejectedByApprover, "a person rejected this plan; plan again: marketops plan")
	}
	if w.Held != nil {
		refuse(w.Held.Code, w.Held.What+": "+w.Held.Next)
	}
	for _, why := range stale(run, w) {
		refuse(marketops.PlanStale, why)
	}
	if r.Observe {
		for _, why := range w.unread() {
			refuse(marketops.FactUnobserved, why)
		}
	}
	if n := r.Trust.AuthorityThreshold(w.Op.Kind, w.Op.Target); n != 1 {
		refuse(marketops.ThresholdUnmet, fmt.Sprintf("trust.json demands %d authorities, this Core is one", n))
	}
	if why := r.Limits.room(w.Live); why != "" {
		refuse(marketops.LimitReached, why)
	}
	r.askPolicy(run, w, b, &v, refuse)
	if len(v.Missing) > 0 && b.spent != "" {
		refuse(marketops.ApprovalSpent, "the approvals at hand cannot serve another receipt: "+b.spent)
	}
	if len(v.Missing) > 0 {
		refuse(marketops.ApprovalMissing, again(run, b.outdated))
	}
	for _, c := range b.tally.Checks() {
		if c.Status != marketops.Pass {
			refuse(c.Code, "")
		}
	}
	return v
}

// again says that approvals were bound to a policy that has been replaced; "" for none.
func again(run Run, outdated int) string {
	given := fmt.Sprintf("%d approvals were", outdated)
	switch outdated {
	case 0:
		return ""
	case 1:
		given = "1 approval was"
	}
	return fmt.Sprintf("%s given under another policy; approve again: marketops approve %s --key KEY", given, run.ID)
}

func isVetoed(t gate.Tally) bool {
	for _, c := range t.Checks() {
		if c.Code == marketops.RejectedByApprover {
			return c.Status != marketops.Pass
		}
	}
	return true
}

// stale lists what a plan rests on that no longer holds.
func stale(run Run, w OperationState) (out []string) {
	if run.Now-run.Submission.IssuedAt > MaxSubmission {
		out = append(out, fmt.Sprintf("the plan was submitted at %s", run.Submission.IssuedAt))
	}
	if k := run.Requester.Key; run.Now < k.NotBefore || run.Now >= k.NotAfter {
		out = append(out, fmt.Sprintf("the key that it was submitted with is valid from %s to %s", k.NotBefore, k.NotAfter))
	}
	if t := w.Op.Tag; t != nil && t.Tagger.Date > run.Now+gate.Epsilon {
		out = append(out, fmt.Sprintf("the tag is dated %s, which is still to come", t.Tagger.Date))
	}
	return append(out, w.Seen.stale(w)...)
}

// askPolicy asks twice where policy denies: with the approvals at hand, and as if everybody else
// had approved, to tell a policy that wants more persons from one that says no.
func (r Rules) askPolicy(run Run, w OperationState, b ballot, v *Verdict, refuse func(marketops.Code, string)) {
	facts := factsOf(run, w, b)
	d := r.Policy.Decide(facts)
	v.Policies, v.Request = d.Policies, d.Request
	if d.Allow {
		return
	}
	facts.Approvers = r.everybodyElse(run)
	facts.Approvals = len(facts.Approvers)
	if all := r.Policy.Decide(facts); all.Allow {
		if len(v.Missing) == 0 {
			v.Missing = append(v.Missing, fmt.Sprintf("policy wants more approvals than %d: marketops approve %s --key KEY", len(b.approvals), run.ID))
		}
		v.WhyNot = append(v.WhyNot, d.WhyNot...)
		return
	}
	code := d.Code
	if code == "" {
		code = marketops.PolicyDenied
	}
	refuse(code, "")
	v.WhyNot = append(v.WhyNot, d.WhyNot...)
}

func (r Rules) everybodyElse(run Run) (out []string) {
	for _, p := range r.Trust.File().Persons {
		if p.ID != run.Submission.Requester {
			out = append(out, p.ID)
		}
	}
	return out
}

func factsOf(run Run, w OperationState, b ballot) policy.Facts {
	approvers := b.tally.Approvers()
	f := policy.Facts{
		Now: run.Now, Requester: run.Submission.Requester, RequesterGroups: run.Requester.Groups,
		Kind: w.Op.Kind, Host: w.Op.Target.Host, RepositoryID: w.Op.Target.RepositoryID, FullName: w.Op.Target.FullName,
		Bump: "none", Approvals: len(approvers), Approvers: approvers, Plan: run.Submission.Plan, Observed: w.observed(),
	}
	if t := w.Op.Tag; t != nil {
		f.Tag, f.Bump, f.ExistingTag = t.Name, Bump(t.Name), t.Existing != nil
	}
	if rel := w.Op.Release; rel != nil {
		f.Prerelease, f.MakeLatest, f.Assets = rel.Prerelease, rel.MakeLatest == "true", len(rel.Assets)
	}
	if pr := w.Op.PullRequest; pr != nil {
		f.BaseBranch = pr.Base.Branch
	}
	return f
}
