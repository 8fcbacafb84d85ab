package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

func (s *stage) freeze() {
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.ImmutableReleases = true })
}

// TestImmutable: where GitHub freezes what is published, everything is there before it is published;
// that it froze is recorded, and looking again changes nothing.
func TestImmutable(t *testing.T) {
	s := newStage(t)
	s.freeze()
	op := s.releaseOp()
	ev, err := s.apply(op)
	if err != nil || id(ev, "immutable") != "true" || states(ev) != "tag=applied release=applied" {
		t.Fatalf("%v %s %v", err, states(ev), ev.GitHub)
	}
	s.published(op)
	before := len(s.srv.Mutations())
	w := s.work(op)
	w.Past = begun(op)
	if ev, err = s.port.apply(context.Background(), w, newDiary()); err != nil || id(ev, "immutable") != "true" || len(s.srv.Mutations()) != before {
		t.Errorf("%v, %d more writes", err, len(s.srv.Mutations())-before)
	}
	s.lawful()
}

// TestReservedName: the name of a deleted immutable release is refused for ever, at the tag or, where that
// can be made, at the release. That is said, once, with what is on GitHub then; another name is published.
func TestReservedName(t *testing.T) {
	for _, c := range []struct {
		name                   string
		late                   bool
		said, next, left, want string
	}{
		{"at the tag", false, "creations being restricted", "plan another tag", "on GitHub now: the draft 1003 with 2 of 2 files", "tag=absent release=absent"},
		{"at the release", true, "used by an immutable release", "plan another tag", "on GitHub now: the tag v1.4.0 and the draft 1003 with 2 of 2 files", "tag=applied release=absent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.reserve(c.late)
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, marketops.GitHubDenied)
			var f *marketops.Failure
			if !errors.As(err, &f) || !strings.Contains(f.What, c.said) || !strings.Contains(f.Next, c.next) || !strings.HasSuffix(f.State, c.left) {
				t.Errorf("%+v", f)
			}
			last := s.srv.Mutations()
			if states(ev) != c.want || last[len(last)-2].Status == 422 || s.count(githubtest.ReleasePublished) != 1 {
				t.Errorf("%s after %v", states(ev), last)
			}
			other := s.releaseOp()
			other.Tag.Name, s.diary, s.drafts = "v1.4.1", newDiary(), nil
			if _, err := s.apply(other); err != nil {
				t.Errorf("the control: %v", err)
			}
			s.lawful()
		})
	}
}

// reserve uses the name of the tag up: an immutable release had it, and was deleted with its tag.
func (s *stage) reserve(late bool) {
	s.Helper()
	s.freeze()
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.LateReservation = late })
	s.point("refs/tags/v1.4.0", s.commit)
	theirs := s.makes("POST", "releases", rel("v1.4.0", "theirs", "", false))
	if err := s.outsider("DELETE", fmt.Sprint("releases/", theirs.ID), nil, nil); err != nil {
		s.Fatal(err)
	}
	s.noTag()
}
