package githubtest

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxReleaseBody is GitHub's limit, in characters.
const maxReleaseBody = 125_000

// releaseInput is what may be said about a release; what is not said stays as it was.
type releaseInput struct {
	TagName    *string `json:"tag_name"`
	Target     *string `json:"target_commitish"`
	Name, Body *string
	Draft      *bool
	Prerelease *bool
	MakeLatest *string `json:"make_latest"`
	Discussion *string `json:"discussion_category_name"`
	Generate   bool    `json:"generate_release_notes"`
}

func set[T any](target *T, said *T) {
	if said != nil {
		*target = *said
	}
}

func (in *releaseInput) apply(r *release) {
	set(&r.tag, in.TagName)
	set(&r.target, in.Target)
	set(&r.name, in.Name)
	set(&r.body, in.Body)
	set(&r.draft, in.Draft)
	set(&r.prerelease, in.Prerelease)
}

func createRelease(c *call) answer {
	var in releaseInput
	c.decode(&in)
	r := &release{target: c.repo.spec.DefaultBranch, author: c.login()}
	in.apply(r)
	if in.Generate {
		r.body = strings.TrimPrefix(r.body+"\n\n**Full Changelog**: "+c.webRepo("/commits/"+escapePath(r.tag)), "\n\n")
	}
	if refused, stop := c.checkRelease(&in, r); stop {
		return refused
	}
	if k, found := c.target(r.target); found && c.lacksWorkflows(k.sha) {
		return c.workflowsDenied()
	}
	if c.unseen() {
		return c.invalid(problem{Resource: "Release", Code: "invalid", Field: "target_commitish"})
	}
	r.id, r.updated = c.server.takeID(), c.server.now()
	effects := []Effect{c.effect(DraftCreated, r.tag, "", r.id, false)}
	if !r.draft {
		effects = c.publish(r, in.MakeLatest)
	}
	c.repo.live.releases = append(c.repo.live.releases, r)
	return created(c.releaseJSON(r), effects...)
}

func updateRelease(c *call) answer {
	var in releaseInput
	c.decode(&in)
	old := c.repo.live.release(c.id("release_id"))
	if old == nil {
		return c.notFound()
	}
	r := old.clone()
	in.apply(r)
	if old.immutable && (r.tag != old.tag || r.target != old.target || r.draft) {
		return c.invalid(problem{Resource: "Release", Code: "custom", Message: "Cannot change the tag or the target of an immutable release"})
	}
	if refused, stop := c.checkRelease(&in, r); stop {
		return refused
	}
	r.updated = c.server.now()
	effects := []Effect{c.effect(ReleaseUpdated, r.tag, "", r.id, !r.draft || !old.draft)}
	switch {
	case !r.draft && old.draft:
		effects = c.publish(r, in.MakeLatest)
	case !r.draft:
		c.makeLatest(r, in.MakeLatest, "")
	}
	*old = *r
	a := ok(c.releaseJSON(old))
	a.effects = effects
	return a
}

// checkRelease refuses what GitHub refuses, in its words.
func (c *call) checkRelease(in *releaseInput, r *release) (answer, bool) {
	if in.Discussion != nil {
		return c.notFound(), true // no repository here has discussions
	}
	if utf8.RuneCountInString(r.body) > maxReleaseBody {
		return c.invalid(problem{"Release", "custom", "body", "body is too long (maximum is 125000 characters)"}), true
	}
	if !c.repo.git.wellFormed("refs/tags/" + r.tag) {
		return c.invalid(problem{"Release", "custom", "tag_name", "tag_name is not well-formed"},
			problem{Resource: "Release", Code: "custom", Message: wordsNoTag}), true
	}
	tagged, exists := lookup(c.repo.git.refs(), "refs/tags/"+r.tag)
	target, found := c.target(r.target)
	if exists { // then the target is ignored, whatever it says
		target, _ = c.repo.git.peel(tagged.sha)
	} else if !found {
		return c.invalid(problem{Resource: "Release", Code: "invalid", Field: "target_commitish"}), true
	}
	r.created = target.committer.Date
	if r.draft {
		return answer{}, false
	}
	return c.checkPublished(r)
}

func (c *call) checkPublished(r *release) (answer, bool) {
	if slices.Contains(c.repo.live.burnt, r.tag) {
		return c.invalid(problem{"Release", "custom", "tag_name", wordsBurntTag},
			problem{Resource: "Release", Code: "custom", Message: wordsNoTag}), true
	}
	if other := c.repo.live.publishedFor(r.tag); other != nil && other.id != r.id {
		return c.invalid(problem{Resource: "Release", Code: "already_exists", Field: "tag_name"}), true
	}
	return answer{}, false
}

// target is a branch or a full commit id, nothing shorter.
func (c *call) target(name string) (commit, bool) {
	sha := name
	if branch, found := lookup(c.repo.git.refs(), "refs/heads/"+strings.TrimPrefix(name, "refs/heads/")); found {
		sha = branch.sha
	}
	k, err := c.repo.git.commit(sha)
	return k, err == nil
}

// publish makes the tag if it does not exist, a lightweight one at the target, and shows
// the release to everybody.
func (c *call) publish(r *release, makeLatest *string) []Effect {
	var effects []Effect
	name := "refs/tags/" + r.tag
	if _, exists := lookup(c.repo.git.refs(), name); !exists {
		at, _ := c.target(r.target)
		if err := c.repo.git.createRef(name, at.sha); err == nil {
			effects = append(effects, c.effect(RefCreated, name, at.sha, 0, true))
		}
	}
	r.published, r.immutable = c.server.now(), c.repo.spec.ImmutableReleases
	c.makeLatest(r, makeLatest, "true")
	return append(effects, c.effect(ReleasePublished, r.tag, "", r.id, true))
}

// makeLatest follows GitHub's field: "legacy" leaves the choice to the dates.
func (c *call) makeLatest(r *release, said *string, otherwise string) {
	choice := otherwise
	set(&choice, said)
	live := c.repo.live
	switch {
	case choice == "true" && !r.prerelease:
		live.latest = r.id
	case choice == "legacy", choice == "false" && live.latest == r.id:
		live.latest = 0
	}
}

func deleteRelease(c *call) answer {
	live := c.repo.live
	r := live.release(c.id("release_id"))
	if r == nil {
		return c.notFound()
	}
	if r.immutable {
		live.burnt = append(live.burnt, r.tag)
	}
	live.releases = slices.DeleteFunc(live.releases, func(o *release) bool { return o.id == r.id })
	return noContent(c.effect(ReleaseDeleted, r.tag, "", r.id, !r.draft))
}
