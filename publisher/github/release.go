package github

import (
	"context"
	"fmt"
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
	Discussion  string `json:"discussion_url"` // we ask for none
	Author      struct {
		ID int64 `json:"id"`
	} `json:"author"`
}

// releases reads the release of an operation.
type releases struct {
	*reader
	assets *assets
	gone   map[int64]bool // ids that GitHub does not show any more, after every pause
}

func newReleases(r *reader) releases { return releases{r, &assets{reader: r}, map[int64]bool{}} }

// isOurs reports whether a release is the planned one in every field that GitHub shows.
func (r releases) isOurs(rel *release) bool {
	return rel.ID != 0 && rel.Body == r.text.body && rel.TagName == r.op.Tag.Name &&
		rel.Name == r.op.Release.Name && rel.Discussion == "" && rel.Prerelease == r.op.Release.Prerelease
}

// releaseList is what the list of all releases says about ours.
type releaseList struct {
	published *release // ours
	foreign   string   // what is in the way, in words
	taken     bool     // it is published, and for our tag
	lost      []int64  // drafts with our marker that were not noted: lost answers of ours, or copies
}

// list reads all releases and sorts out those that stand where ours goes or claim to be ours.
func (r releases) list(ctx context.Context, noted []int64) (releaseList, error) {
	all, err := wire.List[release](ctx, r.Caller, wire.PagesOf("list the releases", r.path("releases?per_page=%d", wire.PerPage)))
	if err != nil {
		return releaseList{}, err
	}
	var l releaseList
	known := map[int64]bool{}
	for i := range all {
		rel := &all[i]
		if !known[rel.ID] { // a list that grows meanwhile shows one twice
			known[rel.ID] = true
			r.sort(&l, rel, slices.Contains(noted, rel.ID))
		}
	}
	return l, nil
}

// sort puts one release into the list. A draft with our marker that was not noted is not in the way.
func (r releases) sort(l *releaseList, rel *release, noted bool) {
	marked, forTag := strings.Contains(rel.Body, r.text.marker), rel.TagName == r.op.Tag.Name
	switch {
	case rel.Draft && marked && !noted:
		l.lost = append(l.lost, rel.ID)
	case rel.Draft && noted && r.isOurs(rel):
	case noted && r.isOurs(rel):
		l.published = rel
	case r.isOurs(rel):
		l.foreign, l.taken = fmt.Sprintf("release %d is published, as planned, but not from a draft of this operation", rel.ID), true
	case marked || noted || forTag:
		l.foreign = fmt.Sprintf("%s %d is there with other content", kindOf(rel), rel.ID)
		l.taken = l.taken || !rel.Draft && forTag
	}
}

func kindOf(rel *release) string {
	if rel.Draft {
		return "draft"
	}
	return "release"
}

// get reads one release; nil without an error means that GitHub does not show it.
func (r releases) get(ctx context.Context, id int64) (*release, error) {
	if r.gone[id] {
		return nil, nil
	}
	var rel release
	_, err := r.GetKnown(ctx, "read the release", r.path("releases/%d", id), &rel)
	if wire.IsNotShown(err) {
		r.gone[id] = true
		return nil, nil
	}
	if err == nil && rel.ID != id {
		return nil, wire.Stopf(marketops.GitHubUnreachable, "GitHub shows another release than the one asked for")
	}
	return &rel, err
}

// countDone counts the writes that need not be made again: the draft that [draftWriter.ensure] would continue, and its files.
func (r releases) countDone(ctx context.Context, noted []int64) (int, error) {
	for _, id := range noted {
		rel, err := r.get(ctx, id)
		if err != nil {
			return 0, err
		}
		if rel == nil {
			continue
		}
		files, err := r.assets.list(ctx, id)
		return 1 + r.assets.countPlanned(files), err
	}
	return 0, nil
}

// look tells whether the release is published as planned. Where the ids of its drafts are noted
// these are read too, because lists lag behind.
func (r releases) look(ctx context.Context, noted []int64) (observation, *release, error) {
	l, err := r.list(ctx, noted)
	if err != nil {
		return observation{}, nil, err
	}
	r.facts.lost = l.lost
	if l.foreign != "" {
		return observation{presence: publisher.Conflict, detail: l.foreign, taken: l.taken}, nil, nil
	}
	for _, id := range noted {
		if l.published != nil {
			break
		}
		own, err := r.get(ctx, id)
		switch {
		case err != nil:
			return observation{}, nil, err
		case own != nil && !r.isOurs(own):
			return observation{presence: publisher.Conflict, detail: fmt.Sprintf("our draft %d was changed by another user", id)}, nil, nil
		case own != nil && !own.Draft:
			l.published = own
		}
	}
	if l.published == nil {
		return observation{presence: publisher.Absent, detail: "the release is not published"}, nil, nil
	}
	return r.lookAtFiles(ctx, l.published)
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
