// Package story runs the users' stories under testdata/script: text files that call the real
// binaries against a real Federation Core and the practice GitHub.
//
// Beside the commands of testscript there are:
//
//	world [FLAG…]       start the practice GitHub, init with these flags and the witnesses that were made,
//	                    start those and the Core, write a small project
//	witness new N       make the keys and addresses of N witnesses, before world
//	uncosign PACK OUT   copy a pack without the last cosignature of its checkpoint
//	witness start|stop|kill|log|latest I
//	                    the one of number I; what it said, or cosigned last, goes to witness.txt
//	core start|stop|kill   what one that stopped has said goes to core.txt
//	core refuses CODE   start one that must end with this exit code; core.txt has what it said
//	authorised DIR      plan, submit, approve and authorize marketops.yaml into DIR
//	exits CODE CMD…     run a command and demand exactly this exit code
//	core pause|resume   it stops answering, without an end of its connections, and answers again
//	begin NAME CMD…     start a command; what it says goes to NAME.txt
//	await NAME TEXT     wait until it has said so
//	interrupt NAME CODE send it one Ctrl-C, and demand that it ends by itself with exactly this exit code
//	small DIR           mount a file system of 96 MiB there; only where the condition [mount] holds
//	fill DIR KIB        leave so much free on it; unfill DIR gives the space back
//	effects N           the practice GitHub has changed exactly N times
//	await-effects N     wait until it has, for a command in the background
//	writes N            it has received exactly N requests that are not GET
//	fault LINE          script one mishap on the practice GitHub; faults demands that all have struck
//	schema              nothing it received or answered broke GitHub's API description
//	github stop         the practice GitHub goes away
//	leaves N            the log has exactly N leaves under a verified checkpoint
//	leaf INDEX RECORD [PATH VALUE]   the record at INDEX is of this type, and its body says so
//	json FILE PATH [VALUE]           FILE is exactly one JSON object with this value there; see json_test.go
//	keep NAME FILE PATH              put that value into an environment variable
//	forge FILE OLD NEW               change the signed text inside an envelope and leave the signature alone
//	front NAME          an https server before the practice GitHub, under a certificate of NAME.pem; ${FRONT} in *.yaml
//	front unseen        no request has reached it since
//	app FILE            write the key of a GitHub App, which the practice GitHub of the next world knows
//	secretless PATH…    no file below these paths, or in a pack, holds the App's key, a JWT or a token of the App
//	rsakey FILE         write a private key of a kind that is not accepted
//	nowhere TEXT PATH…               no file below these paths holds the text
//	crawl NAME DIR      keep all that serve-log, begun as NAME, serves; nothing private is served beside it
//	unseen FILE PATH…   no line of FILE stands in a file below the paths, in any usual encoding or digest
//	unguessable PUBLIC RECORDS       right guesses at the records cannot be confirmed from what is public
//
// A story may bring its own marketops.yaml (or any *.yaml): ${API} and ${UPLOADS} in it become the
// addresses of the practice GitHub. Nothing in a story waits for time to pass.
package story

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// coverVariable names a folder for coverage data of the binaries; make coverage sets it.
const coverVariable = "MARKETOPS_COVERDIR"

const patience = 90 * time.Second // until a server answers; never a measure of speed

// atOnce is how many stories run side by side: they mostly wait, for GitHub's pace of one write a second.
const atOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestStories(t *testing.T) {
	bin := buildAll(t)
	buildForge(t, bin)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		Condition:           condition,
		Setup:               func(e *testscript.Env) error { return setup(e, bin) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world": world, "core": core, "authorised": authorised, "exits": exits,
			"effects": effects, "await-effects": awaitEffects, "writes": writes, "schema": schema, "fault": fault, "faults": faults, "github": github,
			"leaves": leaves, "leaf": leaf, "json": jsonAt, "keep": keep, "nowhere": nowhere, "forge": forge, "rsakey": rsaKey,
			"front": front, "app": appKey, "secretless": secretless,
			"begin": begin, "await": awaitTalk, "interrupt": interrupt, "small": small, "fill": fill, "unfill": unfill, "unzip": unzip, "somebody": somebody, "crawl": crawl, "unseen": unseen, "unguessable": unguessable, "witness": witness, "uncosign": uncosign,
		},
	})
}

func buildAll(t *testing.T) string {
	bin := t.TempDir()
	for name, pkg := range map[string]string{"marketops": "./cmd/marketops", "marketops-core": "./cmd/marketops-core",
		"marketops-verify": "./cmd/marketops-verify", "practice-github": "./internal/test/githubtest/serve"} {
		args := []string{"build", "-o", filepath.Join(bin, name)}
		if os.Getenv(coverVariable) != "" && strings.HasPrefix(pkg, "./cmd/") {
			args = append(args, "-cover", "-coverpkg=./...")
		}
		c := exec.Command("go", append(args, pkg)...)
		c.Dir = filepath.Join("..", "..", "..")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", pkg, err, out)
		}
	}
	return bin
}

// setup gives each story an environment in which only what is named here can matter.
func setup(e *testscript.Env, bin string) error {
	e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
	e.Setenv("MARKETOPS_PASSWORD", "")
	e.Setenv("GITHUB_TOKEN", "canary-token-0123456789")
	e.Setenv("READER_TOKEN", "canary-reader-9876543210")
	e.Setenv("NO_COLOR", "1")
	e.Setenv("GOCOVERDIR", os.Getenv(coverVariable))
	// Socket paths are short, and a story's folder may not be.
	run, err := os.MkdirTemp("", "mo")
	if err != nil {
		return err
	}
	e.Defer(func() { os.RemoveAll(run) })
	e.Setenv("XDG_RUNTIME_DIR", run)
	e.Values[verdict{}] = e.T()
	return nil
}

// background is a server of one story.
type background struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func start(ts *testscript.TestScript, variables []string, name string, args ...string) *background {
	path := filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], name)
	b := &background{cmd: exec.Command(path, args...)}
	b.cmd.Dir = ts.MkAbs(".")
	for _, v := range append([]string{"PATH", "HOME", "XDG_RUNTIME_DIR", "GOCOVERDIR"}, variables...) {
		b.cmd.Env = append(b.cmd.Env, v+"="+ts.Getenv(v))
	}
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.out
	ts.Check(b.cmd.Start())
	ts.Defer(func() {
		b.end(syscall.SIGTERM)
		if ts.Value(verdict{}).(interface{ Failed() bool }).Failed() {
			out := b.out.Bytes()
			ts.Logf("%s %s said last:\n%s", name, strings.Join(args, " "), out[max(0, len(out)-4096):])
		}
	})
	return b
}

// verdict is where a story keeps whether it failed.
type verdict struct{}

// end sends a signal to this process and waits for it.
func (b *background) end(sig os.Signal) {
	if b.cmd.ProcessState != nil {
		return
	}
	b.cmd.Process.Signal(sig)
	b.cmd.Process.Signal(syscall.SIGCONT) // it may be paused
	b.cmd.Wait()
}

func await(ts *testscript.TestScript, what string, b *background, ready func() error) {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = ready(); err == nil {
			return
		}
	}
	b.end(syscall.SIGKILL)
	ts.Fatalf("%s does not answer: %v\n%s", what, err, b.out.String())
}

func world(ts *testscript.TestScript, neg bool, args []string) {
	startGitHub(ts)
	start := makeWitnesses(ts, &args)
	ts.Check(ts.Exec("marketops", append([]string{"init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice"}, args...)...))
	start()
	core(ts, false, []string{"start"})
	writeProject(ts, ts.Getenv("API"), ts.Getenv("UPLOADS"))
}

const project = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.0
    target: main
    name: Widgets 1.4.0
    notes: notes.md
    make_latest: "true"
    assets: ["dist/*"]
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.3.1
    target: main
    message: gadgets 0.3.1
    tagger: {name: Release Bot, email: release@example.com}
`

func writeProject(ts *testscript.TestScript, api, uploads string) {
	for name, text := range map[string]string{
		"marketops.yaml":     fmt.Sprintf(project, api, uploads),
		"notes.md":           "Widgets 1.4.0 turns both ways.\n",
		"dist/widget.tar.gz": "the bytes that were built and tested\n",
	} {
		if _, err := os.Stat(ts.MkAbs(name)); err == nil {
			continue // the story brings its own
		}
		ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(name)), 0o755))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
	// A story's own file names the servers as ${API} and ${UPLOADS}.
	found, _ := filepath.Glob(ts.MkAbs("*.yaml"))
	for _, path := range found {
		b, err := os.ReadFile(path)
		ts.Check(err)
		b = []byte(strings.NewReplacer("${API}", api, "${UPLOADS}", uploads).Replace(string(b)))
		ts.Check(os.WriteFile(path, b, 0o644))
	}
}

// cores holds the running Core of each story, by its work folder.
var (
	coresMu sync.Mutex // stories run in parallel
	cores   = map[string]*background{}
)

func core(ts *testscript.TestScript, neg bool, args []string) {
	key := ts.Getenv("WORK")
	switch args[0] {
	case "start":
		b := start(ts, []string{"SSL_CERT_FILE"}, "marketops-core", append([]string{"serve"}, args[1:]...)...)
		coresMu.Lock()
		cores[key] = b
		coresMu.Unlock()
		await(ts, "the Core", b, func() error { return dial(ts) })
	case "stop", "kill":
		coresMu.Lock()
		b := cores[key]
		coresMu.Unlock()
		b.end(map[string]os.Signal{"stop": syscall.SIGTERM, "kill": syscall.SIGKILL}[args[0]])
		if args[0] == "stop" && !b.cmd.ProcessState.Success() {
			ts.Fatalf("the Core did not stop cleanly: %v\n%s", b.cmd.ProcessState, b.out.String())
		}
		ts.Check(os.WriteFile(ts.MkAbs("core.txt"), b.out.Bytes(), 0o644))
	case "pause", "resume":
		coresMu.Lock()
		b := cores[key]
		coresMu.Unlock()
		ts.Check(b.cmd.Process.Signal(map[string]os.Signal{"pause": syscall.SIGSTOP, "resume": syscall.SIGCONT}[args[0]]))
	case "refuses":
		refuses(ts, args[1:])
	default:
		ts.Fatalf("core %s?", args[0])
	}
}

// refuses starts a Core that must end by itself with this exit code; core.txt has what it said.
func refuses(ts *testscript.TestScript, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	b := start(ts, nil, "marketops-core", append([]string{"serve"}, args[1:]...)...)
	end := time.AfterFunc(patience, func() { b.cmd.Process.Kill() })
	b.cmd.Wait()
	end.Stop()
	ts.Check(os.WriteFile(ts.MkAbs("core.txt"), b.out.Bytes(), 0o644))
	if got := b.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("the Core ended with %d, want %d:\n%s", got, want, b.out.String())
	}
}

func dial(ts *testscript.TestScript) error {
	found, _ := filepath.Glob(filepath.Join(ts.Getenv("XDG_RUNTIME_DIR"), "*.sock"))
	for _, path := range append(found, ts.MkAbs(".marketops/core.sock")) {
		if c, err := net.Dial("unix", path); err == nil {
			return c.Close()
		}
	}
	return errors.New("no socket answers")
}

func authorised(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: authorised DIR")
	}
	for _, line := range [][]string{
		{"plan", "-o", args[0]}, {"submit", args[0]}, {"approve", args[0], "--key", "alice.pem"}, {"authorize", args[0]},
	} {
		ts.Check(ts.Exec("marketops", line...))
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
