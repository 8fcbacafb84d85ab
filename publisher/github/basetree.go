package github

import (
	"context"
	"errors"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// checkTree computes the tree that the changes make of the base, from the base's own trees, and refuses any other than
// the document's.
func (r *reader) checkTree(ctx context.Context) error {
	p := r.op.PullRequest
	var base gitCommit
	if _, err := r.Get(ctx, "read the base commit", r.path("git/commits/%s", p.Base.SHA), &base); err != nil {
		return err
	}
	if base.SHA != p.Base.SHA || base.Tree.SHA != p.Changes.BaseTree {
		return wire.Stopf(marketops.GitHubConflict, "GitHub shows another base commit, or another tree of it, than the planned one")
	}
	changes := make([]gitobject.Change, len(p.Changes.Changes))
	for i, c := range p.Changes.Changes {
		changes[i] = gitobject.Change{Path: c.Path, Mode: c.Mode, Blob: c.Blob}
	}
	result, placed, err := gitobject.Apply(p.Changes.BaseTree, changes, func(id string) (gitobject.Tree, error) { return r.readTree(ctx, id) })
	return r.judgeTree(result, placed, err)
}

// judgeTree compares a computed tree with the document.
func (r *reader) judgeTree(result string, placed []gitobject.Placed, err error) error {
	set := r.op.PullRequest.Changes
	var f *marketops.Failure
	switch {
	case errors.As(err, &f):
		return err
	case err != nil:
		return wire.Stopf(marketops.GitHubConflict, "the change set cannot be put on its base: %s", r.RedactLine(err.Error()))
	case result != set.Tree:
		return wire.Stopf(marketops.GitHubConflict, "the change set makes the tree %s of its base, and the document names %s", result, set.Tree)
	}
	for i, p := range placed {
		c := set.Changes[i]
		if b := c.Before; (b == nil) != (p.Before.Mode == "") || b != nil && *b != (marketops.Before{Mode: p.Before.Mode, Blob: p.Before.ID}) {
			return wire.Stopf(marketops.GitHubConflict, "%s is not in the base as the document says", c.Path)
		}
	}
	return nil
}

// entry is one file or folder in a tree.
type entry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"`
	SHA  string `json:"sha"`
}

// folder is GitHub's answer about a tree.
type folder struct {
	SHA       string  `json:"sha"`
	Truncated bool    `json:"truncated"`
	Tree      []entry `json:"tree"`
}

// readTree reads one folder of the base. Whether it has the id that was asked for Apply computes.
func (r *reader) readTree(ctx context.Context, id string) (gitobject.Tree, error) {
	var got folder
	if _, err := r.GetKnown(ctx, "read a folder of the base", r.path("git/trees/%s", id), &got); err != nil {
		return nil, err
	}
	if got.Truncated {
		return nil, wire.Stopf(marketops.GitHubConflict, "a folder of the base has more entries than GitHub lists")
	}
	var out gitobject.Tree
	for _, e := range got.Tree {
		out = append(out, gitobject.Entry{Name: e.Path, Mode: strings.TrimLeft(e.Mode, "0"), ID: e.SHA})
	}
	return out, nil
}
