package publisher

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
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
	defer noteWaits(jobs, results)
	for i, j := range jobs {
		done, err := p.findResult(ctx, j)
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
		gated[i].waits = gated[i].isWaiting(results[:i])
		results[i] = Result{Number: j.Number, Op: j.Op, Checks: gated[i].Checks, Status: WouldPublish}
	}
	if mode == marketops.DryRun {
		return p.finishDryRun(ctx, results, gated), nil
	}
	if refused := p.refuseAll(ctx, results, gated); refused {
		return results, nil
	}
	return results, p.publishAll(ctx, results, gated)
}

// finishDryRun is the end of a dry run: what would be refused, and nothing recorded.
func (p *Publisher) finishDryRun(ctx context.Context, results []Result, gated []*Gated) []Result {
	for i, g := range gated {
		if g != nil && !g.WouldPass() && !g.waits {
			r := (&Gated{Job: g.Job, Checks: g.Checks.Without(marketops.ModeNotProd)}).Refusal()
			results[i].Status, results[i].Err = Refused, r
		} else if g != nil {
			p.tryOut(ctx, g, &results[i])
		}
	}
	stopDependents(gated, results)
	return results
}

// refuseAll records the refusals, if there are any, and marks the rest as not attempted.
func (p *Publisher) refuseAll(ctx context.Context, results []Result, gated []*Gated) (refused bool) {
	for i, g := range gated {
		if g == nil || g.Passed() || g.waits {
			continue
		}
		refused = true
		p.recordRefusal(ctx, g, &results[i])
	}
	if refused {
		markNotAttempted(results)
	}
	return refused
}

func (p *Publisher) recordRefusal(ctx context.Context, g *Gated, res *Result) {
	res.Status, res.Err = Refused, g.Refusal()
	entry, err := p.Refuse(ctx, g)
	res.Entry = entry
	if err != nil {
		p.tell(g.Job, "refused", "not yet recorded: "+err.Error())
	}
}

func markNotAttempted(results []Result) {
	for i := range results {
		if results[i].Status == WouldPublish {
			results[i].Status = NotAttempted
		}
	}
}

// publishAll publishes one operation after the other. The error is about not being ready for the next.
func (p *Publisher) publishAll(ctx context.Context, results []Result, gated []*Gated) error {
	for i, g := range gated {
		if g == nil && results[i].Status == receipt.Success {
			continue
		}
		if g != nil {
			if err := p.publishOne(ctx, g, &results[i]); err != nil {
				markNotAttempted(results)
				if ctx.Err() != nil { // interrupted: it is not begun
					results[i].Err, err = ctx.Err(), nil
				}
				return err
			}
		}
		if results[i].Status != receipt.Success {
			markNotAttempted(results)
			return nil
		}
	}
	return nil
}

// publishOne publishes an operation whose turn has come. The error is about not being ready for it.
func (p *Publisher) publishOne(ctx context.Context, g *Gated, res *Result) (err error) {
	if g.waits {
		if g, err = p.gateAgain(ctx, g, res); g == nil || err != nil {
			return err
		}
	}
	if err := p.checkReady(ctx, g); err != nil {
		return err
	}
	*res = p.lookAndPublish(ctx, g)
	return nil
}

// checkReady does what must be done before a receipt is claimed, while it can still be interrupted.
func (p *Publisher) checkReady(ctx context.Context, g *Gated) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lasts := g.record.Body.(*receipt.Receipt).ExpiresAt - gate.Epsilon - p.Now()
	return p.Ready(ctx, time.Duration(lasts)*time.Second)
}
