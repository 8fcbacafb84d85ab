package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// release is one release, draft or published.
type release struct {
	id                      int64
	tag, target, name, body string
	author                  string
	draft, prerelease       bool
	immutable               bool
	created                 time.Time // the date of the commit, not of the release
	published, updated      time.Time // published is zero for a draft
	assets                  []*asset  // by ascending id
}

func (r *release) clone() *release {
	c := *r
	c.assets = nil
	for _, a := range r.assets {
		copied := *a
		c.assets = append(c.assets, &copied)
	}
	return &c
}

func (st *state) release(id int64) *release {
	i := slices.IndexFunc(st.releases, func(r *release) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return st.releases[i]
}

// publishedFor is the published release of a tag: there is at most one.
func (st *state) publishedFor(tag string) *release {
	i := slices.IndexFunc(st.releases, func(r *release) bool { return !r.draft && r.tag == tag })
	if i < 0 {
		return nil
	}
	return st.releases[i]
}

// latestRelease is the one made latest or, if there is none, the published full release
// with the youngest commit.
func (st *state) latestRelease() *release {
	if r := st.release(st.latest); r != nil && !r.draft && !r.prerelease {
		return r
	}
	var latest *release
	for _, r := range st.releases {
		if !r.draft && !r.prerelease && (latest == nil || !r.created.Before(latest.created)) {
			latest = r
		}
	}
	return latest
}

// address is the tag in web addresses; a draft has one that says nothing.
func (r *release) address() string {
	if r.draft {
		return fmt.Sprintf("untagged-%020x", uint64(r.id)*0x9E3779B97F4A7C15)
	}
	return webSegment(r.tag)
}

func (c *call) releaseJSON(r *release) object {
	url := c.repoURL(fmt.Sprintf("/releases/%d", r.id))
	assets := []object{}
	for _, a := range r.assets {
		assets = append(assets, c.assetJSON(r, a))
	}
	body := object{
		"id": r.id, "node_id": nodeID("Release", r.id), "url": url,
		"html_url": c.webRepo("/releases/tag/" + r.address()), "assets_url": url + "/assets",
		"upload_url": fmt.Sprintf("%s/repos/%s/releases/%d/assets{?name,label}", c.server.origins[HostUploads], c.repo.FullName(), r.id),
		"tag_name":   r.tag, "target_commitish": r.target, "name": r.name, "body": r.body,
		"draft": r.draft, "prerelease": r.prerelease, "immutable": r.immutable,
		"created_at": stamp(r.created), "updated_at": stamp(r.updated), "published_at": stampOrNull(r.published),
		"author": c.server.userJSON(r.author), "assets": assets, "tarball_url": nil, "zipball_url": nil,
	}
	if !r.draft {
		body["tarball_url"] = c.repoURL("/tarball/" + escapePath(r.tag))
		body["zipball_url"] = c.repoURL("/zipball/" + escapePath(r.tag))
	}
	return body
}

// visible is a release by its id, unless the caller may not know of it.
func (c *call) visible() *release {
	r := c.view.release(c.id("release_id"))
	if r == nil || r.draft && !c.push {
		return nil
	}
	return r
}

func getRelease(c *call) answer {
	r := c.visible()
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseJSON(r))
}

// listReleases shows the newest first, and drafts only to those who may push.
func listReleases(c *call) answer {
	var shown []*release
	for _, r := range slices.Backward(c.view.releases) {
		if !r.draft || c.push {
			shown = append(shown, r)
		}
	}
	files := 0
	a := paged(c, shown, func(r *release) object {
		files += len(r.assets)
		return c.releaseJSON(r)
	})
	if heavy := c.repo.spec.Heavy; heavy > 0 && files >= heavy {
		return c.failed(0, http.StatusBadGateway, "Server Error") // astral-sh/python-build-standalone#1083
	}
	return a
}

// getReleaseByTag never finds a draft.
func getReleaseByTag(c *call) answer {
	r := c.view.publishedFor(c.params["tag"])
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseJSON(r))
}

func getLatestRelease(c *call) answer {
	r := c.view.latestRelease()
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseJSON(r))
}
