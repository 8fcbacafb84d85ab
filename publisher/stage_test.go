package publisher_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const (
	origin = "log.test"
	secret = "gho_canary0123456789abcdef"
)

// stage is a Core on a real socket with real SQLite and a real log, a practice GitHub with one
// repository, and everybody's keys. The clock of Core and publishers stands still until passed.
type stage struct {
	*testing.T
	dir   string
	sock  string
	opts  core.Options
	core  *core.Core
	down  func()
	clock atomic.Int64
	keys  map[string]*crypto.PrivateKey
	file  trust.File
	trust *trust.Trust

	hub    *githubtest.Server
	api    string // the addresses of hub, which may be another process's
	files  string
	repo   *githubtest.Repo
	commit string
	tree   string
	asked  atomic.Int64 // how often the write credential was asked for
	tags   atomic.Int64

	mu      sync.Mutex
	clients map[string]*api.Client
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	dir, err := os.MkdirTemp("", "mops") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &stage{T: t, dir: dir, sock: filepath.Join(dir, "core.sock"), keys: map[string]*crypto.PrivateKey{}, clients: map[string]*api.Client{}}
	s.clock.Store(time.Now().Unix())
	for _, name := range []string{"bob", "alice", "carol", "stranger", "pub", "pub2", "authority", "authority2", "advisory", "ledger", "checkpoint"} {
		seed := make([]byte, 32)
		must(rand.Read(seed))
		s.keys[name] = must(crypto.NewPrivateKey(seed))
	}
	s.startHub()
	s.writeTrust(1, nil)
	s.ok(policy.WriteStarter(filepath.Join(dir, "policy")))
	c := config.DefaultCore(origin).In(dir)
	c.Lease = 15 * time.Minute // no test waits so long that it is renewed besides
	c.Limits = config.Limits{MaxReceiptsPerRepository: 1000, MaxSubmissionsPerDay: 1000, MaxOperationsPerPlan: 100}
	s.opts = core.Options{
		State: dir, Config: c, Keys: issue.Keys{Authority: s.keys["authority"], Advisory: s.keys["advisory"], Ledger: s.keys["ledger"]},
		Checkpoint: s.keys["checkpoint"], Version: "test", Random: rand.Reader, Now: s.now, Plan: readPlan,
		OpenLedger: func(path string, now func() marketops.Time) (core.Ledger, error) { return claims.Open(path, now) },
		Free:       func(string) (uint64, error) { return 1 << 40, nil }, Log: slog.New(slog.DiscardHandler),
	}
	s.start()
	t.Cleanup(func() { s.down() })
	return s
}

func (s *stage) startHub() {
	s.Helper()
	hub, err := githubtest.Start(githubtest.Options{Dir: s.TempDir(), PrimaryLimit: 1 << 30,
		Tokens: []githubtest.Token{{Secret: secret, Login: "release-bot", Push: true, Repos: []string{"*"}}}})
	s.ok(err)
	s.Cleanup(func() { hub.Close() })
	s.hub, s.api, s.files = hub, hub.API(), hub.Uploads()
	s.repo = s.newRepo("widgets")
	out, err := exec.Command("git", "--git-dir", s.repo.Dir(), "rev-parse", s.commit+"^{tree}").Output()
	s.ok(err)
	s.tree = strings.TrimSpace(string(out))
}

// newRepo makes a repository with one commit, which is the same in all of them.
func (s *stage) newRepo(name string) *githubtest.Repo {
	repo := must(s.hub.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: name}))
	commit := must(repo.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"README.md": "hello\n"}}))
	if s.commit == "" {
		s.commit = commit
	}
	if commit != s.commit {
		s.Fatalf("%s begins with %s", name, commit)
	}
	return repo
}

func readPlan(data []byte, documents [][]byte) ([]marketops.Digest, error) {
	p, err := plan.Parse(data)
	if err != nil {
		return nil, err
	}
	if err := plan.Fits(p, documents); err != nil {
		return nil, err
	}
	var out []marketops.Digest
	for _, o := range p.Operations {
		out = append(out, o.Operation)
	}
	return out, nil
}

func (s *stage) now() marketops.Time { return marketops.Time(s.clock.Load()) }

func (s *stage) pass(d time.Duration) { s.clock.Add(int64(d / time.Second)) }

// leaseEnds lets every lease end, so that another publisher may take over.
func (s *stage) leaseEnds() { s.pass(s.opts.Config.Lease + time.Second) }

func (s *stage) start() {
	s.Helper()
	c, err := core.Open(context.Background(), s.opts)
	s.ok(err)
	l, err := server.ListenUnix(s.sock)
	s.ok(err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, server.Handler(c, origin, s.now, s.opts.Log), s.opts.Log, l) }()
	s.core = c
	s.down = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-served, c.Close()); err != nil {
			s.Errorf("stopping the Core: %v", err)
		}
	})
}

func (s *stage) trustKey(name string) trust.Key {
	return trust.Key{ID: name + "-1", Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(s.keys[name].Public().SPKI()),
		NotBefore: s.now() - 86400, NotAfter: s.now() + 365*86400}
}

func (s *stage) trustFile(version int64) trust.File {
	all, key := []string{"*"}, s.trustKey
	return trust.File{
		Schema: "marketops.trust/v1", Version: version, Expires: s.now() + 300*86400,
		Persons: []trust.Person{
			{ID: "bob", Groups: []string{"requesters", "operators"}, Keys: []trust.Key{key("bob")}},
			{ID: "alice", Groups: []string{"approvers"}, Keys: []trust.Key{key("alice")}},
			{ID: "carol", Groups: []string{"approvers"}, Keys: []trust.Key{key("carol")}},
		},
		Authorities:    []trust.Key{key("authority"), key("authority2")},
		AuthorityRules: []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Advisory:       []trust.Key{key("advisory")}, Publishers: []trust.Key{key("pub"), key("pub2")},
		Ledger:    []trust.Key{key("ledger")},
		Resolvers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}}, Revokers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}},
		Approvals:   []trust.Rule{{Kinds: all, Targets: all, Group: "approvers", Threshold: 1}},
		LogPolicy:   fmt.Sprintf("log %s\nquorum none\n", log.Vkey(origin, s.keys["checkpoint"].Public())),
		MaxLifetime: 86400, KnownCheckpoints: []receipt.CheckpointRef{},
	}
}

// parsed is a trust file like the one in force, but for what change edits.
func (s *stage) parsed(version int64, change func(*trust.File)) (*trust.Trust, []byte) {
	s.Helper()
	f := s.trustFile(version)
	if change != nil {
		change(&f)
	}
	b := must(json.Marshal(f))
	t, err := trust.Parse(b)
	s.ok(err)
	return t, b
}

// writeTrust puts a trust file where the Core reads it.
func (s *stage) writeTrust(version int64, change func(*trust.File)) {
	s.Helper()
	t, b := s.parsed(version, change)
	path := filepath.Join(s.dir, "trust.json")
	s.ok(os.WriteFile(path+".new", b, 0o600))
	s.ok(os.Rename(path+".new", path))
	s.trust, s.file = t, t.File()
}

// client is the one client of a key: each keeps connections of its own.
func (s *stage) client(name string) *api.Client {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[name] == nil {
		c, err := api.Dial(s.sock, origin, s.keys[name], s.now)
		s.ok(err)
		s.clients[name] = c
	}
	return s.clients[name]
}

func (s *stage) host() string {
	return strings.TrimSuffix(strings.TrimPrefix(s.api, "http://"), "/")
}

func (s *stage) target() marketops.Target {
	return marketops.Target{Type: "github", Host: s.host(), RepositoryID: s.repo.ID(), FullName: "octo-org/widgets"}
}

// tagOp is a tag of a name that nobody else uses.
func (s *stage) tagOp() marketops.Operation {
	op := marketops.NewOperation(marketops.TagRepo, s.target())
	name := fmt.Sprintf("v1.%d.0", s.tags.Add(1))
	op.Tag = &marketops.Tag{Name: name, Commit: s.commit, Tree: s.tree, Message: "widgets " + name,
		Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1770000000}}
	return op
}

var assets = map[string]string{"a.tar.gz": "the bytes of a", "b.txt": "the bytes of b"}

// releaseOp is a release in a repository of its own: who is latest is a question between them.
func (s *stage) releaseOp() marketops.Operation {
	op := s.tagOp()
	repo := s.newRepo(fmt.Sprintf("widgets-%d", s.tags.Add(1)))
	op.Target.RepositoryID, op.Target.FullName = repo.ID(), repo.FullName()
	op.Kind = marketops.PublishRelease
	op.Release = &marketops.Release{Name: "Widgets " + op.Tag.Name, Body: "notes", MakeLatest: "false", Assets: []marketops.Asset{}}
	for _, name := range []string{"a.tar.gz", "b.txt"} {
		op.Release.Assets = append(op.Release.Assets, marketops.Asset{Name: name, Size: int64(len(assets[name])),
			SHA256: marketops.DigestOf([]byte(assets[name])), ContentType: "application/octet-stream"})
	}
	return op
}

// logTree is the log as a stranger reads it once index is published.
func (s *stage) logTree(index uint64) *log.Tree {
	s.Helper()
	v := view.New(s.client("pub"), s.trust.Log(), s.TempDir())
	tree, err := v.Covering(context.Background(), index)
	s.ok(err)
	return tree
}

// published is the size of the checkpoint on the Core's disk, read past Core and publisher.
func (s *stage) published() uint64 {
	raw, err := os.ReadFile(filepath.Join(s.opts.Config.Log, log.CheckpointPath))
	if err != nil {
		return 0
	}
	cp, err := s.trust.Log().Open(raw)
	if err != nil {
		return 0
	}
	return cp.Size
}

// lawful holds what GitHub saw against its description and the rules of the credential.
func (s *stage) lawful() {
	s.Helper()
	for _, v := range s.hub.SchemaViolations() {
		s.Errorf("violation: %v", v)
	}
	if pending := s.hub.PendingFaults(); len(pending) > 0 {
		s.Errorf("never struck: %v", pending)
	}
}

// visible lists the visible effects on one tag name.
func (s *stage) visible(op marketops.Operation) (out []string) {
	for _, e := range s.hub.Effects() {
		if e.Visible && (e.Subject == op.Tag.Name || e.Subject == "refs/tags/"+op.Tag.Name) {
			out = append(out, string(e.Kind))
		}
	}
	return out
}
