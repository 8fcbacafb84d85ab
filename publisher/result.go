package publisher

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// findResult returns the result of a job that this run directory began and whose outcome is
// decided already; nil otherwise. A used receipt that this directory did not use gets no report
// but the gate's refusal.
func (p *Publisher) findResult(ctx context.Context, j *Job) (*Result, error) {
	_, r := p.receiptOf(j)
	if began, _ := j.Journal.Recall(claimNote); r == nil || began != string(r.ReceiptID) {
		return nil, nil // the gate says why
	}
	state, err := p.Core.ClaimState(ctx, r.ReceiptID)
	if err != nil {
		return nil, err
	}
	if state.State != api.StateClosed && state.State != api.StateDecided {
		return nil, nil
	}
	return p.readResult(ctx, j, r.ReceiptID)
}

// readResult is the result that the log holds of a job; nil if it holds none.
func (p *Publisher) readResult(ctx context.Context, j *Job, id marketops.ReceiptID) (*Result, error) {
	all, err := p.readRun(ctx, j.Run)
	if err != nil {
		return nil, err
	}
	found, out := findOutcome(all, id)
	if out == nil {
		return nil, nil
	}
	if err := p.prove(ctx, found); err != nil {
		return nil, err
	}
	if d, err := j.Op.Digest(); err != nil || d != out.OperationID {
		return nil, nil // the receipt was used for something else: the gate refuses
	}
	res := &Result{Number: j.Number, Op: j.Op, Status: out.Status, Already: true, Entry: found.entry, URL: urlOf(out)}
	res.Err = outcomeError(out, fmt.Sprintf("the outcome is recorded as leaf %d", found.entry.Position.Index))
	if out.Status == receipt.Unknown {
		return res, p.applyResolution(ctx, all, found, res)
	}
	return res, nil
}

// logged is a record that the Core handed out, opened and admitted.
type logged struct {
	entry  api.Entry
	record *receipt.Record
	holder trust.Holder
}

// readRun opens the records of a run, in log order. What does not open is not ours to judge here; an
// audit does.
func (p *Publisher) readRun(ctx context.Context, run marketops.RunID) (out []logged, err error) {
	all, err := p.Core.Records(ctx, run)
	for _, e := range all.Entries {
		if rec, holder, err := p.Trust.Open(e.Envelope, p.Now(), &e.Position); err == nil {
			out = append(out, logged{e, rec, holder})
		}
	}
	return out, err
}

// prove shows that the log holds a record where the Core says.
func (p *Publisher) prove(ctx context.Context, l logged) error {
	tree, err := p.Log.Covering(ctx, l.entry.Position.Index)
	if err == nil {
		_, err = view.ProveIn(tree, l.record.LeafHash(), l.entry.Position)
	}
	return err
}

func findOutcome(all []logged, id marketops.ReceiptID) (logged, *receipt.Outcome) {
	for _, l := range all {
		if out, ok := l.record.Body.(*receipt.Outcome); ok && out.ReceiptID == id {
			return l, out
		}
	}
	return logged{}, nil
}

// applyResolution puts a person's decision about an unknown outcome in its place: what the person
// may decide the verifier judges, and the ledger has taken it.
func (p *Publisher) applyResolution(ctx context.Context, all []logged, outcome logged, res *Result) error {
	for _, l := range all {
		d, ok := l.record.Body.(*receipt.Resolution)
		if !ok || d.Outcome != outcome.record.Digest || !p.Trust.MayResolve(l.holder, res.Op.Kind, res.Op.Target) {
			continue
		}
		if err := p.prove(ctx, l); err != nil {
			return err
		}
		res.Status, res.Entry, res.Err = d.Verdict, l.entry, nil
		if d.Verdict != receipt.Success {
			res.Err = &marketops.Failure{Code: marketops.Consumed, What: fmt.Sprintf("the outcome was unknown and was resolved as %s: leaf %d", d.Verdict, l.entry.Position.Index),
				State: "the receipt is used; the tag or branch is free", Next: "plan and ask again: marketops plan"}
		}
		return nil
	}
	return nil
}

// outcomeError is the error that an outcome stands for, of the type that its status demands.
func outcomeError(out *receipt.Outcome, what string) error {
	switch out.Status {
	case receipt.Success:
		return nil
	case receipt.Failed:
		return &marketops.Failure{Code: out.Code, What: what}
	case receipt.Rejected:
		return marketops.Refuse(out.Code, what)
	}
	return &marketops.Unknown{Code: out.Code, What: what}
}

func urlOf(o *receipt.Outcome) string {
	for _, id := range o.GitHub {
		if id.Name == "html_url" {
			return id.Value
		}
	}
	return ""
}
