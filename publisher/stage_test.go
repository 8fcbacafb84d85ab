package publisher_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

const (
	secret     = "gho_canary0123456789abcdef"
	readSecret = "gho_reader0123456789abcdef"
)

// stage is a world with a second authority and a practice GitHub with one repository.
type stage struct {
	*world.World
	hub    *githubtest.Server
	api    string // the addresses of hub, which may be another process's
	files  string
	repo   *githubtest.Repo
	commit string
	tree   string
	asked  atomic.Int64 // how often the write credential was asked for
	tags   atomic.Int64
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func (s *stage) ok(err error) {
	s.Helper()
	world.Must(s, err)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{}
	world.New(t, func(w *world.World) {
		s.World = w
		s.startHub()
		w.Keys["authority2"] = world.NewKey(t)
		w.Edit = func(f *trust.File) {
			f.Authorities, f.Hosts = append(f.Authorities, w.TrustKey("authority2")), append(f.Hosts, s.host())
		}
		w.Options.Config.Lease = 15 * time.Minute // so that none is renewed besides
		w.Options.Config.Limits = config.Limits{MaxReceiptsPerRepository: 1000, MaxSubmissionsPerDay: 1000, MaxSubmissionsPerPerson: 1000, MaxOperationsPerPlan: 100}
	})
	return s
}

func (s *stage) startHub() {
	s.Helper()
	hub, err := githubtest.Start(githubtest.Options{Dir: s.TempDir(), PrimaryLimit: 1 << 30,
		Tokens: []githubtest.Token{{Secret: secret, Login: "release-bot", Push: true, Repos: []string{"*"}},
			{Secret: readSecret, Login: "reader", Repos: []string{"*"}}}})
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

// leaseEnds lets every lease end, so that another publisher may take over.
func (s *stage) leaseEnds() { s.Pass(s.Options.Config.Lease + time.Second) }

func (s *stage) host() marketops.Host {
	return marketops.Host(strings.TrimSuffix(strings.TrimPrefix(s.api, "http://"), "/"))
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

// published is the size of the checkpoint on the Core's disk, read past Core and publisher.
func (s *stage) published() uint64 {
	raw, err := os.ReadFile(filepath.Join(s.Options.Config.Log, log.CheckpointPath))
	if err != nil {
		return 0
	}
	cp, err := s.Trust.Log().Open(raw)
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
