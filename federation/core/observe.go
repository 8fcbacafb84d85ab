package core

import (
	"context"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/config"
	"golang.org/x/sync/semaphore"
)

// Bounds of the looks at GitHub for one decision. The caller waits a minute.
const (
	observeTimeout = 40 * time.Second
	observeAtOnce  = 8
)

// observations are what was seen on GitHub, by operation.
type observations map[marketops.Digest]*federation.Seen

// observe looks at GitHub where core.yaml says so, before the run is locked. An operation that it could not see is denied.
func (d decisions) observe(ctx context.Context, id marketops.RunID) (observations, error) {
	if d.config.Observe == config.ObserveNone {
		return nil, nil
	}
	r, err := d.runs.load(ctx, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	seen := make([]federation.Seen, len(r.Operations))
	places, looking := semaphore.NewWeighted(observeAtOnce), sync.WaitGroup{}
	for i, w := range r.Operations {
		looking.Go(func() {
			if err := places.Acquire(ctx, 1); err != nil {
				seen[i].Unread = []federation.Unread{{Fact: federation.FactRepository, Why: "GitHub took too long"}}
				return
			}
			defer places.Release(1)
			seen[i] = d.opts.Observer.Observe(ctx, w.Op)
		})
	}
	looking.Wait()
	out := observations{}
	for i, w := range r.Operations {
		tried, err := d.hasTried(ctx, id, w.Digest, marketops.EffectTag)
		if err != nil {
			return nil, err
		}
		seen[i].Facts.TagAbsent = seen[i].Facts.TagAbsent || tried
		out[w.Digest] = &seen[i]
		for _, u := range seen[i].Unread {
			d.log.Warn("a fact was not observed", "repository", w.Op.Target.FullName, "fact", u.Fact, "error", u.Why)
		}
	}
	return out, nil
}

// hasTried reports whether an effect of an operation was tried under any receipt of the run: what is there may be its own.
func (d decisions) hasTried(ctx context.Context, run marketops.RunID, operation marketops.Digest, effect string) (bool, error) {
	rows, err := d.ledger.Claims(ctx, run, operation)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		counts, err := d.attempts(ctx, row)
		if err != nil || counts[effect] > 0 {
			return err == nil, err
		}
	}
	return false, nil
}
