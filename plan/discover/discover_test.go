package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/plan"
)

const (
	widgets = "octo-org/widgets"
	pusher  = "push-token-1234"
	reading = "read-token-1234"
)

var ctx = context.Background()

// stage is a practice GitHub with octo-org/widgets, whose main has two commits.
type stage struct {
	*testing.T
	srv        *githubtest.Server
	repo       *githubtest.Repo
	first, tip string
	writes     int // made by the test itself
}

func newStage(t *testing.T) *stage {
	t.Helper()
	srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Tokens: []githubtest.Token{
		{Secret: pusher, Login: "release-bot", Push: true, Repos: []string{"*"}},
		{Secret: reading, Login: "reader", Repos: []string{widgets}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, srv: srv}
	t.Cleanup(s.end)
	if s.repo, err = srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}); err != nil {
		t.Fatal(err)
	}
	s.first = s.commit("main", "one")
	s.tip = s.commit("main", "two")
	return s
}

// end holds every test to the same: nothing but reads, none of them against the description.
func (s *stage) end() {
	if w := s.srv.Mutations(); len(w) != s.writes {
		s.Errorf("these are not all reads: %v", w)
	}
	for _, r := range s.srv.Requests() {
		if r.Host != githubtest.HostAPI || r.Auth == githubtest.AuthWrong {
			s.Errorf("the token went astray: %v", r)
		}
	}
	for _, v := range s.srv.SchemaViolations() {
		s.Errorf("violation: %v", v)
	}
	if left := s.srv.PendingFaults(); len(left) > 0 {
		s.Errorf("these faults never struck: %v", left)
	}
	if err := s.srv.Close(); err != nil {
		s.Error(err)
	}
}

func (s *stage) commit(branch, text string) string {
	s.Helper()
	sha, err := s.repo.Commit(branch, githubtest.Change{Message: text, Files: map[string]string{"README.md": text}})
	if err != nil {
		s.Fatal(err)
	}
	return sha
}

func (s *stage) ref(name, sha string) {
	s.Helper()
	if err := s.repo.SetRef(name, sha); err != nil {
		s.Fatal(err)
	}
}

// post does what a person with push rights did before.
func (s *stage) post(path, body string) {
	s.Helper()
	s.writes++
	req, err := http.NewRequest("POST", s.srv.API()+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+pusher)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 201 {
		s.Fatal(resp, err)
	}
	resp.Body.Close()
}

func (s *stage) settings() config.GitHub {
	gh := config.DefaultGitHub()
	gh.API, gh.Uploads = s.srv.API(), s.srv.Uploads()
	return gh
}

func (s *stage) source(token string) *GitHub {
	s.Helper()
	secret := marketops.Secret{}
	if token != "" {
		secret = marketops.NewSecret(token)
	}
	g, err := New(s.settings().API, s.settings().Roots, secret, time.Now)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(g.client.CloseIdleConnections)
	return g
}

func TestRepository(t *testing.T) {
	s := newStage(t)
	for token, drafts := range map[string]plan.Drafts{pusher: plan.DraftsSeen, reading: plan.DraftsHidden, "": plan.DraftsHidden} {
		r, err := s.source(token).Repository(ctx, widgets)
		want := plan.Repository{ID: s.repo.ID(), FullName: widgets, DefaultBranch: "main", Drafts: drafts}
		if err != nil || r != want {
			t.Errorf("with %q: %+v, %v", token, r, err)
		}
	}
	g := s.source(pusher)
	if _, err := g.Repository(ctx, "octo-org/none"); !errors.Is(err, marketops.SourceUnreadable) {
		t.Errorf("a repository that is not there: %v", err)
	}
	s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true })
	if r, err := g.Repository(ctx, widgets); err != nil || !r.Archived {
		t.Errorf("archived: %+v, %v", r, err)
	}
	if err := s.repo.Rename("octo-org", "gizmos"); err != nil {
		t.Fatal(err)
	}
	_, err := g.Repository(ctx, widgets)
	if !errors.Is(err, marketops.SourceUnreadable) || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("a renamed repository: %v", err)
	}
}

func TestCommit(t *testing.T) {
	s := newStage(t)
	g := s.source(reading)
	c, err := g.Commit(ctx, widgets, s.tip)
	if err != nil || c.SHA != s.tip || !marketops.FullSHA(c.Tree) || c.Date.String() != "2026-01-02T03:05:05Z" {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, sha := range []string{strings.Repeat("0", 40), s.tip[:10], "main", ""} {
		if _, err := g.Commit(ctx, widgets, sha); !errors.Is(err, marketops.SourceUnreadable) {
			t.Errorf("%q: %v", sha, err)
		}
	}
}

func TestRefs(t *testing.T) {
	s := newStage(t)
	s.ref("refs/tags/v1.0.0-rc", s.first)
	s.ref("refs/heads/release/1.0", s.first)
	s.ref("refs/tags/@acme/ui@1.2.3+b", s.first)
	g := s.source(reading)
	for _, c := range []struct {
		look func(context.Context, string, string) (plan.Ref, error)
		name string
		want plan.Ref
	}{
		{g.Branch, "main", plan.Ref{Presence: plan.Present, SHA: s.tip, Type: "commit"}},
		{g.Branch, "release/1.0", plan.Ref{Presence: plan.Present, SHA: s.first, Type: "commit"}},
		{g.Branch, "release", plan.Ref{Presence: plan.Absent, Beside: "refs/heads/release/1.0"}},
		{g.Branch, "rel", plan.Ref{Presence: plan.Absent}},
		{g.Branch, "release/1.0/x/y", plan.Ref{Presence: plan.Absent, Beside: "refs/heads/release/1.0"}},
		{g.Branch, "release/1.1/x", plan.Ref{Presence: plan.Absent}},
		{g.Branch, "main/next", plan.Ref{Presence: plan.Absent, Beside: "refs/heads/main"}},
		{g.Tag, "@acme/ui@1.2.3+b", plan.Ref{Presence: plan.Present, SHA: s.first, Type: "commit"}},
		{g.Tag, "@acme/ui", plan.Ref{Presence: plan.Absent}},
		{g.Tag, "@acme/ui@1.2.3+b/x", plan.Ref{Presence: plan.Absent, Beside: "refs/tags/@acme/ui@1.2.3+b"}},
		{g.Tag, "release/1.0/x", plan.Ref{Presence: plan.Absent}},
		{g.Branch, "mai", plan.Ref{Presence: plan.Absent}},
		{g.Tag, "v1.0.0-rc", plan.Ref{Presence: plan.Present, SHA: s.first, Type: "commit"}},
		{g.Tag, "v1.0.0", plan.Ref{Presence: plan.Absent}},
		{g.Tag, "main", plan.Ref{Presence: plan.Absent}},
	} {
		if got, err := c.look(ctx, widgets, c.name); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	for _, name := range []string{"../../../../user", "a/./b", "a//b", ""} {
		if got, err := g.Tag(ctx, widgets, name); !errors.Is(err, marketops.SourceUnreadable) || got.Presence != plan.Unknown {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	if got, err := g.Tag(ctx, "octo-org/none", "v1"); !errors.Is(err, marketops.SourceUnreadable) || got.Presence != plan.Unknown {
		t.Errorf("a 404 proves something: %+v, %v", got, err)
	}
}

// TestTwins: a ref is found that differs in letter case only, in the spellings that people mix up.
func TestTwins(t *testing.T) {
	s := newStage(t)
	for _, ref := range []string{"refs/tags/V1.0", "refs/tags/v2", "refs/heads/Release/1"} {
		s.ref(ref, s.first)
	}
	g := s.source(reading)
	for ref, want := range map[string]string{
		"refs/tags/v1.0": "refs/tags/V1.0", "refs/tags/V2": "refs/tags/v2", "refs/heads/release/1": "refs/heads/Release/1", "refs/heads/MAIN": "refs/heads/main",
		"refs/tags/V1.0": "", "refs/tags/v2": "", "refs/heads/v2": "", "refs/tags/@acme/x@1": "", "refs/tags/1.0": "",
	} {
		if got, err := g.Twin(ctx, widgets, ref); err != nil || got != want {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	ended, end := context.WithCancel(ctx)
	end()
	if got, err := g.Twin(ended, widgets, "refs/tags/v1.0"); err == nil {
		t.Errorf("%q without an answer", got)
	}
}

func TestOnBranch(t *testing.T) {
	s := newStage(t)
	ahead := s.commit("feature", "three")
	loose, err := s.repo.LooseCommit(s.first, githubtest.Change{Message: "fork", Files: map[string]string{"x": "y"}})
	if err != nil {
		t.Fatal(err)
	}
	s.ref("refs/tags/main", ahead) // a tag called like the branch must not stand in for it
	g := s.source(reading)
	for sha, want := range map[string]bool{s.tip: true, s.first: true, ahead: false, loose: false} {
		if on, err := g.OnBranch(ctx, widgets, "main", sha); err != nil || on != want {
			t.Errorf("%s: %v, %v, want %v", sha, on, err, want)
		}
	}
	if on, err := g.OnBranch(ctx, widgets, "feature", ahead); err != nil || !on {
		t.Errorf("its own branch: %v, %v", on, err)
	}
	for _, c := range [][2]string{{"gone", s.tip}, {"main", strings.Repeat("0", 40)}, {"main", "main"}} {
		if on, err := g.OnBranch(ctx, widgets, c[0], c[1]); on || !errors.Is(err, marketops.SourceUnreadable) {
			t.Errorf("%v: %v, %v", c, on, err)
		}
	}
}

func TestReleases(t *testing.T) {
	s := newStage(t)
	s.post("repos/octo-org/widgets/releases", `{"tag_name":"v1","draft":true}`)
	s.post("repos/octo-org/widgets/releases", fmt.Sprintf(`{"tag_name":"v2","target_commitish":%q}`, s.tip))
	for range perPage {
		s.post("repos/octo-org/widgets/releases", `{"tag_name":"filler","draft":true}`)
	}
	push, read := s.source(pusher), s.source(reading)
	for _, c := range []struct {
		g    *GitHub
		tag  string
		want plan.Presence
	}{
		{push, "v1", plan.Present}, {push, "v2", plan.Present}, {push, "v", plan.Absent}, {push, "V1", plan.Absent},
		{read, "v1", plan.Absent}, {read, "v2", plan.Present},
	} {
		r, err := c.g.Release(ctx, widgets, c.tag)
		if err != nil || r.Presence != c.want || r.Draft != (c.tag == "v1" && c.want == plan.Present) {
			t.Errorf("%s: %+v, %v", c.tag, r, err)
		}
	}
	s.srv.Inject(githubtest.Fault{Path: "/repositories/*/releases", Action: githubtest.StatusBefore})
	if r, err := push.Release(ctx, widgets, "v"); err != nil || r.Presence != plan.Absent {
		t.Errorf("smaller pages after a failure: %+v, %v", r, err)
	}
	s.srv.Inject(githubtest.Fault{Path: "/repositories/*/releases", Action: githubtest.StatusBefore, Status: 404})
	if r, err := push.Release(ctx, widgets, "v"); !errors.Is(err, marketops.SourceUnreadable) || r.Presence != plan.Unknown {
		t.Errorf("a list without its second page proves something: %+v, %v", r, err)
	}
}

func TestPulls(t *testing.T) {
	s := newStage(t)
	s.commit("feature", "three")
	s.commit("feature2", "four")
	s.post("repos/octo-org/widgets/pulls", `{"title":"t","head":"feature","base":"main"}`)
	g := s.source(reading)
	for head, want := range map[string]plan.Presence{"feature": plan.Present, "feature2": plan.Absent, "featur": plan.Absent} {
		if p, err := g.Pull(ctx, widgets, head, "main"); err != nil || p.Presence != want || (p.Number > 0) != (want == plan.Present) {
			t.Errorf("%s: %+v, %v", head, p, err)
		}
	}
	if err := s.repo.ClosePull(1, false); err != nil {
		t.Fatal(err)
	}
	if p, err := g.Pull(ctx, widgets, "feature", "main"); err != nil || p.Presence != plan.Absent {
		t.Errorf("a closed one: %+v, %v", p, err)
	}
}

// Whatever goes wrong on the way proves nothing. Each fault strikes a lookup whose honest
// answer, the control at the end, is a proven absence.
func TestFaultsProveNothing(t *testing.T) {
	s := newStage(t)
	g := s.source(reading)
	path := "/repos/*/*/git/matching-refs/**"
	for _, f := range []githubtest.Fault{
		{Action: githubtest.ResetBefore}, {Action: githubtest.StatusBefore}, {Action: githubtest.StatusBefore, Status: 500},
		{Action: githubtest.StatusBefore, Status: 404}, {Action: githubtest.StatusBefore, Status: 401},
		{Action: githubtest.Redirect, Location: s.srv.API() + "user"}, {Action: githubtest.Redirect, Status: 307, Location: s.srv.Store()},
		{Action: githubtest.HTML}, {Action: githubtest.EmptyBody}, {Action: githubtest.Truncated},
	} {
		f.Method, f.Path = "GET", path
		// net/http itself repeats a read whose reused connection was reset.
		g.client.CloseIdleConnections()
		s.srv.Inject(f)
		got, err := g.Tag(ctx, widgets, "v1")
		if !errors.Is(err, marketops.SourceUnreadable) || got.Presence != plan.Unknown {
			t.Errorf("%s %d: %+v, %v", f.Action, f.Status, got, err)
		}
	}
	if got, err := g.Tag(ctx, widgets, "v1"); err != nil || got.Presence != plan.Absent {
		t.Errorf("the control: %+v, %v", got, err)
	}
	for _, r := range s.srv.Requests() {
		if r.Path == "/user" || r.Host != githubtest.HostAPI {
			t.Errorf("a redirect was followed: %v", r)
		}
	}
}

func TestRateLimits(t *testing.T) {
	s := newStage(t)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	g, err := New(s.settings().API, s.settings().Roots, marketops.NewSecret(reading), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []githubtest.Fault{
		{Action: githubtest.SecondaryLimit, RetryAfter: 90 * time.Second},
		{Action: githubtest.SecondaryLimit, RetryAfter: 90 * time.Second, Status: 429},
	} {
		f.Path = "/repos/*/*"
		s.srv.Inject(f)
		_, err := g.Repository(ctx, widgets)
		var r *marketops.Refusal
		if !errors.As(err, &r) || r.Code != marketops.SourceUnreadable || !strings.Contains(r.What, "until 2026-11-22T10:01:30Z") || !strings.Contains(r.Next, "10:01:30Z") {
			t.Errorf("%s: %v, next %q", f.Action, err, r.Next)
		}
	}
	s.srv.Inject(githubtest.Fault{Path: "/repos/*/*", Action: githubtest.PrimaryLimit, RetryAfter: time.Hour})
	if _, err := g.Repository(ctx, widgets); !errors.Is(err, marketops.SourceUnreadable) || !strings.Contains(err.Error(), "rate limit reached until 20") {
		t.Errorf("the primary limit: %v", err)
	}
	s.srv.Inject(githubtest.Fault{Path: "/repos/*/*", Action: githubtest.StatusBefore, Status: 403})
	if _, err := g.Repository(ctx, widgets); !errors.Is(err, marketops.SourceUnreadable) || strings.Contains(err.Error(), "rate limit") {
		t.Errorf("a plain 403: %v", err)
	}
}

// The transport is the wall: it is asked directly, without the functions that would never ask.
func TestReaderOnlyReads(t *testing.T) {
	s := newStage(t)
	g := s.source(pusher)
	before := len(s.srv.Requests())
	at := func(u string) string { return strings.TrimSuffix(s.srv.API(), "/") + u }
	for _, c := range []struct{ method, address string }{
		{"POST", at("/repos/octo-org/widgets/git/refs")}, {"PATCH", at("/repos/octo-org/widgets/releases/1")},
		{"PUT", at("/repos/octo-org/widgets")}, {"DELETE", at("/repos/octo-org/widgets/releases/1")}, {"get", at("/user")},
		{"GET", s.srv.Uploads()}, {"GET", s.srv.Store()}, {"GET", strings.Replace(at("/user"), "http:", "https:", 1)},
		{"GET", strings.Replace(at("/user"), "http://", "http://u:p@", 1)}, {"GET", at("/x/../../user")},
	} {
		req, err := http.NewRequest(c.method, c.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := g.client.Transport.RoundTrip(req)
		if !errors.Is(err, marketops.SourceUnreadable) || resp != nil {
			t.Errorf("%s %s: %v, %v", c.method, c.address, resp, err)
		}
	}
	body, _ := http.NewRequest("GET", at("/user"), strings.NewReader("x"))
	if _, err := g.client.Transport.RoundTrip(body); err == nil {
		t.Error("a read with a body was sent")
	}
	host, _ := http.NewRequest("GET", at("/user"), nil)
	host.Host = "other.example.com"
	if _, err := g.client.Transport.RoundTrip(host); err == nil {
		t.Error("a request for another host was sent")
	}
	if after := len(s.srv.Requests()); after != before {
		t.Errorf("%d requests arrived", after-before)
	}
	control, _ := http.NewRequest("GET", at("/user"), nil)
	resp, err := g.client.Transport.RoundTrip(control)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("the control: %v", err)
	}
	resp.Body.Close()
	if control.Header.Get("Authorization") != "" {
		t.Error("the token was written into the caller's request")
	}
}

func TestReaderIgnoresProxies(t *testing.T) {
	s := newStage(t)
	g := s.source("")
	if p := g.client.Transport.(*reader).wire.(*http.Transport).Proxy; p != nil {
		t.Error("there is a proxy function")
	}
}

func TestNextPage(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    string
		bad     bool
	}{
		{nil, "", false},
		{[]string{`<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last"`}, "https://h/x?page=2", false},
		{[]string{`<https://h/x?page=1>; rel="prev"`, `<https://h/x?page=3>; rel="next"`}, "https://h/x?page=3", false},
		{[]string{`<https://h/x?page=1>; rel="prev"`}, "", false},
		{[]string{`<https://h/a,b>; rel="next"`}, "https://h/a,b", false},
		{[]string{`nonsense`}, "", true},
		{[]string{`<https://h/x`}, "", true},
	} {
		got, err := nextPage(c.headers)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%q: %q, %v", c.headers, got, err)
		}
	}
}

func FuzzNextPage(f *testing.F) {
	f.Add(`<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last"`)
	f.Add(`<>;,;<`)
	f.Fuzz(func(t *testing.T, h string) {
		next, err := nextPage([]string{h})
		if err == nil && next != "" && !strings.Contains(h, "<"+next+">") {
			t.Errorf("%q is not in %q", next, h)
		}
	})
}

func TestFollowStaysInTheList(t *testing.T) {
	g, err := New("https://ghe.example.com/api/v3/", nil, marketops.Secret{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := url.Parse("https://ghe.example.com/api/v3/repos/o/r/releases?per_page=100")
	for next, ok := range map[string]bool{
		"https://ghe.example.com/api/v3/repos/o/r/releases?page=2":       true,
		"https://ghe.example.com/api/v3/repositories/12/releases?page=2": true,
		"https://ghe.example.com/api/v3/repos/o/other/releases?page=2":   false,
		"https://ghe.example.com/api/v3/repositories/12/pulls?page=2":    false,
		"https://ghe.example.com/api/v3/repositories/x/releases?page=2":  false,
		"http://ghe.example.com/api/v3/repos/o/r/releases?page=2":        false,
		"https://evil.example.com/api/v3/repos/o/r/releases?page=2":      false,
		"https://u@ghe.example.com/api/v3/repos/o/r/releases?page=2":     false,
	} {
		if _, err := g.follow(first, next); (err == nil) != ok {
			t.Errorf("%s: %v", next, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := config.DefaultGitHub()
	if _, err := New(good.API, good.Roots, marketops.Secret{}, time.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := New(good.API, good.Roots, marketops.Secret{}, nil); err == nil {
		t.Error("no clock is accepted")
	}
	for _, api := range []string{"", "api.github.com", "http://api.github.com/", "https://u:p@h/", "ftp://h/"} {
		if _, err := New(api, nil, marketops.Secret{}, time.Now); err == nil {
			t.Errorf("%q is accepted", api)
		}
	}
}

// The engine over this source: a plan from real requests, and only reads at the server, which
// [stage.end] asserts.
func TestDryRunOverHTTP(t *testing.T) {
	s := newStage(t)
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a.tar.gz"), []byte("bytes"), 0o600), os.WriteFile(filepath.Join(dir, "marketops.yaml"), fmt.Appendf(nil, `version: 1
github: {api: %q, uploads: %q}
publications:
  - {kind: publish_release, repository: octo-org/widgets, tag: v1.4.0, target: main, make_latest: "true", assets: ["*.tar.gz"]}
  - {kind: tag_repo, repository: octo-org/widgets, tag: v0.9.0, target: %s, message: old, tagger: {name: Bot, email: bot@example.com}}
  - {kind: tag_repo, repository: octo-org/widgets, tag: v0.8.0, target: main, message: taken, tagger: {name: Bot, email: bot@example.com}}
`, s.srv.API(), s.srv.Uploads(), s.first), 0o600)); err != nil {
		t.Fatal(err)
	}
	s.ref("refs/tags/v0.8.0", s.first)
	c, err := config.Load(filepath.Join(dir, "marketops.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	random := bytes.NewReader(bytes.Repeat([]byte{5}, 4096))
	id, err := plan.NewRunID(random)
	if err != nil {
		t.Fatal(err)
	}
	r, err := plan.DryRun(ctx, plan.Options{AllowPartial: true,
		Publications: c.Publications, Core: c.Core, Dir: c.Dir, Host: c.GitHub.Host(), SourceHost: c.GitHub.Host(), Source: s.source(reading), Advisor: key, Now: time.Now, Random: random, Run: id,
		Preview: func(o marketops.Operation) []marketops.Call {
			return []marketops.Call{{Method: "POST", Path: "/" + o.Resource()}}
		}, Out: filepath.Join(t.TempDir(), "run"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for _, o := range r.Plan.Operations {
		got = append(got, o.Resource)
	}
	for _, x := range r.Plan.Rejected {
		got = append(got, string(x.Code))
	}
	for _, x := range r.Plan.Findings {
		got = append(got, x.Rule)
	}
	if want := []string{"refs/tags/v1.4.0", "refs/tags/v0.9.0", "version-exists", "drafts-not-visible"}; !slices.Equal(got, want) {
		t.Errorf("the plan is %q: %+v", got, r.Plan.Rejected)
	}
	if op := r.Operations[0]; op.Tag.Commit != s.tip || op.Target.RepositoryID != s.repo.ID() || op.Target.Host != c.GitHub.Host() {
		t.Errorf("the operation is %+v", op)
	}
	if len(s.srv.Effects()) != 0 || len(s.srv.Mutations()) != 0 || len(s.srv.Requests()) == 0 {
		t.Errorf("the server saw %d requests and %v", len(s.srv.Requests()), s.srv.Effects())
	}
}

// TestTree: a folder is read with the modes of its entries, and its entries make its id.
func TestTree(t *testing.T) {
	s := newStage(t)
	g := s.source(reading)
	tip, err := s.repo.Commit("main", githubtest.Change{Files: map[string]string{"docs/a": "a", "run.sh": "long enough", "link": "run.sh", "module": s.tip},
		Modes: map[string]string{"run.sh": "100755", "link": "120000", "module": "160000"}})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := g.Commit(ctx, widgets, tip)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := g.Tree(ctx, widgets, commit.Tree)
	if err != nil {
		t.Fatal(err)
	}
	modes, ids, sizes := map[string]string{}, map[string]string{}, map[string]int64{}
	for _, e := range tree {
		modes[e.Name], ids[e.Name], sizes[e.Name] = e.Mode, e.ID, e.Size
	}
	for name, mode := range map[string]string{"docs": gitobject.Folder, "run.sh": gitobject.Executable, "link": gitobject.Link, "module": gitobject.Submodule} {
		if modes[name] != mode {
			t.Errorf("%s has mode %q", name, modes[name])
		}
	}
	if ids["module"] != s.tip || sizes["run.sh"] != 11 {
		t.Errorf("%v %v", ids, sizes)
	}
	data, err := g.Blob(ctx, widgets, ids["run.sh"])
	if err != nil || string(data) != "long enough" {
		t.Errorf("%q %v", data, err)
	}
	for what, ask := range map[string]func() error{
		"no tree":       func() error { _, err := g.Tree(ctx, widgets, strings.Repeat("1", 40)); return err },
		"a file":        func() error { _, err := g.Tree(ctx, widgets, ids["run.sh"]); return err },
		"no id":         func() error { _, err := g.Tree(ctx, widgets, "main"); return err },
		"no file":       func() error { _, err := g.Blob(ctx, widgets, strings.Repeat("1", 40)); return err },
		"a folder":      func() error { _, err := g.Blob(ctx, widgets, ids["docs"]); return err },
		"a commit":      func() error { _, err := g.Tree(ctx, widgets, tip); return err }, // GitHub answers with its tree
		"a file's path": func() error { _, err := g.Blob(ctx, widgets, "run.sh"); return err },
	} {
		if err := ask(); !errors.Is(err, marketops.SourceUnreadable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.TreeLimit = 2 })
	if _, err := g.Tree(ctx, widgets, commit.Tree); !errors.Is(err, marketops.SourceUnreadable) || !strings.Contains(err.Error(), "more entries") {
		t.Errorf("cut off: %v", err)
	}
}
