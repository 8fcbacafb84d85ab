package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// submit takes a plan. The same plan of the same run again is answered with what is recorded: who
// lost the answer signs anew.
func (c *Core) submit(ctx context.Context, who *caller, in api.Submit) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "submission")
	if err != nil {
		return api.Entry{}, err
	}
	sub := rec.Body.(*receipt.Submission)
	e, err := c.admitSubmission(ctx, who, rec, sub, in)
	if err != nil {
		return api.Entry{}, c.refused(ctx, who, refusedRun(sub.RunID), err)
	}
	return e, nil
}

func (c *Core) admitSubmission(ctx context.Context, who *caller, rec *receipt.Record, sub *receipt.Submission, in api.Submit) (api.Entry, error) {
	if sub.Requester != who.Name {
		return api.Entry{}, marketops.Refuse(marketops.PlanMismatch, fmt.Sprintf("the submission names %s as requester, %s signed it", sub.Requester, who.Name))
	}
	planned, err := c.opts.Plan(in.Plan, in.Operations)
	if err != nil {
		return api.Entry{}, marketops.RefuseErr(marketops.PlanMismatch, "plan and documents", err)
	}
	if _, err := federation.AdmitSubmission(rec, in.Plan, planned, in.Operations, c.now()); err != nil {
		return api.Entry{}, err
	}
	if err := checkTexts(sub.Header, in.Evidence, sub.Findings, sub.NotShipped); err != nil {
		return api.Entry{}, err
	}
	lock := c.runs.of(sub.RunID)
	lock.Lock()
	defer lock.Unlock()
	rows, err := c.ledger.ByRun(ctx, sub.RunID)
	if err != nil {
		return api.Entry{}, err
	}
	for _, row := range rows {
		switch {
		case row.Leaf == [32]byte(rec.LeafHash()):
			return c.append(ctx, row, rec)
		case row.Kind == "submission":
			return c.submitAgain(ctx, row, sub, in.Evidence)
		}
	}
	return c.takeSubmission(ctx, rec, planned, in)
}

// submitAgain answers a repeated submission with the first one, and refuses any other.
func (c *Core) submitAgain(ctx context.Context, row claims.Record, sub *receipt.Submission, texts []api.Evidence) (api.Entry, error) {
	first, err := c.reopen(c.active.Load(), row)
	if err != nil {
		return api.Entry{}, err
	}
	if !repeats(first.Body.(*receipt.Submission), sub, texts) {
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, string(sub.RunID)+" was submitted before, with another plan or by somebody else; plan again for a new run")
	}
	return c.append(ctx, row, first)
}

// repeats reports whether sub says what is recorded already: only nonce and date may be new, and
// with them the names of its texts.
func repeats(first, sub *receipt.Submission, texts []api.Evidence) bool {
	for _, t := range texts {
		if t.Digest == sub.Findings && first.Header.Salted(t.Text) != first.Findings ||
			t.Digest == sub.NotShipped && first.Header.Salted(t.Text) != first.NotShipped {
			return false
		}
	}
	return first.Requester == sub.Requester && first.Plan == sub.Plan && slices.Equal(first.Operations, sub.Operations)
}

// takeSubmission stores what the submission names before it records it.
func (c *Core) takeSubmission(ctx context.Context, rec *receipt.Record, planned []marketops.Digest, in api.Submit) (api.Entry, error) {
	_, rules := c.rules()
	if err := rules.Limits.AdmitSubmission(len(planned), c.load.submissions(c.now())); err != nil {
		return api.Entry{}, err
	}
	if err := c.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := c.docs.put(marketops.DigestOf(in.Plan), in.Plan); err != nil {
		return api.Entry{}, err
	}
	for i, doc := range in.Operations {
		if err := c.docs.put(planned[i], doc); err != nil {
			return api.Entry{}, err
		}
	}
	if err := c.keep(in.Evidence); err != nil {
		return api.Entry{}, err
	}
	e, err := c.freezeAndAppend(ctx, rec)
	if err == nil {
		c.load.submitted(c.now())
	}
	return e, err
}

// approve takes a verdict, approvals and rejections alike.
func (c *Core) approve(ctx context.Context, who *caller, in api.Envelope) (api.Entry, error) {
	v, err := gate.OpenVote(c.active.Load().trust, in.Envelope, c.now(), nil)
	if err != nil {
		return api.Entry{}, err
	}
	if v.Person.Name != who.Name {
		return api.Entry{}, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("the verdict is signed by %q, the call by %q", v.Person.Name, who.Name))
	}
	e, err := c.admitVote(ctx, v)
	if err != nil {
		return api.Entry{}, c.refused(ctx, who, refusedRun(v.Body.RunID), err)
	}
	return e, nil
}

func (c *Core) admitVote(ctx context.Context, v gate.Vote) (api.Entry, error) {
	lock := c.runs.of(v.Body.RunID)
	lock.Lock()
	defer lock.Unlock()
	r, err := c.loadRun(ctx, v.Body.RunID)
	if err != nil {
		return api.Entry{}, err
	}
	for _, row := range r.all {
		if row.Leaf == [32]byte(v.Record.LeafHash()) {
			return c.append(ctx, row, v.Record)
		}
	}
	_, rules := c.rules()
	if err := rules.AdmitVote(r.Run, v); err != nil {
		return api.Entry{}, err
	}
	if err := c.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := c.ensureIndexed(ctx, r.Digest); err != nil {
		return api.Entry{}, err
	}
	return c.freezeAndAppend(ctx, v.Record)
}
