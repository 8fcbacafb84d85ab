package publisher

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// Run gates all jobs before it sends anything and then publishes one after the other; the first
// that is not a success stops the rest. Jobs that an earlier run finished are reported and not
// repeated. In dry_run nothing is claimed, logged or sent. The error is about not being able to
// ask at all; refusals are in the results.
func (p *Publisher) Run(ctx context.Context, mode marketops.Mode, jobs []*Job) ([]Result, error) {
	if mode != marketops.DryRun {
		if err := p.Flush(ctx); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(jobs))
	gated := make([]*Gated, len(jobs))
	for i, j := range jobs {
		done, err := p.finished(ctx, j)
		if err != nil {
			return nil, err
		}
		if done != nil {
			results[i] = *done
			continue
		}
		if gated[i], err = p.Gate(ctx, mode, j); err != nil {
			return nil, err
		}
		results[i] = Result{Number: j.Number, Op: j.Op, Checks: gated[i].Checks, Status: "would-publish"}
	}
	if mode == marketops.DryRun {
		return rehearse(results, gated), nil
	}
	if refused := p.refuseAll(ctx, results, gated); refused {
		return results, nil
	}
	return results, p.publishAll(ctx, results, gated)
}

// rehearse is the end of a dry run: what would be refused, and nothing recorded.
func rehearse(results []Result, gated []*Gated) []Result {
	for i, g := range gated {
		if g != nil && !g.WouldPass() {
			r := (&Gated{Job: g.Job, Checks: g.Checks.Without(marketops.ModeNotProd)}).Refusal()
			results[i].Status, results[i].Err = "refused", r
		}
	}
	return results
}

// refuseAll records the refusals, if there are any, and marks the rest as not attempted.
func (p *Publisher) refuseAll(ctx context.Context, results []Result, gated []*Gated) (refused bool) {
	for i, g := range gated {
		if g == nil || g.Passed() {
			continue
		}
		refused = true
		r := g.Refusal()
		results[i].Status, results[i].Err = "refused", r
		entry, err := p.Refuse(ctx, g)
		results[i].Entry = entry
		if err != nil {
			p.tell(g.Job, "refused", "not yet recorded: "+err.Error())
		}
	}
	if refused {
		notAttempted(results)
	}
	return refused
}

func notAttempted(results []Result) {
	for i := range results {
		if results[i].Status == "would-publish" {
			results[i].Status = "not-attempted"
		}
	}
}

// publishAll publishes one operation after the other. The error is about not being ready for the next.
func (p *Publisher) publishAll(ctx context.Context, results []Result, gated []*Gated) error {
	for i, g := range gated {
		if g == nil && results[i].Status == "success" {
			continue
		}
		if g != nil {
			if err := p.ready(ctx, g); err != nil {
				notAttempted(results)
				if ctx.Err() != nil { // interrupted: it is not begun
					results[i].Err, err = ctx.Err(), nil
				}
				return err
			}
			results[i] = p.Publish(ctx, g)
		}
		if results[i].Status != "success" {
			notAttempted(results)
			return nil
		}
	}
	return nil
}

// ready does what must be done before a receipt is claimed, while it can still be interrupted.
func (p *Publisher) ready(ctx context.Context, g *Gated) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lasts := g.record.Body.(*receipt.Receipt).ExpiresAt - gate.Epsilon - p.Now()
	return p.Ready(ctx, time.Duration(lasts)*time.Second)
}

// finished returns the result of a job that this run directory began and whose outcome is
// decided already; nil otherwise. Whoever comes with a spent receipt and no part in spending it
// gets no report but the gate's refusal.
func (p *Publisher) finished(ctx context.Context, j *Job) (*Result, error) {
	id, ok := p.receiptID(j)
	if began, _ := j.Journal.Recall(claimNote); !ok || began != string(id) {
		return nil, nil // the gate says why
	}
	state, err := p.Core.ClaimState(ctx, id)
	if err != nil {
		return nil, err
	}
	if state.State != "closed" && state.State != "decided" {
		return nil, nil
	}
	return p.recorded(ctx, j, id)
}

// recorded is the result that the log holds of a job; nil if it holds none.
func (p *Publisher) recorded(ctx context.Context, j *Job, id marketops.ReceiptID) (*Result, error) {
	entry, out, err := p.outcomeOf(ctx, j.Run, id)
	if err != nil || out == nil {
		return nil, err
	}
	if d, err := j.Op.Digest(); err != nil || d != out.OperationID {
		return nil, nil // the receipt was spent on something else: the gate refuses
	}
	res := &Result{Number: j.Number, Op: j.Op, Status: out.Status, Already: true, Entry: entry, URL: urlOf(out)}
	res.Err = causeOf(out, fmt.Sprintf("the outcome is recorded as leaf %d", entry.Position.Index))
	if out.Status == "unknown" {
		return res, p.resolved(ctx, j.Run, res)
	}
	return res, nil
}

// resolved lets a person's decision about an unknown outcome stand in its place: what the person
// may decide the verifier judges, and the ledger has taken it.
func (p *Publisher) resolved(ctx context.Context, run marketops.RunID, res *Result) error {
	all, err := p.Core.Records(ctx, run)
	if err != nil {
		return err
	}
	outcome := receipt.NameUnverified(res.Entry.Envelope)
	for _, e := range all.Entries {
		rec, holder, err := p.Trust.Open(e.Envelope, p.Now(), &e.Position)
		if err != nil {
			continue
		}
		d, ok := rec.Body.(*receipt.Resolution)
		if !ok || d.Outcome != outcome || !p.Trust.MayResolve(holder, res.Op.Kind, res.Op.Target) {
			continue
		}
		tree, err := p.Log.Covering(ctx, e.Position.Index)
		if err == nil {
			_, err = view.ProveIn(tree, rec.LeafHash(), e.Position)
		}
		if err != nil {
			return err
		}
		res.Status, res.Entry, res.Err = d.Verdict, e, nil
		if d.Verdict != "success" {
			res.Err = &marketops.Failure{Code: marketops.Consumed, What: fmt.Sprintf("the outcome was unknown and was resolved as %s: leaf %d", d.Verdict, e.Position.Index),
				State: "the receipt is spent; the tag or branch is free", Next: "plan and ask again: marketops plan"}
		}
		return nil
	}
	return nil
}

// causeOf is the error that an outcome stands for, of the type that its status demands.
func causeOf(out *receipt.Outcome, what string) error {
	switch out.Status {
	case "success":
		return nil
	case "failed":
		return &marketops.Failure{Code: out.Code, What: what}
	case "rejected":
		return marketops.Refuse(out.Code, what)
	}
	return &marketops.Unknown{Code: out.Code, What: what}
}

// receiptID reads the id from a receipt that an authority signed; whether it may be used is the
// gate's.
func (p *Publisher) receiptID(j *Job) (marketops.ReceiptID, bool) {
	for _, e := range j.Receipts {
		if rec, err := receipt.Open(e.Envelope, p.Trust.Ring()); err == nil {
			h, _ := p.Trust.Holder(rec.By)
			if r, ok := rec.Body.(*receipt.Receipt); ok && h.Role == trust.RoleAuthority {
				return r.ReceiptID, true
			}
		}
	}
	return "", false
}

// outcomeOf finds the outcome record of a receipt and proves that the log holds it.
func (p *Publisher) outcomeOf(ctx context.Context, run marketops.RunID, id marketops.ReceiptID) (api.Entry, *receipt.Outcome, error) {
	all, err := p.Core.Records(ctx, run)
	if err != nil {
		return api.Entry{}, nil, err
	}
	for _, e := range all.Entries {
		rec, _, err := p.Trust.Open(e.Envelope, p.Now(), &e.Position)
		if err != nil {
			continue // not for us to judge here; an audit does
		}
		out, ok := rec.Body.(*receipt.Outcome)
		if !ok || out.ReceiptID != id {
			continue
		}
		tree, err := p.Log.Covering(ctx, e.Position.Index)
		if err != nil {
			return e, nil, err
		}
		_, err = view.ProveIn(tree, rec.LeafHash(), e.Position)
		return e, out, err
	}
	return api.Entry{}, nil, nil
}

func urlOf(o *receipt.Outcome) string {
	for _, id := range o.GitHub {
		if id.Name == "html_url" {
			return id.Value
		}
	}
	return ""
}
