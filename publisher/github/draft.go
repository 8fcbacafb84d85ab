package github

import (
	"context"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// Bounds of the search for the one draft.
const (
	maxDrafts = 3 // drafts we create before we give up
	maxRounds = 8 // looks at the list
)

const keyReleaseID = "release_id"

// draftWriter makes the draft of a release.
type draftWriter struct {
	*session
	releases releases
	id       int64 // 0: not known yet
	created  int
}

// recordedID is the id of our draft, from this attempt or an earlier one on this machine, or 0.
func (w *draftWriter) recordedID() int64 {
	if w.id != 0 {
		return w.id
	}
	return w.recallNumber(keyReleaseID)
}

// ensure makes sure that there is exactly one draft of ours and returns it.
func (w *draftWriter) ensure(ctx context.Context) (*release, error) {
	for range maxRounds {
		l, err := w.releases.list(ctx, w.recordedID())
		if err != nil {
			return nil, err
		}
		if l.foreign != "" || l.published != nil {
			if l.foreign == "" {
				l.foreign = "the release was published meanwhile"
			}
			return nil, wire.Stopf(marketops.GitHubConflict, "%s", l.foreign)
		}
		if l.drafts, err = w.addRecorded(ctx, l.drafts); err != nil {
			return nil, err
		}
		switch len(l.drafts) {
		case 0:
			err = w.create(ctx)
		case 1:
			return &l.drafts[0], w.adopt(&l.drafts[0])
		default:
			err = w.removeDuplicates(ctx, l.drafts[1:])
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, &marketops.Failure{Code: marketops.GitHubUnreachable, What: "GitHub's list of releases does not settle", State: wire.StateDraftKept}
}

// addRecorded adds the recorded draft if the list lags behind and does not show it.
func (w *draftWriter) addRecorded(ctx context.Context, drafts []release) ([]release, error) {
	id := w.recordedID()
	if len(drafts) > 0 || id == 0 {
		return drafts, nil
	}
	own, err := w.releases.get(ctx, id)
	if err != nil || own == nil || !own.Draft {
		return nil, err
	}
	if !w.releases.isOurs(own) {
		return nil, wire.Stopf(marketops.GitHubConflict, "our draft was changed by another user")
	}
	return []release{*own}, nil
}

// adopt makes the id durable before anything is built on it.
func (w *draftWriter) adopt(rel *release) error {
	if err := w.CheckUploadURL(rel.UploadURL); err != nil {
		return err
	}
	w.id = rel.ID
	w.facts.number("release_id", rel.ID)
	return w.record(keyReleaseID, strconv.FormatInt(rel.ID, 10))
}

// create is the one write that GitHub would do twice. If it is unclear, the list is read
// until it shows the draft or the reads after all pauses have proven it absent.
func (w *draftWriter) create(ctx context.Context) error {
	if w.created >= maxDrafts {
		return wire.Stopf(marketops.GitHubUnreachable, "no draft after %d attempts", maxDrafts)
	}
	w.created++
	rel := w.op.Release
	c := &wire.Call{Step: "create the draft", Method: wire.Post, Path: w.path("releases"), Body: map[string]any{
		"tag_name": w.op.Tag.Name, "target_commitish": w.op.Tag.Commit, "name": rel.Name, "body": w.text.body,
		"draft": true, "prerelease": rel.Prerelease, "generate_release_notes": false,
	}}
	var got release
	result, err := w.Write(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.Draft && w.releases.isOurs(&got)
	}))
	switch result {
	case wire.Done:
		return w.adopt(&got)
	case wire.Undone:
		return err
	}
	return w.await(ctx, err)
}

func (w *draftWriter) await(ctx context.Context, why error) error {
	for _, d := range w.Pauses() {
		if err := w.Pause(ctx, "looking for the draft: "+w.RedactError(why).Error(), d); err != nil {
			return wire.Interruption("looking for the draft", err)
		}
		l, err := w.releases.list(ctx, w.recordedID())
		if err != nil || len(l.drafts) > 0 || l.foreign != "" || l.published != nil {
			return err
		}
	}
	return nil
}

// removeDuplicates removes drafts that late answers left behind: ours in every word, hidden, and
// without any file that is not of the plan.
func (w *draftWriter) removeDuplicates(ctx context.Context, doubles []release) error {
	for i := range doubles {
		id := doubles[i].ID
		now, err := w.releases.get(ctx, id)
		if err != nil {
			return err
		}
		if now == nil || !now.Draft || !w.releases.isOurs(now) {
			continue // the list is read again
		}
		files, err := w.releases.assets.list(ctx, id)
		if err != nil {
			return err
		}
		if w.releases.assets.hasForeign(files) {
			return wire.Stopf(marketops.GitHubConflict, "draft %d looks like ours and has files that are not of the plan", id)
		}
		if err := w.remove(ctx, "remove a double draft", w.path("releases/%d", id)); err != nil {
			return err
		}
	}
	return nil
}
