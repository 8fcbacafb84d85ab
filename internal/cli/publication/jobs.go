package publication

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Jobs gathers what each operation of the run needs to be asked about.
func (p *Publication) Jobs(ctx context.Context, j *plan.Journal) ([]*publisher.Job, error) {
	r := p.run
	submission, err := runfolder.Load(r, p.Trust, "submission")
	if err != nil {
		return nil, err
	}
	approvals, err := p.approvals(ctx)
	if err != nil {
		return nil, err
	}
	asked, votes := publisher.OpenRecord(p.Trust, submission), publisher.OpenRecords(p.Trust, approvals...)
	out := make([]*publisher.Job, len(r.Operations))
	for i, op := range r.Operations {
		job := &publisher.Job{Number: i + 1, After: r.Plan.Operations[i].After, Run: r.Info.RunID, Op: op, Submission: asked, Approvals: votes,
			Journal: operationJournal{j.Operation(r.Plan.Operations[i].Operation), op}, Measured: []marketops.Digest{}}
		receipts, err := runfolder.LoadAll(r, p.Trust, "receipts", fmt.Sprint(i+1))
		if err != nil {
			return nil, err
		}
		job.Receipts = publisher.OpenRecords(p.Trust, receipts...)
		content, err := r.Content(ctx, i+1)
		if err != nil {
			return nil, err
		}
		for k, c := range content {
			job.Content = append(job.Content, p.bars.Watch(progress.Part{What: whatOf(op), Name: c.Name, Number: k + 1, Of: len(content)}, c))
			job.Measured = append(job.Measured, c.Measured)
			if c.Problem != "" {
				p.Say("operation %d: %s: %s", i+1, c.Path, c.Problem)
			}
		}
		out[i] = job
	}
	return out, nil
}

// whatOf is what a file of an operation is called.
func whatOf(op marketops.Operation) string {
	if op.Release != nil {
		return "asset"
	}
	return "file"
}

// approvals are those in the run's folder and those that the Core has logged for the run: the
// union, so that neither side can hide a rejection that the other knows of.
func (p *Publication) approvals(ctx context.Context) ([]api.Entry, error) {
	local, err := runfolder.LoadAll(p.run, p.Trust, "approvals", "")
	if err != nil {
		return nil, err
	}
	all, err := p.Records(ctx, p.run.Info.RunID)
	if err != nil {
		return nil, err
	}
	return unite(p.Trust, local, all.Entries), nil
}

// unite adds to the votes of the folder those of the log that are not among them. A signed envelope that
// opens is told by its leaf: what does not open has no valid signature, and takes the place of nothing. The gate is
// handed it all the same, and refuses, for it may have been a rejection.
func unite(t *trust.Trust, local, logged []api.Entry) []api.Entry {
	known := map[log.Hash]bool{}
	for _, e := range local {
		if rec, err := receipt.Open(e.Envelope, t.Ring()); err == nil {
			known[rec.LeafHash()] = true
		}
	}
	for _, e := range logged {
		kind := e.Name
		rec, err := receipt.Open(e.Envelope, t.Ring())
		if err == nil {
			kind = rec.Body.Kind()
		}
		if kind == receipt.KindApproval && (err != nil || !known[rec.LeafHash()]) {
			local = append(local, e)
		}
	}
	return local
}
