package github

import (
	"context"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

// setOp is a change set on a base with a folder, a program, a link and a submodule.
func (s *stage) setOp() marketops.Operation {
	s.Helper()
	base := must(s.repo.Commit("main", githubtest.Change{Message: "kinds",
		Files: map[string]string{"docs/a.md": "a\n", "run.sh": "x\n", "link": "run.sh", "module": s.commit},
		Modes: map[string]string{"run.sh": "100755", "link": "120000", "module": "160000"}}))
	op := s.changeOp()
	op.PullRequest.Base.SHA = base
	s.files["docs/b.md"], s.files["run.sh"] = []byte("b\n"), []byte("y\n")
	s.fillChanges(op.PullRequest, "README.md", "docs/b.md", "run.sh")
	return op
}

// forgedSets are documents that no engine makes: each does not what it says, or more.
var forgedSets = map[string]func(*stage, *marketops.ChangeSet){
	"another tree":        func(s *stage, c *marketops.ChangeSet) { c.Tree = s.tree },
	"another base tree":   func(s *stage, c *marketops.ChangeSet) { c.BaseTree = s.tree },
	"another mode":        func(_ *stage, c *marketops.ChangeSet) { c.Changes[0].Mode = "100755" },
	"another mode before": func(_ *stage, c *marketops.ChangeSet) { c.Changes[2].Before.Mode = "100644" },
	"another file before": func(_ *stage, c *marketops.ChangeSet) { c.Changes[0].Before.Blob = c.Changes[0].Blob },
	"no file before":      func(_ *stage, c *marketops.ChangeSet) { c.Changes[0].Before = nil },
	"a file before":       func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Before = c.Changes[0].Before },
	"at a folder":         func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "docs" },
	"below a file":        func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "docs/a.md/b" },
	"at a link":           func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "link" },
	"below a link":        func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "link/b" },
	"at a submodule":      func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "module" },
	"below a submodule":   func(_ *stage, c *marketops.ChangeSet) { c.Changes[1].Path = "module/b" },
}

// TestForgedSets: a document that does not fit its base is found before the claim, and before anything is sent.
func TestForgedSets(t *testing.T) {
	for name, forge := range forgedSets {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.setOp()
			for _, path := range []string{"docs", "docs/a.md/b", "link", "link/b", "module", "module/b"} {
				s.files[path] = s.files["docs/b.md"]
			}
			forge(s, op.PullRequest.Changes)
			if _, failed := s.port.Look(context.Background(), op, nil, time.Hour).Failure(); !failed {
				t.Error("the look before the claim finds nothing")
			}
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "branch=absent pull_request=absent" || len(s.srv.Mutations()) != 0 {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
			s.lawful()
		})
	}
	t.Run("on the tree of another commit, which would remove files", func(t *testing.T) {
		s := newStage(t)
		op := s.setOp()
		base := op.PullRequest.Base.SHA
		op.PullRequest.Base.SHA = s.commit
		s.fillChanges(op.PullRequest, "README.md", "docs/b.md", "run.sh")
		op.PullRequest.Base.SHA = base
		if _, failed := s.port.Look(context.Background(), op, nil, time.Hour).Failure(); !failed {
			t.Error("the look before the claim finds nothing")
		}
		_, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict)
		if len(s.srv.Mutations()) != 0 {
			t.Error(s.srv.Mutations())
		}
	})
	t.Run("another blob", func(t *testing.T) {
		s := newStage(t)
		op := s.setOp()
		op.PullRequest.Changes.Changes[0].Blob = gitobject.Length(40).Blob([]byte("other"))
		_, err := s.apply(op)
		s.isFailure(err, marketops.ContentMismatch)
		if len(s.srv.Mutations()) != 0 {
			t.Error(s.srv.Mutations())
		}
	})
	t.Run("control", func(t *testing.T) {
		s := newStage(t)
		op := s.setOp()
		if l, failed := s.port.Look(context.Background(), op, nil, time.Hour).Failure(); failed {
			t.Errorf("%+v", l)
		}
		if _, err := s.apply(op); err != nil {
			t.Fatal(err)
		}
		s.opened(op)
		if tree := s.git("rev-parse", "refs/heads/release/v1.4.0^{tree}"); tree != op.PullRequest.Changes.Tree {
			t.Errorf("git has the tree %s", tree)
		}
		s.lawful()
	})
}

// TestCutOffFolder: of a folder of which GitHub lists only the beginning nothing is computed.
func TestCutOffFolder(t *testing.T) {
	s := newStage(t)
	op := s.setOp()
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.TreeLimit = 2 })
	_, err := s.apply(op)
	s.isFailure(err, marketops.GitHubConflict)
	if len(s.srv.Mutations()) != 0 {
		t.Error(s.srv.Mutations())
	}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.TreeLimit = 0 })
	if _, err := s.apply(op); err != nil {
		t.Errorf("control: %v", err)
	}
}

// TestOtherObjects: a GitHub that keeps making another object than the planned one ends the work, before anything is
// visible; once is a slip that is repeated.
func TestOtherObjects(t *testing.T) {
	for _, path := range []string{"git/blobs", "git/trees", "git/commits"} {
		for _, times := range []int{1, 99} {
			s := openStage(t)
			op := s.setOp()
			s.srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/" + path, Action: githubtest.WrongSHA, Times: times})
			ev, err := s.apply(op)
			if times == 1 {
				if err != nil {
					t.Errorf("%s, once: %v", path, err)
				}
				continue
			}
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "branch=absent pull_request=absent" || s.count(githubtest.RefCreated) != 0 {
				t.Errorf("%s: %s", path, states(ev))
			}
		}
	}
}

// TestBaseMoves: the tree is that of the bound base, and the commit's parent is that commit, also where the branch has
// moved once the look at it is over.
func TestBaseMoves(t *testing.T) {
	s := newStage(t)
	op := s.setOp()
	s.onCall(1, func() { s.on("refs/heads/main") })
	ev, err := s.apply(op)
	s.isFailure(err, marketops.RefMoved) // of the pull request
	head := s.repo.Ref("refs/heads/release/v1.4.0")
	if states(ev) != "branch=applied pull_request=absent" || s.git("rev-parse", head+"^") != op.PullRequest.Base.SHA || s.git("rev-parse", head+"^{tree}") != op.PullRequest.Changes.Tree {
		t.Errorf("%s", states(ev))
	}
	if obs, err := s.port.Observe(context.Background(), op, nil); err != nil || obs.State != publisher.Indeterminate {
		t.Errorf("%v %v", obs, err)
	}
}
