package plan

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
)

// choosePull resolves base and head and asks whether such a pull request is open already.
func (e *engine) choosePull(ctx context.Context, c *candidate) {
	p := &marketops.PullRequest{Base: marketops.Ref{Branch: c.pub.Base}, Head: marketops.Ref{Branch: c.pub.Head}, Draft: c.pub.Draft}
	c.op.PullRequest = p
	for _, name := range []string{c.pub.Base, c.pub.Head} {
		if err := branchGrammar(name); err != nil {
			c.reject(err)
			return
		}
	}
	base, err := e.branch(ctx, c, c.pub.Base)
	if p.Base.SHA = base; err == nil {
		err = e.resolve(ctx, c, base)
	}
	c.reject(err)
	c.reject(e.head(ctx, c))
	c.reject(e.pullFree(ctx, c))
}

// head binds an existing branch, or demands that the branch of a change set does not exist.
func (e *engine) head(ctx context.Context, c *candidate) error {
	if len(c.pub.Changes) == 0 {
		sha, err := e.branch(ctx, c, c.pub.Head)
		c.op.PullRequest.Head.SHA = sha
		if err != nil {
			return err
		}
		return e.hasCommits(ctx, c, sha)
	}
	ref, err := e.o.Source.Branch(ctx, c.repo.FullName, c.pub.Head)
	if err := must(ref.Presence, err, "branch "+c.pub.Head); err != nil {
		return err
	}
	if ref.Presence == Present {
		return denyDifference(marketops.VersionExists, fmt.Sprintf("branch %q exists", c.pub.Head), "take another branch name", "no such branch", ref.SHA)
	}
	if err := e.free(ctx, c, "refs/heads/"+c.pub.Head, ref); err != nil {
		return err
	}
	return e.noSuchTag(ctx, c)
}

// noSuchTag refuses the branch of a change set that would be called like a tag.
func (e *engine) noSuchTag(ctx context.Context, c *candidate) error {
	tag, err := e.o.Source.Tag(ctx, c.repo.FullName, c.pub.Head)
	if err := must(tag.Presence, err, "tag "+c.pub.Head); err != nil {
		return err
	}
	if tag.Presence == Present {
		return denyDifference(marketops.RuleDenied, fmt.Sprintf("a tag is called %q too, and git could mean either", c.pub.Head),
			"take another branch name", "no such tag", tag.SHA)
	}
	return nil
}

// hasCommits refuses a head that adds nothing to the base: GitHub would answer 422 "No commits between".
func (e *engine) hasCommits(ctx context.Context, c *candidate, head string) error {
	on, err := e.o.Source.OnBranch(ctx, c.repo.FullName, c.pub.Base, head)
	if err == nil && on {
		return denyDifference(marketops.RuleDenied, fmt.Sprintf("branch %q has no commit that %q does not have, so the pull request would be empty", c.pub.Head, c.pub.Base),
			"push a commit to the branch, or remove the publication", "a commit beyond "+c.pub.Base, head)
	}
	return err
}

func (e *engine) pullFree(ctx context.Context, c *candidate) error {
	p, err := e.o.Source.Pull(ctx, c.repo.FullName, c.pub.Head, c.pub.Base)
	if err := must(p.Presence, err, "pull request"); err != nil {
		return err
	}
	if p.Presence == Present {
		return denyDifference(marketops.VersionExists, fmt.Sprintf("a pull request from %q to %q is open", c.pub.Head, c.pub.Base),
			"close it, or take another branch", "no open pull request", fmt.Sprintf("#%d", p.Number))
	}
	return nil
}

// verifyPull reads title, body and the files of a change set.
func (e *engine) verifyPull(ctx context.Context, c *candidate) {
	p := c.op.PullRequest
	p.Title = c.pub.Title
	c.reject(marketops.ValidateLine("title", p.Title))
	if c.pub.Body != "" {
		body, err := readText(e.root, "body", c.pub.Body, marketops.MaxPull)
		p.Body = body
		c.reject(err)
	}
	if len(c.pub.Changes) == 0 {
		return
	}
	message := trimOnce(c.pub.Message)
	if message == "" {
		message = c.pub.Title
	}
	c.reject(marketops.ValidateText("commit message", message, marketops.MaxMessage))
	p.Changes = &marketops.ChangeSet{Message: message, Author: c.person(), Changes: []marketops.Change{}}
	c.reject(e.readChanges(ctx, c))
	if c.isPlanned() {
		c.reject(e.placeChanges(ctx, c))
	}
}
