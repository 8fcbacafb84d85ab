package github

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// reader asks GitHub about the repository of one operation. What it reads about tags, releases, assets,
// branches and pull requests is the business of the types of these names, which share it.
type reader struct {
	*wire.Caller
	op    marketops.Operation
	text  renderedText
	facts facts
}

func newReader(c *wire.Caller, op marketops.Operation) *reader {
	return &reader{Caller: c, op: op, text: render(op)}
}

// renderedText are the texts that GitHub will show; derived once, because they hold the digest.
type renderedText struct{ message, body, marker string }

// render derives the texts of an operation that [marketops.Operation.Validate] accepts.
func render(op marketops.Operation) renderedText {
	var t renderedText
	if op.Tag != nil {
		t.message, _ = op.TagMessage()
	}
	if op.Release != nil {
		t.body, _ = op.ReleaseBody()
		t.marker = strings.TrimSpace(strings.TrimPrefix(t.body, op.Release.Body))
	}
	if op.PullRequest != nil {
		t.body, _ = op.PullRequestBody()
		t.marker = strings.TrimSpace(strings.TrimPrefix(t.body, op.PullRequest.Body))
	}
	return t
}

// path is a path of the API below the repository; its arguments are escaped.
func (r *reader) path(format string, args ...any) string {
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

// escapePath escapes each part of a name and keeps its slashes.
func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

type (
	// object is what a ref or a commit points to.
	object struct {
		SHA  string `json:"sha"`
		Type string `json:"type"`
	}
	gitRef struct {
		Ref    string `json:"ref"`
		Object object `json:"object"`
	}
	gitCommit struct {
		SHA  string `json:"sha"`
		Tree object `json:"tree"`
	}
)

// findRef finds one ref in a list that GitHub filters by prefix. nil is proven absence.
func (r *reader) findRef(ctx context.Context, space, name string) (*gitRef, error) {
	refs, err := wire.List[gitRef](ctx, r.Get, "look for "+space+"/"+name, r.path("git/matching-refs/%s/%s", space, name))
	if err != nil {
		return nil, err
	}
	for i := range refs {
		if refs[i].Ref == "refs/"+space+"/"+name {
			return &refs[i], nil
		}
	}
	return nil, nil
}

// requireBranchAt refuses a branch that is not where the plan needs it.
func (r *reader) requireBranchAt(ctx context.Context, branch, sha string, moved marketops.Code) error {
	ref, err := r.findRef(ctx, "heads", branch)
	switch {
	case err != nil:
		return err
	case ref == nil:
		return &marketops.Failure{Code: moved, State: wire.StateStopped, What: "there is no branch " + branch}
	case ref.Object.SHA != sha || ref.Object.Type != "commit":
		return &marketops.Failure{Code: moved, State: wire.StateStopped, What: r.RedactLine(
			fmt.Sprintf("branch %s: planned %s, and it is at %s", branch, sha, ref.Object.SHA))}
	}
	return nil
}
