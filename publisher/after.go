package publisher

import (
	"context"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// An operation that comes after others passes the gate only when they have succeeded. Where these are published by
// the same call it waits for them, and is gated again when its turn comes.

// isWaiting reports whether a job is refused for nothing but prerequisites that the same call publishes first.
func (g *Gated) isWaiting(earlier []Result) bool {
	rest := g.Checks.Without(marketops.PrerequisiteOpen)
	if g.mode == marketops.DryRun {
		rest = rest.Without(marketops.ModeNotProd)
	}
	_, otherwise := rest.FirstFailure()
	_, refused := g.Checks.FirstFailure()
	open, all := openPrerequisites(g.Job, earlier)
	return refused && !otherwise && g.record != nil && all && len(open) > 0
}

// openPrerequisites lists the prerequisites of a job among results that are no success, and says whether all its
// prerequisites are among them.
func openPrerequisites(j *Job, results []Result) (open []int, all bool) {
	all = true
	for _, n := range j.After {
		i := slices.IndexFunc(results, func(r Result) bool { return r.Number == n })
		if i < 0 {
			all = false
		} else if results[i].Status != receipt.Success {
			open = append(open, n)
		}
	}
	return open, all
}

// noteWaits says of each job that was not carried out for which operations it waits.
func noteWaits(jobs []*Job, results []Result) {
	for i := range results {
		results[i].Waits = nil
		if slices.Contains([]receipt.Status{NotAttempted, WouldPublish, GatePassed}, results[i].Status) && results[i].Err == nil {
			results[i].Waits, _ = openPrerequisites(jobs[i], results[:i])
		}
	}
}

// gateAgain asks the gate about a job that waited, now that its prerequisites are done. It records a refusal.
func (p *Publisher) gateAgain(ctx context.Context, g *Gated, res *Result) (*Gated, error) {
	again, err := p.Gate(ctx, g.mode, g.Job)
	if err != nil {
		return nil, err
	}
	res.Checks = again.Checks
	if !again.Passed() {
		p.recordRefusal(ctx, again, res)
		return nil, nil
	}
	return again, nil
}

// stopDependents marks a trial run's jobs that wait for one that would not be published.
func stopDependents(gated []*Gated, results []Result) {
	for i, g := range gated {
		if g == nil || !g.waits {
			continue
		}
		open, _ := openPrerequisites(g.Job, results[:i])
		for _, n := range open {
			k := slices.IndexFunc(results, func(r Result) bool { return r.Number == n })
			if results[k].Status != WouldPublish && results[k].Status != GatePassed {
				results[i].Status, results[i].Err = NotAttempted, nil
			}
		}
	}
}
