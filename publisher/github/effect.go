package github

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// The visible effects, by the names they have in an outcome.
const (
	effectTag     = marketops.EffectTag
	effectRelease = marketops.EffectRelease
	effectBranch  = marketops.EffectBranch
	effectPull    = marketops.EffectPullRequest
)

// effectsOf returns the visible effects of an operation that is valid and of a kind done here.
func effectsOf(op marketops.Operation) ([]string, error) {
	if err := op.Validate(); err != nil {
		return nil, &marketops.Failure{Code: marketops.OperationMismatch, State: wire.StateStopped, Err: err}
	}
	switch op.Kind {
	case marketops.TagRepo, marketops.PublishRelease:
		return op.Effects(), nil
	case marketops.OpenPR:
		return pullEffects(op.PullRequest)
	}
	return nil, &marketops.Failure{Code: marketops.RuleDenied, State: wire.StateStopped,
		What: string(op.Kind) + " is not supported by this version"}
}

// maxSends is how often one visible effect may reach GitHub altogether, earlier epochs counted as one.
const maxSends = 2

// effect is one visible change and what is known about it.
type effect struct {
	name  string
	state receipt.EffectState
	open  bool // an attempt, ours or an earlier epoch's, is unresolved
	acked bool // GitHub said that it did it
	sends int  // attempts that may have reached GitHub
	tried bool // by this receipt or an earlier one of the operation
}

func newEffect(name string, past publisher.Past) *effect {
	switch past {
	case publisher.Unresolved:
		return &effect{name: name, state: receipt.EffectUnknown, open: true, sends: 1, tried: true}
	case publisher.Ended:
		return &effect{name: name, state: receipt.EffectUnknown, tried: true}
	}
	return &effect{name: name, state: receipt.EffectAbsent}
}

func (s *session) effect(name string) *effect {
	for _, e := range s.effects {
		if e.name == name {
			return e
		}
	}
	panic("github: no effect " + name) // begin made them all
}

// observation is what one look says.
type observation struct {
	presence publisher.Presence
	detail   string
	taken    bool // its natural key is held by other content, so that no attempt of ours can succeed
}

// strategy is how one visible effect is looked for and brought about.
type strategy struct {
	look func(context.Context) (observation, error)
	send func(context.Context) (wire.WriteResult, error)
}

// ensureEffect makes an effect true, or says why it is not. It looks first, sends only what is proven
// absent, and believes nothing but looking.
func (s *session) ensureEffect(ctx context.Context, e *effect, how strategy) error {
	for {
		at, err := s.look(ctx, e, how)
		if err != nil || at.presence != publisher.Absent {
			return e.settle(at, err)
		}
		if !e.open {
			e.state = receipt.EffectAbsent
		}
		if e.sends >= maxSends {
			return e.undecidedError("it was sent, and reading does not show it")
		}
		result, err := how.send(ctx)
		switch result {
		case wire.Undone:
			return s.afterRefusal(ctx, e, how, err)
		case wire.Done:
			e.acked = true
		}
		e.open, e.state, e.tried = true, receipt.EffectUnknown, true
		e.sends++
	}
}

// look reads once where nothing was sent, and patiently where something may have been: lists lag,
// so absence must be seen after every pause.
func (s *session) look(ctx context.Context, e *effect, how strategy) (observation, error) {
	at, err := how.look(ctx)
	if err != nil || !e.open || at.presence == publisher.Found || at.taken {
		return at, err
	}
	for _, d := range s.Pauses() {
		if err := s.Pause(ctx, "looking again for the "+e.name+": "+at.detail, d); err != nil {
			return at, wire.Interruption("looking for the "+e.name, err)
		}
		if at, err = how.look(ctx); err != nil || at.presence == publisher.Found || at.taken {
			return at, err
		}
	}
	return at, nil
}

// settle ends the search: found is applied, and a taken key means that ours is not there,
// unless GitHub had said that it was.
func (e *effect) settle(at observation, err error) error {
	if err != nil {
		return err
	}
	switch at.presence {
	case publisher.Found:
		if !e.tried {
			return &marketops.Failure{Code: marketops.GitHubConflict, What: at.detail + ", but this operation did not make it"}
		}
		e.state, e.open = receipt.EffectApplied, false
		return nil
	case publisher.Conflict:
		if at.taken && !e.acked {
			e.state, e.open = receipt.EffectAbsent, false
		}
		return &marketops.Failure{Code: marketops.GitHubConflict, What: at.detail}
	}
	return e.undecidedError(at.detail)
}

// undecidedError is not being able to tell although GitHub can be read. Once anything may have been sent that
// is for a person to decide; before, looking again later is all that is needed.
func (e *effect) undecidedError(detail string) error {
	if e.open {
		return &marketops.Unknown{Code: marketops.OutcomeUnknown, What: "the " + e.name + " cannot be told: " + detail}
	}
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: "the " + e.name + " cannot be told: " + detail}
}

// afterRefusal looks once more: "already exists" may mean an earlier attempt of ours, or somebody
// else who was quicker. What did not change the picture leaves the refusal as it was.
func (s *session) afterRefusal(ctx context.Context, e *effect, how strategy, refusal error) error {
	if !errors.Is(refusal, marketops.GitHubDenied) && !errors.Is(refusal, marketops.GitHubConflict) {
		return refusal
	}
	at, err := s.look(ctx, e, how)
	if err != nil {
		return errors.Join(refusal, err)
	}
	if at.presence == publisher.Found || at.presence == publisher.Conflict {
		return e.settle(at, nil)
	}
	return refusal
}
