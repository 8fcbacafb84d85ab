package github

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// Preview implements [publisher.SideEffectPort] with [Preview].
func (p *Port) Preview(op marketops.Operation) []marketops.Call { return Preview(op) }

// Preview lists the calls of an Apply that meets no trouble, in their order. It does no I/O and
// needs no port, so that a dry run can show them without holding one. Ids that GitHub will give
// stand in braces. An operation that no port can do has no calls.
func Preview(op marketops.Operation) []marketops.Call {
	names, err := effectsOf(op)
	if err != nil {
		return nil
	}
	r := &reader{op: op}
	if op.PullRequest != nil {
		return r.previewPull(slices.Contains(names, effectBranch))
	}
	if slices.Contains(names, effectRelease) {
		return r.previewRelease()
	}
	return slices.Concat(r.previewReads(), r.previewObject(), r.previewTag())
}

func (r *reader) plan(method, why, format string, args ...any) marketops.Call {
	return marketops.Call{Method: method, Path: "/" + r.path(format, args...), Why: why}
}

func (r *reader) previewReads() []marketops.Call {
	t := r.op.Tag
	return slices.Concat([]marketops.Call{
		r.plan(wire.Get, "the repository is the planned one", ""),
		r.plan(wire.Get, "the default branch, whose workflows may be others", "git/matching-refs/heads/{default_branch}"),
		r.plan(wire.Get, "no such tag, and none below it", "git/matching-refs/tags/%s", t.Name),
	}, r.previewAbove("tags", t.Name), []marketops.Call{
		r.plan(wire.Get, "no branch of that name", "git/matching-refs/heads/%s", t.Name),
		r.plan(wire.Get, "the commit has the planned tree", "git/commits/%s", t.Commit),
	})
}

func (r *reader) previewAbove(space, name string) (calls []marketops.Call) {
	for _, above := range marketops.RefsAbove(name) {
		calls = append(calls, r.plan(wire.Get, "none above it", "git/ref/%s/%s", space, above))
	}
	return calls
}

// previewExisting reads a tag that is there already.
func (r *reader) previewExisting() []marketops.Call {
	t := r.op.Tag
	calls := []marketops.Call{r.plan(wire.Get, "the repository is the planned one", ""), r.plan(wire.Get, "the tag is where it was planned", "git/matching-refs/tags/%s", t.Name)}
	if t.Existing.Type != "commit" {
		calls = append(calls, r.plan(wire.Get, "its object is of the planned commit", "git/tags/{tag_object}"))
	}
	return append(calls, r.previewReads()[3:]...)
}

func (r *reader) previewObject() []marketops.Call {
	return []marketops.Call{r.plan(wire.Post, "make the tag object, not visible yet", "git/tags")}
}

func (r *reader) previewTag() []marketops.Call {
	t := r.op.Tag
	return []marketops.Call{
		r.plan(wire.Get, "the tag object is the planned one", "git/tags/{tag_object}"),
		r.plan(wire.Post, "visible: make the tag "+t.Name, "git/refs"),
		r.plan(wire.Get, "read the tag back", "git/matching-refs/tags/%s", t.Name),
		r.plan(wire.Get, "read its object back", "git/tags/{tag_object}"),
	}
}

// previewRelease is a tag with its release: nothing is visible before the draft is whole.
func (r *reader) previewRelease() []marketops.Call {
	list := r.plan(wire.Get, "no release for the tag, published or draft", "releases?per_page=%d", wire.PerPage)
	again := list
	again.Why = "still none"
	if !r.makesTag() {
		return slices.Concat(r.previewExisting(), []marketops.Call{list}, r.previewDraft(), []marketops.Call{again}, r.previewPublish())
	}
	return slices.Concat(r.previewReads(), []marketops.Call{list}, r.previewObject(), r.previewDraft(), []marketops.Call{again},
		r.previewCheck(), r.previewTag(), []marketops.Call{again}, r.previewPublish())
}

func (r *reader) previewDraft() []marketops.Call {
	calls := []marketops.Call{
		r.plan(wire.Post, "create a draft, which strangers do not see", "releases"),
		r.plan(wire.Get, "no files yet", "releases/{release_id}/assets?per_page=%d", wire.PerPage),
	}
	for _, a := range r.op.Release.Assets {
		c := r.plan(wire.Post, fmt.Sprintf("upload %d bytes with %s", a.Size, a.SHA256), "releases/{release_id}/assets?name=")
		c.Path += url.QueryEscape(a.Name)
		calls = append(calls, c)
	}
	return calls
}

func (r *reader) previewCheck() []marketops.Call {
	return []marketops.Call{
		r.plan(wire.Get, "the draft is as planned", "releases/{release_id}"),
		r.plan(wire.Get, "its files are the planned ones", "releases/{release_id}/assets?per_page=%d", wire.PerPage),
	}
}

func (r *reader) previewPublish() []marketops.Call {
	t, rel := r.op.Tag, r.op.Release
	calls := append([]marketops.Call{
		r.plan(wire.Get, "the repository is still the planned one", ""),
		r.plan(wire.Get, "the tag is still there", "git/matching-refs/tags/%s", t.Name),
	}, r.previewCheck()...)
	return append(calls,
		r.plan(wire.Patch, "visible: publish the release "+rel.Name+", make_latest "+rel.MakeLatest, "releases/{release_id}"),
		r.plan(wire.Get, "read the release back", "releases/{release_id}"),
		r.plan(wire.Get, "the tag is the planned one", "git/matching-refs/tags/%s", t.Name),
		r.plan(wire.Get, "who is latest", "releases/latest"),
		r.plan(wire.Get, "the release as strangers see it", "releases/tags/%s", t.Name),
	)
}

func (r *reader) previewPull(branch bool) []marketops.Call {
	p := r.op.PullRequest
	calls := []marketops.Call{r.plan(wire.Get, "the repository is the planned one", "")}
	if branch {
		calls = append(calls, r.previewBranch()...)
	}
	pulls := marketops.Call{Method: wire.Get, Path: "/" + pulls{r}.listPath()}
	before, after := pulls, pulls
	before.Why, after.Why = "no such pull request, open or not", "read the pull request back"
	return append(calls, before,
		r.plan(wire.Get, p.Base.Branch+" is where it was planned from", "git/matching-refs/heads/%s", p.Base.Branch),
		r.plan(wire.Get, p.Head.Branch+" is at the planned commit", "git/matching-refs/heads/%s", p.Head.Branch),
		r.plan(wire.Post, fmt.Sprintf("visible: open the pull request %s, draft %t", p.Title, p.Draft), "pulls"),
		after,
		r.plan(wire.Get, "read it by its number", "pulls/{pull_number}"),
	)
}

func (r *reader) previewBranch() []marketops.Call {
	p := r.op.PullRequest
	head := r.plan(wire.Get, "no such branch, and none below it", "git/matching-refs/heads/%s", p.Head.Branch)
	calls := []marketops.Call{
		head,
		{Method: wire.Get, Path: "/" + pulls{r}.listPath(), Why: "nor a pull request of ours from it"},
	}
	calls = append(append(calls, r.previewAbove("heads", p.Head.Branch)...),
		r.plan(wire.Get, "no tag of that name", "git/matching-refs/tags/%s", p.Head.Branch),
		r.plan(wire.Get, p.Base.Branch+" is where it was planned from", "git/matching-refs/heads/%s", p.Base.Branch),
		r.plan(wire.Get, "the base has the planned tree", "git/commits/%s", p.Base.SHA),
		r.plan(wire.Get, "the changes make the planned tree of it", "git/trees/%s", p.Changes.BaseTree),
	)
	for _, folder := range foldersOf(p.Changes.Changes) {
		calls = append(calls, r.plan(wire.Get, folder+", if there is such a folder", "git/trees/{tree}"))
	}
	for _, c := range p.Changes.Changes {
		calls = append(calls, r.plan(wire.Post, fmt.Sprintf("%s: %d bytes with %s, not visible yet", c.Path, c.Size, c.SHA256), "git/blobs"))
	}
	head.Why = "read the branch back"
	return append(calls,
		r.plan(wire.Post, "the planned files on top of the base's", "git/trees"),
		r.plan(wire.Post, "the commit, not visible yet", "git/commits"),
		r.plan(wire.Get, "the commit is the planned one", "git/commits/{commit}"),
		r.plan(wire.Post, "visible: make the branch "+p.Head.Branch, "git/refs"),
		head,
		r.plan(wire.Get, "it changes the planned files and no others", "compare/%s...{commit}", p.Base.SHA),
	)
}

// foldersOf are the folders on the paths of changes, each once.
func foldersOf(changes []marketops.Change) (out []string) {
	seen := map[string]bool{}
	for _, c := range changes {
		for i, r := range c.Path {
			if folder := c.Path[:i]; r == '/' && !seen[folder] {
				seen[folder], out = true, append(out, folder)
			}
		}
	}
	return out
}
