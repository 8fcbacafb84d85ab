package github

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// TestTamper: somebody changes things while the draft is being filled. The last look sees it
// and nothing is published.
func TestTamper(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *stage, draft string)
		code   marketops.Code
	}{
		"text": {func(s *stage, draft string) {
			s.makes("PATCH", "releases/"+draft, map[string]any{"body": "theirs"})
		}, marketops.GitHubConflict},
		"name": {func(s *stage, draft string) {
			s.makes("PATCH", "releases/"+draft, map[string]any{"name": "theirs"})
		}, marketops.GitHubConflict},
		"tag of the draft": {func(s *stage, draft string) {
			s.makes("PATCH", "releases/"+draft, map[string]any{"tag_name": "v2"})
		}, marketops.GitHubConflict},
		"file": {func(s *stage, draft string) {
			s.makes("POST", "releases/"+draft+"/assets?name=theirs.txt", []byte("theirs"))
		}, marketops.GitHubConflict},
		"another release for the tag": {func(s *stage, _ string) {
			s.makes("POST", "releases", rel("v1.4.0", "theirs", "", false))
		}, marketops.GitHubConflict},
		"archived": {func(s *stage, _ string) { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true }) }, marketops.GitHubDenied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			tamper := func() { c.change(s, s.diary.facts[keyReleaseID]) }
			s.onCall(4, tamper) // before the second upload
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, c.code)
			if strings.Contains(strings.Join(s.authorized, " "), effectTag) || states(ev) != "tag=absent release=absent" {
				t.Errorf("authorized %v, %s, %s", s.authorized, states(ev), s.kinds())
			}
		})
	}
}

// TestTamperBehindTag: another user changes things once the tag is there, before the last look.
func TestTamperBehindTag(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*stage)
		states string
	}{
		"tag moved": {func(s *stage) { s.point("refs/tags/v1.4.0", s.commit) }, "tag=absent release=absent"},
		"tag gone":  {func(s *stage) { s.noTag() }, "tag=absent release=absent"},
		"text": {func(s *stage) {
			s.makes("PATCH", "releases/"+s.diary.facts[keyReleaseID], map[string]any{"body": "theirs"})
		}, "tag=applied release=absent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.onTagged(func() { c.change(s) })
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, marketops.GitHubConflict)
			if strings.Contains(strings.Join(s.authorized, " "), effectRelease) || states(ev) != c.states {
				t.Errorf("authorized %v, %s, %s", s.authorized, states(ev), s.kinds())
			}
		})
	}
}

// noTag deletes the tag, as another user.
func (s *stage) noTag() {
	s.Helper()
	if err := s.repo.DeleteRef("refs/tags/v1.4.0"); err != nil {
		s.Fatal(err)
	}
}

// onTagged runs f once the tag is there and was read back.
func (s *stage) onTagged(f func()) {
	var once sync.Once
	s.front(func(a *answer) {
		if a.is("GET", "/releases") && s.count(githubtest.RefCreated) > 0 {
			once.Do(f)
		}
	})
}

// onCall runs f at the n-th leave to write.
func (s *stage) onCall(n int, f func()) {
	calls := 0
	s.deny = func(what string) error {
		if what == "call" {
			if calls++; calls == n {
				f()
			}
		}
		return nil
	}
}

// TestEditAtTheLastMoment: what changes after the last look is overwritten by what was authorised.
func TestEditAtTheLastMoment(t *testing.T) {
	s := newStage(t)
	s.onCall(6, func() {
		s.makes("PATCH", "releases/"+s.diary.facts[keyReleaseID], map[string]any{"name": "theirs", "body": "theirs"})
	})
	op := s.releaseOp()
	if _, err := s.apply(op); err != nil {
		t.Fatal(err)
	}
	s.published(op)
	s.lawful()
}

// TestFileAtTheLastMoment cannot be prevented, but it is seen and not called a success.
func TestFileAtTheLastMoment(t *testing.T) {
	s := newStage(t)
	s.onCall(6, func() {
		s.makes("POST", "releases/"+s.diary.facts[keyReleaseID]+"/assets?name=theirs.txt", []byte("theirs"))
	})
	ev, err := s.apply(s.releaseOp())
	s.isUnknown(err)
	if states(ev) != "tag=applied release=unknown" || s.count(githubtest.ReleasePublished) != 1 {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestPublishedTooEarly: another user publishes our draft before we do. That is not our release, even if it is equal.
// Before our tag is there, GitHub makes one of its own for it, which is in our way.
func TestPublishedTooEarly(t *testing.T) {
	publish := func(s *stage) {
		s.makes("PATCH", "releases/"+s.diary.facts[keyReleaseID], map[string]any{"draft": false})
	}
	t.Run("after the tag", func(t *testing.T) {
		s := newStage(t)
		s.onTagged(func() { publish(s) })
		op := s.releaseOp()
		ev, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict)
		if states(ev) != "tag=applied release=absent" || slices.Contains(s.authorized, effectRelease) || s.count(githubtest.ReleasePublished) != 1 {
			t.Errorf("%v %s %v", err, states(ev), s.authorized)
		}
	})
	t.Run("before the tag", func(t *testing.T) {
		s := newStage(t)
		s.onCall(5, func() { publish(s) })
		ev, err := s.apply(s.releaseOp())
		s.isFailure(err, marketops.GitHubConflict)
		if !strings.HasPrefix(states(ev), "tag=absent") || !strings.Contains(stateOfError(err), "the release 1002, which another user published") || strings.Contains(strings.Join(s.authorized, " "), effectRelease) {
			t.Errorf("%s %v", states(ev), s.authorized)
		}
	})
}

// TestTagGoneAtTheLastMoment: GitHub makes a lightweight tag for a release whose tag is gone. That cannot be
// prevented; it is seen and listed, and is no success.
func TestTagGoneAtTheLastMoment(t *testing.T) {
	s := newStage(t)
	s.onCall(6, s.noTag)
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.GitHubConflict)
	if states(ev) != "tag=absent release=applied" || s.count(githubtest.ReleasePublished) != 1 || s.git("cat-file", "-t", "refs/tags/v1.4.0") != "commit" {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
	if !strings.Contains(err.Error(), "lightweight") || !strings.Contains(stateOfError(err), "on GitHub now: the release 1002") {
		t.Errorf("%v: %s", err, stateOfError(err))
	}
	s.lawful()
}

// TestReleaseByWorkflow: the tag starts a workflow, which publishes a release for it before ours.
func TestReleaseByWorkflow(t *testing.T) {
	s := newStage(t)
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.ReleaseOnTag = true })
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.GitHubConflict)
	if !strings.Contains(stateOfError(err), "on GitHub now: the tag v1.4.0 and the draft 1002 with 2 of 2 files") {
		t.Error(stateOfError(err))
	}
	if states(ev) != "tag=applied release=absent" || s.count(githubtest.ReleasePublished) != 1 || strings.Contains(strings.Join(s.authorized, " "), effectRelease) {
		t.Errorf("%s %s %v", states(ev), s.kinds(), s.authorized)
	}
	s.lawful()
}

func stateOfError(err error) string {
	var f *marketops.Failure
	if errors.As(err, &f) {
		return f.State
	}
	return ""
}

// TestTaken: somebody is quicker with the tag, or with the release.
func TestTaken(t *testing.T) {
	t.Run("tag", func(t *testing.T) {
		s := newStage(t)
		s.onCall(2, func() { s.point("refs/tags/v1.4.0", s.commit) })
		ev, err := s.apply(s.releaseOp())
		s.isFailure(err, marketops.GitHubConflict)
		if states(ev) != "tag=absent release=absent" || s.git("rev-parse", "refs/tags/v1.4.0") != s.commit {
			t.Errorf("%s", states(ev))
		}
	})
	t.Run("release", func(t *testing.T) {
		s := newStage(t)
		s.onCall(6, func() { s.makes("POST", "releases", rel("v1.4.0", "theirs", "", false)) })
		ev, err := s.apply(s.releaseOp())
		s.isFailure(err, marketops.GitHubConflict)
		if states(ev) != "tag=applied release=absent" || s.count(githubtest.ReleasePublished) != 1 {
			t.Errorf("%s %s", states(ev), s.kinds())
		}
	})
	t.Run("release, after a lost attempt", func(t *testing.T) {
		s := newStage(t)
		s.srv.Inject(githubtest.Fault{Method: "PATCH", Path: mutations[4].path, Action: githubtest.ResetBefore})
		s.onCall(6, func() { s.makes("POST", "releases", rel("v1.4.0", "theirs", "", false)) })
		ev, err := s.apply(s.releaseOp())
		s.isFailure(err, marketops.GitHubConflict) // GitHub allows one for a tag, so ours is not there
		if states(ev) != "tag=applied release=absent" {
			t.Errorf("%s %s", states(ev), s.kinds())
		}
	})
}

// TestManyReleases: our draft stands on a later page.
func TestManyReleases(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	ours := s.makes("POST", "releases", rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true))
	s.drafts = []int64{ours.ID}
	for range 205 {
		s.makes("POST", "releases", rel("v0.0.1", "older", "", true))
	}
	ev, err := s.apply(op)
	if err != nil || id(ev, "release_id") != strings.TrimPrefix(s.idPath(ours), "releases/") {
		t.Fatalf("%v %v", err, ev.GitHub)
	}
	if n := s.count(githubtest.DraftCreated); n != 206 {
		t.Errorf("%d drafts", n)
	}
	s.lawful()
}

// TestLaggingList: the list does not show the draft that was just made; its recorded id does.
func TestLaggingList(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/releases", Action: githubtest.StaleRead, Skip: 2})
	if _, err := s.apply(op); err != nil {
		t.Fatal(err)
	}
	if n := s.count(githubtest.DraftCreated); n != 1 {
		t.Errorf("%d drafts", n)
	}
	s.published(op)
	s.lawful()
}

// TestLostDraft: the answer to the draft is lost. Its id was never told, so that it is left alone: a draft
// like ours may be anybody's.
func TestLostDraft(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/releases", Action: githubtest.ResetAfter})
	ev, err := s.apply(op)
	if err != nil || s.count(githubtest.DraftCreated) != 2 || s.count(githubtest.ReleaseDeleted) != 0 || !strings.Contains(ev.Note, "by hand") {
		t.Errorf("%v %q %s", err, ev.Note, s.kinds())
	}
	s.published(op)
	s.oneRelease()
	s.lawful()
}
