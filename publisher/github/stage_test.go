package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/unpaced"
	"github.com/omega/marketops/publisher"
)

const secret = "gho_canary+/0123456789abcdef"

// diary is a journal in memory. Its facts outlive an Apply, like a file would.
type diary struct {
	mu    sync.Mutex
	facts map[string]string
	calls []publisher.CallEvidence
	full  bool // refuses everything
}

var errFull = errors.New("no space left")

func newDiary() *diary { return &diary{facts: map[string]string{}} }

func (d *diary) Record(key, value string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errFull
	}
	d.facts[key] = value
	return nil
}

func (d *diary) Recall(key string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.facts[key]
	return v, ok
}

func (d *diary) Call(e publisher.CallEvidence) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errFull
	}
	d.calls = append(d.calls, e)
	return nil
}

// stage is a practice GitHub with one repository, a port to it and an operation.
type stage struct {
	*testing.T
	srv    *githubtest.Server
	repo   *githubtest.Repo
	commit string
	tree   string
	diary  *diary
	port   *Port
	waits  []string
	denied int      // how often GitHub did not accept it
	asked  int      // how often the credential was asked for
	doors  []string // BeforeCall and BeforeEffect, in order
	deny   func(door string) error
	files  map[string][]byte

	fronted string // the address of a front, if there is one
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	return newStageSerial(t)
}

func newStageSerial(t *testing.T) *stage {
	t.Helper()
	srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Tokens: []githubtest.Token{
		{Secret: secret, Login: "release-bot", Push: true, Repos: []string{"*"}},
		{Secret: "another-token", Login: "somebody", Push: true, Repos: []string{"*"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	s := &stage{T: t, srv: srv, diary: newDiary(), files: map[string][]byte{
		"a.tar.gz": []byte("the bytes of a"), "b.txt": bytes.Repeat([]byte("b"), 100_000),
	}}
	s.repo = must(srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}))
	s.commit = must(s.repo.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"README.md": "hello\n"}}))
	s.tree = s.git("rev-parse", s.commit+"^{tree}")
	s.port = s.newPort(srv.API(), srv.Uploads())
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (s *stage) git(args ...string) string {
	s.Helper()
	out, err := exec.Command("git", append([]string{"--git-dir", s.repo.Dir()}, args...)...).Output()
	if err != nil {
		s.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

func (s *stage) options(api, uploads string) Options {
	ms := time.Millisecond
	return Options{
		API: api, Uploads: uploads, Now: time.Now, Pacing: Pacing{Book: unpaced.Book{}, LimitFloor: 10 * ms}, UserAgent: "marketops/test",
		Token:  func(context.Context) (string, error) { s.asked++; return secret, nil },
		Denied: func(string) { s.denied++ },
		Wait:   func(reason string, _ time.Duration) { s.waits = append(s.waits, reason) },
		Pauses: []time.Duration{ms, ms, ms, ms},
	}
}

func (s *stage) newPort(api, uploads string) *Port {
	s.Helper()
	p, err := New(s.options(api, uploads))
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *stage) host() string {
	if s.fronted != "" {
		return s.fronted
	}
	return strings.TrimSuffix(strings.TrimPrefix(s.srv.API(), "http://"), "/")
}

func (s *stage) target() marketops.Target {
	return marketops.Target{Type: "github", Host: s.host(), RepositoryID: s.repo.ID(), FullName: "octo-org/widgets"}
}

func (s *stage) tagOp() marketops.Operation {
	op := marketops.NewOperation(marketops.TagRepo, s.target())
	op.Tag = &marketops.Tag{
		Name: "v1.4.0", Commit: s.commit, Tree: s.tree, Message: "widgets 1.4.0\n\nmore & <more>",
		Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1770000000},
	}
	return op
}

func (s *stage) releaseOp() marketops.Operation {
	op := s.tagOp()
	op.Kind = marketops.PublishRelease
	op.Release = &marketops.Release{Name: "Widgets 1.4.0", Body: "notes & <notes>\n\n- one", MakeLatest: "true", Assets: []marketops.Asset{}}
	for _, name := range []string{"a.tar.gz", "b.txt"} {
		op.Release.Assets = append(op.Release.Assets, marketops.Asset{
			Name: name, Size: int64(len(s.files[name])), SHA256: marketops.DigestOf(s.files[name]), ContentType: "application/octet-stream",
		})
	}
	return op
}

func (s *stage) work(op marketops.Operation) *publisher.Work {
	w := &publisher.Work{Op: op, Deadline: time.Now().Add(time.Minute)}
	if op.Release != nil {
		for _, a := range op.Release.Assets {
			w.Content = append(w.Content, bytes.NewReader(s.files[a.Name]))
		}
	}
	if op.PullRequest != nil && op.PullRequest.Changes != nil {
		for _, c := range op.PullRequest.Changes.Changes {
			w.Content = append(w.Content, bytes.NewReader(s.files[c.Path]))
		}
	}
	door := func(name string) error {
		s.doors = append(s.doors, name)
		if s.deny != nil {
			return s.deny(name)
		}
		return nil
	}
	w.BeforeCall = func(context.Context) error { return door("call") }
	w.BeforeEffect = func(_ context.Context, effect string) error { return door(effect) }
	return w
}

func (s *stage) apply(op marketops.Operation) (publisher.Evidence, error) {
	return s.port.apply(context.Background(), s.work(op), s.diary)
}

// kinds are the effects of the server, in order.
func (s *stage) kinds() string {
	var kinds []string
	for _, e := range s.srv.Effects() {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

// count is how many effects of a kind happened.
func (s *stage) count(kind githubtest.Kind) (n int) {
	for _, e := range s.srv.Effects() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func states(ev publisher.Evidence) string {
	var out []string
	for _, e := range ev.Effects {
		out = append(out, e.Name+"="+string(e.State))
	}
	return strings.Join(out, " ")
}

func id(ev publisher.Evidence, name string) string {
	for _, g := range ev.GitHub {
		if g.Name == name {
			return g.Value
		}
	}
	return ""
}

// lawful holds every run against GitHub's description and against the rules of the credential.
func (s *stage) lawful() {
	s.Helper()
	for _, v := range s.srv.SchemaViolations() {
		s.Errorf("violation: %v", v)
	}
	if pending := s.srv.PendingFaults(); len(pending) > 0 {
		s.Errorf("never struck: %v", pending)
	}
	for _, r := range s.srv.Requests() {
		if r.Host == githubtest.HostStore && r.Auth != githubtest.AuthNone {
			s.Errorf("the credential went to the store: %v", r)
		}
	}
}

// isFailure demands a failure with the code.
func (s *stage) isFailure(err error, code marketops.Code) {
	s.Helper()
	var f *marketops.Failure
	var u *marketops.Unknown
	if !errors.As(err, &f) || errors.As(err, &u) || marketops.CodeOf(err) != code {
		s.Fatalf("%T %v, want a failure with %s", err, err, code)
	}
}

func (s *stage) isUnknown(err error) {
	s.Helper()
	var u *marketops.Unknown
	if !errors.As(err, &u) || marketops.CodeOf(err) != marketops.OutcomeUnknown {
		s.Fatalf("%T %v, want an unknown", err, err)
	}
}

// published demands that GitHub shows exactly the release of the operation, once.
func (s *stage) published(op marketops.Operation) {
	s.Helper()
	if n := s.count(githubtest.ReleasePublished); n != 1 {
		s.Errorf("published %d times", n)
	}
	if n := s.count(githubtest.RefCreated); n != 1 {
		s.Errorf("%d refs made", n)
	}
	s.tagged(op)
	obs, err := s.port.Observe(context.Background(), op)
	if err != nil || obs.State != publisher.Found {
		s.Errorf("afterwards: %v %q, %v", obs.State, obs.Detail, err)
	}
}

func (s *stage) tagged(op marketops.Operation) {
	s.Helper()
	if got := s.git("rev-parse", "refs/tags/"+op.Tag.Name+"^{commit}"); got != op.Tag.Commit {
		s.Errorf("the tag is at %s", got)
	}
	message := must(op.TagMessage())
	if got := s.git("cat-file", "tag", "refs/tags/"+op.Tag.Name); !strings.HasSuffix(got+"\n", "\n\n"+message) {
		s.Errorf("the tag object is\n%s\nwant the message\n%s", got, message)
	}
}

func (s *stage) log() string {
	var b strings.Builder
	for _, r := range s.srv.Requests() {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}
