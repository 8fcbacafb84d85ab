package github

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

// theirPull opens a pull request as somebody.
func (s *stage) theirPull(head, title, body string) {
	s.Helper()
	if err := s.outsider("POST", "pulls", map[string]any{"title": title, "head": head, "base": "main", "body": body}, nil); err != nil {
		s.Fatal(err)
	}
}

// TestForeignPull: pull requests of others are in the way, and stay.
func TestForeignPull(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(*stage, marketops.Operation)
		state string
	}{
		"open for the same branches": {func(s *stage, op marketops.Operation) { s.theirPull("release/next", "theirs", "theirs") }, "absent"},
		"our title only":             {func(s *stage, op marketops.Operation) { s.theirPull("release/next", op.PullRequest.Title, "theirs") }, "absent"},
		"our marker only": {func(s *stage, op marketops.Operation) {
			_, marker, _ := strings.Cut(must(op.PullRequestBody()), "\n\n<!--")
			s.theirPull("release/next", op.PullRequest.Title, "theirs\n\n<!--"+marker)
		}, "absent"},
		"our text, another title": {func(s *stage, op marketops.Operation) {
			s.theirPull("release/next", "theirs", must(op.PullRequestBody()))
		}, "absent"},
		"our marker in another text, closed": {func(s *stage, op marketops.Operation) {
			_, marker, _ := strings.Cut(must(op.PullRequestBody()), "\n\n<!--")
			s.theirPull("release/next", op.PullRequest.Title, "theirs\n\n<!--"+marker)
			s.close(false)
		}, "absent"},
		"our text, another base": {func(s *stage, op marketops.Operation) {
			s.point("refs/heads/stable", s.commit)
			s.ask("POST", "pulls", map[string]any{
				"title": op.PullRequest.Title, "head": "release/next", "base": "stable", "body": must(op.PullRequestBody()),
			}, nil)
		}, "absent"},
		"our marker, closed": {func(s *stage, op marketops.Operation) {
			s.theirPull("release/next", "theirs", must(op.PullRequestBody()))
			s.close(false)
		}, "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.pullOp()
			c.make(s, op)
			before := len(s.srv.Mutations())
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "pull_request="+c.state || len(s.srv.Mutations()) != before {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
			s.lawful()
		})
	}
	for name, make := range map[string]func(*stage, marketops.Operation){
		"theirs, closed":    func(s *stage, _ marketops.Operation) { s.theirPull("release/next", "theirs", "theirs"); s.close(false) },
		"another branch":    func(s *stage, _ marketops.Operation) { s.branchPull("release/next2") },
		"branches that end": func(s *stage, _ marketops.Operation) { s.branchPull("next") },
	} {
		t.Run("control: "+name, func(t *testing.T) {
			s := newStage(t)
			op := s.pullOp()
			make(s, op)
			ev, err := s.apply(op)
			if err != nil || states(ev) != "pull_request=applied" || s.count(githubtest.PullOpened) != 2 {
				t.Errorf("%v %s", err, states(ev))
			}
			s.lawful()
		})
	}
}

func (s *stage) branchPull(branch string) {
	s.Helper()
	must(s.repo.Commit(branch, githubtest.Change{Message: "x", Files: map[string]string{"x": branch}}))
	s.theirPull(branch, "theirs", "theirs")
}

func (s *stage) close(merged bool) {
	s.Helper()
	if err := s.repo.ClosePull(1, merged); err != nil {
		s.Fatal(err)
	}
}

// TestClosedPull: what was closed or merged is not opened again, even when its branch is gone.
func TestClosedPull(t *testing.T) {
	for name, make := range map[string]func(*stage) marketops.Operation{"existing": (*stage).pullOp, "changes": (*stage).changeOp} {
		for _, merged := range []bool{false, true} {
			for _, gone := range []bool{false, true} {
				t.Run(fmt.Sprint(name, "/merged=", merged, "/gone=", gone), func(t *testing.T) {
					s := newStage(t)
					op := make(s)
					must(s.apply(op))
					s.close(merged)
					if gone {
						if err := s.repo.DeleteRef("refs/heads/" + op.PullRequest.Head.Branch); err != nil {
							t.Fatal(err)
						}
					}
					must(s.repo.Commit("main", githubtest.Change{Message: "on", Files: map[string]string{"y": "z"}})) // life goes on
					s.diary, s.port = newDiary(), s.newPort(s.srv.API(), s.srv.Uploads())
					w := s.work(op)
					w.Past = begun(op)
					ev, err := s.port.apply(context.Background(), w, s.diary)
					if err != nil || strings.Contains(states(ev), "absent") || s.count(githubtest.PullOpened) != 1 ||
						gone != (s.repo.Ref("refs/heads/"+op.PullRequest.Head.Branch) == "") {
						t.Errorf("%v, %s, %s", err, states(ev), s.kinds())
					}
					s.lawful()
				})
			}
		}
	}
}

// TestMovedBase: a plan is for one base commit.
func TestMovedBase(t *testing.T) {
	move := func(s *stage) { s.on("refs/heads/main") }
	for name, make := range map[string]func(*stage) marketops.Operation{"existing": (*stage).pullOp, "changes": (*stage).changeOp} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := make(s)
			move(s)
			ev, err := s.apply(op)
			s.isFailure(err, marketops.RefMoved)
			if strings.Contains(states(ev), "applied") || len(s.srv.Mutations()) != 0 {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
			s.lawful()
		})
	}
	t.Run("gone", func(t *testing.T) {
		s := newStage(t)
		op := s.pullOp()
		if err := s.repo.DeleteRef("refs/heads/main"); err != nil {
			t.Fatal(err)
		}
		_, err := s.apply(op)
		s.isFailure(err, marketops.RefMoved)
	})
	t.Run("between branch and pull request", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.onCall(7, func() { move(s) }) // the branch is made after the last look at the base
		ev, err := s.apply(op)
		s.isFailure(err, marketops.RefMoved)
		if states(ev) != "branch=applied pull_request=absent" || s.count(githubtest.PullOpened) != 0 || !strings.Contains(stateOfError(err), "on GitHub now: the branch "+op.PullRequest.Head.Branch) {
			t.Errorf("%s: %s", states(ev), stateOfError(err))
		}
	})
	t.Run("control: after it was opened", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		must(s.apply(op))
		move(s)
		s.resumePull(op)
	})
}

// on adds a commit to a branch, as a push would.
func (s *stage) on(ref string) string {
	s.Helper()
	return must(s.repo.Commit(strings.TrimPrefix(ref, "refs/heads/"), githubtest.Change{Message: "theirs", Files: map[string]string{"theirs": "x"}}))
}

// TestMovedHead: the existing branch is not where it was planned.
func TestMovedHead(t *testing.T) {
	for name, spoil := range map[string]func(*stage){
		"moved": func(s *stage) { s.on("refs/heads/release/next") },
		"gone":  func(s *stage) { s.repo.DeleteRef("refs/heads/release/next") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.pullOp()
			spoil(s)
			ev, err := s.apply(op)
			s.isFailure(err, marketops.RefMoved)
			if states(ev) != "pull_request=absent" || len(s.srv.Mutations()) != 0 {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
		})
	}
	t.Run("at the last moment", func(t *testing.T) {
		s := newStage(t)
		op := s.pullOp()
		s.onCall(1, func() { s.on("refs/heads/release/next") })
		ev, err := s.apply(op) // it is open, and shows another commit than the planned one
		s.isUnknown(err)
		if states(ev) != "pull_request=unknown" || s.count(githubtest.PullOpened) != 1 {
			t.Errorf("%s %s", states(ev), s.kinds())
		}
	})
}

// TestForeignBranch: the branch of a change set is there already, with something else.
func TestForeignBranch(t *testing.T) {
	head := "refs/heads/release/v1.4.0"
	for name, c := range map[string]struct {
		make func(*stage, marketops.Operation)
	}{
		"at the base":     {func(s *stage, _ marketops.Operation) { s.point(head, s.commit) }},
		"another commit":  {func(s *stage, _ marketops.Operation) { s.on(head) }},
		"ours and theirs": {func(s *stage, op marketops.Operation) { s.imitate(op, nil); s.on(head) }},
		"another message": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) { c.message = "Prepare 1.4.0" })
		}},
		"another author": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) {
				c.author = map[string]any{"name": "Eve", "email": "release@example.com", "date": c.author["date"]}
			})
		}},
		"another committer": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) {
				c.committer = map[string]any{"name": "Release Bot", "email": "eve@example.com", "date": c.author["date"]}
			})
		}},
		"another date": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) { c.author["date"] = "2026-03-01T12:00:00Z" })
		}},
		"another content": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) { c.files[0]["content"] = "evil" })
		}},
		"one file more": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) {
				c.files = append(c.files, map[string]any{"path": "evil", "mode": "100644", "type": "blob", "content": "x"})
			})
		}},
		"another mode": {func(s *stage, op marketops.Operation) {
			s.imitate(op, func(c *imitation) { c.files[0]["mode"] = "100755" })
		}},
		"one file less": {func(s *stage, op marketops.Operation) { s.imitate(op, func(c *imitation) { c.files = c.files[1:] }) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			c.make(s, op)
			was, before := s.git("for-each-ref"), len(s.srv.Mutations())
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != "branch=absent pull_request=absent" || s.git("for-each-ref") != was || slices.Contains(s.authorized, effectBranch) ||
				len(s.srv.Mutations()) != before {
				t.Errorf("%s, %v", states(ev), s.srv.Mutations())
			}
			s.lawful()
		})
	}
	t.Run("equal, and never tried", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.imitate(op, nil) // to the letter: the same commit
		ev, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict)
		if states(ev) != "branch=absent pull_request=absent" || s.count(githubtest.PullOpened) != 0 {
			t.Errorf("%s %s", states(ev), s.kinds())
		}
	})
	t.Run("control: tried before", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.imitate(op, nil)
		ev, err := s.applyAfter(op, publisher.Ended)
		if err != nil || states(ev) != "branch=applied pull_request=applied" || slices.Contains(s.authorized, effectBranch) {
			t.Errorf("%v %s %v", err, states(ev), s.authorized)
		}
		s.opened(op)
	})
	t.Run("tag of that name", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.point("refs/tags/release/v1.4.0", s.commit)
		_, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict)
		if len(s.srv.Mutations()) != 0 {
			t.Error(s.srv.Mutations())
		}
	})
	t.Run("control: names that only begin so", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.point("refs/tags/release/v1.4.0-rc1", s.commit)
		s.point(head+"-next", s.commit)
		if _, err := s.apply(op); err != nil {
			t.Error(err)
		}
	})
}

// imitation is a commit that somebody makes to look like ours.
type imitation struct {
	message           string
	author, committer map[string]any
	files             []map[string]any
}

// imitate makes the branch of op as somebody, and lets change alter what is in it.
func (s *stage) imitate(op marketops.Operation, change func(*imitation)) {
	s.Helper()
	p := op.PullRequest
	c := imitation{message: p.Changes.Message, author: map[string]any{
		"name": p.Changes.Author.Name, "email": p.Changes.Author.Email, "date": p.Changes.Author.Date.String(),
	}}
	for _, f := range p.Changes.Changes {
		var blob object
		s.ask("POST", "git/blobs", map[string]any{"content": s.files[f.Path], "encoding": "base64"}, &blob)
		c.files = append(c.files, map[string]any{"path": f.Path, "mode": f.Mode, "type": "blob", "sha": blob.SHA})
	}
	c.committer = c.author
	if change != nil {
		change(&c)
	}
	for _, f := range c.files {
		if f["content"] != nil {
			delete(f, "sha")
		}
	}
	var tree, commit object
	s.ask("POST", "git/trees", map[string]any{"base_tree": s.tree, "tree": c.files}, &tree)
	s.ask("POST", "git/commits", map[string]any{
		"message": c.message, "tree": tree.SHA, "parents": []string{p.Base.SHA}, "author": c.author, "committer": c.committer,
	}, &commit)
	s.ask("POST", "git/refs", map[string]any{"ref": "refs/heads/" + p.Head.Branch, "sha": commit.SHA}, nil)
}

func (s *stage) ask(method, path string, body, out any) {
	s.Helper()
	if err := s.outsider(method, path, body, out); err != nil {
		s.Fatal(err)
	}
}

// TestPullTaken: somebody is quicker with the branch, or with the pull request.
func TestPullTaken(t *testing.T) {
	for name, c := range map[string]struct {
		at   int
		make func(*stage, marketops.Operation)
		want string
	}{
		"branch":       {7, func(s *stage, _ marketops.Operation) { s.on("refs/heads/release/v1.4.0") }, "branch=absent pull_request=absent"},
		"pull request": {8, func(s *stage, _ marketops.Operation) { s.theirPull("release/v1.4.0", "theirs", "") }, "branch=applied pull_request=absent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			s.onCall(c.at, func() { c.make(s, op) })
			ev, err := s.apply(op)
			s.isFailure(err, marketops.GitHubConflict)
			if states(ev) != c.want {
				t.Errorf("%s\n%s", states(ev), s.log())
			}
		})
	}
	t.Run("branch moved on at the last moment", func(t *testing.T) {
		s := newStage(t)
		s.onCall(8, func() { s.on("refs/heads/release/v1.4.0") })
		ev, err := s.apply(s.changeOp()) // it is open, and shows another commit than the planned one
		s.isUnknown(err)
		if states(ev) != "branch=applied pull_request=unknown" {
			t.Errorf("%s", states(ev))
		}
	})
	t.Run("pull request, after a lost attempt", func(t *testing.T) {
		s := newStage(t)
		op := s.pullOp()
		s.srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/pulls", Action: githubtest.ResetBefore})
		s.onCall(2, func() { s.theirPull("release/next", "theirs", "") }) // before the second attempt
		ev, err := s.apply(op)
		s.isFailure(err, marketops.GitHubConflict) // GitHub allows one open one, so ours is not there
		if states(ev) != "pull_request=absent" || s.count(githubtest.PullOpened) != 1 {
			t.Errorf("%s", states(ev))
		}
	})
	t.Run("by ourselves: the list lags, and GitHub knows it already", func(t *testing.T) {
		s := newStage(t)
		op := s.pullOp()
		must(s.apply(op))
		s.diary = newDiary()
		s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/pulls", Action: githubtest.StaleRead})
		ev, err := s.applyAfter(op, publisher.Ended)
		if err != nil || states(ev) != "pull_request=applied" || ev.Retries != 0 || !strings.Contains(s.log(), "/pulls 422") {
			t.Errorf("%v %s\n%s", err, states(ev), s.log())
		}
		s.opened(op)
		s.lawful()
	})
}

// TestPullAdvanced: people push onto our branch while the outcome is still open. Nobody calls that
// a success, and nobody calls it absent.
func TestPullAdvanced(t *testing.T) {
	s := newStage(t)
	op := s.changeOp()
	must(s.apply(op))
	s.on("refs/heads/release/v1.4.0")
	w := s.work(op)
	w.Past = begun(op)
	s.diary = newDiary()
	ev, err := s.port.apply(context.Background(), w, s.diary)
	s.isUnknown(err)
	if strings.Contains(states(ev), "applied") || s.count(githubtest.PullOpened) != 1 {
		t.Errorf("%s", states(ev))
	}
	obs, err := s.port.Observe(context.Background(), op, s.drafts)
	if err != nil || obs.State != publisher.Conflict || states(obs.Evidence) != "branch=unknown pull_request=unknown" {
		t.Errorf("%v %q %s, %v", obs.State, obs.Detail, states(obs.Evidence), err)
	}
}

// TestPullChangedFile: a file that changed since it was checked is never sent.
func TestPullChangedFile(t *testing.T) {
	for name, c := range map[string]struct {
		at    int // the leave before which it changes; 0: before everything
		kinds string
	}{"before": {0, ""}, "while sending": {2, "blob-made"}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			w := s.work(op)
			evil := func() { w.Content[1] = bytes.NewReader([]byte("HELLO again\n")) }
			if c.at == 0 {
				evil()
			} else {
				s.onCall(1, evil) // the first blob is on its way, the second is not read yet
			}
			ev, err := s.port.apply(context.Background(), w, s.diary)
			s.isFailure(err, marketops.ContentMismatch)
			if states(ev) != "branch=absent pull_request=absent" || s.kinds() != c.kinds {
				t.Errorf("%s %s", states(ev), s.kinds())
			}
			s.lawful()
		})
	}
	t.Run("shorter than it says", func(t *testing.T) {
		s := newStage(t)
		w := s.work(s.changeOp())
		w.Content[0] = short{w.Content[0]}
		_, err := s.port.apply(context.Background(), w, s.diary)
		s.isFailure(err, marketops.ContentMismatch)
		if len(s.srv.Mutations()) != 0 {
			t.Error(s.srv.Mutations())
		}
	})
}

// short is a file that was truncated after it was opened.
type short struct{ publisher.Content }

func (c short) ReadAt(p []byte, off int64) (int, error) { return c.Content.ReadAt(p[:len(p)-1], off) }

// TestPullManyPages: ours stands on a later page.
func TestPullManyPages(t *testing.T) {
	s := newStage(t)
	op := s.pullOp()
	must(s.apply(op))
	s.close(false)
	for range 101 {
		s.theirPull("release/next", "theirs", "")
		if err := s.repo.ClosePull(s.count(githubtest.PullOpened), false); err != nil {
			t.Fatal(err)
		}
	}
	s.diary = newDiary()
	ev, err := s.apply(op)
	if err != nil || id(ev, "pull_number") != "1" || s.count(githubtest.PullOpened) != 102 {
		t.Errorf("%v %v", err, ev.GitHub)
	}
	s.lawful()
}

// TestPullDraft: what this Apply opened must be a draft exactly where that was planned; what it finds
// may have been made ready since.
func TestPullDraft(t *testing.T) {
	s := newStage(t)
	op := s.changeOp()
	ready := false
	s.front(func(a *answer) {
		if ready && a.Request.Method == "GET" && strings.Contains(a.Request.URL.Path, "/pulls") {
			a.body = strings.ReplaceAll(a.body, `"draft":true`, `"draft":false`)
		}
	})
	op.Target = s.target()
	s.onCall(8, func() { ready = true })
	ev, err := s.apply(op)
	s.isUnknown(err)
	if states(ev) != "branch=applied pull_request=unknown" {
		t.Errorf("%s", states(ev))
	}
	w := s.work(op)
	w.Past = begun(op)
	if ev, err := s.port.apply(context.Background(), w, s.diary); err != nil || states(ev) != "branch=applied pull_request=applied" {
		t.Errorf("%v %s", err, states(ev))
	}
}

// TestPullLies: a GitHub that says that it made something else is shown nothing more.
func TestPullLies(t *testing.T) {
	other := strings.Repeat("1", 40)
	for name, c := range map[string]struct {
		lie  func(*stage, *answer)
		made string // what there must not be afterwards
	}{
		"blob": {func(s *stage, a *answer) {
			if a.is("POST", "/git/blobs") {
				a.body = `{"sha":"` + other + `"}`
			}
		}, "tree-made"},
		"tree": {func(s *stage, a *answer) {
			if a.is("POST", "/git/trees") {
				a.body = strings.Replace(a.body, `"mode":"100644"`, `"mode":"100755"`, 1)
			}
		}, "commit-made"},
		"tree of the base": {func(s *stage, a *answer) {
			if a.is("GET", "/git/commits/"+s.commit) {
				a.body = strings.ReplaceAll(a.body, `"sha":"`+s.commit, `"sha":"`+other)
			}
		}, "blob-made"},
		"tree of the commit": {func(s *stage, a *answer) {
			if a.Request.Method == "GET" && strings.Contains(a.Request.URL.Path, "/git/commits/") && !a.is("GET", s.commit) {
				a.body = strings.ReplaceAll(a.body, `"tree":{"sha":"`, `"tree":{"sha":"`+other[:4])
			}
		}, "ref-created"},
		"parent of the commit": {func(s *stage, a *answer) {
			if a.Request.Method == "GET" && strings.Contains(a.Request.URL.Path, "/git/commits/") && !a.is("GET", s.commit) {
				a.body = strings.ReplaceAll(a.body, s.commit, other)
			}
		}, "ref-created"},
		"files of the branch": {func(s *stage, a *answer) {
			if strings.Contains(a.Request.URL.Path, "/compare/") {
				a.body = strings.ReplaceAll(a.body, `"filename":"CHANGELOG.md"`, `"filename":"evil"`)
			}
		}, "pull-opened"},
		"bytes of the branch": {func(s *stage, a *answer) {
			if strings.Contains(a.Request.URL.Path, "/compare/") {
				a.body = strings.ReplaceAll(a.body, gitobject.LengthOf(s.commit).Blob(s.files["CHANGELOG.md"]), other)
			}
		}, "pull-opened"},
		"base of the branch": {func(s *stage, a *answer) {
			if strings.Contains(a.Request.URL.Path, "/compare/") {
				a.body = strings.Replace(a.body, `"sha":"`+s.commit, `"sha":"`+other, 1) // base_commit comes first
			}
		}, "pull-opened"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			lied := false
			s.front(func(a *answer) {
				was := a.body
				c.lie(s, a)
				lied = lied || a.body != was
			})
			ev, err := s.apply(s.changeOp())
			if err == nil || !lied || strings.Contains(s.kinds(), c.made) || !strings.HasSuffix(states(ev), "pull_request=absent") {
				t.Errorf("lied %t: %v, %s, %s", lied, err, states(ev), s.kinds())
			}
			s.lawful()
		})
	}
}
