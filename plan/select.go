package plan

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// discover lists the publications and looks at each repository once.
func (e *engine) discover(ctx context.Context) (string, error) {
	type answer struct {
		repo Repository
		err  error
	}
	seen := map[string]answer{}
	for i, p := range e.o.Publications {
		c := &candidate{number: i + 1, pub: p}
		e.candidates = append(e.candidates, c)
		c.reject(scanPublication(p))
		if c.silent {
			continue
		}
		a, ok := seen[p.Repository]
		if !ok {
			a.repo, a.err = e.o.Source.Repository(ctx, p.Repository)
			seen[p.Repository] = a
		}
		if a.err == nil {
			a.err = checkRepository(a.repo, p.Repository)
		}
		if c.reject(a.err); a.err == nil {
			c.repo = a.repo
		}
	}
	if err := e.linkAfter(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d publications in %d repositories", len(e.candidates), len(seen)), ctx.Err()
}

func checkRepository(r Repository, name string) error {
	if r.ID <= 0 || r.DefaultBranch == "" {
		return deny(marketops.SourceUnreadable, "GitHub's answer has no repository id or default branch", "")
	}
	if r.FullName != name {
		return denyDifference(marketops.RuleDenied, "GitHub calls the repository by another name",
			"write the name in marketops.yaml as GitHub does", name, r.FullName)
	}
	if r.Archived {
		return deny(marketops.RuleDenied, "the repository is archived", "unarchive the repository, or remove the publication")
	}
	return nil
}

// choose resolves what each publication points to and asks whether its version is free.
func (e *engine) choose(ctx context.Context) (string, error) {
	for _, c := range e.candidates {
		if !c.known() {
			continue
		}
		c.op = marketops.NewOperation(c.pub.Kind, marketops.Target{
			Type: targetType, Host: e.o.Host, RepositoryID: c.repo.ID, FullName: c.repo.FullName,
		})
		switch c.pub.Kind {
		case marketops.TagRepo, marketops.PublishRelease:
			e.chooseTag(ctx, c)
		case marketops.OpenPR:
			e.choosePull(ctx, c)
		default:
			c.reject(deny(marketops.RuleDenied, fmt.Sprintf("kind %.40q is not supported by this version", c.pub.Kind), "remove the publication"))
		}
	}
	return e.tally(), ctx.Err()
}

func (e *engine) chooseTag(ctx context.Context, c *candidate) {
	c.op.Tag = &marketops.Tag{Name: c.pub.Tag}
	if !c.pub.Existing {
		c.reject(e.target(ctx, c))
	}
	if err := tagGrammar(c.pub.Tag); err != nil {
		c.reject(err)
		return
	}
	choose := e.tagFree
	if c.pub.Existing {
		choose = e.chooseExisting
	}
	err := choose(ctx, c)
	if err == nil {
		err = e.unshadowed(ctx, c)
	}
	c.reject(err)
	if c.pub.Kind == marketops.PublishRelease {
		c.reject(e.releaseFree(ctx, c))
	}
}

// target finds the commit and proves that it lies on the allowed branch.
func (e *engine) target(ctx context.Context, c *candidate) error {
	sha := c.pub.Target
	if !marketops.FullSHA(sha) {
		tip, err := e.branch(ctx, c, c.pub.Target)
		if err != nil {
			return err
		}
		sha = tip
	}
	return e.onBranch(ctx, c, sha)
}

// onBranch reads the commit of the tag and proves that it lies on the allowed branch.
func (e *engine) onBranch(ctx context.Context, c *candidate, sha string) error {
	if err := e.resolve(ctx, c, sha); err != nil {
		return err
	}
	c.op.Tag.Commit, c.op.Tag.Tree = c.commit.SHA, c.commit.Tree
	branch := c.pub.Branch
	if branch == "" {
		branch = c.repo.DefaultBranch
	}
	if err := branchGrammar(branch); err != nil {
		return err
	}
	on, err := e.o.Source.OnBranch(ctx, c.repo.FullName, branch, sha)
	if err == nil && !on {
		return denyDifference(marketops.RefMoved, fmt.Sprintf("commit %s does not lie on branch %q", sha, branch),
			"push the commit to the branch, or name the branch it lies on: branch: …", branch, sha)
	}
	return err
}

// resolve reads the commit and refuses an answer about another one.
func (e *engine) resolve(ctx context.Context, c *candidate, sha string) error {
	got, err := e.o.Source.Commit(ctx, c.repo.FullName, sha)
	if err != nil {
		return err
	}
	if got.SHA != sha || !marketops.FullSHA(got.Tree) {
		return denyDifference(marketops.SourceUnreadable, "the answer is about another commit, or has no tree", "", sha, got.SHA)
	}
	c.commit = got
	return nil
}

// branch returns the tip of a branch that must exist.
func (e *engine) branch(ctx context.Context, c *candidate, name string) (string, error) {
	if err := branchGrammar(name); err != nil {
		return "", err
	}
	ref, err := e.o.Source.Branch(ctx, c.repo.FullName, name)
	if err := must(ref.Presence, err, "branch "+name); err != nil {
		return "", err
	}
	if ref.Presence == Absent || !marketops.FullSHA(ref.SHA) {
		return "", deny(marketops.SourceUnreadable, fmt.Sprintf("there is no branch %q", name), "name an existing branch or a full commit id")
	}
	return ref.SHA, nil
}

// tagFree refuses a tag that exists, at any commit.
func (e *engine) tagFree(ctx context.Context, c *candidate) error {
	tag, err := e.o.Source.Tag(ctx, c.repo.FullName, c.pub.Tag)
	if err := must(tag.Presence, err, "tag "+c.pub.Tag); err != nil {
		return err
	}
	if tag.Presence == Present {
		return denyDifference(marketops.VersionExists, fmt.Sprintf("tag %q exists", c.pub.Tag), existingRemedy[c.pub.Kind], "no such tag", tag.SHA)
	}
	return e.free(ctx, c, "refs/tags/"+c.pub.Tag, tag)
}

// existingRemedy is what to do about a tag that exists; "" is the code's own text.
var existingRemedy = map[marketops.Kind]string{
	marketops.PublishRelease: "take a new version; or, to publish a release for the tag as it is, write existing: true and leave out target, message and tagger",
}

// unshadowed refuses a tag with the name of a branch.
func (e *engine) unshadowed(ctx context.Context, c *candidate) error {
	branch, err := e.o.Source.Branch(ctx, c.repo.FullName, c.pub.Tag)
	if err := must(branch.Presence, err, "branch "+c.pub.Tag); err != nil {
		return err
	}
	if branch.Presence == Present {
		return denyDifference(marketops.RuleDenied, fmt.Sprintf("a branch is called %q too, and git could mean either", c.pub.Tag),
			"take another tag, or rename the branch", "no such branch", branch.SHA)
	}
	return nil
}

func (e *engine) releaseFree(ctx context.Context, c *candidate) error {
	switch c.repo.Drafts {
	case DraftsHidden:
		c.find("drafts-not-visible", document.Warning, "drafts not visible: the reader has no push rights, so an unpublished release on this tag would not be seen")
	case DraftsUnsure:
		c.find("drafts-not-visible", document.Warning, "drafts perhaps not visible: GitHub does not say whether this token may write, and shows an unpublished release only to one that may")
	}
	r, err := e.o.Source.Release(ctx, c.repo.FullName, c.pub.Tag)
	if err := must(r.Presence, err, "release "+c.pub.Tag); err != nil {
		return err
	}
	if r.Presence == Present {
		what := "a release"
		if r.Draft {
			what = "a draft release"
		}
		return denyDifference(marketops.VersionExists, fmt.Sprintf("%s for tag %q exists", what, c.pub.Tag), "", "no such release", fmt.Sprintf("release %d", r.ID))
	}
	return nil
}
