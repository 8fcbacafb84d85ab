package publisher

import (
	"context"
	"errors"
	"slices"

	"github.com/omega/marketops"
)

// RunEach is [Publisher.Run] of each job by itself: one that is refused, fails or stays open does not stop those
// after it. The rest is not attempted after an interrupt, after an error of [Publisher.Run], and once the log has
// contradicted itself. What comes after a job that did not succeed is not attempted either. A trial run is that of [Publisher.Run].
func (p *Publisher) RunEach(ctx context.Context, mode marketops.Mode, jobs []*Job) ([]Result, error) {
	if mode == marketops.DryRun {
		return p.Run(ctx, mode, jobs)
	}
	results := make([]Result, len(jobs))
	defer noteWaits(jobs, results)
	for i, j := range jobs {
		results[i] = Result{Number: j.Number, Op: j.Op, Status: NotAttempted}
	}
	for i := range jobs {
		if err := ctx.Err(); err != nil {
			results[i].Err = err
			return results, nil
		}
		if open, _ := openPrerequisites(jobs[i], results[:i]); len(open) > 0 {
			continue
		}
		one, err := p.Run(ctx, mode, jobs[i:i+1])
		copy(results[i:], one)
		if err != nil || isMisbehaviour(results[i].Err) {
			return results, err
		}
	}
	return results, nil
}

// isMisbehaviour reports whether the log was rolled back or contradicts itself.
func isMisbehaviour(err error) bool {
	return slices.ContainsFunc([]marketops.Code{marketops.SplitView, marketops.LogRolledBack, marketops.ConsistencyInvalid},
		func(c marketops.Code) bool { return errors.Is(err, c) })
}
