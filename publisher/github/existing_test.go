package github

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

const ourTag = "refs/tags/v1.4.0"

// onTag is a release for the tag that is there, in its present form.
func (s *stage) onTag() marketops.Operation {
	s.Helper()
	op := s.releaseOp()
	object := s.git("rev-parse", ourTag)
	op.Tag.Message, op.Tag.Tagger = "", marketops.Person{}
	op.Tag.Existing = &marketops.Existing{Object: object, Type: s.git("cat-file", "-t", object)}
	return op
}

// signed makes a signed tag. Its message is kept as it is, signature included.
func (s *stage) signed(op marketops.Operation) {
	s.annotate(op, "words\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n")
}

// existingTags are the forms of a tag that can be there.
var existingTags = map[string]func(*stage, marketops.Operation){
	"lightweight": func(s *stage, op marketops.Operation) { s.point(ourTag, op.Tag.Commit) },
	"annotated":   func(s *stage, op marketops.Operation) { s.annotate(op, "words of another person\n") },
	"signed":      (*stage).signed,
	"made by the plan": func(s *stage, op marketops.Operation) {
		made := op.MakerOfTag()
		s.annotate(made, must(made.TagMessage()))
	},
}

// TestExistingTag publishes releases for tags that are there. No tag is made, and none is moved.
func TestExistingTag(t *testing.T) {
	for name, make := range existingTags {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			make(s, op)
			if op = s.onTag(); name == "made by the plan" {
				op = s.afterMaker()
			}
			was := s.git("for-each-ref")
			if looks := s.looked(s.port, op); !looks.Passed() {
				t.Errorf("%s", said(looks))
			}
			before := s.count(githubtest.RefCreated)
			ev, err := s.apply(op)
			if err != nil || states(ev) != "release=applied" || s.git("for-each-ref") != was || s.count(githubtest.RefCreated) != before {
				t.Fatalf("%v, %s\n%s", err, states(ev), s.log())
			}
			if slices.Contains(s.authorized, effectTag) || s.count(githubtest.ReleasePublished) != 1 {
				t.Errorf("%v, %s", s.authorized, s.kinds())
			}
			obs, err := s.port.Observe(context.Background(), op, s.drafts)
			if err != nil || obs.State != publisher.Found || obs.Moved != "" {
				t.Errorf("afterwards: %+v, %v", obs, err)
			}
			if ev, err := s.apply(op); err != nil || states(ev) != "release=applied" {
				t.Errorf("again: %v, %s", err, states(ev))
			}
			s.lawful()
		})
	}
}

// afterMaker is a release for the tag that another operation of the plan makes.
func (s *stage) afterMaker() marketops.Operation {
	op := s.releaseOp()
	digest := must(op.MakerOfTag().Digest())
	op.Tag.Existing = &marketops.Existing{After: digest}
	return op
}

// movedTags are what can have become of a tag since it was planned.
var movedTags = map[string]func(*stage, marketops.Operation){
	"deleted":        func(s *stage, _ marketops.Operation) { s.noTag() },
	"another commit": func(s *stage, _ marketops.Operation) { s.point(ourTag, s.later()) },
	"another object of the same commit": func(s *stage, op marketops.Operation) {
		s.noTag()
		s.annotate(op, "other words\n")
	},
}

// later is a commit behind the planned one.
func (s *stage) later() string {
	return must(s.repo.Commit("main", githubtest.Change{Message: "later", Files: map[string]string{"x": "y"}}))
}

// TestMovedTag moves a tag before the first write: the look and the publisher refuse, and nothing is left behind. The control
// is [TestExistingTag].
func TestMovedTag(t *testing.T) {
	for form, make := range existingTags {
		for name, move := range movedTags {
			t.Run(form+", "+name, func(t *testing.T) {
				s := newStage(t)
				make(s, s.releaseOp())
				op := s.onTag()
				move(s, op)
				if got := said(s.looked(s.port, op)); !strings.Contains(got, "tag=fail:ref-moved") {
					t.Errorf("the look says %s", got)
				}
				before := len(s.srv.Effects())
				ev, err := s.apply(op)
				s.isFailure(err, marketops.RefMoved)
				if states(ev) != "release=absent" || len(s.srv.Effects()) != before {
					t.Errorf("%s, %s", states(ev), s.kinds())
				}
			})
		}
	}
}

// TestTagNotMadeYet: the operation that makes the tag has not run. A trial says so, and publishing is refused.
func TestTagNotMadeYet(t *testing.T) {
	s := newStage(t)
	op := s.afterMaker()
	if got := said(s.looked(s.reading("reader-token"), op)); !strings.Contains(got, "tag=not_run") {
		t.Errorf("the trial says %s", got)
	}
	if got := said(s.looked(s.port, op)); !strings.Contains(got, "tag=fail:ref-moved") {
		t.Errorf("the look says %s", got)
	}
	_, err := s.apply(op)
	s.isFailure(err, marketops.RefMoved)
	if len(s.srv.Effects()) != 0 {
		t.Error(s.kinds())
	}
}

// TestForgedMaker: a tag with the words of the operation that makes it, and another tagger, is not that tag.
func TestForgedMaker(t *testing.T) {
	s := newStage(t)
	op := s.afterMaker()
	forged := op.MakerOfTag()
	message := must(forged.TagMessage())
	forged.Tag.Tagger.Name = "Another Bot"
	s.annotate(forged, message)
	before := len(s.srv.Effects())
	_, err := s.apply(op)
	s.isFailure(err, marketops.RefMoved)
	if len(s.srv.Effects()) != before {
		t.Error(s.kinds())
	}
}

// TestTagMovedMeanwhile moves a tag while the draft is filled, and then right before the release is published. In the first case
// nothing becomes visible and the draft is removed; in the second the release is published, and it is no success.
func TestTagMovedMeanwhile(t *testing.T) {
	for name, move := range movedTags {
		t.Run("while the draft is filled, "+name, func(t *testing.T) {
			s := newStage(t)
			s.point(ourTag, s.commit)
			op := s.onTag()
			s.once("draft", func() { move(s, op) })
			ev, err := s.apply(op)
			s.isFailure(err, marketops.RefMoved)
			if states(ev) != "release=absent" || s.count(githubtest.ReleasePublished) != 0 || s.count(githubtest.ReleaseDeleted) != 1 {
				t.Errorf("%s, %s", states(ev), s.kinds())
			}
		})
		t.Run("right before it is published, "+name, func(t *testing.T) {
			s := newStage(t)
			s.annotate(s.releaseOp(), "words\n")
			op := s.onTag()
			s.later() // where GitHub would make a tag
			s.once(effectRelease, func() { move(s, op) })
			ev, err := s.apply(op)
			s.isFailure(err, marketops.RefMoved)
			if states(ev) != "release=applied" || s.count(githubtest.ReleasePublished) != 1 || !strings.Contains(stateOfError(err), "the release ") {
				t.Errorf("%s, %s, %v", states(ev), s.kinds(), err)
			}
			obs, err := s.port.Observe(context.Background(), op, s.drafts)
			if err != nil || obs.State != publisher.Found || !strings.Contains(obs.Moved, "v1.4.0") {
				t.Errorf("afterwards: %+v, %v", obs, err)
			}
		})
	}
}

// once does something at the first question with this name.
func (s *stage) once(name string, do func()) {
	s.deny = func(what string) error {
		if what == name {
			s.deny = nil
			do()
		}
		return nil
	}
}

// TestExistingTagNeedsNoWorkflows: GitHub wants Workflows: write for a release only where its tag is to be made at a commit
// with other workflows (chipsenkbeil/distant#284, intent-hq/intent#1277).
func TestExistingTagNeedsNoWorkflows(t *testing.T) {
	s := newStage(t)
	s.point(ourTag, s.commit)
	must(s.repo.Commit("main", githubtest.Change{Message: "later", Files: map[string]string{".github/workflows/ci.yml": "on: push"}}))
	s.token = func() (string, error) { return "no-workflows", nil }
	if ev, err := s.apply(s.onTag()); err != nil || s.needsWorkflows {
		t.Errorf("%v, %s", err, states(ev))
	}
	s.lawful()
}

// TestObjectOfAnotherCommit: the bound object is a tag of another commit than the plan says. The control is the commit that it is of.
func TestObjectOfAnotherCommit(t *testing.T) {
	for name, wrong := range map[string]bool{"control": false, "another commit": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.annotate(s.releaseOp(), "words\n")
			op := s.onTag()
			if wrong {
				op.Tag.Commit = s.later()
				op.Tag.Tree = s.git("rev-parse", op.Tag.Commit+"^{tree}")
			}
			_, err := s.apply(op)
			if !wrong && err == nil && s.count(githubtest.ReleasePublished) == 1 {
				return
			}
			s.isFailure(err, marketops.RefMoved)
			if s.count(githubtest.DraftCreated) != 0 {
				t.Error(s.kinds())
			}
		})
	}
}
