package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

func TestBadCredential(t *testing.T) {
	for name, token := range map[string]func() (string, error){
		"none":       func() (string, error) { return "", nil },
		"a header":   func() (string, error) { return "a\nX-Other: b", nil },
		"too long":   func() (string, error) { return strings.Repeat("a", 4097), nil },
		"unreadable": func() (string, error) { return "", errors.New("GITHUB_TOKEN is empty") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.token = token
			ev, err := s.apply(s.tagOp())
			s.isFailure(err, marketops.TokenMissing)
			if states(ev) != "tag=absent" || len(s.srv.Requests()) != 0 {
				t.Errorf("%s %v", states(ev), s.srv.Requests())
			}
		})
	}
}

// TestRights: what GitHub says of rights before the first write is believed where it speaks of the credential. What
// it says of users is not taken for the rights of an App (story github-app), and a refusal comes before any effect.
func TestRights(t *testing.T) {
	for _, tc := range []struct {
		token   string
		private bool
		why     string // "": it may write
	}{
		{"another-token", false, ""},
		{"classic-repo", false, ""},
		{"classic-repo", true, ""},
		{"classic-public", false, ""},
		{"classic-public", true, "needs repo"},
		{"classic-org", false, "needs repo"},
		{"classic-none", false, "needs repo"},
		{"reader-token", false, "not write to it"},
	} {
		t.Run(fmt.Sprint(tc.token, tc.private), func(t *testing.T) {
			s := newStage(t)
			s.token = func() (string, error) { return tc.token, nil }
			s.repo.Set(func(r *githubtest.RepoSpec) { r.Private = tc.private })
			_, err := s.apply(s.tagOp())
			if tc.why == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			s.isFailure(err, marketops.GitHubDenied)
			if !strings.Contains(err.Error(), tc.why) || s.kinds() != "" {
				t.Errorf("%v; effects %q", err, s.kinds())
			}
		})
	}
}

// TestRightsOfAnApp: GitHub shows an App's token no right of a user at all (semantic-release/github#182), and that
// is no reason to stop.
func TestRightsOfAnApp(t *testing.T) {
	for answer, writable := range map[string]bool{
		`{"permissions":{"pull":false,"push":false}}`: true,
		`{"permissions":{"pull":true,"push":true}}`:   true,
		`{"permissions":{"pull":true,"push":false}}`:  false,
		`{}`: true,
		`{"permissions":{"pull":false,"push":false},"archived":true}`: false,
		`{"permissions":{"pull":false,"push":false},"disabled":true}`: false,
	} {
		var r repository
		if err := json.Unmarshal([]byte(answer), &r); err != nil {
			t.Fatal(err)
		}
		if why := r.whyNotWritable(new(wire.Exchange)); (why == "") != writable {
			t.Errorf("%s: %q", answer, why)
		}
	}
}

// TestRenewal: a credential that ends in the midst of the work is replaced once for each request, on
// reads as on writes. GitHub may refuse the new one for seconds; then there is none.
func TestRenewal(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, times := range []int{1, 1 + passes, 2 + passes} {
			t.Run(fmt.Sprint(method, times), func(t *testing.T) { renew(newStage(t), method, times) })
		}
	}
}

func renew(s *stage, method string, times int) {
	held := "gho_over_and_done_with"
	if method == "POST" {
		held = secret // reads go through; the fault strikes the first write
		s.srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/tags", Action: githubtest.StatusBefore, Status: 401, Times: times})
	} else if times > 1 {
		s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*", Action: githubtest.StatusBefore, Status: 401, Times: times})
	}
	denied := 0
	s.token = func() (string, error) { return held, nil }
	s.onDenied = func(was string) {
		if was != held {
			s.Errorf("told of %q", was)
		}
		denied++
		held = secret
	}
	_, err := s.apply(s.tagOp())
	if denied != 1 || (err == nil) != (times <= 1+passes) {
		s.Errorf("denied %d times, %v", denied, err)
	}
	if err != nil {
		s.isFailure(err, marketops.TokenMissing)
	}
}

func TestNew(t *testing.T) {
	s := newStage(t)
	good := s.options("https://ghe.example.com/api/v3", "https://ghe.example.com/api/uploads")
	good.Pacing, good.Pauses = NewPacing(&waiting{}), DefaultPauses()
	p, err := New(good)
	if err != nil || p.api.String() != "https://ghe.example.com/api/v3/" {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"no token": func(o *Options) { o.Token = nil }, "no denied": func(o *Options) { o.Denied = nil }, "no clock": func(o *Options) { o.Now = nil },
		"no wait": func(o *Options) { o.Wait = nil }, "no pacing": func(o *Options) { o.Pacing = Pacing{} },
		"no limiter": func(o *Options) { o.Pacing.Limiter = nil }, "two pauses": func(o *Options) { o.Pauses = o.Pauses[:2] },
		"no agent": func(o *Options) { o.UserAgent = "" }, "http": func(o *Options) { o.API = "http://ghe.example.com/" },
		"http uploads": func(o *Options) { o.Uploads = "http://192.0.2.1/" }, "password": func(o *Options) { o.API = "https://u:geheim@ghe.example.com/" },
		"query": func(o *Options) { o.API += "?x=y" }, "no host": func(o *Options) { o.API = "https:///x" }, "none": func(o *Options) { o.API = "" },
		"no limit wait": func(o *Options) { o.Pacing.LimitWait = 0 }, "file": func(o *Options) { o.Uploads = "file:///etc" },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHost(t *testing.T) {
	for _, c := range []struct {
		api, host string
		want      bool
	}{
		{"https://api.github.com/", "github.com", true}, {"https://api.github.com/", "api.github.com", false},
		{"https://api.github.com/", "ghe.example.com", false}, {"https://ghe.example.com/api/v3/", "ghe.example.com", true},
		{"https://ghe.example.com/api/v3/", "github.com", false}, {"http://127.0.0.1:8080/", "127.0.0.1:8080", true},
		{"http://127.0.0.1:8080/", "127.0.0.1", false},
	} {
		p := &Port{api: must(wire.ParseBase("API", c.api))}
		if got := p.hostMatches(marketops.Target{Host: marketops.Host(c.host)}); got != c.want {
			t.Errorf("%s %s: %t", c.api, c.host, got)
		}
	}
}

// TestNoLocalRefusal: after a limit go-github would refuse by itself for an hour, and our own
// wait would be over long before.
func TestNoLocalRefusal(t *testing.T) {
	s := newStage(t)
	for _, m := range mutations {
		s.srv.Inject(githubtest.Fault{Method: m.method, Path: m.path, Action: githubtest.SecondaryLimit})
	}
	if _, err := s.apply(s.releaseOp()); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.diary.calls {
		if c.Status == 0 || c.RequestID == "" {
			t.Errorf("a call that GitHub never saw: %+v", c)
		}
	}
	if len(s.diary.calls) != len(s.srv.Requests()) {
		t.Errorf("%d calls in the journal, %d at GitHub", len(s.diary.calls), len(s.srv.Requests()))
	}
	seen := strings.Join(s.waits, "\n")
	if strings.Count(seen, "rate limit") < len(mutations) {
		t.Errorf("waits were not reported: %s", seen)
	}
	s.lawful()
}

// TestUnreachable: no server listens; nothing can have happened.
func TestUnreachable(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	s.srv.Close()
	ev, err := s.apply(op)
	s.isFailure(err, marketops.GitHubUnreachable)
	if states(ev) != "tag=absent" {
		t.Error(states(ev))
	}
	w := s.work(op)
	w.Past = begun(op)
	ev, err = s.port.apply(context.Background(), w, s.diary)
	s.isUnknown(err)
	if states(ev) != "tag=unknown" || !errors.Is(err, marketops.GitHubUnreachable) {
		t.Errorf("%s %v", states(ev), err)
	}
}

// TestUnauthorized: each say of the publisher stops everything behind it.
func TestUnauthorized(t *testing.T) {
	for what, effects := range map[string]string{
		"call": "", "draft": "tag-object-made draft-created", "tag": "tag-object-made draft-created asset-uploaded asset-uploaded",
		"release": "tag-object-made draft-created asset-uploaded asset-uploaded ref-created",
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t)
			s.deny = func(d string) error {
				if d == what {
					return &marketops.Failure{Code: marketops.Expired}
				}
				return nil
			}
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, marketops.Expired)
			if s.kinds() != effects || !strings.HasSuffix(states(ev), "release=absent") {
				t.Errorf("%s, %s", s.kinds(), states(ev))
			}
			s.lawful()
		})
	}
}

// TestFullJournal: what cannot be recorded stops the work before anything is visible.
func TestFullJournal(t *testing.T) {
	s := newStage(t)
	s.diary.full = true
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.DiskFull)
	if states(ev) != "tag=absent release=absent" || len(s.srv.Mutations()) != 0 {
		t.Errorf("%s %v", states(ev), s.srv.Mutations())
	}
}

// TestCancelled: cancelling before the first visible effect leaves a known state.
func TestCancelled(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.deny = func(what string) error {
		cancel()
		return nil
	}
	ev, err := s.port.apply(ctx, s.work(s.releaseOp()), s.diary)
	s.isFailure(err, marketops.GitHubUnreachable)
	if !errors.Is(err, context.Canceled) || states(ev) != "tag=absent release=absent" || s.kinds() != "" {
		t.Errorf("%v %s %s", err, states(ev), s.kinds())
	}
}

// lasting is a journal that is told of unanswered calls: time passed meanwhile.
type lasting struct {
	*diary
	passed func()
}

func (l lasting) Call(e publisher.CallEvidence) error {
	if e.Status == 0 {
		l.passed()
	}
	return l.diary.Call(e)
}

// TestDeadline: no call is under way after the deadline of the work, even if GitHub never answers it. That the
// call ends at the deadline and not later is shown by TestLimitTime of package wire.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for left := 100 * time.Millisecond; ; left *= 4 { // until it is time enough for the request to leave
		s := openStage(t)
		s.srv.Inject(githubtest.Fault{Method: "POST", Path: mutations[refWrite].path, Action: githubtest.DelayAfter, Wait: time.Hour})
		w := s.work(s.tagOp())
		s.deny = func(what string) error {
			if what == effectTag { // right before the call that is never answered
				s.clock.set(w.Deadline.Add(-left))
			}
			return nil
		}
		ev, err := s.port.apply(context.Background(), w, lasting{s.diary, func() { s.clock.set(w.Deadline) }})
		last := s.diary.calls[len(s.diary.calls)-1]
		if last.Step == "make the tag" && !last.Written && left < 10*time.Second {
			continue
		}
		s.isUnknown(err)
		if !strings.Contains(last.Error, "deadline") || states(ev) != "tag=unknown" {
			t.Errorf("the last call ended with %q, %s", last.Error, states(ev))
		}
		return
	}
}
