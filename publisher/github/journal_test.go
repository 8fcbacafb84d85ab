package github

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

// forgery is a world in which another user has put something on GitHub, and the notes that would make it ours.
type forgery struct {
	op    func(*stage) marketops.Operation
	make  func(*stage, marketops.Operation) map[string]string
	check func(*stage, marketops.Operation) // of what a publication without a journal makes
}

// foreignCommit is a commit of another user that differs from the planned one in what the comparison does not show.
func foreignCommit(mode string) func(*stage, marketops.Operation) map[string]string {
	return func(s *stage, op marketops.Operation) map[string]string {
		s.imitate(op, func(c *imitation) { c.files[0]["mode"] = mode })
		return map[string]string{"commit": s.repo.Ref("refs/heads/" + op.PullRequest.Head.Branch)}
	}
}

// foreignDraft is a draft of another user in our words, marker and files included, in which GitHub would show the other
// user as the author.
func foreignDraft(s *stage, op marketops.Operation) map[string]string {
	theirs := s.makes("POST", "releases", rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true))
	for _, a := range op.Release.Assets {
		s.makes("POST", s.idPath(theirs)+"/assets?name="+a.Name, s.files[a.Name])
	}
	return map[string]string{"release_id": fmt.Sprint(theirs.ID), fmt.Sprintf("draft_author_%d", theirs.ID): fmt.Sprint(theirs.Author.ID)}
}

// forgeries are all kinds of notes that a port has ever written, each with a value that would pay.
var forgeries = map[string]forgery{
	"commit, another mode": {(*stage).changeOp, foreignCommit("100755"), nil},
	"commit, equal": {(*stage).changeOp, func(s *stage, op marketops.Operation) map[string]string {
		s.imitate(op, nil)
		return map[string]string{"commit": s.repo.Ref("refs/heads/" + op.PullRequest.Head.Branch)}
	}, nil},
	"commit, not made": {(*stage).changeOp, func(s *stage, _ marketops.Operation) map[string]string {
		return map[string]string{"commit": s.commit}
	}, (*stage).opened},
	"release_id and author, another user's draft": {(*stage).releaseOp, foreignDraft, (*stage).published},
	"release_id, no draft": {(*stage).releaseOp, func(*stage, marketops.Operation) map[string]string {
		return map[string]string{"release_id": "4711", "draft_author_4711": "5"}
	}, (*stage).published},
	"release_id, no number": {(*stage).releaseOp, func(*stage, marketops.Operation) map[string]string {
		return map[string]string{"release_id": "../1", "draft_author_1002": "-1"}
	}, (*stage).published},
	"tag_object, another one": {(*stage).tagOp, func(s *stage, op marketops.Operation) map[string]string {
		var made object
		s.ask("POST", "git/tags", map[string]any{"tag": op.Tag.Name, "message": "theirs", "object": s.commit, "type": "commit"}, &made)
		return map[string]string{"tag_object": made.SHA}
	}, (*stage).tagged},
	"pull_number, another user's": {(*stage).pullOp, func(s *stage, _ marketops.Operation) map[string]string {
		s.branchPull("theirs")
		return map[string]string{"pull_number": "1"}
	}, func(s *stage, op marketops.Operation) {
		if s.count(githubtest.PullOpened) != 2 {
			s.Error(s.kinds())
		}
	}},
	"pull_number, none": {(*stage).pullOp, func(*stage, marketops.Operation) map[string]string {
		return map[string]string{"pull_number": "4711"}
	}, (*stage).opened},
	"pull_number, no number": {(*stage).pullOp, func(*stage, marketops.Operation) map[string]string {
		return map[string]string{"pull_number": "-1"}
	}, (*stage).opened},
}

// TestForgedJournal: notes save work and decide nothing. With any of them forged, what is published is what is
// published without, or it is refused and nothing becomes visible.
func TestForgedJournal(t *testing.T) {
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			run := func(forge bool) (*stage, marketops.Operation, string, error) {
				s := openStage(t)
				op := f.op(s)
				notes := f.make(s, op)
				if forge {
					s.diary.facts = maps.Clone(notes)
				}
				ev, err := s.apply(op)
				return s, op, states(ev), err
			}
			honest, _, want, wantErr := run(false)
			s, op, got, err := run(true)
			if err != nil {
				tried := slices.ContainsFunc(op.Effects(), func(effect string) bool { return slices.Contains(s.authorized, effect) })
				if tried || strings.Contains(got, "applied") || s.count(githubtest.ReleasePublished) > 0 {
					t.Errorf("refused after something became visible: %s, %v, %v", got, s.authorized, err)
				}
				return
			}
			if wantErr != nil || got != want || s.kinds() != honest.kinds() {
				t.Errorf("with the forged note %s, %s; without %s, %s, %v", got, s.kinds(), want, honest.kinds(), wantErr)
			}
			if f.check == nil {
				t.Fatal("published what is not ours")
			}
			f.check(s, op)
			s.lawful()
		})
	}
}

// TestForgedAfterAttempt: the same where the ledger has an attempt of this operation, so that what is on GitHub may be
// its own: the commit decides, and not the note.
func TestForgedAfterAttempt(t *testing.T) {
	s := newStage(t)
	op := s.changeOp()
	s.diary.facts = foreignCommit("100755")(s, op)
	ev, err := s.applyAfter(op, publisher.Ended)
	s.isFailure(err, marketops.GitHubConflict)
	if s.count(githubtest.PullOpened) != 0 || strings.Contains(states(ev), "applied") {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}
