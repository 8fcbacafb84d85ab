package github

import (
	"context"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// Observe implements [publisher.SideEffectPort]. It reads once and has no way to write. Found
// means that every visible effect is there as planned, Absent that none is; if only some are,
// the state is unknown and the effects say which.
func (p *Port) Observe(ctx context.Context, op marketops.Operation, drafts []int64) (publisher.Observation, error) {
	names, err := p.supportedEffects(op)
	if err != nil {
		return publisher.Observation{}, err
	}
	r := newReader(p.client.Observer(), op)
	var seen []observation
	if err = r.preflight(ctx, false); err == nil {
		seen, err = r.lookAll(ctx, names, drafts)
	}
	obs := publisher.Observation{Evidence: r.facts.evidence(r.Caller)}
	if err != nil {
		return obs, err
	}
	if obs.Moved, err = r.lookForMoved(ctx); err != nil {
		return obs, err
	}
	obs.State = combine(seen)
	for i, at := range seen {
		if at.taken {
			obs.Taken = append(obs.Taken, names[i])
		}
		obs.Evidence.Effects = append(obs.Evidence.Effects, receipt.Effect{Name: names[i], State: stateOf(at)})
		if obs.Detail != "" {
			obs.Detail += "; "
		}
		obs.Detail += at.detail
	}
	return obs, nil
}

func (r *reader) lookAll(ctx context.Context, names []string, drafts []int64) ([]observation, error) {
	if r.op.PullRequest != nil {
		return r.lookAtPull(ctx)
	}
	seen := make([]observation, len(names))
	for i, name := range slices.Backward(names) { // the tag last: a late publication can make one of its own
		var at observation
		var err error
		if name == effectTag {
			at, _, err = tags{r}.look(ctx)
		} else {
			at, _, err = newReleases(r).look(ctx, drafts)
		}
		if err != nil {
			return nil, err
		}
		seen[i] = at
	}
	return seen, nil
}

// lookForMoved says how a tag that the operation does not make differs from the bound one.
func (r *reader) lookForMoved(ctx context.Context) (string, error) {
	if r.op.Tag == nil || r.makesTag() {
		return "", nil
	}
	at, _, err := tags{r}.look(ctx)
	if err != nil || at.presence == publisher.Found {
		return "", err
	}
	return tags{r}.movedText(at), nil
}

// lookAtPull looks for the branch, if there is one to be made, and the pull request.
func (r *reader) lookAtPull(ctx context.Context) ([]observation, error) {
	want, pulls := r.op.PullRequest, pulls{r}
	if want.Changes == nil {
		at, _, err := pulls.look(ctx, want.Head.SHA, 0)
		return []observation{at}, err
	}
	branch, head, err := branches{r, pulls}.look(ctx)
	if err != nil {
		return nil, err
	}
	pull, _, err := pulls.look(ctx, head, 0)
	return []observation{branch, pull}, err
}

// combine is what all observations together say.
func combine(seen []observation) publisher.Presence {
	all := publisher.Indeterminate
	for i, at := range seen {
		switch {
		case at.presence == publisher.Conflict:
			return publisher.Conflict
		case i == 0:
			all = at.presence
		case at.presence != all:
			all = publisher.Indeterminate
		}
	}
	return all
}

// stateOf is the state of an effect that was only looked at.
func stateOf(at observation) receipt.EffectState {
	switch {
	case at.presence == publisher.Found:
		return receipt.EffectApplied
	case at.presence == publisher.Absent, at.presence == publisher.Conflict && at.taken:
		return receipt.EffectAbsent
	}
	return receipt.EffectUnknown
}
