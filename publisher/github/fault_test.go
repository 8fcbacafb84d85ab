package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
)

// mutations are the writes of a release in the order in which they are made.
var mutations = []struct{ name, method, path string }{
	{"tag object", "POST", "/repos/*/*/git/tags"},
	{"draft", "POST", "/repos/*/*/releases"},
	{"upload", "POST", "/repos/*/*/releases/*/assets"},
	{"ref", "POST", "/repos/*/*/git/refs"},
	{"publish", "PATCH", "/repos/*/*/releases/*"},
}

// The writes that others see, by their place in mutations.
const (
	refWrite     = 3
	publishWrite = 4
)

// passes is how often GitHub may refuse in passing, and tooQuick how it words one of its limits.
const (
	passes   = 3
	tooQuick = "Validation Failed: was submitted too quickly"
)

// passing are mishaps after which the operation still succeeds within one Apply.
var passing = []githubtest.Fault{
	{Action: githubtest.ResetBefore},
	{Action: githubtest.ResetAfter},
	{Action: githubtest.StatusBefore},
	{Action: githubtest.StatusBefore, Status: 500},
	{Action: githubtest.StatusBefore, Status: 408},
	{Action: githubtest.StatusBefore, Status: 401},
	{Action: githubtest.StatusBefore, Status: 401, Times: passes},
	{Action: githubtest.StatusBefore, Status: 403, Times: passes},
	{Action: githubtest.StatusBefore, Status: 404, Times: passes},
	{Action: githubtest.StatusBefore, Status: 422, Message: tooQuick},
	{Action: githubtest.StatusAfter},
	{Action: githubtest.StatusAfter, Status: 504},
	{Action: githubtest.HTML},
	{Action: githubtest.EmptyBody},
	{Action: githubtest.Truncated},
	{Action: githubtest.WrongSHA},
	{Action: githubtest.LyingDigest},
	{Action: githubtest.NullDigest},
	{Action: githubtest.DelayAfter, Wait: 20 * time.Millisecond},
	{Action: githubtest.SecondaryLimit, RetryAfter: time.Second},
	{Action: githubtest.SecondaryLimit},
	{Action: githubtest.SecondaryLimit, Status: 429},
	{Action: githubtest.PrimaryLimit, RetryAfter: time.Second},
	{Action: githubtest.PrimaryLimit, RetryAfter: time.Second, Status: 429},
}

// strike is one fault at one write or read.
type strike struct {
	at    int // of the table of writes
	fault githubtest.Fault
}

// strikes are some of all faults at n writes or reads, or all of them.
func strikes(t *testing.T, some, n int, faults []githubtest.Fault) []strike {
	t.Helper()
	var all []strike
	for at := range n {
		for _, f := range faults {
			all = append(all, strike{at, f})
		}
	}
	return exhaustive.Sample(t, some, all)
}

func faultName(f githubtest.Fault) string {
	return fmt.Sprint(f.Action, "-", f.Status, "-", f.RetryAfter)
}

// TestPassingFaults strikes each write once with each mishap: one tag, one release, no more.
func TestPassingFaults(t *testing.T) {
	for _, c := range strikes(t, 20, len(mutations), passing) {
		m, f := mutations[c.at], c.fault
		t.Run(m.name+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			f.Method, f.Path = m.method, m.path
			s.srv.Inject(f)
			ev, err := s.apply(op)
			if err != nil {
				t.Fatalf("%v\n%s", err, s.log())
			}
			if states(ev) != "tag=applied release=applied" || ev.Retries > int64(max(1, f.Times)) {
				t.Errorf("%s, %d retries", states(ev), ev.Retries)
			}
			s.published(op)
			s.oneRelease()
			s.lawful()
		})
	}
}

// oneRelease demands one release, and of drafts only those, empty, whose answer was lost.
func (s *stage) oneRelease() {
	s.Helper()
	var all []struct {
		Draft  bool
		Assets []any
	}
	if err := s.outsider("GET", "releases?per_page=100", nil, &all); err != nil {
		s.Fatal(err)
	}
	lost, shown := 0, 0
	for _, r := range s.srv.Mutations() {
		if r.Fault != "" && strings.HasSuffix(r.Path, "/releases") {
			lost++
		}
	}
	for _, r := range all {
		if !r.Draft {
			shown++
		} else if lost--; lost < 0 || len(r.Assets) > 0 {
			s.Errorf("a draft is left: %+v", r)
		}
	}
	if shown != 1 {
		s.Errorf("%d releases", shown)
	}
}

// TestRefusals strikes each write with a definite refusal: a failure, and nothing after it.
func TestRefusals(t *testing.T) {
	for _, c := range strikes(t, 14, len(mutations), []githubtest.Fault{
		{Action: githubtest.StatusBefore, Status: 400},
		{Action: githubtest.StatusBefore, Status: 401, Times: passes + 2},
		{Action: githubtest.StatusBefore, Status: 403, Times: passes + 1},
		{Action: githubtest.StatusBefore, Status: 404, Times: passes + 1},
		{Action: githubtest.StatusBefore, Status: 409},
		{Action: githubtest.StatusBefore, Status: 422},
		{Action: githubtest.PrimaryLimit},
		{Action: githubtest.PrimaryLimit, Status: 429},
		{Action: githubtest.SecondaryLimit, RetryAfter: time.Hour},
		{Action: githubtest.Redirect, Status: 301},
		{Action: githubtest.Redirect, Status: 302},
		{Action: githubtest.Redirect, Status: 307},
		{Action: githubtest.Redirect, Status: 308},
	}) {
		m, f := mutations[c.at], c.fault
		t.Run(m.name+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			f.Method, f.Path = m.method, m.path
			f.Location = s.srv.API() + "repos/octo-org/widgets"
			s.srv.Inject(f)
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, refusalCode(f))
			wantStates := "tag=absent release=absent"
			if c.at > refWrite {
				wantStates = "tag=applied release=absent"
			}
			if states(ev) != wantStates || s.count(githubtest.ReleasePublished) != 0 || s.count(githubtest.RefCreated) != max(0, c.at-refWrite) {
				t.Errorf("%s, effects %s", states(ev), s.kinds())
			}
			removed := c.at == refWrite-1 && isDefinite(err) // only the draft is there, and nothing visible was tried
			if last := s.srv.Mutations(); last[len(last)-1-s.count(githubtest.ReleaseDeleted)].Fault == "" || (s.count(githubtest.ReleaseDeleted) == 1) != removed {
				t.Errorf("a write after the refusal, or a draft that is left: %v", last)
			}
			s.lawful()
		})
	}
}

// refusalCode is the code of the failure that a definite refusal leads to.
func refusalCode(f githubtest.Fault) marketops.Code {
	switch {
	case f.Action == githubtest.PrimaryLimit, f.Action == githubtest.SecondaryLimit:
		return marketops.GitHubRateLimited
	case f.Status == 401:
		return marketops.TokenMissing
	case f.Action == githubtest.Redirect:
		return marketops.RedirectRefused
	}
	return marketops.GitHubDenied
}

// TestLostTwice: two attempts vanish, so nobody knows, and there is no third. A later epoch
// finds out and finishes.
func TestLostTwice(t *testing.T) {
	for _, m := range []int{refWrite, publishWrite} {
		for _, action := range []githubtest.Action{githubtest.ResetBefore, githubtest.StatusBefore} {
			t.Run(mutations[m].name+"/"+string(action), func(t *testing.T) {
				s := newStage(t)
				op := s.releaseOp()
				s.srv.Inject(githubtest.Fault{Method: mutations[m].method, Path: mutations[m].path, Action: action, Times: 2})
				ev, err := s.apply(op)
				s.isUnknown(err)
				if !strings.Contains(states(ev), "=unknown") || ev.Retries != 1 {
					t.Errorf("%s, %d retries", states(ev), ev.Retries)
				}
				if reads := s.readsBetween(mutations[m].method); reads < minPauses {
					t.Errorf("sent again after %d reads\n%s", reads, s.log())
				}
				s.resume(op)
				s.lawful()
			})
		}
	}
}

// readsBetween counts the reads between the first two faulty writes.
func (s *stage) readsBetween(method string) int {
	faulty, reads := 0, 0
	for _, r := range s.srv.Requests() {
		if r.Method == method && r.Fault != "" {
			faulty++
		} else if faulty == 1 && r.Method == http.MethodGet {
			reads++
		}
	}
	return reads
}

// resume is the next epoch, on another machine that knows nothing.
func (s *stage) resume(op marketops.Operation) {
	s.Helper()
	s.diary, s.port = newDiary(), s.newPort(s.api, s.uploads)
	w := s.work(op)
	w.Past = begun(op)
	ev, err := s.port.apply(context.Background(), w, s.diary)
	if err != nil || strings.Contains(states(ev), "unknown") || strings.Contains(states(ev), "absent") {
		s.Fatalf("resumed: %s, %v\n%s", states(ev), err, s.log())
	}
	s.published(op)
	s.oneRelease()
}

// TestCrash ends the process at each write, before or after its effect, and resumes on the
// same machine or on another.
func TestCrash(t *testing.T) {
	for _, c := range strikes(t, 5, len(mutations), []githubtest.Fault{{Action: githubtest.ResetBefore}, {Action: githubtest.ResetAfter}}) {
		for _, same := range []bool{true, false} {
			m, f := mutations[c.at], c.fault
			t.Run(fmt.Sprint(m.name, "/", f.Action, "/same=", same), func(t *testing.T) {
				s := newStage(t)
				op := s.releaseOp()
				f.Method, f.Path = m.method, m.path
				s.srv.Inject(f)
				s.crash(op)
				if s.count(githubtest.ReleasePublished) > 0 && m.name != "publish" {
					t.Errorf("it went on: %s", s.kinds())
				}
				if same {
					w := s.work(op)
					w.Past = begun(op)
					if _, err := s.port.apply(context.Background(), w, s.diary); err != nil {
						t.Fatalf("%v\n%s", err, s.log())
					}
					s.published(op)
					s.oneRelease()
				} else {
					s.resume(op)
				}
				s.lawful()
			})
		}
	}
}

// crash applies until the first request fails, and is then gone.
func (s *stage) crash(op marketops.Operation) {
	s.Helper()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	gone := &dying{diary: s.diary, kill: kill}
	if _, err := s.port.apply(ctx, s.work(op), gone); err == nil {
		s.Fatal("it survived")
	}
}

// TestEarlierRefused: a definite refusal says nothing about what an earlier epoch did.
func TestEarlierRefused(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	for _, m := range []int{refWrite, publishWrite} {
		s.srv.Inject(githubtest.Fault{Method: mutations[m].method, Path: mutations[m].path, Action: githubtest.StatusBefore, Status: 403, Times: passes + 1})
		w := s.work(op)
		w.Past = begun(op)
		ev, err := s.port.apply(context.Background(), w, s.diary)
		s.isUnknown(err)
		if !strings.Contains(states(ev), "unknown") {
			t.Errorf("%s", states(ev))
		}
	}
	s.resume(op)
	s.lawful()
}

// TestReadFaults strikes reads: lists that lag, pages of HTML, silence.
func TestReadFaults(t *testing.T) {
	paths := []string{
		"/repos/*/*", "/repos/*/*/git/matching-refs/**", "/repos/*/*/git/tags/*", "/repos/*/*/git/commits/*",
		"/repos/*/*/releases", "/repos/*/*/releases/*", "/repos/*/*/releases/*/assets", "/repos/*/*/releases/latest", "/repos/*/*/releases/tags/*",
	}
	for _, c := range strikes(t, 16, len(paths), []githubtest.Fault{
		{Action: githubtest.ResetBefore}, {Action: githubtest.StatusBefore}, {Action: githubtest.HTML}, {Action: githubtest.EmptyBody},
		{Action: githubtest.Truncated}, {Action: githubtest.StaleRead, Times: 2}, {Action: githubtest.SecondaryLimit},
		{Action: githubtest.StatusBefore, Status: 401},
	}) {
		path, f := paths[c.at], c.fault
		t.Run(strings.ReplaceAll(path, "/", "_")+"/"+faultName(f), func(t *testing.T) {
			s := newStage(t)
			op := s.releaseOp()
			f.Method, f.Path = "GET", path
			if strings.Contains(path, "commits") {
				f.Times = 1
			}
			must(s.repo.Commit("next", githubtest.Change{Message: "before", Files: map[string]string{"a": "b"}})) // what stale reads see
			s.srv.Inject(f)
			if _, err := s.apply(op); err != nil {
				t.Fatalf("%v\n%s", err, s.log())
			}
			s.published(op)
			s.oneRelease()
			s.lawful()
		})
	}
}

// TestBlindReads: a GitHub that cannot be read is never written to.
func TestBlindReads(t *testing.T) {
	paths := []string{"/repos/*/*", "/repos/*/*/git/matching-refs/**", "/repos/*/*/git/commits/*"}
	for _, c := range strikes(t, 5, len(paths), []githubtest.Fault{
		{Action: githubtest.StatusBefore, Status: 404}, {Action: githubtest.StatusBefore}, {Action: githubtest.HTML},
		{Action: githubtest.EmptyBody}, {Action: githubtest.Redirect, Location: "/elsewhere"},
	}) {
		path, f := paths[c.at], c.fault
		t.Run(faultName(f)+strings.ReplaceAll(path, "/", "_"), func(t *testing.T) {
			s := newStage(t)
			f.Method, f.Path, f.Times = "GET", path, 50
			s.srv.Inject(f)
			ev, err := s.apply(s.tagOp())
			if err == nil || states(ev) != "tag=absent" || len(s.srv.Mutations()) != 0 {
				t.Errorf("%v, %s, %v", err, states(ev), s.srv.Mutations())
			}
		})
	}
}

// TestHeavyLists: GitHub does not make a page of releases with many files in time, and smaller pages are asked for.
func TestHeavyLists(t *testing.T) {
	for _, heavy := range []int{3, 30} {
		t.Run(fmt.Sprint(heavy), func(t *testing.T) {
			s := newStage(t)
			for i := range 60 {
				r := s.makes("POST", "releases", map[string]any{"tag_name": fmt.Sprint("old-", i), "draft": true})
				if err := s.outsider("POST", fmt.Sprintf("releases/%d/assets?name=a", r.ID), []byte("a"), nil); err != nil {
					t.Fatal(err)
				}
			}
			s.repo.Set(func(spec *githubtest.RepoSpec) { spec.Heavy = heavy })
			op := s.releaseOp()
			ev, err := s.apply(op)
			if err != nil || states(ev) != "tag=applied release=applied" {
				t.Fatalf("%v %s\n%s", err, states(ev), s.log())
			}
			s.lawful()
		})
	}
}

// TestHeavyPage: a page in the midst of a list is too heavy, and nothing of the list is left out: the release that
// stands in the way is the first of the smaller pages.
func TestHeavyPage(t *testing.T) {
	s := newStage(t)
	for i := range 150 {
		r := map[string]any{"tag_name": fmt.Sprint("old-", i), "draft": true}
		if i == 40 { // on the first of the smaller pages
			r = map[string]any{"tag_name": "v1.4.0", "name": "another maintainer's", "draft": true}
		}
		s.makes("POST", "releases", r)
	}
	s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/releases", Action: githubtest.StatusBefore, Status: 502, Skip: 1, Times: 2})
	_, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.GitHubConflict)
	if _, after, _ := strings.Cut(s.log(), "per_page=25"); !strings.HasPrefix(after, "&page=5 200") {
		t.Errorf("after 100 of a list: per_page=25%.20s", after)
	}
	s.lawful()
}
