package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// The visible effects, by the names they have in an outcome.
const (
	effectTag     = "tag"
	effectRelease = "release"
	effectBranch  = "branch"
	effectPull    = "pull_request"
)

// The states of an effect in an outcome.
const (
	stateApplied = "applied"
	stateAbsent  = "absent"
	stateUnknown = "unknown"
)

// session is one Apply.
type session struct {
	reader
	work    *publisher.Work
	effects []*effect
	sent    map[string]int // visible effects that went through the door
	tag     tagWork
	release releaseWork
	change  changeWork
}

// complete reports whether work has what the promises rest on.
func complete(work *publisher.Work, journal publisher.Journal) bool {
	return work != nil && journal != nil && work.BeforeCall != nil && work.BeforeEffect != nil && !work.Deadline.IsZero()
}

// begin refuses work that this port cannot do. The session is good for evidence in any case.
func (p *Port) begin(work *publisher.Work, journal publisher.Journal) (*session, error) {
	s := &session{work: work, sent: map[string]int{}}
	names, err := p.supported(work.Op)
	s.reader = reader{
		port: p, op: work.Op, words: wordsOf(work.Op), journal: journal, tries: map[string]int{}, leave: s.leaveOf,
		until: func() time.Time { return work.Deadline },
	}
	for _, n := range names {
		s.effects = append(s.effects, newEffect(n, work.Earlier))
	}
	if err == nil {
		err = checkContent(work)
	}
	return s, err
}

// supported returns the visible effects of an operation that this port can bring about here.
func (p *Port) supported(op marketops.Operation) ([]string, error) {
	names, err := effectsOf(op)
	if err == nil && !p.hostMatches(op.Target) {
		return nil, &marketops.Failure{Code: marketops.HostMismatch, State: stateStopped,
			What: fmt.Sprintf("the operation is for %s and this port speaks to %s", op.Target.Host, p.api.Host)}
	}
	return names, err
}

// effectsOf returns the visible effects of an operation that is valid and of a kind done here.
func effectsOf(op marketops.Operation) ([]string, error) {
	if err := op.Validate(); err != nil {
		return nil, &marketops.Failure{Code: marketops.OperationMismatch, State: stateStopped, Err: err}
	}
	switch op.Kind {
	case marketops.TagRepo:
		return []string{effectTag}, nil
	case marketops.PublishRelease:
		return []string{effectTag, effectRelease}, nil
	case marketops.OpenPR:
		return pullEffects(op.PullRequest)
	}
	return nil, &marketops.Failure{Code: marketops.RuleDenied, State: stateStopped,
		What: string(op.Kind) + " is not supported by this version"}
}

// file is what a document says about one file of its content.
type file struct {
	name string
	size int64
}

// filesOf lists the assets or the changes of an operation, in the document's order.
func filesOf(op marketops.Operation) (files []file) {
	if op.Release != nil {
		for _, a := range op.Release.Assets {
			files = append(files, file{a.Name, a.Size})
		}
	}
	if op.PullRequest != nil && op.PullRequest.Changes != nil {
		for _, c := range op.PullRequest.Changes.Changes {
			files = append(files, file{c.Path, c.Size})
		}
	}
	return files
}

func checkContent(w *publisher.Work) error {
	files := filesOf(w.Op)
	if len(w.Content) != len(files) {
		return &marketops.Failure{Code: marketops.ContentMismatch, State: stateStopped,
			What: fmt.Sprintf("%d files are open, and %d are planned", len(w.Content), len(files))}
	}
	for i, f := range files {
		if w.Content[i] == nil || w.Content[i].Size() != f.size {
			return &marketops.Failure{Code: marketops.ContentMismatch, What: "the size of " + f.name, State: stateStopped}
		}
	}
	return nil
}

// renderedText are the texts that GitHub will show; derived once, because they hold the digest.
type renderedText struct{ message, body, marker string }

// wordsOf derives the texts of an operation that [marketops.Operation.Validate] accepts.
func wordsOf(op marketops.Operation) renderedText {
	var w renderedText
	if op.Tag != nil {
		w.message, _ = op.TagMessage()
	}
	if op.Release != nil {
		w.body, _ = op.ReleaseBody()
		w.marker = strings.TrimSpace(strings.TrimPrefix(w.body, op.Release.Body))
	}
	if op.PullRequest != nil {
		w.body, _ = op.PullRequestBody()
		w.marker = strings.TrimSpace(strings.TrimPrefix(w.body, op.PullRequest.Body))
	}
	return w
}

// record makes what was learned durable before the session goes on.
func (s *session) record(key, value string) error {
	if err := s.journal.Record(key, value); err != nil {
		return unrecorded(err)
	}
	return nil
}

func (s *session) run(ctx context.Context) error {
	if err := s.preflight(ctx, true); err != nil {
		return err
	}
	if s.op.Kind == marketops.OpenPR {
		return s.openPull(ctx)
	}
	if err := s.bringTag(ctx); err != nil {
		return err
	}
	if s.op.Kind == marketops.PublishRelease {
		return s.bringRelease(ctx)
	}
	return nil
}

// verdict is the one place where an error becomes a failure or an unknown: while the state of
// any effect is unknown, nothing is a failure.
func (s *session) verdict(err error) error {
	for _, e := range s.effects {
		if err != nil && e.state == stateUnknown {
			return &marketops.Unknown{Code: marketops.OutcomeUnknown, What: "whether the " + e.name + " is there", Err: err}
		}
	}
	var f *marketops.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &marketops.Failure{Code: marketops.GitHubUnreachable, State: stateStopped, Err: err}
}

// evidence is what is known at the end, in the order and form of the outcome.
func (s *session) evidence() publisher.Evidence {
	ev := s.seen.evidence(s.port, s.last)
	for _, e := range s.effects {
		ev.Effects = append(ev.Effects, receipt.Effect{Name: e.name, State: e.state})
		ev.Retries += int64(max(0, s.sent[e.name]-1))
	}
	return ev
}

// repoPath is a path of the API below the repository; its arguments are escaped.
func (r *reader) repoPath(format string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = escapePath(s)
		}
	}
	t := r.op.Target
	path := "repos/" + url.PathEscape(t.Owner()) + "/" + url.PathEscape(t.Repo())
	if format == "" {
		return path
	}
	return path + "/" + fmt.Sprintf(format, args...)
}
