package github

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// branchWriter makes the branch of a change set.
type branchWriter struct {
	*session
	branches branches
	commit   string // made here, read and equal; or found
}

func (w *branchWriter) ensure(ctx context.Context) error {
	return w.ensureEffect(ctx, w.effect(effectBranch), strategy{look: w.find, send: w.send})
}

// find looks for the branch. No note decides: what must be there follows from the document.
func (w *branchWriter) find(ctx context.Context) (observation, error) {
	at, commit, err := w.branches.look(ctx)
	if commit != "" {
		w.commit = commit
	}
	return at, err
}

// send prepares the commit and then makes the branch, which must not exist.
func (w *branchWriter) send(ctx context.Context) (wire.WriteResult, error) {
	if err := w.prepare(ctx); err != nil {
		return wire.Undone, err
	}
	name := "refs/heads/" + w.op.PullRequest.Head.Branch
	c := &wire.Call{Step: "make the branch", Method: wire.Post, Path: w.path("git/refs"), Effect: effectBranch,
		Body: map[string]string{"ref": name, "sha": w.commit}}
	var got gitRef
	return w.Write(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.Ref == name && got.Object.SHA == w.commit && got.Object.Type == "commit"
	}))
}

func (w *branchWriter) prepare(ctx context.Context) error {
	tag, err := w.findRef(ctx, "tags", w.op.PullRequest.Head.Branch)
	if err != nil {
		return err
	}
	if tag != nil {
		return wire.Stopf(marketops.GitHubConflict, "a tag has the name of the branch, which git would take for the other")
	}
	if err := w.branches.checkBase(ctx); err != nil || w.commit != "" {
		return err
	}
	w.commit, err = w.makeCommit(ctx)
	return err
}
