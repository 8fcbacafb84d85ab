package githubtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// pull is one pull request, from a branch of the same repository.
type pull struct {
	id                  int64
	number              int
	title, body, author string
	head, base          string // branch names
	headSHA, baseSHA    string // the head's is its tip while the request is open
	open, draft, merged bool
	modify              bool
	seen                bool // GitHub computes mergeability after somebody has looked
	created, closedAt   time.Time
}

func (st *state) openPull(head, base string) *pull {
	i := slices.IndexFunc(st.pulls, func(p *pull) bool { return p.open && p.head == head && p.base == base })
	if i < 0 {
		return nil
	}
	return st.pulls[i]
}

// tips reads the branches: an open pull request follows its head.
func (c *call) tip(p *pull) string {
	if r, found := lookup(c.refs(), "refs/heads/"+p.head); found && p.open {
		return r.sha
	}
	return p.headSHA
}

// listPulls follows GitHub's filters: state is "open" unless said; a head without
// "owner:" does not filter at all.
func listPulls(c *call) answer {
	q := c.query()
	want, base := q.Get("state"), q.Get("base")
	owner, head, owned := strings.Cut(q.Get("head"), ":")
	var shown []*pull
	for _, p := range c.view.pulls {
		if want == "closed" && p.open || (want == "open" || want == "") && !p.open ||
			base != "" && p.base != base ||
			owned && (p.head != head || !strings.EqualFold(owner, c.repo.spec.Owner)) {
			continue
		}
		shown = append(shown, p)
	}
	if q.Get("direction") != "asc" {
		slices.Reverse(shown)
	}
	return paged(c, shown, c.pullJSON)
}

func getPull(c *call) answer {
	for _, p := range c.view.pulls {
		if p.number != int(c.id("pull_number")) {
			continue
		}
		body := c.fullPullJSON(p)
		p.seen = true
		return ok(body)
	}
	return c.notFound()
}

// updatePull closes a pull request; nothing else of it is changed here.
func updatePull(c *call) answer {
	var in struct{ State string }
	c.decode(&in)
	i := slices.IndexFunc(c.repo.live.pulls, func(p *pull) bool { return int64(p.number) == c.id("pull_number") })
	if i < 0 {
		return c.notFound()
	}
	p := c.repo.live.pulls[i]
	if in.State != "closed" || !p.open {
		return ok(c.fullPullJSON(p))
	}
	p.headSHA = c.tip(p)
	p.open, p.closedAt = false, c.server.now()
	a := ok(c.fullPullJSON(p))
	a.effects = []Effect{c.effect(PullClosed, p.head, "", int64(p.number), true)}
	return a
}

func createPull(c *call) answer {
	var in struct {
		Title, Head, Base, Body string
		Draft                   bool
		Modify                  bool `json:"maintainer_can_modify"`
	}
	c.decode(&in)
	if refused, stop := c.checkPullText(in.Title, in.Body); stop {
		return refused
	}
	if c.unseen() {
		if c.repo.spec.Unseen%2 == 0 {
			return c.invalid(problem{Resource: "PullRequest", Code: "invalid", Field: "head"}) // gitbutlerapp/gitbutler#4904
		}
		return c.pullProblem("No commits between " + in.Base + " and " + in.Head) // octokit/octokit.rb#622
	}
	head := strings.TrimPrefix(in.Head, c.repo.spec.Owner+":")
	p := &pull{title: in.Title, body: in.Body, head: head, base: in.Base, draft: in.Draft, modify: in.Modify, open: true}
	if refused, stop := c.checkPull(p); stop {
		return refused
	}
	p.id, p.author, p.created = c.server.takeID(), c.login(), c.server.now()
	p.number = len(c.repo.live.pulls) + 1
	_ = c.repo.git.pointRef(fmt.Sprintf("refs/pull/%d/head", p.number), p.headSHA)
	c.repo.live.pulls = append(c.repo.live.pulls, p)
	return created(c.fullPullJSON(p), c.effect(PullOpened, p.head, p.headSHA, int64(p.number), true))
}

// unseen reports whether a part of GitHub lags behind for this write.
func (c *call) unseen() bool {
	lags := c.repo.spec.Unseen > 0
	if lags {
		c.repo.spec.Unseen--
	}
	return lags
}

// GitHub's limits of a pull request, with its words: renovatebot/renovate#14551 for the body and
// googleapis/repo-automation-bots#1895 for the title.
const (
	maxPullBody  = 65_536
	maxPullTitle = 256
)

func (c *call) checkPullText(title, body string) (answer, bool) {
	if utf8.RuneCountInString(body) > maxPullBody {
		return c.invalid(problem{"Issue", "custom", "body", "body is too long (maximum is 65536 characters)"}), true
	}
	if utf8.RuneCountInString(title) > maxPullTitle {
		return c.invalid(problem{"Issue", "custom", "title", "title is too long (maximum is 256 characters)"}), true
	}
	return answer{}, false
}

// checkPull completes the ids of both sides, or refuses.
func (c *call) checkPull(p *pull) (answer, bool) {
	refs := c.repo.git.refs()
	base, okBase := lookup(refs, "refs/heads/"+p.base)
	head, okHead := lookup(refs, "refs/heads/"+p.head)
	switch {
	case p.title == "":
		return c.invalid(problem{Resource: "PullRequest", Code: "missing_field", Field: "title"}), true
	case !okBase:
		return c.invalid(problem{Resource: "PullRequest", Code: "invalid", Field: "base"}), true
	case !okHead:
		return c.invalid(problem{Resource: "PullRequest", Code: "invalid", Field: "head"}), true
	}
	if c.repo.live.openPull(p.head, p.base) != nil {
		return c.pullProblem("A pull request already exists for " + c.repo.spec.Owner + ":" + p.head + "."), true
	}
	if ahead, _ := c.repo.git.distance(base.sha, head.sha); ahead == 0 {
		return c.pullProblem("No commits between " + p.base + " and " + p.head), true
	}
	p.headSHA, p.baseSHA = head.sha, base.sha
	return answer{}, false
}

func (c *call) pullProblem(words string) answer {
	return c.invalid(problem{Resource: "PullRequest", Code: "custom", Message: words})
}
