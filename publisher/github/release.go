package github

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// release is the bound part of GitHub's release and what is kept as evidence.
// target_commitish is not looked at: GitHub repeats what it was told and ignores it.
type release struct {
	ID          int64  `json:"id"`
	NodeID      string `json:"node_id"`
	TagName     string `json:"tag_name"`
	Name        string `json:"name"`
	Body        string `json:"body"`
	Draft       bool   `json:"draft"`
	Prerelease  bool   `json:"prerelease"`
	Immutable   bool   `json:"immutable"`
	HTMLURL     string `json:"html_url"`
	UploadURL   string `json:"upload_url"`
	PublishedAt string `json:"published_at"`
	Author      struct {
		ID int64 `json:"id"`
	} `json:"author"`
}

// releases reads the release of an operation.
type releases struct {
	*reader
	assets *assets
}

func newReleases(r *reader) releases { return releases{r, &assets{reader: r}} }

// isOurs reports whether a release is the planned one in every field that GitHub shows.
func (r releases) isOurs(rel *release) bool {
	return rel.ID != 0 && rel.Body == r.text.body && rel.TagName == r.op.Tag.Name &&
		rel.Name == r.op.Release.Name && rel.Prerelease == r.op.Release.Prerelease
}

// concerns reports whether a release stands where ours goes or claims to be ours.
func (r releases) concerns(rel *release, recorded int64) bool {
	return rel.TagName == r.op.Tag.Name || rel.ID == recorded || strings.Contains(rel.Body, r.text.marker)
}

// releaseList is what the list of all releases says about ours.
type releaseList struct {
	drafts    []release // ours, lowest id first
	published *release  // ours
	foreign   string    // what is in the way, in words
	taken     bool      // it is published, and for our tag
}

// list reads all releases and sorts out those that concern us.
func (r releases) list(ctx context.Context, recorded int64) (releaseList, error) {
	all, err := wire.List[release](ctx, r.Caller, wire.PagesOf("list the releases", r.path("releases?per_page=%d", wire.PerPage)))
	if err != nil {
		return releaseList{}, err
	}
	var l releaseList
	known := map[int64]bool{}
	for i := range all {
		rel := &all[i]
		if known[rel.ID] || !r.concerns(rel, recorded) {
			continue // a list that grows meanwhile shows one twice
		}
		known[rel.ID] = true
		l.add(rel, r.isOurs(rel), r.op.Tag.Name)
	}
	slices.SortFunc(l.drafts, func(a, b release) int { return cmp.Compare(a.ID, b.ID) })
	return l, nil
}

func (l *releaseList) add(rel *release, ours bool, tag string) {
	switch {
	case !ours:
		l.foreign = "release " + strconv.FormatInt(rel.ID, 10) + " stands there with other content"
		l.taken = l.taken || !rel.Draft && rel.TagName == tag
	case rel.Draft:
		l.drafts = append(l.drafts, *rel)
	default:
		l.published = rel
	}
}

// get reads one release; nil without an error means that GitHub does not show it.
func (r releases) get(ctx context.Context, id int64) (*release, error) {
	var rel release
	_, err := r.GetKnown(ctx, "read the release", r.path("releases/%d", id), &rel)
	if wire.IsNotShown(err) {
		return nil, nil
	}
	if err == nil && rel.ID != id {
		return nil, wire.Stopf(marketops.GitHubUnreachable, "GitHub shows another release than the one asked for")
	}
	return &rel, err
}

// look tells whether the release is published as planned. Where its id is known the
// release itself is read too, because lists lag behind.
func (r releases) look(ctx context.Context, id int64) (observation, *release, error) {
	l, err := r.list(ctx, id)
	if err != nil {
		return observation{}, nil, err
	}
	if l.foreign != "" {
		return observation{presence: publisher.Conflict, detail: l.foreign, taken: l.taken}, nil, nil
	}
	published := l.published
	if id != 0 && published == nil {
		own, err := r.get(ctx, id)
		switch {
		case err != nil:
			return observation{}, nil, err
		case own != nil && !r.isOurs(own):
			return observation{presence: publisher.Conflict, detail: "our draft was changed by another user"}, nil, nil
		case own != nil && !own.Draft:
			published = own
		}
	}
	if published == nil {
		return observation{presence: publisher.Absent, detail: "the release is not published"}, nil, nil
	}
	return r.lookAtFiles(ctx, published)
}

// lookAtFiles compares the files of a published release.
func (r releases) lookAtFiles(ctx context.Context, rel *release) (observation, *release, error) {
	difference, err := r.assets.compare(ctx, rel.ID)
	if err != nil {
		return observation{}, nil, err
	}
	if difference != "" {
		return observation{presence: publisher.Conflict, detail: "the release is published, but " + difference}, nil, nil
	}
	r.note(rel)
	return observation{presence: publisher.Found, detail: "the release is published, as planned"}, rel, nil
}

func (r releases) note(rel *release) {
	r.facts.number("release_id", rel.ID)
	r.facts.note("release_node_id", rel.NodeID)
	r.facts.number("release_author_id", rel.Author.ID)
	r.facts.note("published_at", rel.PublishedAt)
	r.facts.note("immutable", strconv.FormatBool(rel.Immutable))
	r.facts.page(rel.HTMLURL)
}

// latest is the id of the latest release, 0 if GitHub shows none.
func (r releases) latest(ctx context.Context) (int64, error) {
	var rel release
	_, err := r.Get(ctx, "read the latest release", r.path("releases/latest"), &rel)
	if wire.IsNotShown(err) {
		return 0, nil
	}
	return rel.ID, err
}
