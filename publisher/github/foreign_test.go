package github

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

// TestForeignTag: what others have made stays as it is.
func TestForeignTag(t *testing.T) {
	for name, prepare := range map[string]func(*stage, marketops.Operation){
		"lightweight": func(s *stage, _ marketops.Operation) { s.point("refs/tags/v1.4.0", s.commit) },
		"annotated":   func(s *stage, op marketops.Operation) { s.annotate(op, op.Tag.Message+"\n") },
		"marker only": func(s *stage, op marketops.Operation) {
			_, marker, _ := strings.Cut(must(op.TagMessage()), "\n\nMarketops")
			s.annotate(op, "another text\n\nMarketops"+marker)
		},
		"two newlines": func(s *stage, op marketops.Operation) { s.annotate(op, must(op.TagMessage())+"\n") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			prepare(s, op)
			was := s.git("for-each-ref")
			before := len(s.srv.Mutations())
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "tag=absent release=absent" || len(s.srv.Mutations()) != before || s.git("for-each-ref") != was {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
		})
	}
	t.Run("equal, and never tried", func(t *testing.T) {
		s := newStage(t)
		op := s.tagOp()
		s.annotate(op, must(op.TagMessage()))
		ev, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict)
		if states(ev) != "tag=absent" || slices.Contains(s.authorized, effectTag) {
			t.Errorf("%s %v", states(ev), s.authorized)
		}
	})
	t.Run("control: tried before, without the last newline", func(t *testing.T) {
		s := newStage(t)
		op := s.tagOp()
		s.annotate(op, strings.TrimSuffix(must(op.TagMessage()), "\n"))
		if ev, err := s.applyAfter(op, publisher.Ended); err != nil || states(ev) != "tag=applied" || s.count(githubtest.RefCreated) != 1 {
			t.Errorf("%v %s", err, states(ev))
		}
	})
	t.Run("branch of that name", func(t *testing.T) {
		s := newStage(t)
		s.point("refs/heads/v1.4.0", s.commit)
		_, err := s.apply(s.tagOp())
		s.isFailure(err, marketops.GitHubConflict)
		if len(s.srv.Mutations()) != 0 {
			t.Error(s.srv.Mutations())
		}
	})
	t.Run("control: names that only begin so", func(t *testing.T) {
		s := newStage(t)
		s.point("refs/heads/v1.4.0-next", s.commit)
		s.point("refs/tags/v1.4.0-rc1", s.commit)
		if _, err := s.apply(s.tagOp()); err != nil {
			t.Error(err)
		}
	})
}

func (s *stage) point(ref, sha string) {
	s.Helper()
	if err := s.repo.SetRef(ref, sha); err != nil {
		s.Fatal(err)
	}
}

// annotate makes the tag of op with another message, as somebody.
func (s *stage) annotate(op marketops.Operation, message string) {
	s.Helper()
	var made tagObject
	t := op.Tag
	if err := s.outsider("POST", "git/tags", map[string]any{
		"tag": t.Name, "message": message, "object": t.Commit, "type": "commit",
		"tagger": map[string]any{"name": t.Tagger.Name, "email": t.Tagger.Email, "date": t.Tagger.Date},
	}, &made); err != nil {
		s.Fatal(err)
	}
	s.makes("POST", "git/refs", map[string]any{"ref": "refs/tags/" + t.Name, "sha": made.SHA})
}

// TestForeignRelease: drafts and releases of others are in the way, and stay.
func TestForeignRelease(t *testing.T) {
	body := func(op marketops.Operation) string { return must(op.ReleaseBody()) }
	for name, spec := range map[string]func(marketops.Operation) map[string]any{
		"draft for our tag":     func(marketops.Operation) map[string]any { return rel("v1.4.0", "x", "y", true) },
		"published for our tag": func(marketops.Operation) map[string]any { return rel("v1.4.0", "x", "y", false) },
		"our marker elsewhere":  func(op marketops.Operation) map[string]any { return rel("v9", "x", body(op), false) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			theirs := s.makes("POST", "releases", spec(op))
			before, refs := len(s.srv.Effects()), s.git("for-each-ref")
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "tag=absent release=absent" || len(s.srv.Effects()) != before || s.git("for-each-ref") != refs {
				t.Errorf("%s, %s", states(ev), s.kinds())
			}
			if now := s.makes("GET", s.idPath(theirs), nil); now != theirs {
				t.Errorf("theirs became %+v", now)
			}
		})
	}
}

// TestForeignReleaseBehindTag: the tag is there already, by an earlier receipt.
func TestForeignReleaseBehindTag(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.annotate(op, must(op.TagMessage()))
	s.makes("POST", "releases", rel("v1.4.0", "x", "y", true))
	before := len(s.srv.Effects())
	w := s.work(op)
	w.Past = map[string]publisher.Past{effectTag: publisher.Ended}
	ev, err := s.port.apply(context.Background(), w, s.diary)
	s.isFailure(err, marketops.GitHubConflict)
	if states(ev) != "tag=applied release=absent" || len(s.srv.Effects()) != before {
		t.Errorf("%s, %s", states(ev), s.kinds())
	}
}

func (s *stage) idPath(r release) string {
	return "releases/" + string(must(json.Marshal(r.ID)))
}

func rel(tag, name, body string, draft bool) map[string]any {
	return map[string]any{"tag_name": tag, "name": name, "body": body, "draft": draft}
}

// TestForeignFile: a file that is not of the plan is in our draft.
func TestForeignFile(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	draft := s.makes("POST", "releases", rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true))
	s.drafts = []int64{draft.ID}
	s.makes("POST", s.idPath(draft)+"/assets?name=theirs.txt", []byte("theirs"))
	ev, err := s.apply(op)
	s.isFailure(err, marketops.GitHubConflict)
	if states(ev) != "tag=absent release=absent" || s.count(githubtest.AssetDeleted)+s.count(githubtest.RefCreated) != 0 {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestWrongFile: a file of ours with other bytes in our draft is replaced.
func TestWrongFile(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	draft := s.makes("POST", "releases", rel("v1.4.0", op.Release.Name, must(op.ReleaseBody()), true))
	s.drafts = []int64{draft.ID}
	s.makes("POST", s.idPath(draft)+"/assets?name=a.tar.gz", []byte("The bytes of a"))
	if _, err := s.apply(op); err != nil {
		t.Fatal(err)
	}
	if s.count(githubtest.AssetDeleted) != 1 {
		t.Error(s.kinds())
	}
	s.published(op)
	s.lawful()
}

// TestBrokenUpload: an upload breaks off and its stump cannot be removed at once.
func TestBrokenUpload(t *testing.T) {
	for _, on := range []githubtest.Action{githubtest.ResetBefore, githubtest.ResetAfter, githubtest.StatusAfter, githubtest.StatusBefore} {
		t.Run(string(on), func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			s.srv.Inject(githubtest.Fault{Method: "POST", Path: mutations[2].path, Action: githubtest.AssetOpen})
			s.srv.Inject(githubtest.Fault{Method: "DELETE", Path: "/repos/*/*/releases/assets/*", Action: on})
			if _, err := s.apply(op); err != nil {
				t.Fatalf("%v\n%s", err, s.log())
			}
			s.published(op)
			s.lawful()
		})
	}
}

// TestRepository: another number, another name, no right to write, archived.
func TestRepository(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*stage, *marketops.Operation)
		code  marketops.Code
	}{
		"number":   {func(_ *stage, op *marketops.Operation) { op.Target.RepositoryID++ }, marketops.RepositoryMismatch},
		"case":     {func(_ *stage, op *marketops.Operation) { op.Target.FullName = "octo-org/Widgets" }, marketops.RedirectRefused},
		"renamed":  {func(s *stage, _ *marketops.Operation) { s.repo.Rename("octo-org", "gadgets") }, marketops.RedirectRefused},
		"missing":  {func(_ *stage, op *marketops.Operation) { op.Target.FullName = "octo-org/nothing" }, marketops.GitHubDenied},
		"archived": {func(s *stage, _ *marketops.Operation) { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true }) }, marketops.GitHubDenied},
		"commit":   {func(_ *stage, op *marketops.Operation) { op.Tag.Commit = strings.Repeat("1", 40) }, marketops.GitHubDenied},
		"tree":     {func(_ *stage, op *marketops.Operation) { op.Tag.Tree = strings.Repeat("1", 40) }, marketops.GitHubConflict},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.tagOp()
			c.spoil(s, &op)
			ev, err := s.apply(op)
			var got marketops.Code = marketops.CodeOf(err)
			if !slices.Contains([]marketops.Code{c.code, marketops.RepositoryMismatch}, got) || states(ev) != "tag=absent" || len(s.srv.Mutations()) != 0 {
				t.Errorf("%v, %s, %v", err, states(ev), s.srv.Mutations())
			}
		})
	}
}
