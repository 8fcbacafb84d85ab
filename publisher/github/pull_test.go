package github

import (
	"context"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

func TestPull(t *testing.T) {
	s := newStage(t)
	op := s.pullOp()
	ev, err := s.apply(op)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	s.opened(op)
	if s.kinds() != "pull-opened" || states(ev) != "pull_request=applied" || ev.Retries != 0 || len(ev.Answer) == 0 {
		t.Errorf("%s, %s, %d retries", s.kinds(), states(ev), ev.Retries)
	}
	if got := strings.Join(s.authorized, " "); got != "call pull_request" {
		t.Errorf("authorized %s", got)
	}
	if id(ev, "pull_number") != "1" || id(ev, "pull_id") == "" || id(ev, "head_sha") != op.PullRequest.Head.SHA ||
		ev.URL != s.srv.Store()+"octo-org/widgets/pull/1" || id(ev, "html_url") != ev.URL || s.diary.facts[keyPullNumber] != "1" {
		t.Errorf("%s %v %v", ev.URL, ev.GitHub, s.diary.facts)
	}
	s.lawful()
}

func TestPullFromChanges(t *testing.T) {
	s := newStage(t)
	op := s.changeOp()
	ev, err := s.apply(op)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	s.opened(op)
	want := "blob-made blob-made blob-made blob-made tree-made commit-made ref-created pull-opened"
	if s.kinds() != want || states(ev) != "branch=applied pull_request=applied" || ev.Retries != 0 {
		t.Errorf("%s, %s, %d retries", s.kinds(), states(ev), ev.Retries)
	}
	if got := strings.Join(s.authorized, " "); got != "call call call call call call call branch call pull_request" {
		t.Errorf("authorized %s", got)
	}
	head := s.repo.Ref("refs/heads/release/v1.4.0")
	if id(ev, "commit") != head || id(ev, "head_sha") != head || id(ev, "tree") != s.git("rev-parse", head+"^{tree}") {
		t.Errorf("%v", ev.GitHub)
	}
	for i := range ev.GitHub[1:] {
		if ev.GitHub[i].Name >= ev.GitHub[i+1].Name {
			t.Errorf("out of order: %v", ev.GitHub)
		}
	}
	s.lawful()
}

// TestPullAgain: on the same machine nothing is written a second time; on another one the commit
// is prepared again, which changes nothing.
func TestPullAgain(t *testing.T) {
	for name, make := range map[string]func(*stage) marketops.Operation{"existing": (*stage).pullOp, "changes": (*stage).changeOp} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := make(s)
			must(s.apply(op))
			writes, refs := len(s.srv.Mutations()), s.git("for-each-ref")
			if ev, err := s.apply(op); err != nil || strings.Contains(states(ev), "absent") || len(s.srv.Mutations()) != writes {
				t.Errorf("%v %s %v", err, states(ev), s.srv.Mutations())
			}
			s.authorized = nil
			s.resumePull(op)
			if s.git("for-each-ref") != refs || strings.Contains(strings.Join(s.authorized, " "), "pull_request") || strings.Contains(strings.Join(s.authorized, " "), "branch") {
				t.Errorf("authorized %v", s.authorized)
			}
			s.lawful()
		})
	}
}

// TestPullPreview holds the preview against what an Apply then does, reads included.
func TestPullPreview(t *testing.T) {
	for name, make := range map[string]func(*stage) marketops.Operation{"existing": (*stage).pullOp, "changes": (*stage).changeOp} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := make(s)
			var planned, sent []string
			for _, c := range s.port.Preview(op) {
				if strings.HasSuffix(c.Path, "/git/trees/{tree}") && strings.Contains(c.Why, "docs, if there is such a folder") {
					continue // there is none
				}
				planned = append(planned, c.Method+" "+c.Path)
			}
			if len(s.srv.Requests()) != 0 || s.asked != 0 {
				t.Fatal("the preview was not pure")
			}
			must(s.apply(op))
			commit := s.repo.Ref("refs/heads/" + op.PullRequest.Head.Branch)
			names := strings.NewReplacer("git/commits/"+commit, "git/commits/{commit}", "..."+commit, "...{commit}", "pulls/1", "pulls/{pull_number}")
			for _, r := range s.srv.Requests() {
				line := r.Method + " " + r.Path
				if r.Query != "" {
					line += "?" + r.Query
				}
				sent = append(sent, names.Replace(line))
			}
			if strings.Join(planned, "\n") != strings.Join(sent, "\n") {
				t.Errorf("planned\n%s\nsent\n%s", strings.Join(planned, "\n"), strings.Join(sent, "\n"))
			}
		})
	}
}

// TestPullRefused: nothing is planned, read or sent for what must not be sent.
func TestPullRefused(t *testing.T) {
	for name, spoil := range map[string]func(*marketops.ChangeSet){
		"workflow":       func(c *marketops.ChangeSet) { c.Changes[0].Path = ".github/workflows/ci.yml" },
		"workflow, case": func(c *marketops.ChangeSet) { c.Changes[0].Path = ".GitHub/Workflows/ci.yml" },
		"workflows":      func(c *marketops.ChangeSet) { c.Changes[0].Path = ".github/workflows" },
		"too big":        func(c *marketops.ChangeSet) { c.Changes[0].Size = maxBlob + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			w := s.work(op)
			spoil(op.PullRequest.Changes)
			w.Op = op
			ev, err := s.port.apply(context.Background(), w, s.diary)
			s.isFailure(err, marketops.RuleDenied)
			_, err = s.port.Observe(context.Background(), op, s.drafts)
			s.isFailure(err, marketops.RuleDenied)
			if len(ev.Effects) != 0 || s.port.Preview(op) != nil || len(s.srv.Requests()) != 0 {
				t.Error("something was planned or sent")
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		s := newStage(t)
		op := s.changeOp()
		s.files[".github/workflows.md"] = s.files["CHANGELOG.md"]
		s.fillChanges(op.PullRequest, ".github/workflows.md", "README.md")
		if _, err := s.apply(op); err != nil {
			t.Error(err)
		}
		s.opened(op)
	})
}

// TestPullNoPermit: nothing leaves without complete work.
func TestPullNoPermit(t *testing.T) {
	s := newStage(t)
	if _, err := s.port.Apply(context.Background(), &publisher.Permit{}, s.diary); marketops.CodeOf(err) != marketops.ReceiptMissing {
		t.Errorf("%v", err)
	}
	for _, spoil := range []func(*publisher.Work){
		func(w *publisher.Work) { w.BeforeCall = nil },
		func(w *publisher.Work) { w.BeforeEffect = nil },
		func(w *publisher.Work) { w.Content = nil },
		func(w *publisher.Work) { w.Content[3] = nil },
		func(w *publisher.Work) { w.Content[0], w.Content[1] = w.Content[1], w.Content[0] },
		func(w *publisher.Work) { w.Op.Target.Host = "ghe.example.com" },
		func(w *publisher.Work) { w.Op.PullRequest.Base.SHA = "main" },
	} {
		w := s.work(s.changeOp())
		spoil(w)
		if _, err := s.port.apply(context.Background(), w, s.diary); err == nil {
			t.Errorf("accepted: %+v", w)
		}
	}
	if n := len(s.srv.Requests()); n != 0 || s.asked != 0 {
		t.Errorf("%d requests, credential asked for %d times", n, s.asked)
	}
	op := s.changeOp()
	if _, err := s.apply(op); err != nil { // the control
		t.Error(err)
	}
	s.opened(op)
}

// TestPullUnauthorized: the permission is asked only when needed, and a refusal before an effect prevents it.
func TestPullUnauthorized(t *testing.T) {
	for what, want := range map[string]string{
		"call": "branch=absent pull_request=absent", effectBranch: "branch=absent pull_request=absent", effectPull: "branch=applied pull_request=absent",
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t)
			s.deny = func(at string) error {
				if at == what {
					return &marketops.Failure{Code: marketops.Expired}
				}
				return nil
			}
			op := s.changeOp()
			ev, err := s.apply(op)
			s.isFailure(err, marketops.Expired)
			if states(ev) != want || strings.Contains(s.kinds(), "pull-opened") {
				t.Errorf("%s %s", states(ev), s.kinds())
			}
			s.deny = nil
			if _, err := s.apply(op); err != nil {
				t.Error(err)
			}
			s.opened(op)
		})
	}
}

func TestObservePull(t *testing.T) {
	s := newStage(t)
	op := s.pullOp()
	look := func(op marketops.Operation, want publisher.Presence, wantStates string) {
		t.Helper()
		obs, err := s.port.Observe(context.Background(), op, s.drafts)
		if err != nil || obs.State != want || states(obs.Evidence) != wantStates {
			t.Errorf("%v %q %s, %v; want %v %s", obs.State, obs.Detail, states(obs.Evidence), err, want, wantStates)
		}
	}
	look(op, publisher.Absent, "pull_request=absent")
	must(s.apply(op))
	look(op, publisher.Found, "pull_request=applied")
	other := op
	changed := *op.PullRequest
	changed.Title = "Another"
	other.PullRequest = &changed
	look(other, publisher.Conflict, "pull_request=absent")

	s.diary, s.counted = newDiary(), nil // a journal belongs to one operation
	changes := s.changeOp()
	look(changes, publisher.Absent, "branch=absent pull_request=absent")
	s.deny = func(what string) error {
		if what == effectPull {
			return errFull
		}
		return nil
	}
	_, err := s.apply(changes)
	s.isFailure(err, marketops.LedgerUnavailable)
	look(changes, publisher.Indeterminate, "branch=applied pull_request=absent")
	s.deny = nil
	must(s.apply(changes))
	writes := len(s.srv.Mutations())
	look(changes, publisher.Found, "branch=applied pull_request=applied") // the commit's id follows from the document
	if len(s.srv.Mutations()) != writes {
		t.Errorf("the look wrote: %v", s.srv.Mutations()[writes:])
	}
	s.lawful()
}
