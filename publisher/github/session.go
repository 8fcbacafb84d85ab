package github

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// session is one Apply.
type session struct {
	*reader
	work    *publisher.Work
	journal publisher.Journal
	effects []*effect
	sent    map[string]int // visible effects that were authorised to be sent
	draft   *draftWriter   // of a release

	workflows bool // what a new ref shows has other workflows than the default branch
}

// isComplete reports whether work has what the promises rest on.
func isComplete(work *publisher.Work, journal publisher.Journal) bool {
	return work != nil && journal != nil && work.BeforeCall != nil && work.BeforeEffect != nil && work.NoteDraft != nil && work.StrikeDraft != nil && !work.Deadline.IsZero()
}

// begin refuses work that this port cannot do. The session is good for evidence in any case.
func (p *Port) begin(work *publisher.Work, journal publisher.Journal) (*session, error) {
	s := &session{work: work, journal: journal, sent: map[string]int{}}
	s.reader = newReader(p.client.Writer(journal, work.LastWrite, work.Deadline, s.authorize), work.Op)
	names, err := p.supportedEffects(work.Op)
	for _, n := range names {
		s.effects = append(s.effects, newEffect(n, work.Past[n]))
	}
	if err == nil {
		err = checkContent(work)
	}
	return s, err
}

// supportedEffects returns the visible effects of an operation that this port can bring about here.
func (p *Port) supportedEffects(op marketops.Operation) ([]string, error) {
	names, err := effectsOf(op)
	if err == nil && !p.hostMatches(op.Target) {
		return nil, wire.Stopf(marketops.HostMismatch, "the operation is for %s and this port speaks to %s", op.Target.Host, p.api.Host)
	}
	return names, err
}

func checkContent(w *publisher.Work) error {
	files := w.Op.Files()
	if len(w.Content) != len(files) {
		return wire.Stopf(marketops.ContentMismatch, "%d files are open, and %d are planned", len(w.Content), len(files))
	}
	for i, f := range files {
		if w.Content[i] == nil || w.Content[i].Size() != f.Size {
			return &marketops.Failure{Code: marketops.ContentMismatch, What: "the size of " + f.Name, State: wire.StateStopped}
		}
	}
	return nil
}

// authorize asks the publisher before each write, and counts what others will see.
func (s *session) authorize(ctx context.Context, c *wire.Call) error {
	if err := s.work.BeforeCall(ctx); err != nil {
		return wire.FailureOf(err, marketops.LedgerUnavailable, c.Step+": the publisher may not go on")
	}
	if c.Effect == "" {
		return nil
	}
	if err := s.work.BeforeEffect(ctx, c.Effect); err != nil {
		return wire.FailureOf(err, marketops.LedgerUnavailable, c.Step+": the publisher may not go on")
	}
	s.sent[c.Effect]++
	return nil
}

// record writes down for people what was learned. No code of this package reads it again: a person who can write to the
// journal must not decide what is ours.
func (s *session) record(key, value string) error {
	return wire.RecordFailure(s.journal.Record(key, value))
}

// remove deletes something invisible of ours. Whether it is gone the next look will tell.
func (s *session) remove(ctx context.Context, step, path string) error {
	c := &wire.Call{Step: step, Method: wire.Delete, Path: path}
	result, err := s.Write(ctx, c, wire.ExpectNothing)
	if result == wire.Undone && !wire.IsNotShown(err) {
		return err
	}
	return nil
}

func (s *session) run(ctx context.Context) error {
	if err := s.preflight(ctx, true); err != nil {
		return err
	}
	ctx, err := s.withWorkflows(ctx)
	if err != nil {
		return err
	}
	if s.op.Kind == marketops.OpenPR {
		return newPullWriter(s).run(ctx)
	}
	tag := &tagWriter{session: s}
	if s.op.Kind == marketops.PublishRelease {
		return newReleaseWriter(s, tag).run(ctx)
	}
	return tag.ensure(ctx, tag.prepare)
}

// verdict is the one place where an error becomes a failure or an unknown: while an
// attempt for any effect is unresolved, nothing is a failure. Either names what is on GitHub.
func (s *session) verdict(err error) error {
	s.explainWorkflows(err)
	for _, e := range s.effects {
		if err != nil && e.open {
			return s.tellLeft(&marketops.Unknown{Code: marketops.OutcomeUnknown, What: "whether the " + e.name + " is there", Err: err})
		}
	}
	var f *marketops.Failure
	if err == nil || errors.As(err, &f) {
		return s.tellLeft(err)
	}
	return s.tellLeft(&marketops.Failure{Code: marketops.GitHubUnreachable, State: wire.StateStopped, Err: err})
}

// evidence is what is known at the end, in the order and form of the outcome.
func (s *session) evidence() publisher.Evidence {
	ev := s.facts.evidence(s.Caller)
	for _, e := range s.effects {
		ev.Effects = append(ev.Effects, receipt.Effect{Name: e.name, State: e.state})
		ev.Retries += int64(max(0, s.sent[e.name]-1))
	}
	return ev
}
