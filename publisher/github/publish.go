package github

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// releaseWriter makes the tag and the release of an operation.
type releaseWriter struct {
	*session
	tag      *tagWriter
	releases releases
	draft    *draftWriter
	assets   *assetWriter
	filled   bool  // the draft holds everything that is planned
	latest   int64 // the latest release before we published; 0: none
}

func newReleaseWriter(s *session, tag *tagWriter) *releaseWriter {
	r := newReleases(s.reader)
	s.draft = &draftWriter{session: s, releases: r}
	return &releaseWriter{session: s, tag: tag, releases: r, draft: s.draft, assets: &assetWriter{session: s, assets: r.assets}}
}

// run publishes, or leaves no draft behind where GitHub refused before anything was visible.
func (w *releaseWriter) run(ctx context.Context) error {
	err := w.publishAll(ctx)
	if w.draft.id != 0 && isDefinite(err) {
		w.draft.discard(ctx, len(w.sent) == 0 && len(w.work.Past) == 0)
	}
	return err
}

// definiteCodes are those of refusals that trying again would meet again.
var definiteCodes = []marketops.Code{
	marketops.GitHubDenied, marketops.GitHubConflict, marketops.RedirectRefused, marketops.HostMismatch,
	marketops.RepositoryMismatch, marketops.ContentMismatch, marketops.UploadDigestDiffers, marketops.RefMoved,
}

func isDefinite(err error) bool { return slices.Contains(definiteCodes, marketops.CodeOf(err)) }

// publishAll makes the tag once everything else is ready, and then publishes. An error in between leaves the tag.
func (w *releaseWriter) publishAll(ctx context.Context) error {
	if w.makesTag() {
		if err := w.tag.ensure(ctx, w.prepare); err != nil {
			return err
		}
	}
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
	at, rel, err := w.releases.look(ctx, w.draft.noted())
	if rel != nil {
		w.draft.id = rel.ID
	}
	return at, err
}

// prepare does all that can be refused while nothing is visible: it reads everything that could be in
// the way of tag and release, makes the tag object and the draft, and reads both back.
func (w *releaseWriter) prepare(ctx context.Context) error {
	if err := w.tag.checkFree(ctx); err != nil {
		return err
	}
	published, err := w.checkFree(ctx)
	if err != nil {
		return err
	}
	if err := w.tag.ensureObject(ctx); err != nil {
		return err
	}
	if !published {
		if err := w.fill(ctx); err != nil {
			return err
		}
		if err := w.checkDraft(ctx); err != nil {
			return err
		}
	}
	return w.tag.readObject(ctx)
}

// prepareOnExisting is prepare for a release whose tag is there already.
func (w *releaseWriter) prepareOnExisting(ctx context.Context) (err error) {
	if w.makesTag() {
		return nil
	}
	if w.tag.object, err = w.tag.tags().requireExisting(ctx); err != nil {
		return err
	}
	return w.tag.checkFree(ctx)
}

// checkFree looks for the release once, and refuses what is in its way.
func (w *releaseWriter) checkFree(ctx context.Context) (published bool, err error) {
	at, err := w.find(ctx)
	if err == nil && at.presence != publisher.Found && at.presence != publisher.Absent {
		err = w.effect(effectRelease).settle(at, nil)
	}
	return at.presence == publisher.Found, err
}

// send publishes the draft, which is filled first where the tag was there already.
func (w *releaseWriter) send(ctx context.Context) (wire.WriteResult, error) {
	if err := w.prepareOnExisting(ctx); err != nil {
		return wire.Undone, err
	}
	if err := w.fill(ctx); err != nil {
		return wire.Undone, err
	}
	if err := w.recheck(ctx); err != nil {
		return wire.Undone, err
	}
	return w.publish(ctx, w.draft.id)
}

// fill fills the draft and looks at the list again: filling takes time.
func (w *releaseWriter) fill(ctx context.Context) error {
	if w.filled {
		return nil
	}
	if err := w.draft.ensure(ctx); err != nil {
		return err
	}
	if err := w.assets.ensureAll(ctx, w.draft.id); err != nil {
		return err
	}
	published, err := w.checkFree(ctx)
	if err == nil && published {
		err = draftConflict("another user published the draft")
	}
	w.filled = err == nil
	return err
}

// recheck is the last look at everything that publishing would make visible.
func (w *releaseWriter) recheck(ctx context.Context) error {
	if err := w.preflight(ctx, true); err != nil {
		return err
	}
	if err := w.checkTag(ctx); err != nil {
		return err
	}
	if err := w.noteLatest(ctx); err != nil {
		return err
	}
	return w.checkDraft(ctx)
}

// checkDraft reads the draft whole, with its files.
func (w *releaseWriter) checkDraft(ctx context.Context) error {
	rel, err := w.releases.get(ctx, w.draft.id)
	if err != nil {
		return err
	}
	if !w.draft.isIntact(rel) {
		return draftConflict("our draft is not as we left it")
	}
	difference, err := w.releases.assets.compare(ctx, w.draft.id)
	if err == nil && difference != "" {
		err = draftConflict("our draft is not as we left it: " + difference)
	}
	return err
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
		Body: w.targeted(map[string]any{
			"tag_name": w.op.Tag.Name, "name": rel.Name, "body": w.text.body,
			"draft": false, "prerelease": rel.Prerelease, "make_latest": rel.MakeLatest,
		})}
	var got release
	return w.Write(ctx, c, wire.Expect(wire.OK, &got, func() bool {
		return got.ID == id && !got.Draft && got.PublishedAt != "" && w.releases.isOurs(&got)
	}))
}

// targeted adds the commit for which GitHub would make a tag. Beside a tag that is there it means nothing, and GitHub would want
// Workflows: write for it (chipsenkbeil/distant#284, intent-hq/intent#1277).
func (r *reader) targeted(body map[string]any) map[string]any {
	if r.makesTag() {
		body["target_commitish"] = r.op.Tag.Commit
	}
	return body
}

var errNotYet = errors.New("GitHub does not show it yet")

// readBack looks at what publishing changed besides the release: the ref and who is latest. GitHub makes a
// lightweight tag for a release whose tag is gone.
func (w *releaseWriter) readBack(ctx context.Context) error {
	if err := w.checkTag(ctx); err != nil {
		return err
	}
	if w.sent[effectRelease] > 0 {
		w.readLatest(ctx)
	}
	return nil
}

// checkTag reads the tag once more. One that is gone or another one is listed as not applied.
func (w *releaseWriter) checkTag(ctx context.Context) error {
	at, _, err := w.tag.tags().await(ctx, w.tag.object)
	if err == nil {
		return nil
	}
	gone := errors.Is(err, errNotYet)
	if w.makesTag() {
		w.effect(effectTag).state = stateOfLost(gone && (at.presence == publisher.Absent || at.taken))
	}
	if !gone {
		return err
	}
	return w.tagConflict(at)
}

// stateOfLost is the state of a tag that was there and is not as it was.
func stateOfLost(proven bool) receipt.EffectState {
	if proven {
		return receipt.EffectAbsent
	}
	return receipt.EffectUnknown
}

// tagConflict says what became of a tag that was there.
func (w *releaseWriter) tagConflict(at observation) error {
	name := w.op.Tag.Name
	if !w.makesTag() {
		return w.tag.tags().moved(at)
	}
	if w.sent[effectRelease] == 0 {
		return draftConflict(fmt.Sprintf("another user changed the tag %s: %s", name, at.detail))
	}
	return &marketops.Failure{Code: marketops.GitHubConflict, State: wire.StateStopped, What: fmt.Sprintf(
		"the release is published and its tag %s is not the planned one: %s; where the tag is deleted before, GitHub makes a lightweight one", name, at.detail)}
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
		if rel.ID != w.draft.id || rel.Draft || !w.releases.isOurs(&rel) || w.draft.author != 0 && rel.Author.ID != w.draft.author {
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
