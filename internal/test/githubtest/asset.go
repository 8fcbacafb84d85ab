package githubtest

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxAssets is GitHub's limit for one release.
const maxAssets = 1000

// asset is one file of a release. Its bytes are a file of their own.
type asset struct {
	id                 int64
	name, label, media string
	open               bool // an upload that broke off
	size               int
	digest, uploader   string
	created            time.Time
}

func (s *Server) assetFile(id int64) string {
	return filepath.Join(s.options.Dir, "assets", fmt.Sprint(id))
}

func (c *call) assetJSON(r *release, a *asset) object {
	body := object{
		"id": a.id, "node_id": nodeID("ReleaseAsset", a.id), "url": c.repoURL(fmt.Sprintf("/releases/assets/%d", a.id)),
		"browser_download_url": c.webRepo("/releases/download/" + r.address() + "/" + webSegment(a.name)),
		"name":                 a.name, "label": a.label, "state": "uploaded", "content_type": a.media, "size": a.size,
		"digest": "sha256:" + a.digest, "download_count": 0,
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "uploader": c.server.userJSON(a.uploader),
	}
	if a.open {
		body["state"], body["digest"] = "open", nil
	}
	return body
}

func listAssets(c *call) answer {
	r := c.visible()
	if r == nil {
		return c.notFound()
	}
	return paged(c, r.assets, func(a *asset) object { return c.assetJSON(r, a) })
}

// asset finds an asset and its release by the asset's id.
func (c *call) asset() (*release, *asset) {
	for _, r := range c.view.releases {
		if r.draft && !c.push {
			continue
		}
		for _, a := range r.assets {
			if a.id == c.id("asset_id") {
				return r, a
			}
		}
	}
	return nil, nil
}

// getAsset answers the description or, to those who ask for bytes, where they are: at
// another origin, by a signed address that needs no token.
func getAsset(c *call) answer {
	r, a := c.asset()
	if a == nil {
		return c.notFound()
	}
	if !strings.Contains(c.request.Header.Get("Accept"), "application/octet-stream") {
		return ok(c.assetJSON(r, a))
	}
	return answer{status: http.StatusFound, header: http.Header{"Location": {c.server.objectAddress(a)}}}
}

func deleteAsset(c *call) answer {
	r, a := c.asset()
	if a == nil {
		return c.notFound()
	}
	if r.immutable {
		return c.unprocessable(wordsImmutableDel)
	}
	r.assets = slices.DeleteFunc(r.assets, func(o *asset) bool { return o.id == a.id })
	return noContent(c.effect(AssetDeleted, a.name, "sha256:"+a.digest, a.id, !r.draft))
}

func uploadAsset(c *call) answer {
	r := c.repo.live.release(c.id("release_id"))
	if refused, stop := c.checkUpload(r); stop {
		return refused
	}
	a := c.newAsset()
	a.size, a.digest = int(c.upload.size), hex.EncodeToString(c.upload.sum[:])
	if err := c.upload.keep(c.server.assetFile(a.id)); err != nil {
		return c.refuse(http.StatusInternalServerError, err.Error())
	}
	r.assets = append(r.assets, a)
	return created(c.assetJSON(r, a), c.effect(AssetUploaded, a.name, "sha256:"+a.digest, a.id, !r.draft))
}

func (c *call) newAsset() *asset {
	q := c.query()
	return &asset{
		id: c.server.takeID(), name: rewriteName(q.Get("name")), label: q.Get("label"),
		media: c.request.Header.Get("Content-Type"), uploader: c.login(), created: c.server.now(),
	}
}

func (c *call) checkUpload(r *release) (answer, bool) {
	switch {
	case r == nil:
		return c.notFound(), true
	case r.immutable:
		return c.unprocessable(wordsImmutable), true
	case c.request.ContentLength <= 0:
		return c.refuse(http.StatusBadRequest, "Bad Content-Length"), true
	case c.request.Header.Get("Content-Type") == "":
		return c.invalid(problem{Resource: "ReleaseAsset", Code: "missing_field", Field: "content_type"}), true
	case len(r.assets) >= maxAssets:
		return c.invalid(problem{Resource: "ReleaseAsset", Code: "custom", Message: "too many assets"}), true
	}
	name := rewriteName(c.query().Get("name"))
	if c.query().Get("name") == "" {
		return c.invalid(problem{Resource: "ReleaseAsset", Code: "missing_field", Field: "name"}), true
	}
	if slices.ContainsFunc(r.assets, func(a *asset) bool { return a.name == name }) {
		return c.invalid(problem{Resource: "ReleaseAsset", Code: "already_exists", Field: "name"}), true
	}
	return answer{}, false
}

var (
	notInNames = regexp.MustCompile(`[^A-Za-z0-9_+@-]+`)
	// some of the letters that lose their marks: travis-ci/dpl#821, cli/cli#7201
	withoutMarks = strings.NewReplacer("ä", "a", "ć", "c", "é", "e", "ö", "o", "ü", "u", "ł", "l", "ó", "o", "ż", "z", "ð", "d", "æ", "ae", "ŋ", "ng")
)

// rewriteName is what GitHub makes of a file name (softprops/action-gh-release#159, cli/cli#7024): other characters become
// dots, and dots stand alone and never at an end. A name that began with one, or is changed and has none, begins with "default".
func rewriteName(name string) string {
	shown := withoutMarks.Replace(name)
	if strings.HasPrefix(shown, ".") {
		shown = "default" + shown
	}
	shown = strings.Trim(notInNames.ReplaceAllString(shown, "."), ".")
	if shown != name && !strings.Contains(shown, ".") {
		shown = strings.TrimSuffix("default."+shown, ".")
	}
	return shown
}

// breakOff is an upload that GitHub gave up: nothing usable arrived, but the name is taken
// until somebody deletes what is left.
func (s *Server) breakOff(c *call) answer {
	if c.route == nil || c.route.ID != uploadOperation {
		return c.failed(0, http.StatusBadGateway, "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused, stop := c.admitted(); stop {
		return refused
	}
	r := c.repo.live.release(c.id("release_id"))
	if refused, stop := c.checkUpload(r); stop {
		return refused
	}
	c.repo.before = c.repo.snapshot()
	a := c.newAsset()
	a.open = true
	r.assets = append(r.assets, a)
	s.journal.record(c.entry, []Effect{c.effect(AssetUploaded, a.name, "", a.id, !r.draft)})
	return c.failed(0, http.StatusBadGateway, "")
}
