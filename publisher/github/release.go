package github

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
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

// ours reports whether a release is the planned one in every field that GitHub shows.
func (r *reader) ours(rel *release) bool {
	return rel.ID != 0 && rel.Body == r.words.body && rel.TagName == r.op.Tag.Name &&
		rel.Name == r.op.Release.Name && rel.Prerelease == r.op.Release.Prerelease
}

// concerns reports whether a release stands where ours goes or claims to be ours.
func (r *reader) concerns(rel *release, recorded int64) bool {
	return rel.TagName == r.op.Tag.Name || rel.ID == recorded || strings.Contains(rel.Body, r.words.marker)
}

// standing is what the list of all releases says about ours.
type standing struct {
	drafts    []release // ours, lowest id first
	published *release  // ours
	foreign   string    // what is in the way, in words
	taken     bool      // it is published, and for our tag
}

// releases reads all releases and sorts out those that concern us.
func (r *reader) releases(ctx context.Context, recorded int64) (standing, error) {
	all, err := list[release](ctx, r.get, "list the releases", r.repoPath("releases?per_page=%d", perPage))
	if err != nil {
		return standing{}, err
	}
	var st standing
	known := map[int64]bool{}
	for i := range all {
		rel := &all[i]
		if known[rel.ID] || !r.concerns(rel, recorded) {
			continue // a list that grows meanwhile shows one twice
		}
		known[rel.ID] = true
		st.sort(rel, r.ours(rel), r.op.Tag.Name)
	}
	slices.SortFunc(st.drafts, func(a, b release) int { return cmp.Compare(a.ID, b.ID) })
	return st, nil
}

func (st *standing) sort(rel *release, ours bool, tag string) {
	switch {
	case !ours:
		st.foreign = "release " + strconv.FormatInt(rel.ID, 10) + " stands there with other content"
		st.taken = st.taken || !rel.Draft && rel.TagName == tag
	case rel.Draft:
		st.drafts = append(st.drafts, *rel)
	default:
		st.published = rel
	}
}

// byID reads one release; nil without an error means that GitHub does not show it.
func (r *reader) byID(ctx context.Context, id int64) (*release, error) {
	var rel release
	_, err := r.getKnown(ctx, "read the release", r.repoPath("releases/%d", id), &rel)
	if errors.Is(err, errNotShown) {
		return nil, nil
	}
	if err == nil && rel.ID != id {
		return nil, &marketops.Failure{Code: marketops.GitHubUnreachable, What: "GitHub shows another release than the one asked for", State: stateStopped}
	}
	return &rel, err
}

// lookRelease tells whether the release is published as planned. Where its id is known the
// release itself is read too, because lists lag behind.
func (r *reader) lookRelease(ctx context.Context, id int64) (observation, *release, error) {
	st, err := r.releases(ctx, id)
	if err != nil {
		return observation{}, nil, err
	}
	if st.foreign != "" {
		return observation{presence: publisher.Conflict, detail: st.foreign, taken: st.taken}, nil, nil
	}
	published := st.published
	if id != 0 && published == nil {
		own, err := r.byID(ctx, id)
		switch {
		case err != nil:
			return observation{}, nil, err
		case own != nil && !r.ours(own):
			return observation{presence: publisher.Conflict, detail: "our draft was changed by somebody else"}, nil, nil
		case own != nil && !own.Draft:
			published = own
		}
	}
	if published == nil {
		return observation{presence: publisher.Absent, detail: "the release is not published"}, nil, nil
	}
	return r.wholeRelease(ctx, published)
}

// wholeRelease compares the files of a published release.
func (r *reader) wholeRelease(ctx context.Context, rel *release) (observation, *release, error) {
	differs, err := r.compareAssets(ctx, rel.ID)
	if err != nil {
		return observation{}, nil, err
	}
	if differs != "" {
		return observation{presence: publisher.Conflict, detail: "the release is published, but " + differs}, nil, nil
	}
	r.noteRelease(rel)
	return observation{presence: publisher.Found, detail: "the release is published, as planned"}, rel, nil
}

func (r *reader) noteRelease(rel *release) {
	r.seen.number("release_id", rel.ID)
	r.seen.note("release_node_id", rel.NodeID)
	r.seen.number("release_author_id", rel.Author.ID)
	r.seen.note("published_at", rel.PublishedAt)
	r.seen.note("immutable", strconv.FormatBool(rel.Immutable))
	r.seen.page(rel.HTMLURL)
}
