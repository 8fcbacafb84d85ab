// Package pages runs the commands that README.md and the documents print.
package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/script"
	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { os.Exit(script.Main(m)) }

// pages are the documents whose marked blocks run, each block in a shell and to the letter.
var pages = []string{"README.md", "docs/github.md"}

// pageStory gives the blocks a practice GitHub and a project; everything else they do themselves.
const pageStory = `
app app.pem
project

block README.md publisher
effects 7
block README.md security
block README.md auditor

cp app.yaml marketops.yaml
env GITHUB_TOKEN=
block docs/github.md github-app
effects 9
secretless .marketops home next
schema
every-block
`

const appProject = `version: 1
github:
  api: ${API}
  uploads: ${UPLOADS}
  app: {id: 12345, installation: 678, key: ./app.pem}
publications:
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.4.0
    target: main
    message: gadgets 0.4.0
    tagger: {name: Release Bot, email: release@example.com}
`

var blockRE = regexp.MustCompile("(?m)^<!-- run: ([a-z-]+) -->\n+```[a-z]*\n((?s:.*?))^```$")

// blocks returns the marked blocks of a page by label.
func blocks(text string) (map[string]string, error) {
	out := map[string]string{}
	for _, m := range blockRE.FindAllStringSubmatch(text, -1) {
		if out[m[1]] != "" {
			return nil, fmt.Errorf("two blocks are called %s", m[1])
		}
		out[m[1]] = m[2]
	}
	if marks := strings.Count(text, "<!-- run:"); marks != len(out) {
		return nil, fmt.Errorf("%d marks and %d blocks", marks, len(out))
	}
	return out, nil
}

// TestPages runs the commands that the documents print.
func TestPages(t *testing.T) {
	all := map[string]string{}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		found, err := blocks(string(text))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d blocks, %v", page, len(found), err)
		}
		for label, body := range found {
			all[page+" "+label] = body
		}
	}
	r := &reading{blocks: all, ran: map[string]bool{}}
	file := filepath.Join(t.TempDir(), "pages.txtar")
	if err := os.WriteFile(file, []byte(pageStory), 0o644); err != nil {
		t.Fatal(err)
	}
	script.Run(t, script.Suite{Files: []string{file}, Binaries: testenv.Unmodified,
		Prepare:  func(bin string) (err error) { r.cosign, err = provideCosign(bin); return err },
		Commands: map[string]script.Command{"project": project, "block": r.block, "every-block": r.every}})
}

func project(ts *testscript.TestScript, neg bool, args []string) {
	script.StartGitHub(ts)
	ts.Check(os.WriteFile(ts.MkAbs("app.yaml"), []byte(appProject), 0o644))
	script.WriteProject(ts)
}

// reading is the blocks of the pages and which of them have run.
type reading struct {
	blocks map[string]string
	ran    map[string]bool
	cosign bool
}

// block runs one block. A line that ends in & is a server of the story; what stands between is one
// shell script that stops at the first failure.
func (r *reading) block(ts *testscript.TestScript, neg bool, args []string) {
	label := strings.Join(args, " ")
	body, ok := r.blocks[label]
	if !ok {
		ts.Fatalf("no block is marked %s", label)
	}
	r.ran[label] = true
	var script []string
	for line := range strings.Lines(body) {
		server, isServer := strings.CutSuffix(strings.TrimSpace(line), " &")
		switch {
		case isServer:
			shell(ts, script)
			script = nil
			serve(ts, strings.Fields(server))
		case strings.HasPrefix(line, "cosign ") && !r.cosign:
			ts.Logf("left out: %s", line)
		default:
			script = append(script, line)
		}
	}
	shell(ts, script)
}

// serve starts the one server that the pages start, a Core.
func serve(ts *testscript.TestScript, words []string) {
	if len(words) < 2 || words[0] != "marketops-core" || words[1] != "serve" {
		ts.Fatalf("%v is not a Core", words)
	}
	ts.Check(script.World(ts).StartCore(words[2:]...))
}

// every demands that no marked block was left out.
func (r *reading) every(ts *testscript.TestScript, neg bool, args []string) {
	for label := range r.blocks {
		if !r.ran[label] {
			ts.Fatalf("%s did not run", label)
		}
	}
}

func shell(ts *testscript.TestScript, lines []string) {
	if len(lines) == 0 {
		return
	}
	script := filepath.Join(ts.Getenv("XDG_RUNTIME_DIR"), "block.sh")
	ts.Check(os.WriteFile(script, []byte(strings.Join(lines, "")), 0o644))
	ts.Logf("%s", strings.Join(lines, ""))
	ts.Check(ts.Exec("sh", "-eu", script))
}

func TestBlocks(t *testing.T) {
	const fence = "```"
	good := "a\n\n<!-- run: one -->\n" + fence + "\nx y\nz\n" + fence + "\n\n" + fence + "\nnot this\n" + fence + "\n<!-- run: two -->\n\n" + fence + "sh\nw\n" + fence + "\n"
	got, err := blocks(good)
	if err != nil || len(got) != 2 || got["one"] != "x y\nz\n" || got["two"] != "w\n" {
		t.Errorf("%q, %v", got, err)
	}
	for name, bad := range map[string]string{
		"a mark without a block": "<!-- run: one -->\ntext\n",
		"a mark twice":           good + good,
		"a block without an end": "<!-- run: one -->\n" + fence + "\nx\n",
	} {
		if got, err := blocks(bad); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}
