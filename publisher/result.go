package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
)

// findResult returns the result of a job that this run directory began and whose outcome is
// decided already; nil otherwise. A used receipt that this directory did not use gets no report
// but the gate's refusal.
func (p *Publisher) findResult(ctx context.Context, j *Job) (*Result, error) {
	r := p.receiptOf(j)
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
	return p.readResult(ctx, j, state)
}

// readResult is the result that the log holds of a job under a receipt whose claim has ended; nil if it holds none.
func (p *Publisher) readResult(ctx context.Context, j *Job, claim api.ClaimState) (*Result, error) {
	all, err := p.Core.Records(ctx, j.Run)
	if err != nil {
		return nil, err
	}
	records := OpenRecords(p.Trust, all.Entries...)
	found, out := p.findOutcome(records, claim.Receipt)
	if out == nil {
		return nil, nil
	}
	if err := p.prove(ctx, found); err != nil {
		return nil, err
	}
	if d, err := j.Op.Digest(); err != nil || d != out.OperationID {
		return nil, nil // the receipt was used for something else: the gate refuses
	}
	res := &Result{Number: j.Number, Op: j.Op, Status: out.Status, Already: true, Effects: out.Effects, Entry: found.Entry, URL: urlOf(out)}
	if len(out.Effects) == 0 { // the ledger's: earlier receipts may have made some
		res.Effects = effectsOf(j.Op, claim, Evidence{})
	}
	res.Err = outcomeError(out, fmt.Sprintf("the outcome is recorded as leaf %d", found.Entry.Position.Index))
	if out.Status == receipt.Unknown {
		return res, p.applyResolution(ctx, records, found.Opened.Digest, res)
	}
	return res, nil
}

// prove shows that the log holds a record where the Core says.
func (p *Publisher) prove(ctx context.Context, r Record) error {
	tree, err := p.Log.Covering(ctx, r.Entry.Position.Index)
	if err == nil {
		_, err = view.ProveIn(tree, r.Opened.LeafHash(), r.Entry.Position)
	}
	return err
}

// findOutcome finds the outcome of a receipt. What is not admitted is not ours to judge here; an audit does.
func (p *Publisher) findOutcome(records []Record, id marketops.ReceiptID) (Record, *receipt.Outcome) {
	for _, r := range records {
		if !p.isAdmitted(r) {
			continue
		}
		if out, ok := r.Opened.Body.(*receipt.Outcome); ok && out.ReceiptID == id {
			return r, out
		}
	}
	return Record{}, nil
}

// applyResolution puts a person's decision about an unknown outcome in its place: what the person
// may decide the verifier judges, and the ledger has taken it.
func (p *Publisher) applyResolution(ctx context.Context, records []Record, outcome marketops.Digest, res *Result) error {
	for _, r := range records {
		if !p.isAdmitted(r) {
			continue
		}
		d, ok := r.Opened.Body.(*receipt.Resolution)
		person, _ := p.Trust.Holder(r.Opened.By)
		if !ok || d.Outcome != outcome || !p.Trust.MayResolve(person, res.Op.Kind, res.Op.Target) {
			continue
		}
		if err := p.prove(ctx, r); err != nil {
			return err
		}
		res.Status, res.Entry, res.Err = d.Verdict, r.Entry, nil
		if d.Verdict != receipt.Success {
			res.Err = &marketops.Failure{Code: marketops.Consumed, What: fmt.Sprintf("the outcome was unknown and was resolved as %s: leaf %d", d.Verdict, r.Entry.Position.Index),
				State: "the approvals serve another receipt", Next: "marketops authorize " + string(d.RunID)}
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
	case receipt.Failed, receipt.Rejected:
		if out.Checkpoint == nil { // the ledger's
			return marketops.Refuse(out.Code, what)
		}
		return tellLeft(out, &marketops.Failure{Code: out.Code, What: what})
	}
	return &marketops.Unknown{Code: out.Code, What: what}
}

// tellLeft says of an operation that failed what is left: its approvals, unless the last effect is there.
func tellLeft(out *receipt.Outcome, err error) error {
	var f *marketops.Failure
	if !errors.As(err, &f) || out.Status != receipt.Rejected && out.Status != receipt.Failed || out.IsComplete() {
		return err
	}
	told := *f
	if told.State != "" {
		told.State += "; "
	}
	told.State += "the approvals serve another receipt: marketops authorize RUN"
	return &told
}

func urlOf(o *receipt.Outcome) string {
	for _, id := range o.GitHub {
		if id.Name == "html_url" {
			return id.Value
		}
	}
	return ""
}
