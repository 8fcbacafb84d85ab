package github

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

type workflowsKey struct{}

// NeedsWorkflows reports whether the credential that Options.Token is asked for in this context must have
// the permission Workflows: write besides the usual ones.
func NeedsWorkflows(ctx context.Context) bool {
	needed, _ := ctx.Value(workflowsKey{}).(bool)
	return needed
}

// withWorkflows finds out whether a ref of this operation would show other workflows than the default branch:
// GitHub then wants Workflows: write (BerriAI/litellm#31422). The context that it returns says so.
func (s *session) withWorkflows(ctx context.Context) (context.Context, error) {
	differ, err := s.workflowsDiffer(ctx)
	if err != nil || !differ {
		return ctx, err
	}
	s.workflows = true
	return context.WithValue(ctx, workflowsKey{}, true), nil
}

// newRefAt is the commit that a ref of this operation shows, and the branch that it is on where that is
// known; no commit where it makes no ref.
func (r *reader) newRefAt() (commit, branch string) {
	switch {
	case r.op.Tag != nil && !r.makesTag():
		return "", ""
	case r.op.Tag != nil:
		return r.op.Tag.Commit, ""
	case r.op.PullRequest.Changes != nil: // which touches no workflow
		return r.op.PullRequest.Base.SHA, r.op.PullRequest.Base.Branch
	}
	return "", ""
}

func (r *reader) workflowsDiffer(ctx context.Context) (bool, error) {
	commit, branch := r.newRefAt()
	if commit == "" || branch == r.defaultBranch {
		return false, nil
	}
	head, err := r.findRef(ctx, "heads", r.defaultBranch)
	if err != nil || head == nil || head.Object.SHA == commit {
		return false, err
	}
	planned, err := r.workflowsAt(ctx, commit)
	if err != nil {
		return false, err
	}
	current, err := r.workflowsAt(ctx, head.Object.SHA)
	return err == nil && planned != current, err
}

// workflowsAt is the id of the tree of the workflows of a commit, "" if it has none.
func (r *reader) workflowsAt(ctx context.Context, commit string) (string, error) {
	var c gitCommit
	if _, err := r.Get(ctx, "read a commit for its workflows", r.path("git/commits/%s", commit), &c); err != nil {
		return "", err
	}
	dot, err := r.entryOf(ctx, c.Tree.SHA, ".github")
	if err != nil || dot == "" {
		return "", err
	}
	return r.entryOf(ctx, dot, "workflows")
}

// entryOf is the id of the tree of a name in a tree, "" if there is none.
func (r *reader) entryOf(ctx context.Context, tree, name string) (string, error) {
	if !marketops.FullSHA(tree) {
		return "", wire.Stopf(marketops.GitHubUnreachable, "GitHub shows a tree without a full object id")
	}
	var got struct {
		Tree []entry `json:"tree"`
	}
	if _, err := r.GetKnown(ctx, "read a tree for its workflows", r.path("git/trees/%s", tree), &got); err != nil {
		return "", err
	}
	for _, e := range got.Tree {
		if e.Path == name && e.Type == "tree" {
			return e.SHA, nil
		}
	}
	return "", nil
}

// explainWorkflows adds to a refusal which permission may be missing, and where it is given.
func (s *session) explainWorkflows(err error) {
	var f *marketops.Failure
	if s.workflows && errors.As(err, &f) && f.Code == marketops.GitHubDenied && (f.Next == "" || f.Next == wire.GrantWrite) {
		f.What += "; the commit's " + workflows + " differ from those of the branch " + s.RedactLine(s.defaultBranch)
		f.Next = wire.GrantWorkflows
	}
}
