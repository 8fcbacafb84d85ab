package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/cenkalti/backoff/v5"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

func (s *session) bringRelease(ctx context.Context) error {
	e := s.effect(effectRelease)
	err := s.bring(ctx, e, strategy{
		look: func(ctx context.Context) (observation, error) {
			at, rel, err := s.lookRelease(ctx, s.recorded())
			if rel != nil {
				s.release.id = rel.ID
			}
			return at, err
		},
		send: s.sendRelease,
	})
	if err != nil {
		return err
	}
	if err := s.readBack(ctx); err != nil {
		return err
	}
	return s.byTag(ctx, e)
}

// sendRelease prepares the draft whole and then publishes it. Nothing before the PATCH is visible.
func (s *session) sendRelease(ctx context.Context) (writeResult, error) {
	draft, err := s.prepareDraft(ctx)
	if err != nil {
		return undone, err
	}
	if err := s.gate(ctx, draft.ID); err != nil {
		return undone, err
	}
	return s.publish(ctx, draft.ID)
}

// prepareDraft fills the draft and looks at the list again: filling takes time, and a late
// answer may have left a double.
func (s *session) prepareDraft(ctx context.Context) (*release, error) {
	draft, err := s.draft(ctx)
	for range maxRounds {
		if err != nil {
			return nil, err
		}
		if err := s.fill(ctx, draft.ID); err != nil {
			return nil, err
		}
		filled := draft.ID
		if draft, err = s.draft(ctx); err == nil && draft.ID == filled {
			return draft, nil
		}
	}
	return nil, &marketops.Failure{Code: marketops.GitHubUnreachable, What: "GitHub's list of releases does not settle", State: stateDraftKept}
}

// gate is the last look at everything that publishing would make visible.
func (s *session) gate(ctx context.Context, id int64) error {
	if err := s.preflight(ctx, true); err != nil {
		return err
	}
	at, object, err := s.lookTag(ctx)
	if err != nil {
		return err
	}
	if at.presence != publisher.Found || object != s.tag.object {
		return s.blocked("the tag is not where it was: " + at.detail)
	}
	if err := s.noteLatest(ctx); err != nil {
		return err
	}
	rel, err := s.byID(ctx, id)
	if err != nil {
		return err
	}
	if rel == nil || !rel.Draft || !s.ours(rel) {
		return s.blocked("our draft is not as we left it")
	}
	differs, err := s.compareAssets(ctx, id)
	if err != nil {
		return err
	}
	if differs != "" {
		return s.blocked("our draft is not as we left it: " + differs)
	}
	return nil
}

func (s *session) blocked(what string) error {
	return &marketops.Failure{Code: marketops.GitHubConflict, What: what, State: stateDraftKept}
}

// noteLatest remembers who is latest where ours must not become it.
func (s *session) noteLatest(ctx context.Context) (err error) {
	if s.op.Release.MakeLatest == "false" {
		s.release.latest, err = s.latest(ctx)
	}
	return err
}

// latest is the id of the latest release, 0 if GitHub shows none.
func (r *reader) latest(ctx context.Context) (int64, error) {
	var rel release
	_, err := r.get(ctx, "read the latest release", r.repoPath("releases/latest"), &rel)
	if isNotShown(err) {
		return 0, nil
	}
	return rel.ID, err
}

// publish is the point of no return. Name and text are sent once more, so that an edit after
// the last look is not what becomes visible.
func (s *session) publish(ctx context.Context, id int64) (writeResult, error) {
	rel := s.op.Release
	c := &call{step: "publish the release", method: http.MethodPatch, path: s.repoPath("releases/%d", id), effect: effectRelease,
		body: map[string]any{
			"tag_name": s.op.Tag.Name, "target_commitish": s.op.Tag.Commit, "name": rel.Name, "body": s.words.body,
			"draft": false, "prerelease": rel.Prerelease, "make_latest": rel.MakeLatest,
		}}
	return s.write(ctx, c, func(x *exchange) error {
		var got release
		if err := decode(x, http.StatusOK, &got); err != nil {
			return err
		}
		if got.ID != id || got.Draft || got.PublishedAt == "" || !s.ours(&got) {
			return errOther
		}
		return nil
	})
}

var errNotYet = errors.New("GitHub does not show it yet")

// readBack looks at what publishing changed besides the release: the ref and who is latest.
func (s *session) readBack(ctx context.Context) error {
	if s.sent[effectRelease] == 0 {
		return nil
	}
	tag := s.effect(effectTag)
	at, object, err := s.lookTag(ctx)
	if err != nil || at.presence != publisher.Found || object != s.tag.object {
		tag.state = stateUnknown
		return errors.Join(s.blocked("the tag is not where it was: "+at.detail), err)
	}
	s.readLatest(ctx)
	return nil
}

// readLatest records who is latest, and tells where that is not what was asked for. It decides
// nothing: the release is published as planned, and which one GitHub shows as the latest follows from
// all releases of the repository, those that others publish at this moment included.
func (s *session) readLatest(ctx context.Context) {
	want, id := s.op.Release.MakeLatest, int64(0)
	err := s.again(ctx, "read the latest release", func() (err error) {
		if id, err = s.latest(ctx); err != nil {
			return backoff.Permanent(err)
		}
		if want == "true" && id != s.release.id {
			return errNotYet
		}
		return nil
	})
	ours := id == s.release.id
	switch {
	case err != nil && !errors.Is(err, errNotYet):
		s.seen.told = "the release is published; who is latest cannot be read"
		return
	case want == "true" && !ours:
		s.seen.told = fmt.Sprintf("the release is published with make_latest true; GitHub shows release %d as the latest", id)
	case want == "false" && ours && s.release.latest != 0:
		s.seen.told = fmt.Sprintf("the release is published with make_latest false; GitHub shows it as the latest all the same, and showed release %d before", s.release.latest)
	case want == "false" && ours:
		s.seen.told = "the release is published with make_latest false; GitHub shows it as the latest because there is no other"
	}
	s.seen.number("latest_release_id", id)
}

// byTag finds the release as strangers find it. It is what success rests on.
func (s *session) byTag(ctx context.Context, e *effect) error {
	err := s.again(ctx, "read the release by its tag", func() error {
		var rel release
		_, err := s.get(ctx, "read the release by its tag", s.repoPath("releases/tags/%s", s.op.Tag.Name), &rel)
		if err != nil && !isNotShown(err) {
			return backoff.Permanent(err)
		}
		if rel.ID != s.release.id || rel.Draft || !s.ours(&rel) {
			return errNotYet
		}
		s.noteRelease(&rel)
		return nil
	})
	if err != nil {
		e.state = stateUnknown
	}
	return err
}
