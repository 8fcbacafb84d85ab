package github

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// fullCommit is a commit with everything that is bound.
type fullCommit struct {
	SHA       string   `json:"sha"`
	Tree      object   `json:"tree"`
	Message   string   `json:"message"`
	Author    signer   `json:"author"`
	Committer signer   `json:"committer"`
	Parents   []object `json:"parents"`
}

// signer is a git identity as GitHub shows it.
type signer struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

func (s signer) is(p marketops.Person) bool {
	return s.Name == p.Name && s.Email == p.Email && marketops.TimeOf(s.Date) == p.Date
}

// branches reads the branch that a change set makes.
type branches struct {
	*reader
	pulls pulls
}

// commitIDs are the ids that the planned commit can have: everything in it is in the document. Whether GitHub ends its
// message in a newline is GitHub's to say.
func (r *reader) commitIDs() []string {
	p := r.op.PullRequest
	a, n := p.Changes.Author, gitobject.LengthOf(p.Base.SHA)
	who := gitobject.Signature(a.Name, a.Email, int64(a.Date))
	return []string{n.Commit(p.Changes.Tree, p.Base.SHA, who, p.Changes.Message), n.Commit(p.Changes.Tree, p.Base.SHA, who, p.Changes.Message+"\n")}
}

// isCommit reports whether an id is that of the planned commit, and so of its tree and every file in it.
func (r *reader) isCommit(id string) bool { return slices.Contains(r.commitIDs(), id) }

// findDifference names the first member of a commit that GitHub shows otherwise than planned, or "".
func (r branches) findDifference(c *fullCommit) string {
	want := r.op.PullRequest
	switch {
	case !r.isCommit(c.SHA):
		return "id"
	case c.Tree.SHA != want.Changes.Tree:
		return "tree"
	case strings.TrimSuffix(c.Message, "\n") != want.Changes.Message:
		return "message"
	case !c.Author.is(want.Changes.Author):
		return "author"
	case !c.Committer.is(want.Changes.Author):
		return "committer"
	case len(c.Parents) != 1 || c.Parents[0].SHA != want.Base.SHA:
		return "parent"
	}
	return ""
}

// look reads where the head branch is, and returns the planned commit's id if it is there. If the branch is gone,
// a pull request of ours tells where it was.
func (r branches) look(ctx context.Context) (observation, string, error) {
	ref, below, err := r.findRefOrBelow(ctx, "heads", r.op.PullRequest.Head.Branch)
	if err != nil {
		return observation{}, "", err
	}
	if ref != nil {
		return r.lookAt(ctx, ref.Object.SHA)
	}
	all, err := r.pulls.list(ctx)
	if err != nil {
		return observation{}, "", err
	}
	for i := range all {
		if r.pulls.hasOurText(&all[i]) {
			return r.lookAt(ctx, all[i].Head.SHA)
		}
		if r.pulls.hasOurMarker(&all[i]) {
			return observation{presence: publisher.Conflict, detail: "a pull request claims to be ours and has other content"}, "", nil
		}
	}
	at, err := r.lookForRoom(ctx, "heads", r.op.PullRequest.Head.Branch, below, "there is no such branch")
	return at, "", err
}

// lookAt tells whether a commit is the planned one. Its id decides; what GitHub shows of it and of its files must agree.
func (r branches) lookAt(ctx context.Context, sha string) (observation, string, error) {
	if !marketops.FullSHA(sha) {
		return observation{detail: "the branch has no full object id"}, "", nil
	}
	var c comparison
	_, err := r.GetKnown(ctx, "compare the branch with its base", r.path("compare/%s...%s", r.op.PullRequest.Base.SHA, sha), &c)
	if wire.IsNotShown(err) {
		return observation{presence: publisher.Conflict, detail: "the branch is there and cannot be compared with the base"}, "", nil
	}
	if err != nil {
		return observation{}, "", err
	}
	if c.Base.SHA != r.op.PullRequest.Base.SHA {
		return observation{detail: "GitHub compares the branch with another commit than the base"}, "", nil
	}
	if !r.isCommit(sha) {
		// Where ours is among the commits, another user has continued from it; otherwise it is not there.
		complete := len(c.Commits) == c.Total
		return observation{presence: publisher.Conflict, taken: !r.hasOurs(&c) && complete, detail: "the branch is there with another commit than the planned one"}, "", nil
	}
	if difference := r.compareShown(&c); difference != "" {
		return observation{presence: publisher.Conflict, detail: "the branch is there, as planned, but GitHub shows " + difference}, "", nil
	}
	r.facts.note("commit", sha)
	r.facts.note("tree", r.op.PullRequest.Changes.Tree)
	return observation{presence: publisher.Found, detail: "the branch is there, as planned"}, sha, nil
}

func (r branches) checkBase(ctx context.Context) error {
	return r.requireBranchAt(ctx, r.op.PullRequest.Base.Branch, r.op.PullRequest.Base.SHA, marketops.RefMoved)
}
