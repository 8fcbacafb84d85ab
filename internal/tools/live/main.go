// Command live walks one release, one tag and one pull request through the real binaries against the real GitHub, in a
// scratch repository, and then removes what it made. It asks before it begins and before it removes anything.
//
//	LIVE_REPOSITORY=owner/name GITHUB_TOKEN=… make live
//
//	LIVE_REPOSITORY        the scratch repository; it needs one commit
//	GITHUB_TOKEN           may write contents and pull requests there
//	MARKETOPS_READ_TOKEN   optional: what plan and the trial run read with
//	LIVE_API, LIVE_UPLOADS another GitHub, such as the practice GitHub on loopback
//
// Everything happens in a fresh temporary folder, which stays, with live.log: what was typed and what was said. The table at
// the end holds what GitHub answered where its documents leave a question open; it names no secret and can be pasted.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)

// errNo is an answer that is not yes.
var errNo = errors.New("stopped: the answer was not yes")

func main() {
	bin := flag.String("bin", "bin", "folder of marketops, marketops-core and marketops-verify")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w, err := newWalk(*bin)
	if err == nil {
		err = w.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

// walk is one run of this command.
type walk struct {
	hub      *hub
	person   *person
	bin, dir string
	log      *os.File
	name     string // of everything that is made
	base     string // the default branch
	facts    []fact
}

func newWalk(bin string) (*walk, error) {
	repository, token := os.Getenv("LIVE_REPOSITORY"), os.Getenv("GITHUB_TOKEN")
	switch {
	case !repositoryName.MatchString(repository):
		return nil, errors.New("set LIVE_REPOSITORY=owner/name to a scratch repository")
	case token == "":
		return nil, errors.New("set GITHUB_TOKEN to a token that may write there")
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	return &walk{bin: bin, person: newPerson(os.Stdin, os.Stdout), name: newName(), hub: &hub{
		api: env("LIVE_API", "https://api.github.com/"), uploads: env("LIVE_UPLOADS", "https://uploads.github.com/"), token: token, repository: repository}}, nil
}

// newName is a name that no other run has.
func newName() string {
	var random [2]byte
	rand.Read(random[:])
	return fmt.Sprintf("marketops-live-%s-%x", time.Now().UTC().Format("20060102-150405"), random)
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (w *walk) run(ctx context.Context) (err error) {
	if err := w.confirm(ctx); err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp("", "marketops-live-"); err != nil {
		return err
	}
	if w.log, err = os.Create(filepath.Join(w.dir, "live.log")); err != nil {
		return err
	}
	defer w.log.Close()
	defer func() { w.person.say("everything is in %s, with live.log; it holds keys of this run alone", w.dir) }()
	err = errors.Join(w.publish(ctx), w.probe(ctx))
	w.table(err)
	return errors.Join(err, w.remove(ctx))
}

// confirm says what will be made, and asks. A repository that is in use has to be named once more.
func (w *walk) confirm(ctx context.Context) error {
	var repo struct {
		Branch string `json:"default_branch"`
		Size   int
	}
	answer, err := w.hub.call(ctx, "GET", "", nil, &repo)
	if err != nil {
		return fmt.Errorf("%s: %w", w.hub.repository, err)
	}
	w.base = repo.Branch
	w.note("permissions of the repository", answer.member("permissions"))
	w.note("X-OAuth-Scopes", answer.headerOf("X-OAuth-Scopes"))
	used, err := w.countUsed(ctx)
	if err != nil {
		return err
	}
	w.person.say(`This makes in %s at %s:
  the tags       %[3]s and %[3]s-tag, of the newest commit of %s
  the release    %[3]s, with a file of 20 MB and a small one
  the branch     %[3]s-branch, with one file more, and a pull request from it
  a draft        %[3]s-probe, with one file, which stays hidden
People who watch the repository are told. Everything is removed at the end, after another question.`, w.hub.repository, w.hub.api, w.name, w.base)
	if used > 0 {
		return w.person.wantName(fmt.Sprintf("It has %d releases and tags already, so it may be in use.", used), w.hub.repository)
	}
	return w.person.wantYes("Begin?")
}

// countUsed counts the releases and tags of the repository, up to a page of each.
func (w *walk) countUsed(ctx context.Context) (int, error) {
	var releases, tags []struct{}
	_, err := w.hub.call(ctx, "GET", "/releases?per_page=100", nil, &releases)
	if err == nil {
		_, err = w.hub.call(ctx, "GET", "/git/matching-refs/tags/", nil, &tags)
	}
	return len(releases) + len(tags), err
}

// table prints what was learned.
func (w *walk) table(err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| what | GitHub's answer |\n|---|---|\n")
	for _, f := range w.facts {
		fmt.Fprintf(&b, "| %s | %s |\n", f.name, f.said)
	}
	if err != nil {
		fmt.Fprintf(&b, "| failed | %s |\n", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	w.person.say("%s", b.String())
	fmt.Fprint(w.log, b.String())
}

// fact is one line of the table.
type fact struct{ name, said string }

func (w *walk) note(name, said string) {
	if said == "" {
		said = "none"
	}
	w.facts = append(w.facts, fact{name, strings.ReplaceAll(said, "|", `\|`)})
}
