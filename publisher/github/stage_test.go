package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
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

// clock is the time of a stage, for the port and for its GitHub: it passes only where the port sleeps.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.set(c.Now().Add(max(d, 0)))
	return nil
}

// workTime is how long the work of a stage may take.
const workTime = 30 * time.Minute

// stage is a practice GitHub with one repository, a port to it and an operation.
type stage struct {
	*testing.T
	srv            *githubtest.Server
	repo           *githubtest.Repo
	commit         string
	tree           string
	diary          *diary
	port           *Port
	clock          *clock
	waits          []string
	asked          int            // how often the credential was asked for
	authorized     []string       // BeforeCall and BeforeEffect, in order
	counted        map[string]int // of authorized, those that were not denied
	deny           func(what string) error
	needsWorkflows bool    // the credential was asked for with that permission
	drafts         []int64 // that the Core noted
	files          map[string][]byte

	api, uploads string // what the port speaks to
	fronted      string // the address of a front, if there is one

	// What the options of the port ask, as it is at that moment.
	limiter  Limiter
	token    func() (string, error)
	onDenied func(string)
	onWait   func(reason string, d time.Duration)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	return openStage(t)
}

// openStage is newStage for tests that need several.
func openStage(t *testing.T) *stage {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Now: c.Now, Tokens: []githubtest.Token{
		{Secret: secret, Login: "release-bot", Push: true, Repos: []string{"*"}},
		{Secret: "another-token", Login: "outsider", Push: true, Repos: []string{"*"}},
		{Secret: "reader-token", Login: "reader", Repos: []string{"*"}},
		{Secret: "no-workflows", Login: "outsider", Push: true, Repos: []string{"*"}, NoWorkflows: true},
		{Secret: "classic-repo", Login: "classic", Push: true, Repos: []string{"*"}, Scopes: []string{"repo", "workflow"}},
		{Secret: "classic-public", Login: "classic", Push: true, Repos: []string{"*"}, Scopes: []string{"public_repo"}},
		{Secret: "classic-org", Login: "classic", Push: true, Repos: []string{"*"}, Scopes: []string{"read:org"}},
		{Secret: "classic-none", Login: "classic", Push: true, Repos: []string{"*"}, Scopes: []string{}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	s := &stage{T: t, srv: srv, diary: newDiary(), clock: c, limiter: unpaced.Limiter{}, files: map[string][]byte{
		"a.tar.gz": []byte("the bytes of a"), "b.txt": bytes.Repeat([]byte("b"), 100_000),
	}}
	s.repo = must(srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}))
	s.commit = must(s.repo.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"README.md": "hello\n"}}))
	s.tree = firstTree(s)
	s.token = func() (string, error) { return secret, nil }
	s.onDenied = func(string) {}
	s.onWait = func(reason string, _ time.Duration) { s.waits = append(s.waits, reason) }
	s.port = s.newPort(srv.API(), srv.Uploads())
	return s
}

var treeOfFirst sync.Map // by the commit, which is the same in every stage

// firstTree is the tree of the first commit, as git says.
func firstTree(s *stage) string {
	if tree, ok := treeOfFirst.Load(s.commit); ok {
		return tree.(string)
	}
	tree := s.git("rev-parse", s.commit+"^{tree}")
	treeOfFirst.Store(s.commit, tree)
	return tree
}

// pacing hands on to the limiter that the stage has at that moment.
type pacing struct{ *stage }

func (p pacing) Reserve(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return p.limiter.Reserve(ctx, now)
}
func (p pacing) Peek(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return p.limiter.Peek(ctx, now)
}
func (p pacing) Takes(ctx context.Context, now time.Time, n int) (time.Duration, error) {
	return p.limiter.Takes(ctx, now, n)
}
func (p pacing) BackOff(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return p.limiter.BackOff(ctx, now)
}
func (p pacing) SetBackOff(ctx context.Context, now, until time.Time) error {
	return p.limiter.SetBackOff(ctx, now, until)
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
	return Options{
		API: api, Uploads: uploads, Now: s.clock.Now, Pacing: NewPacing(pacing{s}), UserAgent: "marketops/test",
		Token: func(ctx context.Context) (string, error) {
			s.asked++
			s.needsWorkflows = NeedsWorkflows(ctx)
			return s.token()
		},
		Denied: func(was string) { s.onDenied(was) },
		Wait:   func(reason string, d time.Duration) { s.onWait(reason, d) },
		Pauses: DefaultPauses()[:4],
	}
}

func (s *stage) newPort(api, uploads string) *Port {
	s.Helper()
	s.api, s.uploads = api, uploads
	p, err := newPort(s.options(api, uploads), s.clock.sleep)
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *stage) host() marketops.Host {
	if s.fronted != "" {
		return marketops.Host(s.fronted)
	}
	return marketops.Host(strings.TrimSuffix(strings.TrimPrefix(s.srv.API(), "http://"), "/"))
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
	w := &publisher.Work{Op: op, Deadline: s.clock.Now().Add(workTime)}
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
	ask := func(name string) error {
		s.authorized = append(s.authorized, name)
		if s.deny != nil {
			if err := s.deny(name); err != nil {
				return err
			}
		}
		if s.counted == nil {
			s.counted = map[string]int{}
		}
		s.counted[name]++
		return nil
	}
	w.BeforeCall = func(context.Context) error { return ask("call") }
	w.Drafts = slices.Clone(s.drafts)
	w.NoteDraft = func(_ context.Context, id int64) error {
		if err := ask("draft"); err != nil {
			return err
		}
		s.drafts = append(s.drafts, id)
		return nil
	}
	w.StrikeDraft = func(_ context.Context, id int64) error {
		s.drafts = slices.DeleteFunc(s.drafts, func(d int64) bool { return d == id })
		return ask("strike")
	}
	w.BeforeEffect = func(_ context.Context, effect string) error { return ask(effect) }
	w.Past = s.tried(op)
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
	obs, err := s.port.Observe(context.Background(), op, s.drafts)
	if err != nil || obs.State != publisher.Found {
		s.Errorf("afterwards: %v %q, %v", obs.State, obs.Detail, err)
	}
}

func (s *stage) tagged(op marketops.Operation) {
	s.Helper()
	message := must(op.TagMessage())
	got := s.git("cat-file", "tag", "refs/tags/"+op.Tag.Name)
	if !strings.HasPrefix(got, "object "+op.Tag.Commit+"\ntype commit\n") || !strings.HasSuffix(got+"\n", "\n\n"+message) {
		s.Errorf("the tag object is\n%s\nwant %s and the message\n%s", got, op.Tag.Commit, message)
	}
}

func (s *stage) log() string {
	var b strings.Builder
	for _, r := range s.srv.Requests() {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}

// tried says which effects of an operation were authorised before, as the ledger would.
func (s *stage) tried(op marketops.Operation) map[string]publisher.Past {
	past := map[string]publisher.Past{}
	for _, name := range op.Effects() {
		if s.counted[name] > 0 {
			past[name] = publisher.Unresolved
		}
	}
	return past
}

// begun says that an earlier epoch tried every effect of an operation.
func begun(op marketops.Operation) map[string]publisher.Past { return pastOf(op, publisher.Unresolved) }

func pastOf(op marketops.Operation, all publisher.Past) map[string]publisher.Past {
	past := map[string]publisher.Past{}
	for _, name := range op.Effects() {
		past[name] = all
	}
	return past
}

// applyAfter applies an operation whose effects were all tried before.
func (s *stage) applyAfter(op marketops.Operation, past publisher.Past) (publisher.Evidence, error) {
	w := s.work(op)
	w.Past = pastOf(op, past)
	return s.port.apply(context.Background(), w, s.diary)
}
