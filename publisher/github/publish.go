package github

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// releaseWriter publishes the release of an operation, whose tag is there already.
type releaseWriter struct {
	*session
	tag      *tagWriter
	releases releases
	draft    *draftWriter
	assets   *assetWriter
	latest   int64 // the latest release before we published; 0: none
}

func newReleaseWriter(s *session, tag *tagWriter) *releaseWriter {
	r := newReleases(s.reader)
	return &releaseWriter{session: s, tag: tag, releases: r,
		draft: &draftWriter{session: s, releases: r}, assets: &assetWriter{session: s, assets: r.assets}}
}

func (w *releaseWriter) run(ctx context.Context) error {
	e := w.effect(effectRelease)
	if err := w.ensureEffect(ctx, e, strategy{look: w.find, send: w.send}); err != nil {
		return err
	}
	if err := w.readBack(ctx); err != nil {
		return err
	}
	return w.readByTag(ctx, e)
}

func (w *releaseWriter) find(ctx context.Context) (observation, error) {
	at, rel, err := w.releases.look(ctx, w.draft.recordedID())
	if rel != nil {
		w.draft.id = rel.ID
	}
	return at, err
}

// send prepares the draft whole and then publishes it. Nothing before the PATCH is visible.
func (w *releaseWriter) send(ctx context.Context) (wire.WriteResult, error) {
	draft, err := w.prepare(ctx)
	if err != nil {
		return wire.Undone, err
	}
	if err := w.recheck(ctx, draft.ID); err != nil {
		return wire.Undone, err
	}
	return w.publish(ctx, draft.ID)
}

// prepare fills the draft and looks at the list again: filling takes time, and a late
// answer may have left a double.
func (w *releaseWriter) prepare(ctx context.Context) (*release, error) {
	draft, err := w.draft.ensure(ctx)
	for range maxRounds {
		if err != nil {
			return nil, err
		}
		if err := w.assets.ensureAll(ctx, draft.ID); err != nil {
			return nil, err
		}
		filled := draft.ID
		if draft, err = w.draft.ensure(ctx); err == nil && draft.ID == filled {
			return draft, nil
		}
	}
	return nil, &marketops.Failure{Code: marketops.GitHubUnreachable, What: "GitHub's list of releases does not settle", State: wire.StateDraftKept}
}

// recheck is the last look at everything that publishing would make visible.
func (w *releaseWriter) recheck(ctx context.Context, id int64) error {
	if err := w.preflight(ctx, true); err != nil {
		return err
	}
	at, object, err := w.tag.tags().look(ctx)
	if err != nil {
		return err
	}
	if at.presence != publisher.Found || object != w.tag.object {
		return draftConflict("the tag is not where it was: " + at.detail)
	}
	if err := w.noteLatest(ctx); err != nil {
		return err
	}
	rel, err := w.releases.get(ctx, id)
	if err != nil {
		return err
	}
	if rel == nil || !rel.Draft || !w.releases.isOurs(rel) {
		return draftConflict("our draft is not as we left it")
	}
	difference, err := w.releases.assets.compare(ctx, id)
	if err != nil {
		return err
	}
	if difference != "" {
		return draftConflict("our draft is not as we left it: " + difference)
	}
	return nil
}

func draftConflict(what string) error {
	return &marketops.Failure{Code: marketops.GitHubConflict, What: what, State: wire.StateDraftKept}
}

// noteLatest remembers who is latest where ours must not become it.
func (w *releaseWriter) noteLatest(ctx context.Context) (err error) {
	if w.op.Release.MakeLatest == "false" {
		w.latest, err = w.releases.latest(ctx)
	}
	return err
}

// publish is the point of no return. Name and text are sent once more, so that an edit after
// the last look is not what becomes visible.
func (w *releaseWriter) publish(ctx context.Context, id int64) (wire.WriteResult, error) {
	rel := w.op.Release
	c := &wire.Call{Step: "publish the release", Method: wire.Patch, Path: w.path("releases/%d", id), Effect: effectRelease,
		Body: map[string]any{
			"tag_name": w.op.Tag.Name, "target_commitish": w.op.Tag.Commit, "name": rel.Name, "body": w.text.body,
			"draft": false, "prerelease": rel.Prerelease, "make_latest": rel.MakeLatest,
		}}
	var got release
	return w.Write(ctx, c, wire.Expect(wire.OK, &got, func() bool {
		return got.ID == id && !got.Draft && got.PublishedAt != "" && w.releases.isOurs(&got)
	}))
}

var errNotYet = errors.New("GitHub does not show it yet")

// readBack looks at what publishing changed besides the release: the ref and who is latest.
func (w *releaseWriter) readBack(ctx context.Context) error {
	if w.sent[effectRelease] == 0 {
		return nil
	}
	tag := w.effect(effectTag)
	at, object, err := w.tag.tags().look(ctx)
	if err != nil || at.presence != publisher.Found || object != w.tag.object {
		tag.state = receipt.EffectUnknown
		return errors.Join(draftConflict("the tag is not where it was: "+at.detail), err)
	}
	w.readLatest(ctx)
	return nil
}

// readLatest records who is latest, and tells where that is not what was asked for. It decides
// nothing: the release is published as planned, and which one GitHub shows as the latest follows from
// all releases of the repository, those that others publish at this moment included.
func (w *releaseWriter) readLatest(ctx context.Context) {
	want, id := w.op.Release.MakeLatest, int64(0)
	err := w.Retry(ctx, "read the latest release", func() (err error) {
		if id, err = w.releases.latest(ctx); err != nil {
			return wire.Permanent(err)
		}
		if want == "true" && id != w.draft.id {
			return errNotYet
		}
		return nil
	})
	ours := id == w.draft.id
	switch {
	case err != nil && !errors.Is(err, errNotYet):
		w.facts.told = "the release is published; who is latest cannot be read"
		return
	case want == "true" && !ours:
		w.facts.told = fmt.Sprintf("the release is published with make_latest true; GitHub shows release %d as the latest", id)
	case want == "false" && ours && w.latest != 0:
		w.facts.told = fmt.Sprintf("the release is published with make_latest false; GitHub shows it as the latest all the same, and showed release %d before", w.latest)
	case want == "false" && ours:
		w.facts.told = "the release is published with make_latest false; GitHub shows it as the latest because there is no other"
	}
	w.facts.number("latest_release_id", id)
}

// readByTag finds the release as strangers find it. It is what success rests on.
func (w *releaseWriter) readByTag(ctx context.Context, e *effect) error {
	err := w.Retry(ctx, "read the release by its tag", func() error {
		var rel release
		_, err := w.Get(ctx, "read the release by its tag", w.path("releases/tags/%s", w.op.Tag.Name), &rel)
		if err != nil && !wire.IsNotShown(err) {
			return wire.Permanent(err)
		}
		if rel.ID != w.draft.id || rel.Draft || !w.releases.isOurs(&rel) {
			return errNotYet
		}
		w.releases.note(&rel)
		return nil
	})
	if err != nil {
		e.state = receipt.EffectUnknown
	}
	return err
}
