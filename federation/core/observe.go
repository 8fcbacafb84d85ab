package core

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
)

// observeTimeout bounds all looks at GitHub for one decision.
const observeTimeout = 20 * time.Second

// observations are what was seen on GitHub, by operation.
type observations map[marketops.Digest]observation

type observation struct {
	observed *policy.Observed
	stale    string
}

// observe looks at GitHub where core.yaml says so, before the run is locked. What it could not
// see stays unobserved, and policy decides whether it can do without.
func (d decisions) observe(ctx context.Context, id marketops.RunID) (observations, error) {
	if d.config.Observe != config.ObserveGitHub {
		return nil, nil
	}
	r, err := d.runs.load(ctx, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	out := observations{}
	for _, w := range r.Operations {
		seen, err := d.opts.Observer.Observe(ctx, w.Op)
		switch {
		case err == nil:
			out[w.Digest] = observation{observed: seen}
			continue
		case marketops.CodeOf(err) == marketops.RepositoryMismatch:
			out[w.Digest] = observation{stale: "the repository is no longer the planned one"}
		}
		d.log.Warn("GitHub was not observed", "repository", w.Op.Target.FullName, "error", err)
	}
	return out, nil
}
