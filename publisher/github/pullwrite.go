package github

import (
	"context"
	"fmt"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// pullWriter opens the pull request of an operation.
type pullWriter struct {
	*session
	pulls  pulls
	branch *branchWriter // of a change set
	number int64         // that GitHub gave it when this Apply opened it; 0: it has not said
	author int64         // whom GitHub named then
}

func newPullWriter(s *session) *pullWriter {
	p := pulls{s.reader}
	return &pullWriter{session: s, pulls: p, branch: &branchWriter{session: s, branches: branches{s.reader, p}}}
}

// run makes the branch, if its content is ours, and then the pull request.
func (w *pullWriter) run(ctx context.Context) error {
	if w.op.PullRequest.Changes != nil {
		if err := w.branch.ensure(ctx); err != nil {
			return err
		}
	}
	return w.ensureEffect(ctx, w.effect(effectPull), strategy{look: w.find, send: w.send})
}

// headSHA is the commit that the pull request must show; empty while it is not made yet.
func (w *pullWriter) headSHA() string {
	if w.op.PullRequest.Changes != nil {
		return w.branch.commit
	}
	return w.op.PullRequest.Head.SHA
}

// find looks for the pull request. What this Apply sent itself must be as it was sent; what was
// there before people may have changed since.
func (w *pullWriter) find(ctx context.Context) (observation, error) {
	at, p, err := w.pulls.look(ctx, w.headSHA(), w.number)
	if p == nil || w.sent[effectPull] == 0 {
		return at, err
	}
	if difference := w.compareSent(p); difference != "" {
		at = observation{presence: publisher.Conflict, detail: "the pull request is there with " + difference}
	}
	return at, err
}

// compareSent names what is not as it was sent among the members that people may change later, or "".
func (w *pullWriter) compareSent(p *pull) string {
	switch {
	case p.Draft != w.op.PullRequest.Draft:
		return fmt.Sprintf("draft %t", p.Draft)
	case p.Modify != nil && *p.Modify:
		return "maintainer_can_modify true"
	case w.author != 0 && p.User.ID != w.author:
		return "another author"
	}
	return ""
}

// send looks once more at both branches and then opens the pull request.
func (w *pullWriter) send(ctx context.Context) (wire.WriteResult, error) {
	if err := w.checkBranches(ctx); err != nil {
		return wire.Undone, err
	}
	want := w.op.PullRequest
	c := &wire.Call{Step: "open the pull request", Method: wire.Post, Path: w.path("pulls"), Effect: effectPull, Body: map[string]any{
		"title": want.Title, "head": want.Head.Branch, "base": want.Base.Branch, "body": w.text.body,
		"draft": want.Draft, "maintainer_can_modify": false,
	}}
	var got pull
	result, err := w.Write(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.State == "open" && w.compareSent(&got) == "" && w.pulls.isOurs(&got, w.headSHA())
	}))
	if result != wire.Done {
		return result, err
	}
	w.number, w.author = got.Number, got.User.ID
	w.pulls.note(&got)
	if err := w.record(keyPullNumber, strconv.FormatInt(got.Number, 10)); err != nil {
		return wire.Unclear, err
	}
	return wire.Done, nil
}

// checkBranches demands that nothing has moved since the plan was made.
func (w *pullWriter) checkBranches(ctx context.Context) error {
	if err := w.branch.branches.checkBase(ctx); err != nil {
		return err
	}
	moved := marketops.RefMoved
	if w.op.PullRequest.Changes != nil {
		moved = marketops.GitHubConflict // the plan made this branch
	}
	return w.requireBranchAt(ctx, w.op.PullRequest.Head.Branch, w.headSHA(), moved)
}
