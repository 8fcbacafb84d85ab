package github

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// reader asks GitHub about the repository of one operation. What it reads about tags, releases, assets,
// branches and pull requests is the business of the types of these names, which share it.
type reader struct {
	*wire.Caller
	op    marketops.Operation
	text  renderedText
	facts facts

	defaultBranch string // once preflight has read it
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

// makesTag reports whether the operation makes its tag, and does not only find it.
func (r *reader) makesTag() bool { return r.op.Tag != nil && r.op.Tag.Existing == nil }

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

// findRef finds one ref. nil is proven absence.
func (r *reader) findRef(ctx context.Context, space, name string) (*gitRef, error) {
	ref, _, err := r.findRefOrBelow(ctx, space, name)
	return ref, err
}

// findRefOrBelow finds one ref in a list that GitHub filters by prefix or, if it is absent, the name of one below it.
func (r *reader) findRefOrBelow(ctx context.Context, space, name string) (ref *gitRef, below string, err error) {
	refs, err := wire.List[gitRef](ctx, r.Caller, wire.PagesOf("look for "+space+"/"+name, r.path("git/matching-refs/%s/%s", space, name)))
	if err != nil {
		return nil, "", err
	}
	full := "refs/" + space + "/" + name
	for i := range refs {
		switch {
		case refs[i].Ref == full:
			return &refs[i], "", nil
		case strings.HasPrefix(refs[i].Ref, full+"/"):
			below = refs[i].Ref
		}
	}
	return nil, below, nil
}

// findAbove finds a ref above one that is absent, or "". Each is asked for by its name: a list could hold every tag of the repository.
func (r *reader) findAbove(ctx context.Context, space, name string) (string, error) {
	for _, above := range marketops.RefsAbove(name) {
		var got gitRef
		_, err := r.Get(ctx, "look for "+space+"/"+above, r.path("git/ref/%s/%s", space, above), &got)
		switch {
		case wire.IsNotShown(err):
		case err != nil:
			return "", err
		case got.Ref == "refs/"+space+"/"+above:
			return got.Ref, nil
		}
	}
	return "", nil
}

// lookForRoom is what is seen of a ref that is absent: nothing, or one above or below it. Beside that one git has no room for
// it, so that no attempt of ours can have succeeded.
func (r *reader) lookForRoom(ctx context.Context, space, name, below, nothing string) (observation, error) {
	beside, err := below, error(nil)
	if beside == "" {
		beside, err = r.findAbove(ctx, space, name)
	}
	if err != nil || beside == "" {
		return observation{presence: publisher.Absent, detail: nothing}, err
	}
	return observation{presence: publisher.Conflict, taken: true, detail: r.RedactLine(
		fmt.Sprintf("%s is there, and git has no room for refs/%s/%s beside it", beside, space, name))}, nil
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

// repository is what GitHub says about a repository.
type repository struct {
	ID          int64  `json:"id"`
	NodeID      string `json:"node_id"`
	FullName    string `json:"full_name"`
	HTMLURL     string `json:"html_url"`
	Branch      string `json:"default_branch"`
	Private     bool   `json:"private"`
	Archived    bool   `json:"archived"`
	Disabled    bool   `json:"disabled"`
	Permissions struct {
		Pull bool `json:"pull"`
		Push bool `json:"push"`
	} `json:"permissions"` // of the user behind the credential; all false where there is none, as for an App
}

// whyNotWritable says why nothing can be written, "" if nothing here forbids it. That a credential may write is
// known for certain only from the first write.
func (r *repository) whyNotWritable(x *wire.Exchange) string {
	scopes, classic := x.Scopes()
	switch {
	case r.Archived || r.Disabled:
		return "the repository is archived or disabled"
	case r.Permissions.Pull && !r.Permissions.Push:
		return "the user behind the credential may read the repository and not write to it"
	case classic && !slices.Contains(scopes, "repo") && (r.Private || !slices.Contains(scopes, "public_repo")):
		return fmt.Sprintf("the token's scopes are %q: it needs repo, or public_repo for a public repository", scopes)
	}
	return ""
}

// readRepository holds the repository against the plan: the number decides, the name is checked
// beside it, because all further addresses are made of the name.
func (r *reader) readRepository(ctx context.Context) (*repository, *wire.Exchange, error) {
	var repo repository
	x, err := r.Get(ctx, "read the repository", r.path(""), &repo)
	if err != nil {
		return nil, nil, err
	}
	t := r.op.Target
	if repo.ID != t.RepositoryID || repo.FullName != t.FullName {
		return nil, nil, &marketops.Failure{Code: marketops.RepositoryMismatch, State: wire.StateStopped, What: r.RedactLine(
			fmt.Sprintf("planned %s, number %d; GitHub has %s, number %d", t.FullName, t.RepositoryID, repo.FullName, repo.ID))}
	}
	r.defaultBranch = repo.Branch
	r.facts.number("repository_id", repo.ID)
	r.facts.note("repository_node_id", repo.NodeID)
	if r.facts.url == "" && isWeb(repo.HTMLURL) {
		r.facts.url = repo.HTMLURL + r.webPath()
	}
	return &repo, x, nil
}

// preflight demands the planned repository and, of who is to write, that nothing forbids it.
func (r *reader) preflight(ctx context.Context, toWrite bool) error {
	repo, x, err := r.readRepository(ctx)
	if err != nil {
		return err
	}
	if why := repo.whyNotWritable(x); toWrite && why != "" {
		return wire.Stopf(marketops.GitHubDenied, "%s", r.RedactLine(why))
	}
	return nil
}

// webPath is where a person can look before there is anything better.
func (r *reader) webPath() string {
	if r.op.PullRequest != nil {
		return "/pulls"
	}
	return "/tree/" + escapePath(r.op.Tag.Name)
}
