package github

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/omega/marketops"
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
	calls := r.previewTag()
	if slices.Contains(names, effectRelease) {
		calls = append(calls, r.previewRelease()...)
	}
	return calls
}

func (r *reader) plan(method, why, format string, args ...any) marketops.Call {
	return marketops.Call{Method: method, Path: "/" + r.repoPath(format, args...), Why: why}
}

func (r *reader) previewTag() []marketops.Call {
	t := r.op.Tag
	return []marketops.Call{
		r.plan(http.MethodGet, "the repository is the planned one", ""),
		r.plan(http.MethodGet, "no such tag", "git/matching-refs/tags/%s", t.Name),
		r.plan(http.MethodGet, "no branch of that name", "git/matching-refs/heads/%s", t.Name),
		r.plan(http.MethodGet, "the commit has the planned tree", "git/commits/%s", t.Commit),
		r.plan(http.MethodPost, "make the tag object, which nobody sees yet", "git/tags"),
		r.plan(http.MethodGet, "the tag object is the planned one", "git/tags/{tag_object}"),
		r.plan(http.MethodPost, "visible: make the tag "+t.Name, "git/refs"),
		r.plan(http.MethodGet, "read the tag back", "git/matching-refs/tags/%s", t.Name),
		r.plan(http.MethodGet, "read its object back", "git/tags/{tag_object}"),
	}
}

func (r *reader) previewRelease() []marketops.Call {
	t, rel := r.op.Tag, r.op.Release
	calls := []marketops.Call{
		r.plan(http.MethodGet, "no release for the tag, published or draft", "releases?per_page=%d", perPage),
		r.plan(http.MethodPost, "create a draft, which strangers do not see", "releases"),
		r.plan(http.MethodGet, "no files yet", "releases/{release_id}/assets?per_page=%d", perPage),
	}
	for _, a := range rel.Assets {
		c := r.plan(http.MethodPost, fmt.Sprintf("upload %d bytes with %s", a.Size, a.SHA256), "releases/{release_id}/assets?name=")
		c.Path += url.QueryEscape(a.Name)
		calls = append(calls, c)
	}
	return append(calls,
		r.plan(http.MethodGet, "one draft, and it is ours", "releases?per_page=%d", perPage),
		r.plan(http.MethodGet, "the repository is still the planned one", ""),
		r.plan(http.MethodGet, "the tag is still there", "git/matching-refs/tags/%s", t.Name),
		r.plan(http.MethodGet, "the draft is as planned", "releases/{release_id}"),
		r.plan(http.MethodGet, "its files are the planned ones", "releases/{release_id}/assets?per_page=%d", perPage),
		r.plan(http.MethodPatch, "visible: publish the release "+rel.Name+", make_latest "+rel.MakeLatest, "releases/{release_id}"),
		r.plan(http.MethodGet, "read the release back", "releases/{release_id}"),
		r.plan(http.MethodGet, "who is latest", "releases/latest"),
		r.plan(http.MethodGet, "the release as strangers see it", "releases/tags/%s", t.Name),
	)
}
