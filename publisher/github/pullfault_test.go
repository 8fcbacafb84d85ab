package github

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

// pullWrites are the writes of a pull request from a change set in the order in which they are made.
var pullWrites = []struct{ name, path string }{
	{"blob", "/repos/*/*/git/blobs"},
	{"tree", "/repos/*/*/git/trees"},
	{"commit", "/repos/*/*/git/commits"},
	{"branch", "/repos/*/*/git/refs"},
	{"pull", "/repos/*/*/pulls"},
}

// TestPullPassingFaults strikes each write once with each mishap: one branch, one pull request.
func TestPullPassingFaults(t *testing.T) {
	for _, c := range strikes(t, 10, len(pullWrites), []githubtest.Fault{
		{Action: githubtest.ResetBefore},
		{Action: githubtest.ResetAfter},
		{Action: githubtest.StatusBefore},
		{Action: githubtest.StatusBefore, Status: 401},
		{Action: githubtest.StatusBefore, Status: 401, Times: passes},
		{Action: githubtest.StatusBefore, Status: 403, Times: passes},
		{Action: githubtest.StatusBefore, Status: 404, Times: passes},
		{Action: githubtest.StatusBefore, Status: 422, Message: tooQuick},
		{Action: githubtest.StatusAfter},
		{Action: githubtest.HTML},
		{Action: githubtest.EmptyBody},
		{Action: githubtest.WrongSHA},
		{Action: githubtest.SecondaryLimit},
	}) {
		m, f := pullWrites[c.at], c.fault
		t.Run(m.name+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			f.Method, f.Path = "POST", m.path
			s.srv.Inject(f)
			ev, err := s.apply(op)
			if err != nil {
				t.Fatalf("%v\n%s", err, s.log())
			}
			if states(ev) != "branch=applied pull_request=applied" || ev.Retries > int64(max(1, f.Times)) {
				t.Errorf("%s, %d retries", states(ev), ev.Retries)
			}
			s.opened(op)
			s.lawful()
		})
	}
}

// TestPullCrash ends the process at each write, before or after its effect, and resumes on the same
// machine or on another, for both forms.
func TestPullCrash(t *testing.T) {
	for _, c := range strikes(t, 4, len(pullWrites), []githubtest.Fault{{Action: githubtest.ResetBefore}, {Action: githubtest.ResetAfter}}) {
		for _, same := range []bool{true, false} {
			m, f := pullWrites[c.at], c.fault
			t.Run(fmt.Sprint(m.name, "/", f.Action, "/same=", same), func(t *testing.T) {
				s := newStage(t)
				op := s.changeOp()
				if m.name == "pull" && same {
					op = s.pullOp()
				}
				f.Method, f.Path = "POST", m.path
				s.srv.Inject(f)
				s.crash(op)
				if s.count(githubtest.PullOpened) > 0 && m.name != "pull" {
					t.Errorf("it went on: %s", s.kinds())
				}
				if same {
					w := s.work(op)
					w.Past = begun(op)
					if _, err := s.port.apply(context.Background(), w, s.diary); err != nil {
						t.Fatalf("%v\n%s", err, s.log())
					}
					s.opened(op)
				} else {
					s.resumePull(op)
				}
				s.lawful()
			})
		}
	}
}

// TestPullRefusals strikes each write with a definite refusal: a failure, and nothing after it.
func TestPullRefusals(t *testing.T) {
	for _, c := range strikes(t, 8, len(pullWrites), []githubtest.Fault{
		{Action: githubtest.StatusBefore, Status: 403, Times: passes + 1},
		{Action: githubtest.StatusBefore, Status: 422},
		{Action: githubtest.PrimaryLimit},
		{Action: githubtest.Redirect, Status: 307},
	}) {
		m, f := pullWrites[c.at], c.fault
		t.Run(m.name+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			f.Method, f.Path, f.Location = "POST", m.path, s.srv.API()+"repos/octo-org/widgets"
			s.srv.Inject(f)
			ev, err := s.apply(op)
			s.isFailure(err, refusalCode(f))
			want := "branch=absent pull_request=absent"
			if c.at == 4 {
				want = "branch=applied pull_request=absent"
			}
			if states(ev) != want || s.count(githubtest.PullOpened) != 0 || s.count(githubtest.RefCreated) != c.at/4 {
				t.Errorf("%s, effects %s", states(ev), s.kinds())
			}
			if last := s.srv.Mutations(); last[len(last)-1].Fault == "" {
				t.Errorf("a write after the refusal: %v", last)
			}
			s.lawful()
		})
	}
}

// TestPullLostTwice: two attempts vanish, so nobody knows, and there is no third. A later epoch
// finds out and finishes.
func TestPullLostTwice(t *testing.T) {
	for i, want := range map[int]string{3: "branch=unknown pull_request=absent", 4: "branch=applied pull_request=unknown"} {
		t.Run(pullWrites[i].name, func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			s.srv.Inject(githubtest.Fault{Method: "POST", Path: pullWrites[i].path, Action: githubtest.ResetBefore, Times: 2})
			ev, err := s.apply(op)
			s.isUnknown(err)
			if states(ev) != want || ev.Retries != 1 {
				t.Errorf("%s, %d retries", states(ev), ev.Retries)
			}
			if reads := s.readsBetween("POST"); reads < minPauses {
				t.Errorf("sent again after %d reads\n%s", reads, s.log())
			}
			s.resumePull(op)
			s.lawful()
		})
	}
}

// TestPullEarlierRefused: a definite refusal says nothing about what an earlier epoch did.
func TestPullEarlierRefused(t *testing.T) {
	s := newStage(t)
	op := s.changeOp()
	for _, i := range []int{3, 4} {
		s.srv.Inject(githubtest.Fault{Method: "POST", Path: pullWrites[i].path, Action: githubtest.StatusBefore, Status: 403, Times: passes + 1})
		w := s.work(op)
		w.Past = begun(op)
		ev, err := s.port.apply(context.Background(), w, s.diary)
		s.isUnknown(err)
		if !strings.Contains(states(ev), "unknown") {
			t.Errorf("%s", states(ev))
		}
	}
	s.resumePull(op)
	s.lawful()
}

// TestPullReadFaults strikes reads: lists that lag, pages of HTML, silence.
func TestPullReadFaults(t *testing.T) {
	paths := []string{
		"/repos/*/*/git/matching-refs/**", "/repos/*/*/git/commits/*", "/repos/*/*/compare/*", "/repos/*/*/pulls", "/repos/*/*/pulls/*",
	}
	for _, c := range strikes(t, 8, len(paths), []githubtest.Fault{
		{Action: githubtest.ResetBefore}, {Action: githubtest.StatusBefore}, {Action: githubtest.HTML}, {Action: githubtest.StaleRead, Times: 2},
	}) {
		path, f := paths[c.at], c.fault
		t.Run(strings.ReplaceAll(path, "/", "_")+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			op := s.changeOp()
			must(s.repo.Commit("next", githubtest.Change{Message: "before", Files: map[string]string{"a": "b"}})) // what stale reads see
			f.Method, f.Path = "GET", path
			if strings.Contains(path, "compare") || strings.Contains(path, "pulls/") {
				f.Times = 1 // it is read once
			}
			s.srv.Inject(f)
			if _, err := s.apply(op); err != nil {
				t.Fatalf("%v\n%s", err, s.log())
			}
			s.opened(op)
			s.lawful()
		})
	}
}

// TestPullBlind: a GitHub that cannot be read is never shown anything.
func TestPullBlind(t *testing.T) {
	paths := []string{"/repos/*/*", "/repos/*/*/git/matching-refs/**", "/repos/*/*/pulls"}
	for _, c := range strikes(t, 4, len(paths), []githubtest.Fault{
		{Action: githubtest.StatusBefore, Status: 404}, {Action: githubtest.StatusBefore}, {Action: githubtest.HTML}, {Action: githubtest.EmptyBody},
	}) {
		path, f := paths[c.at], c.fault
		t.Run(faultName(f)+strings.ReplaceAll(path, "/", "_"), func(t *testing.T) {
			s := newStage(t)
			op := s.pullOp()
			f.Method, f.Path, f.Times = "GET", path, 50
			s.srv.Inject(f)
			ev, err := s.apply(op)
			if err == nil || states(ev) != "pull_request=absent" || len(s.srv.Mutations()) != 0 {
				t.Errorf("%v, %s, %v", err, states(ev), s.srv.Mutations())
			}
		})
	}
}
