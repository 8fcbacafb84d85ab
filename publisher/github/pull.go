package github

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// keyPullNumber is a line of the journal for people; nothing reads it.
const keyPullNumber = "pull_number"

// workflows may not be changed in passing: a change of them changes what runs with the
// repository's own credentials. The plan refuses them too.
const workflows = ".github/workflows"

// pullEffects returns the visible effects of a pull request, or refuses what must not or cannot
// be sent.
func pullEffects(p *marketops.PullRequest) ([]string, error) {
	if p.Changes == nil {
		return []string{effectPull}, nil
	}
	for _, c := range p.Changes.Changes {
		why := ""
		if strings.HasPrefix(strings.ToLower(c.Path)+"/", workflows+"/") {
			why = fmt.Sprintf("%s is a workflow", c.Path)
		} else if c.Size > maxBlob {
			why = fmt.Sprintf("%s has %d bytes, and a change at most %d", c.Path, c.Size, maxBlob)
		}
		if why != "" {
			return nil, wire.Stopf(marketops.RuleDenied, "%s", why)
		}
	}
	return []string{effectBranch, effectPull}, nil
}

// pull is the bound part of GitHub's pull request and what is kept as evidence. Whether it can
// be merged is not looked at: GitHub computes that later, and it is not ours to promise.
type pull struct {
	ID      int64  `json:"id"`
	Number  int64  `json:"number"`
	State   string `json:"state"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	Draft   bool   `json:"draft"`
	HTMLURL string `json:"html_url"`
	Modify  *bool  `json:"maintainer_can_modify"` // nil in lists
	Head    side   `json:"head"`
	Base    side   `json:"base"`
	User    struct {
		ID int64 `json:"id"`
	} `json:"user"`
}

// side is one end of a pull request.
type side struct {
	Ref  string `json:"ref"`
	SHA  string `json:"sha"`
	Repo *struct {
		ID int64 `json:"id"`
	} `json:"repo"`
}

func (s side) isIn(repository int64) bool { return s.Repo != nil && s.Repo.ID == repository }

// pulls reads the pull requests of an operation.
type pulls struct{ *reader }

// hasOurText reports whether a pull request is ours but perhaps for the commit at its head.
func (r pulls) hasOurText(p *pull) bool {
	want := r.op.PullRequest
	return p.ID != 0 && p.Number > 0 && p.Title == want.Title && p.Body == r.text.body && p.Base.Ref == want.Base.Branch &&
		p.Head.Ref == want.Head.Branch && p.Head.isIn(r.op.Target.RepositoryID) && p.Base.isIn(r.op.Target.RepositoryID)
}

// isOurs reports whether a pull request is the planned one. Whether it is a draft is left
// out: people change that in the course of a review.
func (r pulls) isOurs(p *pull, head string) bool {
	return r.hasOurText(p) && marketops.FullSHA(head) && p.Head.SHA == head
}

// blocks reports whether GitHub would refuse ours because of this one.
func (r pulls) blocks(p *pull) bool {
	want := r.op.PullRequest
	return p.State != "closed" && p.Head.Ref == want.Head.Branch && p.Base.Ref == want.Base.Branch && p.Head.isIn(r.op.Target.RepositoryID)
}

func (r pulls) hasOurMarker(p *pull) bool { return strings.Contains(p.Body, r.text.marker) }

// list reads every pull request from the head branch, open or not: GitHub forbids two open ones
// only, so one that somebody has closed would otherwise come back. The base is not part of the
// question because people can change the base of a pull request.
func (r pulls) list(ctx context.Context) ([]pull, error) {
	return wire.List[pull](ctx, r.Caller, wire.PagesOf("list the pull requests", r.listPath()))
}

// listPath names the owner of the branch: without it GitHub does not filter at all.
func (r pulls) listPath() string {
	return r.path("pulls?state=all&per_page=%d&head=", wire.PerPage) + url.QueryEscape(r.op.Target.Owner()+":"+r.op.PullRequest.Head.Branch)
}

// look tells whether the pull request from the commit head is there as planned. An open one
// is preferred; one that was merged or closed counts as well. Where its number is known it is
// read too, because lists lag behind.
func (r pulls) look(ctx context.Context, head string, number int64) (observation, *pull, error) {
	all, err := r.list(ctx)
	if err != nil {
		return observation{}, nil, err
	}
	at := observation{presence: publisher.Absent, detail: "there is no such pull request"}
	var found *pull
	for i := range all {
		p := &all[i]
		switch {
		case r.isOurs(p, head):
			if found == nil || found.State == "closed" {
				found = p
			}
		case r.hasOurMarker(p) || p.Number == number:
			at = observation{presence: publisher.Conflict, detail: fmt.Sprintf("pull request %d claims to be ours and has other content", p.Number)}
		case r.blocks(p) && at.presence == publisher.Absent:
			at = observation{presence: publisher.Conflict, taken: true, detail: fmt.Sprintf("pull request %d of another user is open for the same branches", p.Number)}
		}
	}
	if found != nil {
		number = found.Number
	}
	if found == nil && (at.presence != publisher.Absent || number == 0) {
		return at, nil, nil
	}
	return r.lookAt(ctx, head, number)
}

// lookAt reads one pull request back by its number.
func (r pulls) lookAt(ctx context.Context, head string, number int64) (observation, *pull, error) {
	var p pull
	_, err := r.GetKnown(ctx, "read the pull request", r.path("pulls/%d", number), &p)
	switch {
	case wire.IsNotShown(err):
		return observation{detail: "GitHub does not show the pull request"}, nil, nil
	case err != nil:
		return observation{}, nil, err
	case p.Number != number || !r.isOurs(&p, head):
		return observation{presence: publisher.Conflict, detail: fmt.Sprintf("pull request %d has other content than ours", number)}, nil, nil
	}
	r.note(&p)
	detail := "the pull request is open, as planned"
	if p.State == "closed" {
		detail = "the pull request was opened as planned, and has been closed or merged"
	}
	return observation{presence: publisher.Found, detail: detail}, &p, nil
}

func (r pulls) note(p *pull) {
	r.facts.number("pull_number", p.Number)
	r.facts.number("pull_id", p.ID)
	r.facts.number("pull_author_id", p.User.ID)
	r.facts.note("head_sha", p.Head.SHA)
	r.facts.page(p.HTMLURL)
}
