package github

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// openPull makes the branch, if its content is ours, and then the pull request.
func (s *session) openPull(ctx context.Context) error {
	if s.op.PullRequest.Changes != nil {
		if err := s.bringBranch(ctx); err != nil {
			return err
		}
	}
	return s.bring(ctx, s.effect(effectPull), strategy{look: s.findPull, send: s.sendPull})
}

// headSHA is the commit that the pull request must show; empty while it is not made yet.
func (s *session) headSHA() string {
	if s.op.PullRequest.Changes != nil {
		return s.change.commit
	}
	return s.op.PullRequest.Head.SHA
}

// findPull looks for the pull request. What this Apply sent itself must be a draft exactly where
// that was planned; what stood there before may have moved on since.
func (s *session) findPull(ctx context.Context) (observation, error) {
	at, p, err := s.lookPull(ctx, s.headSHA(), s.pullNumber())
	if p != nil && s.sent[effectPull] > 0 && p.Draft != s.op.PullRequest.Draft {
		at = observation{presence: publisher.Conflict, detail: fmt.Sprintf("the pull request is there with draft %t", p.Draft)}
	}
	return at, err
}

// pullNumber is the number of our pull request, from this attempt or an earlier one on this machine.
func (s *session) pullNumber() int64 {
	text, ok := s.journal.Recall(keyPullNumber)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n
}

// sendPull looks once more at both branches and then opens the pull request.
func (s *session) sendPull(ctx context.Context) (writeResult, error) {
	if err := s.checkEnds(ctx); err != nil {
		return undone, err
	}
	want := s.op.PullRequest
	c := &call{step: "open the pull request", method: http.MethodPost, path: s.repoPath("pulls"), effect: effectPull, body: map[string]any{
		"title": want.Title, "head": want.Head.Branch, "base": want.Base.Branch, "body": s.words.body,
		"draft": want.Draft, "maintainer_can_modify": false,
	}}
	var got pull
	became, err := s.write(ctx, c, func(x *exchange) error {
		got = pull{}
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if got.State != "open" || got.Draft != want.Draft || !s.oursPull(&got, s.headSHA()) {
			return errOther
		}
		return nil
	})
	if became != done {
		return became, err
	}
	s.notePull(&got)
	if err := s.record(keyPullNumber, strconv.FormatInt(got.Number, 10)); err != nil {
		return unclear, err
	}
	return done, nil
}

// checkEnds demands that nothing has moved since the plan was made.
func (s *session) checkEnds(ctx context.Context) error {
	if err := s.checkBase(ctx); err != nil {
		return err
	}
	moved := marketops.RefMoved
	if s.op.PullRequest.Changes != nil {
		moved = marketops.GitHubConflict // the plan made this branch
	}
	return s.standsAt(ctx, s.op.PullRequest.Head.Branch, s.headSHA(), moved)
}

func (s *session) checkBase(ctx context.Context) error {
	return s.standsAt(ctx, s.op.PullRequest.Base.Branch, s.op.PullRequest.Base.SHA, marketops.RefMoved)
}

// standsAt refuses a branch that is not where the plan needs it.
func (s *session) standsAt(ctx context.Context, branch, sha string, moved marketops.Code) error {
	ref, err := s.exactRef(ctx, "heads", branch)
	switch {
	case err != nil:
		return err
	case ref == nil:
		return &marketops.Failure{Code: moved, State: stateStopped, What: "there is no branch " + branch}
	case ref.Object.SHA != sha || ref.Object.Type != "commit":
		return &marketops.Failure{Code: moved, State: stateStopped, What: clip(s.port.secrets.clean(
			fmt.Sprintf("branch %s: planned %s, and it is at %s", branch, sha, ref.Object.SHA)))}
	}
	return nil
}
