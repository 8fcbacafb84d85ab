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

// TestBurnt: the name of a deleted immutable release is refused for ever. That is said, once, and not
// tried again; another name is published.
func TestBurnt(t *testing.T) {
	s := newStage(t)
	s.freeze()
	s.point("refs/tags/v1.4.0", s.commit)
	theirs := s.makes("POST", "releases", rel("v1.4.0", "theirs", "", false))
	if err := s.somebody("DELETE", fmt.Sprint("releases/", theirs.ID), nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.repo.DeleteRef("refs/tags/v1.4.0"); err != nil {
		t.Fatal(err)
	}
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.GitHubDenied)
	var f *marketops.Failure
	if !errors.As(err, &f) || !strings.Contains(f.What, "used by an immutable release") || !strings.Contains(f.Next, "plan another tag") {
		t.Errorf("%+v", f)
	}
	patches := 0
	for _, r := range s.srv.Mutations() {
		if r.Method == "PATCH" {
			patches++
		}
	}
	if states(ev) != "tag=applied release=absent" || patches != 1 || s.count(githubtest.ReleasePublished) != 1 {
		t.Errorf("%s after %d attempts: %s", states(ev), patches, s.kinds())
	}
	other := s.releaseOp()
	other.Tag.Name, s.diary, s.drafts = "v1.4.1", newDiary(), nil
	if _, err := s.apply(other); err != nil {
		t.Errorf("the control: %v", err)
	}
	s.lawful()
}
