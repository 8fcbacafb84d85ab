//go:build crash

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/test/testenv"
)

// crashWorld is a world for one trial after the other.
type crashWorld struct {
	*testenv.World
	t     *testing.T
	clock *testenv.Clock
	runs  []*run
}

// variant is something to publish; rare ones are only there for the points that no other passes.
type variant struct {
	name, publication string
	mishaps           []string // of the practice GitHub
	rare              bool
	prelude           string // where a first publisher, at seat 0, is killed before it begins
	seat              int    // who is watched
	command           string // what it runs, if it is not publish
	sampled           bool   // only some of its points are tried
	refused           bool   // the first receipt ends, because GitHub refuses finally
}

func (v *variant) verb() string { return cmp.Or(v.command, "publish") }

const (
	tag = `  - kind: tag_repo
    repository: %s
    tag: v1.0.0
    target: main
    message: tag
    tagger: {name: Release Bot, email: release@example.com}
`
	release = `  - kind: publish_release
    repository: %s
    tag: v1.0.0
    target: main
    name: Release
    make_latest: "true"
    assets: ["dist/asset.txt"]
`
	pullRequest = `  - kind: open_pr
    repository: %s
    base: main
    head: release/1
    title: Prepare
    changes: [{path: CHANGELOG.md, file: dist/CHANGELOG.md}]
`
)

var variants = []variant{
	{name: "tag", publication: tag},
	{name: "release", publication: release},
	{name: "pull request", publication: pullRequest},
	{name: "release, the upload breaks off", publication: release, rare: true,
		mishaps: []string{"POST /repos/%s/releases/*/assets asset-open"}},
	{name: "release, no digests", publication: release, rare: true,
		mishaps: []string{"GET /repos/%s/releases/*/assets null-digest 9"}},
	{name: "release, a lost draft", publication: release, rare: true,
		mishaps: []string{"POST /repos/%s/releases reset-after"}},
	{name: "tag, taken over before the door", publication: tag, rare: true, prelude: "S3.published", seat: 1},
	{name: "tag, taken over behind the door", publication: tag, rare: true, prelude: "S4.after", seat: 1},
	{name: "tag, handed in late", publication: tag, rare: true, prelude: "S7.kept"},
	{name: "release, a file is refused", publication: release, rare: true, refused: true,
		mishaps: []string{"POST /repos/%s/releases/*/assets status-before 1 status=422 message=Validation Failed"}},
	{name: "tag, refused in passing", publication: tag, sampled: true,
		mishaps: []string{"POST /repos/%s/git/tags status-before 2 status=403 message=Resource not accessible by integration", "POST /repos/%s/git/refs status-before 3 status=422 message=Object does not exist"}},
	{name: "release, refused in passing", publication: release, sampled: true,
		mishaps: []string{"POST /repos/%s/releases status-before 2 status=404", "POST /repos/%s/git/refs status-before 1 status=401", "PATCH /repos/%s/releases/* status-before 2 status=404"}},
	{name: "pull request, refused in passing", publication: pullRequest, sampled: true,
		mishaps: []string{"POST /repos/%s/git/refs status-before 3 status=403 message=Resource not accessible by integration", "POST /repos/%s/pulls status-before 2 status=422 message=No commits between main and release/1"}},
	{name: "tag, reconciled", publication: tag, rare: true, prelude: "github.answered.POST.make-the-tag", command: "reconcile"},
}

// adapt gives the machine short leases and a second publisher.
func (m *crashWorld) adapt() error {
	if err := m.EditCore(`lease: "2m0s"`, "lease: 1s"); err != nil {
		return err
	}
	var trust map[string]any
	path := m.Path(".marketops", "trust.json")
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &trust)
	}
	if err != nil {
		return err
	}
	second := map[string]any{}
	for k, v := range trust["publishers"].([]any)[0].(map[string]any) {
		second[k] = v
	}
	second["id"] = "publisher-2"
	k, err := signer.Generate(rand.Reader)
	if err != nil {
		return err
	}
	second["spki"] = base64.StdEncoding.EncodeToString(k.Public().SPKI())
	if err := signer.WritePlain(m.Path(".marketops", "keys", "second.pem"), k); err != nil {
		return err
	}
	trust["publishers"] = append(trust["publishers"].([]any), second)
	if b, err = json.MarshalIndent(trust, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// prepare authorises a run of its own repository, in two folders.
func (m *crashWorld) prepare(v *variant) *run {
	r := newRun(&storm{world: m.World, clock: m.clock}, len(m.runs))
	r.size = 1
	m.runs = append(m.runs, r)
	repo := fmt.Sprintf("octo-org/trial-%d", r.number)
	m.do("practice-github", "repo", "add", "--admin", m.Admin, repo)
	config := fmt.Sprintf("run-%03d.yaml", r.number)
	text := fmt.Sprintf("version: 1\ngithub:\n  api: %s\n  uploads: %s\npublications:\n", m.API, m.Uploads) + fmt.Sprintf(v.publication, repo)
	for name, text := range map[string]string{"dist/asset.txt": "asset\n", "dist/CHANGELOG.md": "news\n", config: text} {
		must(m.t, os.MkdirAll(filepath.Dir(m.Path(name)), 0o755))
		must(m.t, os.WriteFile(m.Path(name), []byte(text), 0o644))
	}
	must(m.t, r.authorise(context.Background(), config))
	must(m.t, os.CopyFS(m.Path(r.folder(1)), os.DirFS(m.Path(r.folder(0)))))
	for _, line := range v.mishaps {
		m.do("practice-github", "fault", "--admin", m.Admin, fmt.Sprintf(line, repo))
	}
	return r
}

func (m *crashWorld) do(name string, args ...string) {
	if out, err := m.Run(context.Background(), name, args...); err != nil {
		m.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// sealed says that the log holds the end of a run, read like the outcomes without the product's code.
func (m *crashWorld) sealed(r *run) bool {
	var info struct {
		RunID string `json:"run_id"`
	}
	b, err := os.ReadFile(m.Path(r.folder(0), "run.json"))
	must(m.t, errors.Join(err, json.Unmarshal(b, &info)))
	sealed, err := m.Sealed(info.RunID)
	must(m.t, err)
	return sealed
}
