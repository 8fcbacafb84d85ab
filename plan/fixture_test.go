package plan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/plan/document"
)

var (
	tip    = strings.Repeat("a", 40)
	older  = strings.Repeat("b", 40)
	forked = strings.Repeat("c", 40) // readable by its id, on no branch
	base   = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
)

// memory is a source of two repositories whose main stands at tip, with release/1 at older.
type memory struct {
	repos    map[string]Repository
	branches map[string]string // "repo name"
	tags     map[string]string
	beside   map[string]string // of what is absent
	releases map[string]Release
	pulls    map[string]Pull // "repo head base"
	fail     error           // of every lookup after Repository
	mute     bool            // every presence is the zero value
	trees    map[string]Tree // of main, by id
	blobs    map[string][]byte
	root     string // the tree of main
	named    string // what tag objects are called; "" is "v1.4.0"
	tagged   string // what tag objects are of; "" is "commit"
}

func newMemory() *memory {
	m := &memory{
		repos: map[string]Repository{
			"octo-org/widgets": {ID: 7, FullName: "octo-org/widgets", DefaultBranch: "main", Drafts: DraftsSeen},
			"octo-org/gadgets": {ID: 8, FullName: "octo-org/gadgets", DefaultBranch: "main", Drafts: DraftsSeen},
		},
		branches: map[string]string{
			"octo-org/widgets main": tip, "octo-org/widgets release/1": older, "octo-org/gadgets main": tip,
		},
		tags: map[string]string{}, releases: map[string]Release{}, pulls: map[string]Pull{},
	}
	m.put(map[string]string{"100644 CHANGELOG.md": "## Changes\n\n- older widgets\n", "100755 run.sh": "#!/bin/sh\n", "120000 link": "run.sh", "160000 module": older},
		map[string]string{"100644 a.md": "a\n"})
	return m
}

// put makes main of files and, in the folder docs, of others: "mode name" to content.
func (m *memory) put(files, docs map[string]string) {
	m.trees, m.blobs = map[string]Tree{}, map[string][]byte{}
	top := files
	if len(docs) > 0 {
		top = map[string]string{"40000 docs": m.tree(docs)}
		for name, content := range files {
			top[name] = content
		}
	}
	m.root = m.tree(top)
}

// tree makes one folder; what is no file has its id in place of its content.
func (m *memory) tree(files map[string]string) string {
	var t Tree
	var entries gitobject.Tree
	for name, content := range files {
		mode, path, _ := strings.Cut(name, " ")
		id := content
		if mode != gitobject.Folder && mode != gitobject.Submodule {
			id = gitobject.Length(40).Blob([]byte(content))
			m.blobs[id] = []byte(content)
		}
		t = append(t, TreeEntry{Name: path, Mode: mode, ID: id, Size: int64(len(content))})
	}
	slices.SortFunc(t, func(a, b TreeEntry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range t {
		entries = append(entries, gitobject.Entry{Name: e.Name, Mode: e.Mode, ID: e.ID})
	}
	id, _ := gitobject.Length(40).Tree(entries)
	m.trees[id] = t
	return id
}

func (m *memory) Tree(_ context.Context, _, id string) (Tree, error) {
	if t, ok := m.trees[id]; ok {
		return t, m.fail
	}
	return nil, marketops.Refuse(marketops.SourceUnreadable, "no tree "+id)
}

func (m *memory) Blob(_ context.Context, _, id string) ([]byte, error) {
	if b, ok := m.blobs[id]; ok {
		return b, m.fail
	}
	return nil, marketops.Refuse(marketops.SourceUnreadable, "no blob "+id)
}

func (m *memory) Repository(_ context.Context, name string) (Repository, error) {
	if r, ok := m.repos[name]; ok {
		return r, nil
	}
	return Repository{}, marketops.Refuse(marketops.SourceUnreadable, "no answer about "+name)
}

func (m *memory) Commit(_ context.Context, _, sha string) (Commit, error) {
	return Commit{SHA: sha, Tree: m.root, Date: marketops.TimeOf(base)}, m.fail
}

func (m *memory) OnBranch(_ context.Context, repo, branch, sha string) (bool, error) {
	return m.branches[repo+" "+branch] == sha || sha == older, m.fail
}

func (m *memory) lookup(in map[string]string, key string) (Ref, error) {
	if m.mute || m.fail != nil {
		return Ref{}, m.fail
	}
	if sha, ok := in[key]; ok {
		return Ref{Presence: Present, SHA: sha, Type: kindOf(sha)}, nil
	}
	return Ref{Presence: Absent, Beside: m.beside[key]}, nil
}

// kindOf says that ids which end in "a9" are of tag objects.
func kindOf(sha string) string {
	if strings.HasSuffix(sha, "a9") {
		return "tag"
	}
	return "commit"
}

// TagObject answers that a tag object is of the commit that is called [older].
func (m *memory) TagObject(_ context.Context, _, id string) (TagObject, error) {
	return TagObject{Name: cmp.Or(m.named, "v1.4.0"), Object: older, Type: cmp.Or(m.tagged, "commit"), Tagger: "Ann <ann@example.com>", Signature: "valid"}, m.fail
}

func (m *memory) Branch(_ context.Context, repo, name string) (Ref, error) {
	return m.lookup(m.branches, repo+" "+name)
}

func (m *memory) Tag(_ context.Context, repo, name string) (Ref, error) {
	return m.lookup(m.tags, repo+" "+name)
}

func (m *memory) Twin(_ context.Context, _, ref string) (string, error) {
	return m.beside["twin "+ref], m.fail
}

func (m *memory) Release(_ context.Context, repo, tag string) (Release, error) {
	if r, ok := m.releases[repo+" "+tag]; ok || m.mute || m.fail != nil {
		return r, m.fail
	}
	return Release{Presence: Absent}, nil
}

func (m *memory) Pull(_ context.Context, repo, head, base string) (Pull, error) {
	if p, ok := m.pulls[repo+" "+head+" "+base]; ok || m.mute || m.fail != nil {
		return p, m.fail
	}
	return Pull{Presence: Absent}, nil
}

// fixture is a folder that can be planned as it is.
type fixture struct {
	*testing.T
	dir          string
	source       *memory
	publications []Publication
	key          *crypto.PrivateKey
	runs         int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	key, err := crypto.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, dir: t.TempDir(), source: newMemory(), key: key}
	f.write("notes.md", "## Changes\n\n- more widgets\n")
	f.write("dist/widget_linux.tar.gz", "linux bytes")
	f.write("dist/widget_darwin.tar.gz", "darwin bytes")
	f.write("dist/SHA256SUMS", "sums")
	f.publications = []Publication{{
		Kind: marketops.PublishRelease, Repository: "octo-org/widgets", Tag: "v1.4.0", Target: "main", Name: "Widgets 1.4.0",
		Notes: "notes.md", MakeLatest: "true", Assets: patterns("dist/*.tar.gz", "dist/SHA256SUMS"),
	}, {
		Kind: marketops.TagRepo, Repository: "octo-org/gadgets", Tag: "v0.3.1", Target: older, Message: "gadgets 0.3.1\n",
		Tagger: &Tagger{Name: "Release Bot", Email: "release@example.com"},
	}}
	return f
}

// patterns are entries of assets that are patterns.
func patterns(all ...string) (out []AssetSource) {
	for _, p := range all {
		out = append(out, AssetSource{Pattern: p})
	}
	return out
}

func (f *fixture) write(name, content string) {
	f.Helper()
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) release() *Publication { return &f.publications[0] }
func (f *fixture) tag() *Publication     { return &f.publications[1] }

// options are those of a new run; each run has its own id, time and nonces.
func (f *fixture) options() Options {
	f.Helper()
	f.runs++
	seed := byte(f.runs)
	id, err := NewRunID(bytes.NewReader(bytes.Repeat([]byte{seed}, 16)))
	if err != nil {
		f.Fatal(err)
	}
	at := base.Add(time.Duration(f.runs) * time.Hour)
	return Options{
		Publications: f.publications, Dir: f.dir, Host: "github.com", SourceHost: "github.com", Source: f.source, Preview: preview, Advisor: f.key,
		Now: func() time.Time { return at }, Random: endless(seed), Run: id, Out: filepath.Join(f.TempDir(), "run"),
		AllowPartial: true,
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func preview(op marketops.Operation) []marketops.Call {
	return []marketops.Call{{Method: "POST", Path: "/repos/" + op.Target.FullName + "/git/refs", Why: "make " + op.Resource()}}
}

// run plans and closes the run when the test ends.
func (f *fixture) run(o Options) (*Run, error) {
	f.Helper()
	r, err := DryRun(context.Background(), o)
	if r != nil {
		f.Cleanup(func() { r.Close() })
	}
	return r, err
}

// planned is a run that must be planned without an error.
func (f *fixture) planned() *Run {
	f.Helper()
	r, err := f.run(f.options())
	if err != nil {
		f.Fatal(err)
	}
	return r
}

// codes lists "number code" of every rejection.
func codes(p *document.Plan) []string {
	out := []string{}
	for _, r := range p.Rejected {
		out = append(out, fmt.Sprintf("%d %s", r.Number, r.Code))
	}
	return out
}
