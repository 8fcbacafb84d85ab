package github

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// Observe implements [publisher.SideEffectPort]. It reads once and has no way to write. Found
// means that every visible effect is there as planned, Absent that none is; if only some are,
// the state is unknown and the effects say which.
func (p *Port) Observe(ctx context.Context, op marketops.Operation) (publisher.Observation, error) {
	names, err := p.supported(op)
	if err != nil {
		return publisher.Observation{}, err
	}
	r := &reader{port: p, op: op, words: wordsOf(op), tries: map[string]int{}, until: func() time.Time { return time.Time{} }}
	var sights []observation
	if err = r.preflight(ctx, false); err == nil {
		sights, err = r.lookAll(ctx, names)
	}
	obs := publisher.Observation{Evidence: r.seen.evidence(p, r.last)}
	if err != nil {
		return obs, err
	}
	obs.State = combined(sights)
	for i, at := range sights {
		obs.Evidence.Effects = append(obs.Evidence.Effects, receipt.Effect{Name: names[i], State: stateOf(at)})
		if obs.Detail != "" {
			obs.Detail += "; "
		}
		obs.Detail += at.detail
	}
	return obs, nil
}

func (r *reader) lookAll(ctx context.Context, names []string) ([]observation, error) {
	if r.op.PullRequest != nil {
		return r.lookPullAll(ctx)
	}
	var sights []observation
	for _, name := range names {
		var at observation
		var err error
		if name == effectTag {
			at, _, err = r.lookTag(ctx)
		} else {
			at, _, err = r.lookRelease(ctx, 0)
		}
		if err != nil {
			return nil, err
		}
		sights = append(sights, at)
	}
	return sights, nil
}

// lookPullAll looks for the branch, if there is one to be made, and the pull request. The files of
// a change set are not at hand: a branch like the planned one stays unknown, and what stands
// on it too.
func (r *reader) lookPullAll(ctx context.Context) ([]observation, error) {
	want := r.op.PullRequest
	if want.Changes == nil {
		at, _, err := r.lookPull(ctx, want.Head.SHA, 0)
		return []observation{at}, err
	}
	branch, like, err := r.lookBranch(ctx, nil)
	if err != nil {
		return nil, err
	}
	head := ""
	if like != nil {
		head = like.SHA
		r.seen.note("commit", like.SHA)
		r.seen.note("tree", like.Tree.SHA)
		branch.detail += ", whose files only publishing again can compare"
	}
	pull, _, err := r.lookPull(ctx, head, 0)
	if pull.presence == publisher.Found {
		pull.presence = publisher.Indeterminate
	}
	return []observation{branch, pull}, err
}

// combined is what all sights together say.
func combined(sights []observation) publisher.Presence {
	all := publisher.Indeterminate
	for i, at := range sights {
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
		return stateApplied
	case at.presence == publisher.Absent, at.presence == publisher.Conflict && at.taken:
		return stateAbsent
	}
	return stateUnknown
}
