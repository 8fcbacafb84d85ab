package github

import (
	"context"
	"strings"
	"time"

	"github.com/omega/marketops"
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

// comparison is what lies between two commits.
type comparison struct {
	Base    object `json:"base_commit"`
	Total   int    `json:"total_commits"`
	Behind  int    `json:"behind_by"`
	Commits []struct {
		SHA     string     `json:"sha"`
		Commit  fullCommit `json:"commit"`
		Parents []object   `json:"parents"`
	} `json:"commits"`
	Files []struct {
		Path   string `json:"filename"`
		Status string `json:"status"`
		SHA    string `json:"sha"`
	} `json:"files"`
}

// branches reads the branch that a change set makes.
type branches struct {
	*reader
	pulls pulls
}

// isOurs compares everything of a commit but its tree.
func (r branches) isOurs(c *fullCommit) bool {
	want := r.op.PullRequest
	return strings.TrimSuffix(c.Message, "\n") == want.Changes.Message && c.Author.is(want.Changes.Author) &&
		c.Committer.is(want.Changes.Author) && len(c.Parents) == 1 && c.Parents[0].SHA == want.Base.SHA
}

// ownCommits lists the commits of a comparison that differ from ours in their tree at most.
func (r branches) ownCommits(c *comparison) (out []fullCommit) {
	for _, k := range c.Commits {
		full := k.Commit
		full.SHA, full.Parents = k.SHA, k.Parents
		if r.isOurs(&full) {
			out = append(out, full)
		}
	}
	return out
}

// look reads where the head branch stands. If it is gone, a pull request of ours tells
// where it stood. A commit like ours is returned with an unknown presence: whether it holds the
// planned bytes can be said only by those who have the files. blobs are their ids, or nil.
func (r branches) look(ctx context.Context, blobs []string) (observation, *fullCommit, error) {
	ref, err := r.findRef(ctx, "heads", r.op.PullRequest.Head.Branch)
	if err != nil {
		return observation{}, nil, err
	}
	if ref != nil {
		return r.lookAt(ctx, ref.Object.SHA, blobs)
	}
	all, err := r.pulls.list(ctx)
	if err != nil {
		return observation{}, nil, err
	}
	for i := range all {
		if r.pulls.hasOurText(&all[i]) {
			return r.lookAt(ctx, all[i].Head.SHA, blobs)
		}
		if r.pulls.hasOurMarker(&all[i]) {
			return observation{presence: publisher.Conflict, detail: "a pull request claims to be ours and has other content"}, nil, nil
		}
	}
	return observation{presence: publisher.Absent, detail: "there is no such branch"}, nil, nil
}

// lookAt compares what a commit has beyond the base with the change set.
func (r branches) lookAt(ctx context.Context, sha string, blobs []string) (observation, *fullCommit, error) {
	if !marketops.FullSHA(sha) {
		return observation{detail: "the branch has no full object id"}, nil, nil
	}
	var c comparison
	_, err := r.GetKnown(ctx, "compare the branch with its base", r.path("compare/%s...%s", r.op.PullRequest.Base.SHA, sha), &c)
	if wire.IsNotShown(err) {
		return observation{presence: publisher.Conflict, detail: "the branch is there and cannot be compared with the base"}, nil, nil
	}
	if err != nil {
		return observation{}, nil, err
	}
	if c.Base.SHA != r.op.PullRequest.Base.SHA {
		return observation{detail: "GitHub compares the branch with another commit than the base"}, nil, nil
	}
	own := r.ownCommits(&c)
	if len(own) == 1 && own[0].SHA == sha && c.Total == 1 && c.Behind == 0 {
		if difference := r.findDifference(&c, blobs); difference != "" {
			return observation{presence: publisher.Conflict, taken: true, detail: "the branch is there, but " + difference}, nil, nil
		}
		return observation{detail: "the branch is there, with a commit like the planned one"}, &own[0], nil
	}
	// Where ours may be among the commits, somebody has gone on from it; otherwise it is not there.
	complete := len(c.Commits) == c.Total
	return observation{presence: publisher.Conflict, taken: len(own) == 0 && complete, detail: "the branch is there with other content"}, nil, nil
}

// findDifference names what is not of the plan among the files that a comparison shows, or "". The
// list may be cut off and has no modes: only the id of the tree covers everything.
func (r branches) findDifference(c *comparison, blobs []string) string {
	planned := map[string]int{}
	for i, ch := range r.op.PullRequest.Changes.Changes {
		planned[ch.Path] = i
	}
	for _, f := range c.Files {
		i, ok := planned[f.Path]
		switch {
		case !ok:
			return "it changes a file that is not of the plan"
		case f.Status == "removed" || f.Status == "renamed" || blobs != nil && f.SHA != blobs[i]:
			return "a file is not the planned one"
		}
	}
	return ""
}

func (r branches) checkBase(ctx context.Context) error {
	return r.requireBranchAt(ctx, r.op.PullRequest.Base.Branch, r.op.PullRequest.Base.SHA, marketops.RefMoved)
}

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
	tree, commit, err := w.makeCommit(ctx)
	if err != nil {
		return err
	}
	w.tree, w.commit = tree, commit
	return nil
}
