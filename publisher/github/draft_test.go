package github

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// TestUnnotedDraft: a draft that carries our marker and was never noted does not belong to the operation: it is not used, not
// removed and not in the way. Markers and texts can be copied.
func TestUnnotedDraft(t *testing.T) {
	for name, make := range map[string]func(marketops.Operation) map[string]any{
		"our whole text": func(op marketops.Operation) map[string]any {
			return rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true)
		},
		"another name": func(op marketops.Operation) map[string]any { return rel("v1.4.0", "x", must(op.ReleaseBody()), true) },
		"more text": func(op marketops.Operation) map[string]any {
			return rel("v1.4.0", op.Release.Name, must(op.ReleaseBody())+" ", true)
		},
		"another tag": func(op marketops.Operation) map[string]any { return rel("v9", "x", must(op.ReleaseBody()), true) },
		"prerelease": func(op marketops.Operation) map[string]any {
			r := rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true)
			r["prerelease"] = true
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			theirs := s.makes("POST", "releases", make(op))
			s.makes("POST", s.idPath(theirs)+"/assets?name=a.tar.gz", []byte("theirs"))
			was := s.makes("GET", s.idPath(theirs), nil)
			ev, err := s.apply(op)
			if err != nil || id(ev, "release_id") == fmt.Sprint(theirs.ID) || !strings.Contains(ev.Note, fmt.Sprint(theirs.ID)) {
				t.Errorf("%v, published %s, %q", err, id(ev, "release_id"), ev.Note)
			}
			if now := s.makes("GET", s.idPath(theirs), nil); now != was || s.count(githubtest.ReleaseDeleted)+s.count(githubtest.AssetDeleted) != 0 {
				t.Errorf("theirs became %+v: %s", now, s.kinds())
			}
			s.published(op)
			s.lawful()
		})
	}
}

// TestNotedDraft: an attempt that breaks off leaves a draft whose id is noted at the Core. Then it is continued, and its
// files are not sent again. The journal alone is not enough: TestForgedJournal.
func TestNotedDraft(t *testing.T) {
	for name, forget := range map[string]func(*stage){
		"here too":         func(*stage) {},
		"at the Core only": func(s *stage) { s.diary = newDiary() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			s.deny = func(what string) error {
				if what == effectTag {
					return &marketops.Failure{Code: marketops.CoreUnreachable}
				}
				return nil
			}
			_, err := s.apply(op)
			s.isFailure(err, marketops.CoreUnreachable)
			made := s.diary.facts[keyReleaseID]
			s.deny = nil
			forget(s)
			ev, err := s.apply(op)
			if err != nil || id(ev, "release_id") != made || s.count(githubtest.DraftCreated) != 1 || s.count(githubtest.AssetUploaded) != 2 {
				t.Errorf("%v, published %s and not %s: %s", err, id(ev, "release_id"), made, s.kinds())
			}
			if !slices.Equal(s.drafts, []int64{s.makes("GET", "releases/"+made, nil).ID}) || s.diary.facts[keyReleaseID] != made {
				t.Errorf("noted: %v, %v", s.drafts, s.diary.facts)
			}
			s.published(op)
			s.lawful()
		})
	}
}

// TestNotedDraftGone: a person removed the draft.
func TestNotedDraftGone(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.drafts = []int64{s.makes("POST", "releases", rel("v1.4.0", "x", "", true)).ID}
	if err := s.outsider("DELETE", fmt.Sprint("releases/", s.drafts[0]), nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.apply(op); err != nil {
		t.Fatal(err)
	}
	s.published(op)
	s.lawful()
}

// TestOthersInDraft: what another user put into our draft is not ours, even with the very same bytes, and
// the draft is then left to them.
func TestOthersInDraft(t *testing.T) {
	s := newStage(t)
	s.onCall(5, func() {
		draft := "releases/" + s.diary.facts[keyReleaseID]
		var files []asset
		if err := s.outsider("GET", draft+"/assets", nil, &files); err != nil {
			t.Fatal(err)
		}
		if err := s.outsider("DELETE", fmt.Sprint("releases/assets/", files[0].ID), nil, nil); err != nil {
			t.Fatal(err)
		}
		s.makes("POST", draft+"/assets?name=a.tar.gz", s.files["a.tar.gz"])
	})
	op := s.releaseOp()
	ev, err := s.apply(op)
	s.isFailure(err, marketops.GitHubConflict)
	if s.count(githubtest.ReleasePublished)+s.count(githubtest.ReleaseDeleted) != 0 {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestStrangeDraft: GitHub shows another author or a label that was not asked for, and nothing is published.
func TestStrangeDraft(t *testing.T) {
	for name, change := range map[string]func(a *answer){
		"author": func(a *answer) {
			if a.is("GET", "/releases/1002") {
				a.body = strings.Replace(a.body, `"author":{`, `"author":{"id":5,"was":{},"old":{`, 1)
				a.body = strings.Replace(a.body, `,"body":`, `},"body":`, 1)
			}
		},
		"label": func(a *answer) {
			if a.is("GET", "/assets") {
				a.body = strings.ReplaceAll(a.body, `"label":""`, `"label":"theirs"`)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.front(change)
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "tag=absent release=absent" || s.count(githubtest.RefCreated)+s.count(githubtest.ReleasePublished) != 0 {
				t.Errorf("%s %s", states(ev), s.kinds())
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		s := newStage(t)
		s.front(func(*answer) {})
		if _, err := s.apply(s.releaseOp()); err != nil {
			t.Error(err)
		}
	})
}

// TestDiscard: after a refusal that comes before anything visible our draft is removed; not where an
// earlier epoch may have begun, nor where the next attempt would continue, nor where the Core has not struck it.
func TestDiscard(t *testing.T) {
	for _, c := range []struct {
		status           int
		earlier, silent  bool
		removed, strikes int
	}{{422, false, false, 1, 1}, {422, true, false, 0, 0}, {401, false, false, 0, 0}, {422, false, true, 0, 1}} {
		t.Run(fmt.Sprint(c.status, c.earlier, c.silent), func(t *testing.T) {
			s := newStage(t)
			strikes := 0
			s.deny = func(what string) error {
				if what != "strike" {
					return nil
				}
				if strikes++; c.silent {
					return &marketops.Failure{Code: marketops.CoreUnreachable}
				}
				return nil
			}
			s.srv.Inject(githubtest.Fault{Method: "POST", Path: mutations[2].path, Action: githubtest.StatusBefore, Status: c.status, Skip: 1, Times: 2 + passes})
			op := s.releaseOp()
			w := s.work(op)
			if c.earlier {
				w.Past = begun(op)
			}
			_, err := s.port.apply(context.Background(), w, s.diary)
			if err == nil || s.count(githubtest.ReleaseDeleted) != c.removed || strikes != c.strikes {
				t.Errorf("%v, struck %d times: %s", err, strikes, s.kinds())
			}
			s.srv.ClearFaults()
			if _, err := s.apply(s.releaseOp()); err != nil {
				t.Errorf("the next attempt: %v", err)
			}
		})
	}
}
