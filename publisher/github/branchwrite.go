package github

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

const keyCommit = "commit"

// branchWriter makes the branch of a change set.
type branchWriter struct {
	*session
	branches branches
	blobs    []string // ids of the files, in the document's order
	tree     string
	commit   string // made or recorded here, read and equal; or found to be that
}

func (w *branchWriter) ensure(ctx context.Context) error {
	return w.ensureEffect(ctx, w.effect(effectBranch), strategy{look: w.find, send: w.send})
}

// find decides by content: the commit that stands there must be the very one that the
// files make. On a machine that has not made it, it is made: that changes nothing.
func (w *branchWriter) find(ctx context.Context) (observation, error) {
	if err := w.computeBlobs(); err != nil {
		return observation{}, err
	}
	at, like, err := w.branches.look(ctx, w.blobs)
	if err != nil || like == nil {
		return at, err
	}
	want, known := w.journal.Recall(keyCommit)
	if !known || want != like.SHA {
		if _, want, err = w.makeCommit(ctx); err != nil {
			return observation{}, err
		}
	}
	if want != like.SHA {
		return observation{presence: publisher.Conflict, taken: true, detail: "the branch is there with another tree"}, nil
	}
	w.commit, w.tree = like.SHA, like.Tree.SHA
	w.facts.note("commit", like.SHA)
	w.facts.note("tree", like.Tree.SHA)
	return observation{presence: publisher.Found, detail: "the branch is there, as planned"}, nil
}

// send prepares the commit and then makes the branch, which must not exist.
func (w *branchWriter) send(ctx context.Context) (wire.WriteResult, error) {
	if err := w.prepare(ctx); err != nil {
		return wire.Undone, err
	}
	name := "refs/heads/" + w.op.PullRequest.Head.Branch
	c := &wire.Call{Step: "make the branch", Method: wire.Post, Path: w.path("git/refs"), Effect: effectBranch,
		Body: map[string]string{"ref": name, "sha": w.commit}}
	return w.Write(ctx, c, func(x *wire.Exchange) error {
		var got gitRef
		if err := x.Decode(wire.Created, &got); err != nil {
			return err
		}
		if got.Ref != name || got.Object.SHA != w.commit || got.Object.Type != "commit" {
			return wire.ErrDiffers
		}
		return nil
	})
}

func (w *branchWriter) prepare(ctx context.Context) error {
	tag, err := w.findRef(ctx, "tags", w.op.PullRequest.Head.Branch)
	if err != nil {
		return err
	}
	if tag != nil {
		return &marketops.Failure{Code: marketops.GitHubConflict, State: wire.StateStopped,
			What: "a tag has the name of the branch, which git would take for the other"}
	}
	if err := w.branches.checkBase(ctx); err != nil || w.commit != "" {
		return err
	}
	tree, commit, err := w.makeCommit(ctx)
	if err != nil {
		return err
	}
	w.tree, w.commit = tree, commit
	return nil
}
