package github

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
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

// oursCommit compares everything of a commit but its tree.
func (r *reader) oursCommit(c *fullCommit) bool {
	want := r.op.PullRequest
	return strings.TrimSuffix(c.Message, "\n") == want.Changes.Message && c.Author.is(want.Changes.Author) &&
		c.Committer.is(want.Changes.Author) && len(c.Parents) == 1 && c.Parents[0].SHA == want.Base.SHA
}

// ownCommits lists the commits of a comparison that differ from ours in their tree at most.
func (r *reader) ownCommits(c *comparison) (out []fullCommit) {
	for _, k := range c.Commits {
		full := k.Commit
		full.SHA, full.Parents = k.SHA, k.Parents
		if r.oursCommit(&full) {
			out = append(out, full)
		}
	}
	return out
}

// lookBranch reads where the head branch stands. If it is gone, a pull request of ours tells
// where it stood. A commit like ours is returned with an unknown presence: whether it holds the
// planned bytes can be said only by those who have the files. blobs are their ids, or nil.
func (r *reader) lookBranch(ctx context.Context, blobs []string) (observation, *fullCommit, error) {
	ref, err := r.exactRef(ctx, "heads", r.op.PullRequest.Head.Branch)
	if err != nil {
		return observation{}, nil, err
	}
	if ref != nil {
		return r.lookCommit(ctx, ref.Object.SHA, blobs)
	}
	all, err := r.pulls(ctx)
	if err != nil {
		return observation{}, nil, err
	}
	for i := range all {
		if r.sameWords(&all[i]) {
			return r.lookCommit(ctx, all[i].Head.SHA, blobs)
		}
		if r.marked(&all[i]) {
			return observation{presence: publisher.Conflict, detail: "a pull request claims to be ours and has other content"}, nil, nil
		}
	}
	return observation{presence: publisher.Absent, detail: "there is no such branch"}, nil, nil
}

// lookCommit compares what a commit has beyond the base with the change set.
func (r *reader) lookCommit(ctx context.Context, sha string, blobs []string) (observation, *fullCommit, error) {
	if !marketops.FullSHA(sha) {
		return observation{detail: "the branch has no full object id"}, nil, nil
	}
	var c comparison
	_, err := r.getKnown(ctx, "compare the branch with its base", r.repoPath("compare/%s...%s", r.op.PullRequest.Base.SHA, sha), &c)
	if isNotShown(err) {
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
		if differs := r.filesDiffer(&c, blobs); differs != "" {
			return observation{presence: publisher.Conflict, taken: true, detail: "the branch is there, but " + differs}, nil, nil
		}
		return observation{detail: "the branch is there, with a commit like the planned one"}, &own[0], nil
	}
	// Where ours may be among the commits, somebody has gone on from it; otherwise it is not there.
	complete := len(c.Commits) == c.Total
	return observation{presence: publisher.Conflict, taken: len(own) == 0 && complete, detail: "the branch is there with other content"}, nil, nil
}

// filesDiffer names what is not of the plan among the files that a comparison shows, or "". The
// list may be cut off and has no modes: only the id of the tree covers everything.
func (r *reader) filesDiffer(c *comparison, blobs []string) string {
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

func (s *session) bringBranch(ctx context.Context) error {
	return s.bring(ctx, s.effect(effectBranch), strategy{look: s.findBranch, send: s.sendBranch})
}

// findBranch decides by content: the commit that stands there must be the very one that the
// files make. On a machine that has not made it, it is made: that changes nothing.
func (s *session) findBranch(ctx context.Context) (observation, error) {
	if err := s.measure(); err != nil {
		return observation{}, err
	}
	at, like, err := s.lookBranch(ctx, s.change.blobs)
	if err != nil || like == nil {
		return at, err
	}
	want, known := s.journal.Recall(keyCommit)
	if !known || want != like.SHA {
		if _, want, err = s.makeCommit(ctx); err != nil {
			return observation{}, err
		}
	}
	if want != like.SHA {
		return observation{presence: publisher.Conflict, taken: true, detail: "the branch is there with another tree"}, nil
	}
	s.change.commit, s.change.tree = like.SHA, like.Tree.SHA
	s.seen.note("commit", like.SHA)
	s.seen.note("tree", like.Tree.SHA)
	return observation{presence: publisher.Found, detail: "the branch is there, as planned"}, nil
}

// sendBranch prepares the commit and then makes the branch, which must not exist.
func (s *session) sendBranch(ctx context.Context) (writeResult, error) {
	if err := s.prepareBranch(ctx); err != nil {
		return undone, err
	}
	name := "refs/heads/" + s.op.PullRequest.Head.Branch
	c := &call{step: "make the branch", method: http.MethodPost, path: s.repoPath("git/refs"), effect: effectBranch,
		body: map[string]string{"ref": name, "sha": s.change.commit}}
	return s.write(ctx, c, func(x *exchange) error {
		var got gitRef
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if got.Ref != name || got.Object.SHA != s.change.commit || got.Object.Type != "commit" {
			return errOther
		}
		return nil
	})
}

func (s *session) prepareBranch(ctx context.Context) error {
	tag, err := s.exactRef(ctx, "tags", s.op.PullRequest.Head.Branch)
	if err != nil {
		return err
	}
	if tag != nil {
		return &marketops.Failure{Code: marketops.GitHubConflict, State: stateStopped,
			What: "a tag has the name of the branch, which git would take for the other"}
	}
	if err := s.checkBase(ctx); err != nil || s.change.commit != "" {
		return err
	}
	tree, commit, err := s.makeCommit(ctx)
	if err != nil {
		return err
	}
	s.change.tree, s.change.commit = tree, commit
	return nil
}
