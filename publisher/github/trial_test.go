package github

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/ratelimit"
)

// looked makes the looks of an operation, and demands that nothing but GET was sent for them.
func (s *stage) looked(p *Port, op marketops.Operation) publisher.Looks {
	s.Helper()
	before := len(s.srv.Requests())
	looks := p.Look(context.Background(), op, nil, time.Hour)
	for _, r := range s.srv.Requests()[before:] {
		if r.Method != "GET" {
			s.Errorf("a look sent %v", r)
		}
	}
	return looks
}

// said are the names and results of looks, in order.
func said(looks publisher.Looks) string {
	var out []string
	for _, l := range looks {
		one := l.Name + "=" + string(l.Status)
		if l.Code != "" {
			one += ":" + string(l.Code)
		}
		out = append(out, one)
	}
	return strings.Join(out, " ")
}

// reading is a port for trial runs with a read token.
func (s *stage) reading(token string) *Port {
	s.Helper()
	o := s.options(s.api, s.uploads)
	o.ReadOnly, o.Token = true, func(context.Context) (string, error) { return token, nil }
	p, err := newPort(o, s.clock.sleep)
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// TestLook: what stands in the way is named before anything is sent, and what could not be read is not called good. The
// control of each is the same operation without it.
func TestLook(t *testing.T) {
	const tag, release = "time=pass repository=pass rights=pass tag=pass branch=pass commit=pass", " releases=pass"
	const pull, change = "time=pass repository=pass rights=pass base=pass head=pass pull request=pass", "time=pass repository=pass rights=pass base=pass commit=pass tag=pass head=pass pull request=pass"
	conflict := func(in, name string) string {
		return strings.Replace(in, name+"=pass", name+"=fail:github-conflict", 1)
	}
	for name, c := range map[string]struct {
		op     func(*stage) marketops.Operation
		want   string // without what is in the way
		spoil  func(*stage, marketops.Operation)
		failed string // with it
	}{
		"tag": {(*stage).tagOp, tag, func(s *stage, _ marketops.Operation) { s.point("refs/tags/v1.4.0", s.commit) }, conflict(tag, "tag")},
		"tag with other words": {(*stage).tagOp, tag, func(s *stage, op marketops.Operation) { s.annotate(op, op.Tag.Message+"\n") },
			conflict(tag, "tag")},
		"branch of that name": {(*stage).tagOp, tag, func(s *stage, _ marketops.Operation) { s.point("refs/heads/v1.4.0", s.commit) },
			conflict(tag, "branch")},
		"archived": {(*stage).tagOp, tag, func(s *stage, _ marketops.Operation) { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true }) },
			"time=pass repository=fail:github-denied rights=not_run tag=pass branch=pass commit=pass"},
		"renamed": {(*stage).tagOp, tag, func(s *stage, _ marketops.Operation) { s.repo.Rename("octo-org", "gizmos") },
			"time=pass repository=fail:redirect-refused rights=not_run tag=not_run branch=not_run commit=not_run"},
		"draft of another user": {(*stage).releaseOp, tag + release, func(s *stage, _ marketops.Operation) { s.makes("POST", "releases", rel("v1.4.0", "x", "y", true)) },
			conflict(tag+release, "releases")},
		"release of another user": {(*stage).releaseOp, tag + release, func(s *stage, _ marketops.Operation) {
			s.makes("POST", "releases", rel("v1.4.0", "x", "y", false))
		}, conflict(conflict(tag+release, "releases"), "tag")},
		"base moved": {(*stage).pullOp, pull, func(s *stage, _ marketops.Operation) {
			must(s.repo.Commit("main", githubtest.Change{Message: "moved", Files: map[string]string{"x": "y"}}))
		}, strings.Replace(pull, "base=pass", "base=fail:ref-moved", 1)},
		"head moved": {(*stage).pullOp, pull, func(s *stage, _ marketops.Operation) {
			must(s.repo.Commit("release/next", githubtest.Change{Message: "moved", Files: map[string]string{"x": "y"}}))
		}, strings.Replace(pull, "head=pass", "head=fail:ref-moved", 1)},
		"pull request of another user": {(*stage).pullOp, pull, func(s *stage, _ marketops.Operation) { s.theirPull("release/next", "theirs", "not ours") },
			conflict(pull, "pull request")},
		"branch of another user": {(*stage).changeOp, change, func(s *stage, _ marketops.Operation) {
			must(s.repo.Commit("release/v1.4.0", githubtest.Change{Message: "theirs", Files: map[string]string{"x": "y"}}))
		}, conflict(change, "head")},
		"base commit not shown": {(*stage).changeOp, change, func(s *stage, _ marketops.Operation) {
			s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/git/commits/*", Action: githubtest.StatusBefore, Status: 404})
		}, strings.Replace(change, "commit=pass", "commit=fail:github-denied", 1)},
		"tag with the branch's name": {(*stage).changeOp, change, func(s *stage, _ marketops.Operation) { s.point("refs/tags/release/v1.4.0", s.commit) },
			conflict(change, "tag")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			op := c.op(s)
			if got := said(s.looked(s.port, op)); got != c.want {
				t.Errorf("control: %s, want %s", got, c.want)
			}
			c.spoil(s, op)
			looks := s.looked(s.port, op)
			if _, failed := looks.Failure(); said(looks) != c.failed || !failed || looks.Passed() {
				t.Errorf("%s, want %s", said(looks), c.failed)
			}
		})
	}
}

// TestLookCopied: what is there as planned although the operation has tried nothing is a copy, and in the way like
// anything else. The control is [TestLook]: nothing is there.
func TestLookCopied(t *testing.T) {
	for _, c := range []struct {
		op   func(*stage) marketops.Operation
		want string
	}{
		{(*stage).releaseOp, "tag=fail:github-conflict branch=pass commit=pass releases=fail:github-conflict"},
		{(*stage).pullOp, "head=pass pull request=fail:github-conflict"},
		{(*stage).changeOp, "tag=pass head=fail:github-conflict pull request=fail:github-conflict"},
	} {
		s := openStage(t)
		op := c.op(s)
		must(s.apply(op))
		if looks := s.looked(s.port, op); !strings.HasSuffix(said(looks), c.want) {
			t.Errorf("%s, want %s", said(looks), c.want)
		}
	}
}

// TestLookCredential: whose rights are shown, and what a token cannot see is said to be not looked at.
func TestLookCredential(t *testing.T) {
	const after = " tag=pass branch=pass commit=pass releases="
	for _, c := range []struct {
		token    string
		readOnly bool
		want     string
	}{
		{"another-token", false, "repository=pass rights=pass" + after + "pass"},
		{"classic-repo", false, "repository=pass rights=pass" + after + "pass"},
		{"classic-none", false, "repository=pass rights=fail:github-denied" + after + "pass"},
		{"reader-token", false, "repository=pass rights=fail:github-denied" + after + "pass"},
		{"another-token", true, "repository=pass rights=pass" + after + "pass"},
		{"classic-none", true, "repository=pass rights=not_run" + after + "not_run"},
		{"reader-token", true, "repository=pass rights=not_run" + after + "not_run"},
		{"unknown-token", true, "repository=fail:token-missing rights=not_run tag=not_run branch=not_run commit=not_run releases=not_run"},
		{"unknown-token", false, "repository=fail:token-missing rights=not_run tag=not_run branch=not_run commit=not_run releases=not_run"},
	} {
		t.Run(fmt.Sprint(c.token, c.readOnly), func(t *testing.T) {
			s := newStage(t)
			p := s.reading(c.token)
			if !c.readOnly {
				s.token, p = func() (string, error) { return c.token, nil }, s.port
			}
			looks := s.looked(p, s.releaseOp())
			if got := strings.TrimPrefix(said(looks), "time=pass "); got != c.want || looks.Passed() == (strings.Contains(c.want, "=not_run") || strings.Contains(c.want, "=fail")) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestLookReadOnly: a port for trial runs cannot be made to write. The control is the port that publishes.
func TestLookReadOnly(t *testing.T) {
	s := newStage(t)
	p := s.reading(secret)
	if _, err := p.apply(context.Background(), s.work(s.tagOp()), s.diary); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("%v", err)
	}
	if len(s.srv.Mutations()) != 0 {
		t.Errorf("%v", s.srv.Mutations())
	}
	if _, err := s.apply(s.tagOp()); err != nil || len(s.srv.Mutations()) == 0 {
		t.Errorf("control: %v", err)
	}
}

// TestLookSilence: no answer is not called a failure, and where GitHub does not answer it is not asked on.
func TestLookSilence(t *testing.T) {
	for path, want := range map[string]string{
		"/repos/*/*":                          "time=pass repository=not_run:github-unreachable rights=not_run tag=not_run branch=not_run commit=not_run",
		"/repos/*/*/git/matching-refs/tags/*": "time=pass repository=pass rights=pass tag=not_run:github-unreachable branch=not_run commit=not_run",
	} {
		s := openStage(t)
		s.srv.Inject(githubtest.Fault{Method: "GET", Path: path, Action: githubtest.StatusBefore, Status: 503, Times: 100})
		looks := s.looked(s.port, s.tagOp())
		_, unreached := looks.Unreached()
		if said(looks) != want || looks.Passed() || unreached != strings.Contains(want, "repository=not_run") {
			t.Errorf("%s: %s, want %s", path, said(looks), want)
		}
	}
}

// TestLookAtTime: the writes that the preview lists, at the pace of the credential, must fit into what is left of
// the receipt. The control is a receipt that lasts longer.
func TestLookAtTime(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	for i := range 522 {
		op.Release.Assets = append(op.Release.Assets, marketops.Asset{Name: fmt.Sprintf("c-%03d", i), Size: 1, SHA256: marketops.DigestOf(nil), ContentType: "text/plain"})
	}
	s.limiter = ratelimit.New(t.TempDir(), ratelimit.GitHub(), func(context.Context) (string, error) { return "name", nil })
	for lasts, want := range map[time.Duration]string{
		time.Hour: "time=fail:receipt-too-short", 62 * time.Minute: "time=pass", -time.Second: "time=fail:receipt-too-short",
	} {
		l := s.port.LookAtTime(context.Background(), op, lasts)
		if said(publisher.Looks{l}) != want || !strings.Contains(l.Detail, "528 writes take 1h0m") {
			t.Errorf("%s: %+v", lasts, l)
		}
	}
	if n := len(s.srv.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	s.limiter = &waiting{fail: errFull}
	if l := s.port.LookAtTime(context.Background(), op, time.Hour); l.Status != marketops.Fail || l.Code != marketops.DiskFull {
		t.Errorf("%+v", l)
	}
}

// TestLookAtRest: what an earlier receipt has put into the noted draft need not fit into the next one. The control is the
// same draft where nothing was noted.
func TestLookAtRest(t *testing.T) {
	s := newStage(t)
	op, calls := s.releaseOp(), 0
	s.deny = func(what string) error {
		if calls++; what == "call" && s.count(githubtest.AssetUploaded) == 1 {
			return &marketops.Failure{Code: marketops.Expired, What: "the receipt ended"}
		}
		return nil
	}
	_, err := s.apply(op)
	if marketops.CodeOf(err) != marketops.Expired || !strings.HasSuffix(stateOfError(err), "with 1 of 2 files") || len(s.drafts) != 1 {
		t.Fatalf("%v, %q, %v", err, stateOfError(err), s.drafts)
	}
	for want, drafts := range map[string][]int64{"4 writes": s.drafts, "6 writes": nil} {
		if l := s.port.Look(context.Background(), op, drafts, time.Hour)[0]; l.Status != marketops.Pass || !strings.HasPrefix(l.Detail, want) {
			t.Errorf("%+v, want %s", l, want)
		}
	}
	s.deny = nil
	if _, err := s.apply(op); err != nil || s.count(githubtest.AssetUploaded) != 2 || s.count(githubtest.DraftCreated) != 1 {
		t.Errorf("%v, %s", err, s.kinds())
	}
}

// paced is a limiter that lets reads pass.
type paced struct{ *waiting }

func (paced) BackOff(context.Context, time.Time) (time.Duration, string, error) { return 0, "", nil }

// TestLastWrite: a wait that outlasts the receipt is not waited for: what is prepared is kept for the next one. The
// control is a receipt that lasts as long.
func TestLastWrite(t *testing.T) {
	for lasts, want := range map[time.Duration]marketops.Code{40 * time.Minute: marketops.ReceiptTooShort, 50 * time.Minute: ""} {
		s := openStage(t)
		s.limiter = paced{&waiting{times: 1, wait: 45 * time.Minute}}
		w := s.work(s.releaseOp())
		w.LastWrite, w.Deadline = s.clock.Now().Add(lasts), s.clock.Now().Add(2*time.Hour)
		_, err := s.port.apply(context.Background(), w, s.diary)
		if marketops.CodeOf(err) != want || (len(s.srv.Mutations()) == 0) != (want != "") {
			t.Errorf("%s: %v, %s", lasts, err, s.kinds())
		}
	}
}
